//===- Artefact.cpp - Opening artefacts and asking about them -------------===//
//
// What CPU and CUDA artefacts have in common.
//
//===----------------------------------------------------------------------===//

#include "Artefact.h"
#include "Binding.h"
#include "LastError.h"
#include "Sha256.h"

#include <memory>

using namespace gdpa::runtime;

static std::string directoryOf(const std::string &path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

static Status openArtefact(const char *jsonPath, gdpa_artefact &artefact) {
  Description &description = artefact.description;
  if (Status status = readDescription(jsonPath, description); status.isError())
    return status;
  // With a directory in it, dlopen takes the path as it is.
  std::string codePath =
      directoryOf(description.path) + "/" + description.codeFile;
  if (Status status = readFile(codePath, artefact.code); status.isError())
    return {status.code(),
            description.path + ": code.file: " + status.message()};
  std::string hash = sha256(artefact.code.data(), artefact.code.size());
  if (hash != description.codeHash)
    return formatError(description.path + ": code.sha256: expected " +
                       description.codeHash + ", found " + hash + " of '" +
                       codePath + "'");
  if (description.isCuda())
    return {};
  artefact.code.clear();
  artefact.code.shrink_to_fit();
  return loadCpuCode(artefact, codePath);
}

extern "C" gdpa_status gdpa_artefact_open(const char *json_path,
                                          gdpa_artefact **artefact) {
  if (!json_path || !artefact)
    return setLastError(
        argumentError("gdpa_artefact_open: expected two addresses"));
  *artefact = nullptr;
  auto opened = std::make_unique<gdpa_artefact>();
  Status status = openArtefact(json_path, *opened);
  if (status.isError()) {
    gdpa_artefact_close(opened.release());
    return setLastError(status);
  }
  *artefact = opened.release();
  return GDPA_OK;
}

extern "C" void gdpa_artefact_close(gdpa_artefact *artefact) {
  if (!artefact)
    return;
  unloadCpuCode(*artefact);
  unloadCudaCode(*artefact);
  delete artefact;
}

extern "C" const char *gdpa_artefact_target(const gdpa_artefact *artefact) {
  return artefact->description.target.c_str();
}

extern "C" int32_t gdpa_artefact_is_cuda(const gdpa_artefact *artefact) {
  return artefact->description.isCuda();
}

extern "C" const char *gdpa_artefact_precision(const gdpa_artefact *artefact) {
  return artefact->description.precision.c_str();
}

extern "C" int32_t gdpa_artefact_argument_count(const gdpa_artefact *artefact) {
  return static_cast<int32_t>(artefact->description.arguments.size());
}

extern "C" gdpa_status gdpa_artefact_argument(const gdpa_artefact *artefact,
                                              int32_t index,
                                              gdpa_argument *argument) {
  const Description &description = artefact->description;
  if (index < 0 || index >= gdpa_artefact_argument_count(artefact))
    return setLastError(argumentError("the artefact has no argument number " +
                                      std::to_string(index)));
  const Argument &declared = description.arguments[index];
  *argument = gdpa_argument();
  argument->name = declared.name.c_str();
  argument->role = declared.role.c_str();
  argument->dtype = declared.type;
  argument->rank = static_cast<int32_t>(declared.shape.size());
  for (int32_t i = 0; i < argument->rank; ++i) {
    const Dimension &dimension = declared.shape[i];
    argument->shape[i] = dimension.size;
    if (dimension.symbol >= 0)
      argument->symbols[i] = description.symbols[dimension.symbol].name.c_str();
  }
  argument->written = declared.written;
  argument->by_value = declared.byValue;
  argument->stride_multiple_bytes = declared.strideMultipleBytes;
  return GDPA_OK;
}

extern "C" int32_t gdpa_artefact_find_entry(const gdpa_artefact *artefact,
                                            const char *name) {
  const std::vector<Entry> &entries = artefact->description.entries;
  for (size_t i = 0; i < entries.size(); ++i)
    if (entries[i].name == name)
      return static_cast<int32_t>(i);
  return -1;
}

extern "C" int32_t gdpa_artefact_entry_count(const gdpa_artefact *artefact) {
  return static_cast<int32_t>(artefact->description.entries.size());
}

Status gdpa::runtime::findEntry(const gdpa_artefact *artefact, int32_t entry,
                                const Entry *&found) {
  if (!artefact)
    return argumentError("expected an artefact, found a null pointer");
  if (entry < 0 || entry >= gdpa_artefact_entry_count(artefact))
    return argumentError(artefact->description.path + ": no entry number " +
                         std::to_string(entry));
  found = &artefact->description.entries[entry];
  return {};
}

extern "C" const char *gdpa_artefact_entry_name(const gdpa_artefact *artefact,
                                                int32_t entry) {
  const Entry *found = nullptr;
  if (setLastError(findEntry(artefact, entry, found)) != GDPA_OK)
    return nullptr;
  return found->name.c_str();
}

extern "C" int32_t gdpa_entry_argument_count(const gdpa_artefact *artefact,
                                             int32_t entry) {
  const Entry *found = nullptr;
  if (setLastError(findEntry(artefact, entry, found)) != GDPA_OK)
    return -1;
  return static_cast<int32_t>(found->arguments.size());
}

extern "C" int32_t gdpa_entry_argument(const gdpa_artefact *artefact,
                                       int32_t entry, int32_t position) {
  int32_t count = gdpa_entry_argument_count(artefact, entry);
  if (position < 0 || position >= count)
    return -1;
  return artefact->description.entries[entry].arguments[position];
}

extern "C" gdpa_status gdpa_entry_check(const gdpa_artefact *artefact,
                                        int32_t entry,
                                        const gdpa_tensor *args) {
  const Entry *found = nullptr;
  if (Status status = findEntry(artefact, entry, found); status.isError())
    return setLastError(status);
  SymbolValues symbols;
  return setLastError(
      bindArguments(artefact->description, *found, args, symbols));
}
