//===- Binding.cpp - Arguments against their description ------------------===//
//
// A kernel trusts its arguments; everything that it could read or write out of
// bounds for is checked here.
//
//===----------------------------------------------------------------------===//

#include "Binding.h"
#include "DataType.h"

#include <algorithm>

using namespace gdpa::runtime;

namespace {
/// One argument of a call.
struct Bound {
  const Argument *declared;
  const gdpa_tensor *tensor;
};

/// Extents that must agree although the compiler may have seen only one of
/// them: a static one there says nothing about a dynamic one here.
struct Relation {
  enum Kind { All, AllButLast, Last, First };
  const char *role;
  const char *otherRole;
  Kind kind;
};
} // namespace

static constexpr Relation relations[] = {
    {"k", "q", Relation::First},       {"k", "q", Relation::Last},
    {"v", "k", Relation::AllButLast},  {"o", "q", Relation::AllButLast},
    {"o", "v", Relation::Last},        {"do", "q", Relation::AllButLast},
    {"do", "v", Relation::Last},       {"dq", "q", Relation::All},
    {"dk", "k", Relation::All},        {"dv", "v", Relation::All},
    {"dstats", "stats", Relation::All},
    {"cu_seqlens_k", "cu_seqlens_q", Relation::All}};

static std::string quote(const std::string &name) { return "'" + name + "'"; }

static Status checkExtent(const Bound &argument, int64_t dimension,
                          int64_t expected, const std::string &reason) {
  int64_t found = argument.tensor->shape[dimension];
  if (found == expected)
    return {};
  return argumentError("argument " + quote(argument.declared->name) +
                       ", dimension " + std::to_string(dimension) +
                       ": expected " + std::to_string(expected) + reason +
                       ", found " + std::to_string(found));
}

static Status checkTypeAndRank(const Bound &argument) {
  const Argument &declared = *argument.declared;
  const gdpa_tensor &tensor = *argument.tensor;
  if (tensor.dtype != declared.type)
    return argumentError("argument " + quote(declared.name) +
                         ": expected type " + gdpa_dtype_name(declared.type) +
                         ", found " + gdpa_dtype_name(tensor.dtype));
  int32_t rank = static_cast<int32_t>(declared.shape.size());
  if (tensor.rank != rank)
    return argumentError("argument " + quote(declared.name) +
                         ": expected rank " + std::to_string(rank) +
                         ", found " + std::to_string(tensor.rank));
  for (int32_t i = 0; i < rank; ++i) {
    if (tensor.shape[i] < 0)
      return argumentError("argument " + quote(declared.name) + ", dimension " +
                           std::to_string(i) +
                           ": expected an extent of at least 0, found " +
                           std::to_string(tensor.shape[i]));
    if (declared.role.rfind("cu_seqlens", 0) == 0 && tensor.shape[i] < 1)
      return argumentError("argument " + quote(declared.name) +
                           ": expected one element more than there are "
                           "sequences, found 0");
    if (declared.shape[i].symbol < 0)
      if (Status status = checkExtent(argument, i, declared.shape[i].size, "");
          status.isError())
        return status;
  }
  return {};
}

static bool isEmpty(const gdpa_tensor &tensor) {
  return std::any_of(tensor.shape, tensor.shape + tensor.rank,
                     [](int64_t extent) { return extent == 0; });
}

static Status checkMemory(const Bound &argument) {
  const Argument &declared = *argument.declared;
  const gdpa_tensor &tensor = *argument.tensor;
  if (isEmpty(tensor))
    return {};
  if (!tensor.data)
    return argumentError("argument " + quote(declared.name) +
                         ": expected an address, found a null pointer");
  int32_t last = tensor.rank - 1;
  if (!declared.anyLastStride && last >= 0 && tensor.shape[last] > 1 &&
      tensor.strides[last] != 1)
    return argumentError("argument " + quote(declared.name) +
                         ": expected stride 1 in the last dimension, found " +
                         std::to_string(tensor.strides[last]));
  int64_t multiple =
      std::max(declared.strideMultipleBytes, gdpa_dtype_size(declared.type));
  if (reinterpret_cast<uintptr_t>(tensor.data) % multiple != 0)
    return argumentError("argument " + quote(declared.name) +
                         ": expected an address aligned to " +
                         std::to_string(multiple) + " bytes");
  for (int32_t i = 0; i < last; ++i) {
    int64_t size = gdpa_dtype_size(declared.type);
    // The remainder first: the product may not fit 64 bits.
    int64_t rest = tensor.strides[i] % multiple * size % multiple;
    if (tensor.shape[i] > 1 && rest != 0)
      return argumentError("argument " + quote(declared.name) + ", dimension " +
                           std::to_string(i) +
                           ": expected a stride of a multiple of " +
                           std::to_string(multiple) + " bytes, found " +
                           std::to_string(tensor.strides[i]) + " elements of " +
                           std::to_string(size));
  }
  return {};
}

/// Binds the symbols: first where "symbols" says, then wherever they stand.
static Status bindSymbols(const Description &description,
                          const std::vector<Bound> &arguments,
                          SymbolValues &symbols) {
  size_t count = description.symbols.size();
  symbols.values.assign(count, std::nullopt);
  std::vector<std::string> origins(count);
  auto bind = [&](const Bound &argument, int64_t dimension, bool origin) {
    int32_t number = argument.declared->shape[dimension].symbol;
    if (number < 0)
      return Status();
    const Symbol &symbol = description.symbols[number];
    bool isOrigin =
        argument.declared == &description.arguments[symbol.argument] &&
        dimension == symbol.dimension;
    std::optional<int64_t> &value = symbols.values[number];
    if (!value && isOrigin == origin) {
      value = argument.tensor->shape[dimension];
      origins[number] = argument.declared->name;
    }
    if (!value)
      return Status();
    return checkExtent(argument, dimension, *value,
                       " (" + symbol.name + ", from " + quote(origins[number]) +
                           ")");
  };
  for (bool origin : {true, false})
    for (const Bound &argument : arguments)
      for (size_t i = 0; i < argument.declared->shape.size(); ++i)
        if (Status status = bind(argument, i, origin); status.isError())
          return status;
  return {};
}

static const Bound *findRole(const std::vector<Bound> &arguments,
                             const char *role) {
  for (const Bound &argument : arguments)
    if (argument.declared->role == role)
      return &argument;
  return nullptr;
}

static Status checkRelation(const std::vector<Bound> &arguments,
                            const Relation &relation) {
  const Bound *argument = findRole(arguments, relation.role);
  const Bound *other = findRole(arguments, relation.otherRole);
  if (!argument || !other || argument->tensor->rank != other->tensor->rank)
    return {};
  int32_t rank = argument->tensor->rank;
  int32_t begin = 0, end = rank;
  switch (relation.kind) {
  case Relation::All:
    break;
  case Relation::AllButLast:
    end = rank - 1;
    break;
  case Relation::Last:
    begin = rank - 1;
    break;
  case Relation::First:
    // The batch. Rank 3 is jagged: rows of all sequences, queries and keys
    // each have their own number.
    end = rank == 4 ? 1 : 0;
    break;
  }
  for (int32_t i = std::max(begin, 0); i < end; ++i)
    if (Status status = checkExtent(*argument, i, other->tensor->shape[i],
                                    " as in " + quote(other->declared->name));
        status.isError())
      return status;
  return {};
}

/// Query heads are a multiple of key heads. Static head counts were checked by
/// the compiler; a dynamic one shows in the symbol Hq or Hkv.
static Status checkHeads(const Description &description,
                         const std::vector<Bound> &arguments) {
  const Bound *query = findRole(arguments, "q");
  const Bound *key = findRole(arguments, "k");
  if (!query || !key || query->tensor->rank != key->tensor->rank)
    return {};
  auto hasSymbol = [&](const Bound &argument, int32_t i, const char *name) {
    int32_t symbol = argument.declared->shape[i].symbol;
    return symbol >= 0 && description.symbols[symbol].name == name;
  };
  for (int32_t i = 0; i < query->tensor->rank; ++i) {
    if (!hasSymbol(*query, i, "Hq") && !hasSymbol(*key, i, "Hkv"))
      continue;
    int64_t queryHeads = query->tensor->shape[i];
    int64_t keyHeads = key->tensor->shape[i];
    if (keyHeads == 0 ? queryHeads != 0 : queryHeads % keyHeads != 0)
      return argumentError(
          "argument " + quote(query->declared->name) + ", dimension " +
          std::to_string(i) + ": expected a multiple of the " +
          std::to_string(keyHeads) + " heads of " + quote(key->declared->name) +
          ", found " + std::to_string(queryHeads));
  }
  return {};
}

/// A kernel clamps the indices of a capture to its extents, which needs an
/// element to clamp to wherever there is a pair of a query and a key.
static Status checkCaptures(const std::vector<Bound> &arguments) {
  const Bound *query = findRole(arguments, "q");
  const Bound *key = findRole(arguments, "k");
  if (!query || !key || isEmpty(*query->tensor) || isEmpty(*key->tensor))
    return {};
  for (const Bound &argument : arguments)
    if (argument.declared->role == "capture" && isEmpty(*argument.tensor))
      return argumentError("argument " + quote(argument.declared->name) +
                           ": expected a capture of at least one element where "
                           "there are queries and keys, found an extent of 0");
  return {};
}

Status gdpa::runtime::bindArguments(const Description &description,
                                    const Entry &entry, const gdpa_tensor *args,
                                    SymbolValues &symbols) {
  if (!args)
    return argumentError("expected arguments, found a null pointer");
  std::vector<Bound> arguments;
  for (size_t i = 0; i < entry.arguments.size(); ++i)
    arguments.push_back({&description.arguments[entry.arguments[i]], &args[i]});
  for (const Bound &argument : arguments)
    if (Status status = checkTypeAndRank(argument); status.isError())
      return status;
  if (Status status = bindSymbols(description, arguments, symbols);
      status.isError())
    return status;
  for (const Relation &relation : relations)
    if (Status status = checkRelation(arguments, relation); status.isError())
      return status;
  if (Status status = checkHeads(description, arguments); status.isError())
    return status;
  if (Status status = checkCaptures(arguments); status.isError())
    return status;
  for (const Bound &argument : arguments)
    if (Status status = checkMemory(argument); status.isError())
      return status;
  return {};
}

Status gdpa::runtime::layOutWorkspace(const Description &description,
                                      const Entry &entry,
                                      const SymbolValues &symbols,
                                      WorkspaceLayout &layout) {
  constexpr int64_t alignment = 256;
  layout = WorkspaceLayout();
  for (const Workspace &workspace : entry.workspaces) {
    std::string where = description.path + ": workspace " +
                        quote(workspace.name) + " of entry " +
                        quote(entry.name) + ": ";
    int64_t size = 0;
    if (Status status = workspace.bytes.evaluate(symbols, size);
        status.isError())
      return {status.code(), where + status.message()};
    if (size < 0)
      return argumentError(where + "expected a size of at least 0, found " +
                           std::to_string(size));
    int64_t rounded = 0;
    bool overflow = __builtin_add_overflow(size, alignment - 1, &rounded);
    rounded = rounded / alignment * alignment;
    layout.offsets.push_back(layout.bytes);
    layout.sizes.push_back(size);
    overflow |= __builtin_add_overflow(layout.bytes, rounded, &layout.bytes);
    if (overflow)
      return argumentError(where + "the size overflows");
  }
  return {};
}
