//===- CudaArtefact.cpp - Loads the code of CUDA artefacts ----------------===//
//
// Checks that device, code and description belong together.
//
//===----------------------------------------------------------------------===//

#include "Artefact.h"
#include "CudaDevice.h"
#include "LastError.h"

using namespace gdpa::runtime;
using namespace gdpa::runtime::cuda;

/// Whether code for `target` runs on the device: PTX of sm_80 on every later
/// one, of sm_90a on compute capability 9.0 alone, of a family (sm_100f) on
/// its later members.
static Status checkCapability(const std::string &target,
                              const gdpa_cuda &device) {
  int number = std::stoi(target.substr(3));
  int major = number / 10;
  int minor = number % 10;
  char letter = target.back();
  bool exact = letter == 'a';
  bool family = letter == 'f';
  bool runs;
  if (exact)
    runs = device.major == major && device.minor == minor;
  else if (family)
    runs = device.major == major && device.minor >= minor;
  else
    runs = device.major > major ||
           (device.major == major && device.minor >= minor);
  if (runs)
    return {};
  std::string wanted = std::to_string(major) + "." + std::to_string(minor);
  return {GDPA_NO_DEVICE, "target '" + target +
                              "': expected a device of compute capability " +
                              wanted +
                              (exact    ? ""
                               : family ? " or a later one of its family"
                                        : " or later") +
                              ", found " + device.name + " with " +
                              std::to_string(device.major) + "." +
                              std::to_string(device.minor)};
}

/// Bytes that a parameter takes.
static int64_t parameterSize(const Description &description,
                             const KernelParameter &parameter) {
  switch (parameter.kind) {
  case KernelParameter::Kind::Pointer:
  case KernelParameter::Kind::Workspace:
    return 8;
  case KernelParameter::Kind::Scalar:
    return gdpa_dtype_size(description.arguments[parameter.argument].type);
  case KernelParameter::Kind::TensorMap:
    return sizeof(EncodedTensorMap);
  default:
    return gdpa_dtype_size(parameter.type);
  }
}

/// Compares the description with the code, where the driver can tell.
static Status checkParameters(const gdpa_artefact &artefact,
                              const Driver &driver, const Kernel &kernel,
                              Function function) {
  if (!driver.functionGetParameterInfo)
    return {};
  std::string where =
      artefact.description.path + ": kernel '" + kernel.symbol + "': ";
  size_t count = kernel.parameters.size();
  for (size_t i = 0; i <= count; ++i) {
    size_t offset = 0, size = 0;
    bool exists =
        driver.functionGetParameterInfo(function, i, &offset, &size) == 0;
    if (exists != (i < count))
      return formatError(where + "the description has " +
                         std::to_string(count) + " parameters, the code " +
                         (exists ? "more" : "only " + std::to_string(i)));
    if (i == count)
      break;
    int64_t expected =
        parameterSize(artefact.description, kernel.parameters[i]);
    if (static_cast<int64_t>(size) != expected)
      return formatError(where + "parameter " + std::to_string(i) + " takes " +
                         std::to_string(size) +
                         " bytes in the code, the description passes " +
                         std::to_string(expected));
  }
  return {};
}

static Status loadKernel(const gdpa_artefact &artefact, const gdpa_cuda &device,
                         Module module, const Kernel &kernel,
                         Function &function) {
  const Driver &driver = *device.driver;
  std::string what =
      artefact.description.path + ": kernel '" + kernel.symbol + "'";
  if (Status status = check(
          driver,
          driver.moduleGetFunction(&function, module, kernel.symbol.c_str()),
          what);
      status.isError())
    return status;
  if (Status status = checkParameters(artefact, driver, kernel, function);
      status.isError())
    return status;
  if (kernel.tensorMaps > 0 && !driver.tensorMapEncode)
    return {GDPA_NO_DEVICE, what + ": takes tensor maps: expected a CUDA "
                                   "driver of 12.0 or later, found one "
                                   "without cuTensorMapEncodeTiled"};
  if (kernel.sharedBytes > static_cast<uint32_t>(device.mostSharedBytes))
    return {GDPA_NO_DEVICE,
            what + ": needs " + std::to_string(kernel.sharedBytes) +
                " bytes of shared memory, " + device.name + " has " +
                std::to_string(device.mostSharedBytes) + " for a block"};
  Result result =
      driver.functionSetAttribute(function, MaxDynamicSharedSizeBytes,
                                  static_cast<int>(kernel.sharedBytes));
  // Clusters of more than 8 blocks must be allowed explicitly.
  uint64_t blocks =
      uint64_t(kernel.cluster[0]) * kernel.cluster[1] * kernel.cluster[2];
  if (result == 0 && blocks > 8)
    result =
        driver.functionSetAttribute(function, NonPortableClusterSizeAllowed, 1);
  return check(driver, result, what);
}

static void freeZeros(gdpa_artefact &artefact, const Driver &driver) {
  if (artefact.zeros)
    driver.memoryFree(artefact.zeros);
  artefact.zeros = 0;
}

/// Makes what tensor maps need where a kernel takes some.
static Status prepareTensorMaps(gdpa_artefact &artefact, const Driver &driver) {
  bool needed = false;
  for (const Entry &entry : artefact.description.entries)
    for (const Kernel &kernel : entry.kernels)
      needed |= kernel.tensorMaps > 0;
  if (!needed)
    return {};
  static constexpr char zeros[16] = {};
  Result result = driver.memoryAllocate(&artefact.zeros, sizeof(zeros));
  if (result == 0)
    result = driver.copyToDevice(artefact.zeros, zeros, sizeof(zeros));
  // A copy may return early; launches follow on any stream.
  if (result == 0)
    result = driver.contextSynchronize();
  artefact.tensorMaps = std::make_unique<TensorMapCache>();
  return check(driver, result, "cannot prepare for tensor maps");
}

Status gdpa::runtime::loadCudaCode(gdpa_artefact &artefact, gdpa_cuda &device) {
  // What every launch but the first one finds.
  if (artefact.device.load(std::memory_order_acquire) == &device)
    return {};
  const Description &description = artefact.description;
  if (!description.isCuda())
    return argumentError(description.path +
                         ": expected a CUDA target, found '" +
                         description.target + "'");
  std::lock_guard<std::mutex> lock(artefact.loading);
  if (artefact.device == &device)
    return {};
  if (artefact.device)
    return argumentError(description.path +
                         ": already loaded on another device");
  if (Status status = checkCapability(description.target, device);
      status.isError())
    return {status.code(), description.path + ": " + status.message()};
  ContextScope scope(device);
  if (Status status = scope.status(); status.isError())
    return status;
  const Driver &driver = *device.driver;
  char log[4096] = {};
  int options[] = {ErrorLogBuffer, ErrorLogBufferSizeBytes};
  void *values[] = {log, reinterpret_cast<void *>(sizeof(log) - 1)};
  // PTX must end in a zero byte, as c_str() does.
  Module module = nullptr;
  if (Status status = check(
          driver,
          driver.moduleLoad(&module, artefact.code.c_str(), 2, options, values),
          description.path + ": cannot load '" + description.codeFile + "'");
      status.isError())
    return {status.code(),
            status.message() + (log[0] ? std::string("\n") + log : "")};
  std::vector<std::vector<Function>> kernels;
  for (const Entry &entry : description.entries) {
    kernels.emplace_back();
    for (const Kernel &kernel : entry.kernels) {
      kernels.back().push_back(nullptr);
      if (Status status = loadKernel(artefact, device, module, kernel,
                                     kernels.back().back());
          status.isError()) {
        driver.moduleUnload(module);
        return status;
      }
    }
  }
  if (Status status = prepareTensorMaps(artefact, driver); status.isError()) {
    freeZeros(artefact, driver);
    driver.moduleUnload(module);
    return status;
  }
  artefact.module = module;
  artefact.kernels = std::move(kernels);
  artefact.device.store(&device, std::memory_order_release);
  return {};
}

void gdpa::runtime::unloadCudaCode(gdpa_artefact &artefact) {
  gdpa_cuda *device = artefact.device;
  if (!device)
    return;
  ContextScope scope(*device);
  if (!scope.status().isError()) {
    device->driver->moduleUnload(artefact.module);
    freeZeros(artefact, *device->driver);
  }
  artefact.device = nullptr;
}

extern "C" gdpa_status gdpa_cuda_load(gdpa_artefact *artefact,
                                      gdpa_cuda *cuda) {
  if (!artefact || !cuda)
    return setLastError(argumentError("expected an artefact and a device"));
  return setLastError(loadCudaCode(*artefact, *cuda));
}
