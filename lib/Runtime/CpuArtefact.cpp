//===- CpuArtefact.cpp - Runs entries of CPU artefacts --------------------===//
//
// The code is a shared library; an entry is a function of it.
//
//===----------------------------------------------------------------------===//

#include "Artefact.h"
#include "Binding.h"
#include "CpuFeatures.h"
#include "LastError.h"
#include "ThreadPool.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>

using namespace gdpa::runtime;

Status gdpa::runtime::loadCpuCode(gdpa_artefact &artefact,
                                  const std::string &path) {
  const Description &description = artefact.description;
  if (Status status = checkCpuFeatures(description.cpuFeatures);
      status.isError())
    return {status.code(), description.path + ": " + status.message()};
  artefact.library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!artefact.library)
    return formatError("cannot load '" + path + "': " + dlerror());
  for (const Entry &entry : description.entries) {
    void *address = dlsym(artefact.library, entry.symbol.c_str());
    if (!address)
      return formatError(path + ": expected the function '" + entry.symbol +
                         "' of entry '" + entry.name + "', found none");
    artefact.functions.push_back(reinterpret_cast<gdpa_cpu_entry>(address));
  }
  return {};
}

void gdpa::runtime::unloadCpuCode(gdpa_artefact &artefact) {
  if (artefact.library)
    dlclose(artefact.library);
  artefact.library = nullptr;
}

static Status prepare(const gdpa_artefact *artefact, int32_t entry,
                      const gdpa_tensor *args, const Entry *&found,
                      WorkspaceLayout &layout) {
  if (Status status = findEntry(artefact, entry, found); status.isError())
    return status;
  const Description &description = artefact->description;
  if (description.isCuda())
    return argumentError(description.path + ": expected a CPU target, found '" +
                         description.target + "'");
  SymbolValues symbols;
  if (Status status = bindArguments(description, *found, args, symbols);
      status.isError())
    return status;
  return layOutWorkspace(description, *found, symbols, layout);
}

extern "C" gdpa_status gdpa_entry_workspace(const gdpa_artefact *artefact,
                                            int32_t entry,
                                            const gdpa_tensor *args,
                                            int64_t *bytes) {
  const Entry *found = nullptr;
  WorkspaceLayout layout;
  Status status = prepare(artefact, entry, args, found, layout);
  if (!status.isError())
    *bytes = layout.bytes;
  return setLastError(status);
}

static Status runEntry(const gdpa_artefact *artefact, int32_t entry,
                       const gdpa_tensor *args, void *workspace,
                       const gdpa_runtime *runtime) {
  if (!runtime || !runtime->parallel_for)
    return argumentError("expected a runtime with a parallel_for");
  const Entry *found = nullptr;
  WorkspaceLayout layout;
  if (Status status = prepare(artefact, entry, args, found, layout);
      status.isError())
    return status;
  // The reference stands in for every target: it clamps as kernels do.
  if (artefact->description.target != "reference")
    if (Status status = checkJaggedBatch(artefact->description, *found, args);
        status.isError())
      return status;
  void *allocated = nullptr;
  if (!workspace && layout.bytes > 0) {
    allocated = std::aligned_alloc(256, static_cast<size_t>(layout.bytes));
    if (!allocated)
      return {GDPA_OUT_OF_MEMORY, "no memory for a workspace of " +
                                      std::to_string(layout.bytes) + " bytes"};
    workspace = allocated;
  }
  for (size_t i = 0; i < found->workspaces.size(); ++i)
    if (found->workspaces[i].zero && layout.sizes[i] > 0)
      std::memset(static_cast<char *>(workspace) + layout.offsets[i], 0,
                  static_cast<size_t>(layout.sizes[i]));
  int32_t result = artefact->functions[entry](args, workspace, runtime);
  std::free(allocated);
  if (ThreadPool *pool = getThreadPool(runtime);
      pool && pool->takeOutOfMemory())
    return {GDPA_OUT_OF_MEMORY, "no memory for the threads' scratch"};
  if (result != 0)
    return {GDPA_KERNEL_ERROR, "entry '" + found->name + "' returned " +
                                   std::to_string(result) + ", expected 0"};
  return {};
}

extern "C" gdpa_status gdpa_entry_run(const gdpa_artefact *artefact,
                                      int32_t entry, const gdpa_tensor *args,
                                      void *workspace,
                                      const gdpa_runtime *runtime) {
  return setLastError(runEntry(artefact, entry, args, workspace, runtime));
}
