//===- CudaLaunch.cpp - Launches the kernels of CUDA artefacts ------------===//
//
// Turns the parameters of a launch description into those of a kernel.
//
//===----------------------------------------------------------------------===//

#include "Artefact.h"
#include "Binding.h"
#include "CudaDevice.h"
#include "InlineBuffer.h"
#include "LastError.h"

#include <algorithm>
#include <cstring>

using namespace gdpa::runtime;
using namespace gdpa::runtime::cuda;

static Status bindEntry(const gdpa_artefact *artefact, int32_t entry,
                        const gdpa_cuda &device, const gdpa_tensor *args,
                        const Entry *&found, SymbolValues &symbols,
                        WorkspaceLayout &layout) {
  if (Status status = findEntry(artefact, entry, found); status.isError())
    return status;
  if (Status status =
          bindArguments(artefact->description, *found, args, symbols);
      status.isError())
    return status;
  symbols.multiprocessors = device.multiprocessors;
  return layOutWorkspace(artefact->description, *found, symbols, layout);
}

extern "C" gdpa_status gdpa_cuda_workspace(const gdpa_artefact *artefact,
                                           int32_t entry, const gdpa_cuda *cuda,
                                           const gdpa_tensor *args,
                                           int64_t *bytes) {
  const Entry *found = nullptr;
  SymbolValues symbols;
  WorkspaceLayout layout;
  Status status =
      bindEntry(artefact, entry, *cuda, args, found, symbols, layout);
  if (!status.isError())
    *bytes = layout.bytes;
  return setLastError(status);
}

namespace {
/// One run of an entry.
struct Launch {
  gdpa_artefact &artefact;
  const Entry &entry;
  const gdpa_cuda &device;
  const gdpa_tensor *args;
  const SymbolValues &symbols;
  const WorkspaceLayout &layout;
  char *workspace;
  Stream stream;

  Status clearWorkspace() const;
  Status launch(const Kernel &kernel, Function function) const;

private:
  Status evaluateGrid(const Kernel &kernel, LaunchConfig &config) const;
  Status encode(const KernelParameter &parameter, uint64_t &bytes) const;
  Status encodeTensorMap(const KernelParameter &parameter,
                         EncodedTensorMap &map) const;
};
} // namespace

/// An error that names its kernel.
static Status inKernel(const gdpa_artefact &artefact, const Kernel &kernel,
                       const Status &status) {
  return {status.code(), artefact.description.path + ": kernel '" +
                             kernel.symbol + "': " + status.message()};
}

Status Launch::clearWorkspace() const {
  for (size_t i = 0; i < entry.workspaces.size(); ++i) {
    if (!entry.workspaces[i].zero || layout.sizes[i] == 0)
      continue;
    auto address =
        reinterpret_cast<DevicePointer>(workspace + layout.offsets[i]);
    if (Status status =
            check(*device.driver,
                  device.driver->fill(address, 0, layout.sizes[i], stream),
                  "cannot clear the workspace");
        status.isError())
      return status;
  }
  return {};
}

static Status encodeInteger(int64_t value, int32_t type, uint64_t &bytes) {
  if (type == GDPA_F32) {
    float rounded = static_cast<float>(value);
    std::memcpy(&bytes, &rounded, sizeof(rounded));
    return {};
  }
  if (type == GDPA_I32) {
    int32_t narrow = static_cast<int32_t>(value);
    if (narrow != value)
      return argumentError(std::to_string(value) +
                           " does not fit the parameter's 32 bits");
    std::memcpy(&bytes, &narrow, sizeof(narrow));
    return {};
  }
  std::memcpy(&bytes, &value, sizeof(value));
  return {};
}

/// The value of a parameter in the first bytes of `bytes`.
Status Launch::encode(const KernelParameter &parameter, uint64_t &bytes) const {
  bytes = 0;
  const gdpa_tensor &tensor = args[parameter.position];
  switch (parameter.kind) {
  case KernelParameter::Kind::Pointer:
    bytes = reinterpret_cast<uint64_t>(tensor.data);
    return {};
  case KernelParameter::Kind::Scalar:
    std::memcpy(&bytes, tensor.data, gdpa_dtype_size(tensor.dtype));
    return {};
  case KernelParameter::Kind::Stride:
    return encodeInteger(tensor.strides[parameter.dimension], parameter.type,
                         bytes);
  case KernelParameter::Kind::Size:
    return encodeInteger(tensor.shape[parameter.dimension], parameter.type,
                         bytes);
  case KernelParameter::Kind::Value: {
    int64_t value = 0;
    if (Status status = parameter.value.evaluate(symbols, value);
        status.isError())
      return status;
    return encodeInteger(value, parameter.type, bytes);
  }
  case KernelParameter::Kind::Workspace:
    bytes = reinterpret_cast<uint64_t>(workspace +
                                       layout.offsets[parameter.workspace]);
    return {};
  case KernelParameter::Kind::TensorMap:
    break; // not 8 bytes: encodeTensorMap
  }
  return {};
}

Status Launch::encodeTensorMap(const KernelParameter &parameter,
                               EncodedTensorMap &map) const {
  const Argument &argument = artefact.description.arguments[parameter.argument];
  TensorMapGeometry geometry;
  if (Status status =
          layOutTensorMap(parameter.map, argument, args[parameter.position],
                          artefact.zeros, geometry);
      status.isError())
    return status;
  return artefact.tensorMaps->find(*device.driver, parameter, argument,
                                   geometry, map);
}

Status Launch::evaluateGrid(const Kernel &kernel, LaunchConfig &config) const {
  for (int i = 0; i < 3; ++i) {
    int64_t extent = 0;
    if (Status status = kernel.grid[i].evaluate(symbols, extent);
        status.isError())
      return status;
    int64_t most = i == 0 ? INT32_MAX : 65535;
    if (extent < 0 || extent > most)
      return argumentError("grid dimension " + std::to_string(i) +
                           ": expected 0 to " + std::to_string(most) +
                           " blocks, found " + std::to_string(extent));
    config.grid[i] = static_cast<uint32_t>(extent);
  }
  return {};
}

Status Launch::launch(const Kernel &kernel, Function function) const {
  LaunchConfig config = {};
  if (Status status = evaluateGrid(kernel, config); status.isError())
    return status;
  // The driver refuses a grid without blocks; it has nothing to do.
  if (config.grid[0] == 0 || config.grid[1] == 0 || config.grid[2] == 0)
    return {};
  std::copy(kernel.block.begin(), kernel.block.end(), config.block);
  config.sharedBytes = kernel.sharedBytes;
  config.stream = stream;
  LaunchAttribute cluster = {};
  if (kernel.cluster != std::array<uint32_t, 3>{1, 1, 1}) {
    cluster.id = LaunchAttribute::ClusterDimension;
    std::copy(kernel.cluster.begin(), kernel.cluster.end(), cluster.value);
    config.attributes = &cluster;
    config.attributeCount = 1;
  }
  size_t count = kernel.parameters.size();
  InlineBuffer<uint64_t, 64> values(count);
  InlineBuffer<EncodedTensorMap, 8> maps(kernel.tensorMaps);
  InlineBuffer<void *, 64> addresses(count);
  EncodedTensorMap *nextMap = maps.begin();
  for (size_t i = 0; i < count; ++i) {
    const KernelParameter &parameter = kernel.parameters[i];
    Status status;
    if (parameter.kind == KernelParameter::Kind::TensorMap) {
      addresses[i] = nextMap;
      status = encodeTensorMap(parameter, *nextMap++);
    } else {
      addresses[i] = &values[i];
      status = encode(parameter, values[i]);
    }
    if (status.isError())
      return {status.code(),
              "parameter " + std::to_string(i) + ": " + status.message()};
  }
  return check(
      *device.driver,
      device.driver->launch(&config, function, addresses.begin(), nullptr),
      "cannot launch");
}

static Status runEntry(gdpa_artefact *artefact, int32_t entry,
                       gdpa_cuda &device, const gdpa_tensor *args,
                       void *workspace, Stream stream) {
  const Entry *found = nullptr;
  SymbolValues symbols;
  WorkspaceLayout layout;
  if (Status status = loadCudaCode(*artefact, device); status.isError())
    return status;
  if (Status status =
          bindEntry(artefact, entry, device, args, found, symbols, layout);
      status.isError())
    return status;
  ContextScope scope(device);
  if (Status status = scope.status(); status.isError())
    return status;
  const Driver &driver = *device.driver;
  DevicePointer allocated = 0;
  if (!workspace && layout.bytes > 0) {
    if (Result result =
            driver.memoryAllocateAsync(&allocated, layout.bytes, stream))
      return check(driver, result,
                   "cannot allocate a workspace of " +
                       std::to_string(layout.bytes) + " bytes");
    workspace = reinterpret_cast<void *>(allocated);
  }
  Launch launch{*artefact,
                *found,
                device,
                args,
                symbols,
                layout,
                static_cast<char *>(workspace),
                stream};
  Status status = launch.clearWorkspace();
  for (size_t i = 0; i < found->kernels.size() && !status.isError(); ++i) {
    const Kernel &kernel = found->kernels[i];
    status = launch.launch(kernel, artefact->kernels[entry][i]);
    if (status.isError())
      status = inKernel(*artefact, kernel, status);
  }
  if (allocated)
    driver.memoryFreeAsync(allocated, stream);
  return status;
}

extern "C" gdpa_status gdpa_cuda_run(gdpa_artefact *artefact, int32_t entry,
                                     gdpa_cuda *cuda, const gdpa_tensor *args,
                                     void *workspace, void *stream) {
  if (!artefact || !cuda)
    return setLastError(argumentError("expected an artefact and a device"));
  return setLastError(runEntry(artefact, entry, *cuda, args, workspace,
                               static_cast<Stream>(stream)));
}
