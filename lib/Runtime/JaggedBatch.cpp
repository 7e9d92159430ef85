//===- JaggedBatch.cpp - The sequences of a jagged batch ------------------===//
//
// On the host cu_seqlens can be read before a kernel runs; a CUDA kernel clamps
// them instead.
//
//===----------------------------------------------------------------------===//

#include "Binding.h"

#include <string>

using namespace gdpa::runtime;

static int64_t readElement(const gdpa_tensor &tensor, int64_t position) {
  int64_t at = position * tensor.strides[0];
  if (tensor.dtype == GDPA_I32)
    return static_cast<const int32_t *>(tensor.data)[at];
  return static_cast<const int64_t *>(tensor.data)[at];
}

/// The position of the argument with this role in the entry's call, or -1.
static int64_t findRole(const Description &description, const Entry &entry,
                        const char *role) {
  for (size_t i = 0; i < entry.arguments.size(); ++i)
    if (description.arguments[entry.arguments[i]].role == role)
      return static_cast<int64_t>(i);
  return -1;
}

static Status checkBounds(const std::string &name, const gdpa_tensor &bounds,
                          const std::string &rowsName, int64_t rows) {
  std::string where = "argument '" + name + "', element ";
  int64_t count = bounds.shape[0], before = 0;
  for (int64_t i = 0; i < count; ++i) {
    int64_t bound = readElement(bounds, i);
    if (i == 0 && bound != 0)
      return argumentError(where + "0: expected 0, the first row of the first "
                                   "sequence, found " +
                           std::to_string(bound));
    if (bound < before)
      return argumentError(where + std::to_string(i) + ": expected at least " +
                           std::to_string(before) +
                           ", the element before it, found " +
                           std::to_string(bound));
    before = bound;
  }
  if (before != rows)
    return argumentError(where + std::to_string(count - 1) + ": expected " +
                         std::to_string(rows) + ", the rows of '" + rowsName +
                         "', found " + std::to_string(before));
  return {};
}

Status gdpa::runtime::checkJaggedBatch(const Description &description,
                                       const Entry &entry,
                                       const gdpa_tensor *args) {
  struct Pair {
    const char *bounds, *rows;
  };
  for (const Pair &pair :
       {Pair{"cu_seqlens_q", "q"}, Pair{"cu_seqlens_k", "k"}}) {
    int64_t bounds = findRole(description, entry, pair.bounds);
    int64_t rows = findRole(description, entry, pair.rows);
    if (bounds < 0 || rows < 0)
      continue;
    auto nameOf = [&](int64_t number) {
      return description.arguments[entry.arguments[number]].name;
    };
    if (Status status = checkBounds(nameOf(bounds), args[bounds], nameOf(rows),
                                    args[rows].shape[0]);
        status.isError())
      return status;
  }
  return {};
}
