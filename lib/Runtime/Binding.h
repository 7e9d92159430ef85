//===- Binding.h - Arguments against their description ----------*- C++ -*-===//
//
// Checks the tensors passed to an entry and reads the symbols off them.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_BINDING_H
#define GDPA_LIB_RUNTIME_BINDING_H

#include "Description.h"

namespace gdpa::runtime {

/// Checks types, ranks, extents, strides and alignment of the entry's
/// arguments and binds the symbols of their shapes.
Status bindArguments(const Description &description, const Entry &entry,
                     const gdpa_tensor *args, SymbolValues &symbols);

/// Checks that the sequences of a jagged batch on the host begin at row 0, end
/// at the last row and do not overlap. Arguments were bound before.
Status checkJaggedBatch(const Description &description, const Entry &entry,
                        const gdpa_tensor *args);

/// Where the parts of an entry's workspace lie: each aligned to 256 bytes, in
/// one allocation of `bytes` bytes.
struct WorkspaceLayout {
  InlineBuffer<int64_t, 8> offsets;
  InlineBuffer<int64_t, 8> sizes;
  int64_t bytes = 0;
};
Status layOutWorkspace(const Description &description, const Entry &entry,
                       const SymbolValues &symbols, WorkspaceLayout &layout);

} // namespace gdpa::runtime

#endif // GDPA_LIB_RUNTIME_BINDING_H
