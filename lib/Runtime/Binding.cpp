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

/// The arguments of a call, in the order of its entry.
struct Call {
  const Description &description;
  const Entry &entry;
  const gdpa_tensor *args;

  size_t size() const { return entry.arguments.size(); }
  Bound operator[](size_t position) const {
    return {&description.arguments[entry.arguments[position]], &args[position]};
  }
};
} // namespace

static std::string quote(const std::string &name) { return "'" + name + "'"; }

/// The error of an extent that is not `expected`, which is what `reason` says.
/// Messages are made where something is wrong, so that a launch makes none.
static Status wrongExtent(const Bound &argument, int64_t dimension,
                          int64_t expected, const std::string &reason) {
  return argumentError(
      "argument " + quote(argument.declared->name) + ", dimension " +
      std::to_string(dimension) + ": expected " + std::to_string(expected) +
      reason + ", found " + std::to_string(argument.tensor->shape[dimension]));
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
    if (declared.isBounds && tensor.shape[i] < 1)
      return argumentError("argument " + quote(declared.name) +
                           ": expected one element more than there are "
                           "sequences, found 0");
    if (declared.shape[i].symbol < 0 &&
        tensor.shape[i] != declared.shape[i].size)
      return wrongExtent(argument, i, declared.shape[i].size, "");
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
static Status bindSymbols(const Call &call, SymbolValues &symbols) {
  const std::vector<Symbol> &declared = call.description.symbols;
  symbols.values.reset(declared.size());
  std::fill(symbols.values.begin(), symbols.values.end(), std::nullopt);
  // The argument that gave a symbol its value, for messages.
  InlineBuffer<const Argument *, 16> origins(declared.size());
  auto bind = [&](const Bound &argument, int32_t dimension, bool origin) {
    int32_t number = argument.declared->shape[dimension].symbol;
    if (number < 0)
      return Status();
    const Symbol &symbol = declared[number];
    bool isOrigin =
        argument.declared == &call.description.arguments[symbol.argument] &&
        dimension == symbol.dimension;
    std::optional<int64_t> &value = symbols.values[number];
    if (!value && isOrigin == origin) {
      value = argument.tensor->shape[dimension];
      origins[number] = argument.declared;
    }
    if (!value || *value == argument.tensor->shape[dimension])
      return Status();
    return wrongExtent(argument, dimension, *value,
                       " (" + symbol.name + ", from " +
                           quote(origins[number]->name) + ")");
  };
  for (bool origin : {true, false})
    for (size_t position = 0; position < call.size(); ++position) {
      Bound argument = call[position];
      for (int32_t i = 0; i < argument.tensor->rank; ++i)
        if (Status status = bind(argument, i, origin); status.isError())
          return status;
    }
  return {};
}

static Status checkAgreement(const Call &call, const Agreement &agreement) {
  Bound argument = call[agreement.position];
  Bound other = call[agreement.other];
  for (int32_t i = agreement.begin; i < agreement.end; ++i)
    if (argument.tensor->shape[i] != other.tensor->shape[i])
      return wrongExtent(argument, i, other.tensor->shape[i],
                         " as in " + quote(other.declared->name));
  return {};
}

/// Query heads are a multiple of key heads.
static Status checkHeads(const Call &call) {
  const RoleRelations &relations = call.entry.relations;
  for (int32_t i : relations.headDimensions) {
    Bound query = call[relations.query];
    Bound key = call[relations.key];
    int64_t queryHeads = query.tensor->shape[i];
    int64_t keyHeads = key.tensor->shape[i];
    if (keyHeads == 0 ? queryHeads != 0 : queryHeads % keyHeads != 0)
      return argumentError(
          "argument " + quote(query.declared->name) + ", dimension " +
          std::to_string(i) + ": expected a multiple of the " +
          std::to_string(keyHeads) + " heads of " + quote(key.declared->name) +
          ", found " + std::to_string(queryHeads));
  }
  return {};
}

/// A kernel clamps the indices of a capture to its extents, which needs an
/// element to clamp to wherever there is a pair of a query and a key.
static Status checkCaptures(const Call &call) {
  const RoleRelations &relations = call.entry.relations;
  if (relations.query < 0 || relations.key < 0 ||
      isEmpty(call.args[relations.query]) || isEmpty(call.args[relations.key]))
    return {};
  for (int32_t position : relations.captures)
    if (isEmpty(call.args[position]))
      return argumentError("argument " + quote(call[position].declared->name) +
                           ": expected a capture of at least one element where "
                           "there are queries and keys, found an extent of 0");
  return {};
}

Status gdpa::runtime::bindArguments(const Description &description,
                                    const Entry &entry, const gdpa_tensor *args,
                                    SymbolValues &symbols) {
  if (!args)
    return argumentError("expected arguments, found a null pointer");
  Call call{description, entry, args};
  for (size_t i = 0; i < call.size(); ++i)
    if (Status status = checkTypeAndRank(call[i]); status.isError())
      return status;
  if (Status status = bindSymbols(call, symbols); status.isError())
    return status;
  for (const Agreement &agreement : entry.relations.agreements)
    if (Status status = checkAgreement(call, agreement); status.isError())
      return status;
  if (Status status = checkHeads(call); status.isError())
    return status;
  if (Status status = checkCaptures(call); status.isError())
    return status;
  for (size_t i = 0; i < call.size(); ++i)
    if (Status status = checkMemory(call[i]); status.isError())
      return status;
  return {};
}

Status gdpa::runtime::layOutWorkspace(const Description &description,
                                      const Entry &entry,
                                      const SymbolValues &symbols,
                                      WorkspaceLayout &layout) {
  constexpr int64_t alignment = 256;
  size_t count = entry.workspaces.size();
  layout.bytes = 0;
  layout.offsets.reset(count);
  layout.sizes.reset(count);
  for (size_t i = 0; i < count; ++i) {
    const Workspace &workspace = entry.workspaces[i];
    auto failed = [&](gdpa_status code, const std::string &message) {
      return Status(code, description.path + ": workspace " +
                              quote(workspace.name) + " of entry " +
                              quote(entry.name) + ": " + message);
    };
    int64_t &size = layout.sizes[i];
    if (Status status = workspace.bytes.evaluate(symbols, size);
        status.isError())
      return failed(status.code(), status.message());
    if (size < 0)
      return failed(GDPA_INVALID_ARGUMENT,
                    "expected a size of at least 0, found " +
                        std::to_string(size));
    int64_t rounded = 0;
    bool overflow = __builtin_add_overflow(size, alignment - 1, &rounded);
    rounded = rounded / alignment * alignment;
    layout.offsets[i] = layout.bytes;
    overflow |= __builtin_add_overflow(layout.bytes, rounded, &layout.bytes);
    if (overflow)
      return failed(GDPA_INVALID_ARGUMENT, "the size overflows");
  }
  return {};
}
