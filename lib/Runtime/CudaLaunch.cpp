//===- CudaLaunch.cpp - Launches the kernels of CUDA artefacts ------------===//
//
// Turns the parameters of a launch description into those of a kernel.
//
//===----------------------------------------------------------------------===//

#include "Artefact.h"
#include "Binding.h"
#include "CudaDevice.h"
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
  const Description &description;
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
  Status evaluateGrid(const Kernel &kernel, const std::string &where,
                      LaunchConfig &config) const;
  Status encode(const KernelParameter &parameter, uint64_t &bytes) const;
  const gdpa_tensor &tensorOf(int32_t argument) const;
};
} // namespace

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

const gdpa_tensor &Launch::tensorOf(int32_t argument) const {
  auto position =
      std::find(entry.arguments.begin(), entry.arguments.end(), argument);
  return args[position - entry.arguments.begin()];
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
  switch (parameter.kind) {
  case KernelParameter::Kind::Pointer:
    bytes = reinterpret_cast<uint64_t>(tensorOf(parameter.argument).data);
    return {};
  case KernelParameter::Kind::Scalar: {
    const gdpa_tensor &scalar = tensorOf(parameter.argument);
    std::memcpy(&bytes, scalar.data, gdpa_dtype_size(scalar.dtype));
    return {};
  }
  case KernelParameter::Kind::Stride:
    return encodeInteger(
        tensorOf(parameter.argument).strides[parameter.dimension],
        parameter.type, bytes);
  case KernelParameter::Kind::Size:
    return encodeInteger(
        tensorOf(parameter.argument).shape[parameter.dimension], parameter.type,
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
  }
  return {};
}

Status Launch::evaluateGrid(const Kernel &kernel, const std::string &where,
                            LaunchConfig &config) const {
  for (int i = 0; i < 3; ++i) {
    int64_t extent = 0;
    if (Status status = kernel.grid[i].evaluate(symbols, extent);
        status.isError())
      return {status.code(), where + status.message()};
    int64_t most = i == 0 ? INT32_MAX : 65535;
    if (extent < 0 || extent > most)
      return argumentError(where + "grid dimension " + std::to_string(i) +
                           ": expected 0 to " + std::to_string(most) +
                           " blocks, found " + std::to_string(extent));
    config.grid[i] = static_cast<uint32_t>(extent);
  }
  return {};
}

Status Launch::launch(const Kernel &kernel, Function function) const {
  std::string where = description.path + ": kernel '" + kernel.symbol + "': ";
  LaunchConfig config = {};
  if (Status status = evaluateGrid(kernel, where, config); status.isError())
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
  std::vector<uint64_t> values(kernel.parameters.size());
  std::vector<void *> addresses(kernel.parameters.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (Status status = encode(kernel.parameters[i], values[i]);
        status.isError())
      return {status.code(), where + "parameter " + std::to_string(i) + ": " +
                                 status.message()};
    addresses[i] = &values[i];
  }
  return check(
      *device.driver,
      device.driver->launch(&config, function, addresses.data(), nullptr),
      where + "cannot launch");
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
    if (Status status =
            check(driver,
                  driver.memoryAllocateAsync(&allocated, layout.bytes, stream),
                  "cannot allocate a workspace of " +
                      std::to_string(layout.bytes) + " bytes");
        status.isError())
      return status;
    workspace = reinterpret_cast<void *>(allocated);
  }
  Launch launch{
      artefact->description,          *found, device, args, symbols, layout,
      static_cast<char *>(workspace), stream};
  Status status = launch.clearWorkspace();
  for (size_t i = 0; i < found->kernels.size() && !status.isError(); ++i)
    status = launch.launch(found->kernels[i], artefact->kernels[entry][i]);
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
