//===- BufferizableOpInterfaceImpl.h - bufferization of gdpa ----*- C++ -*-===//

#ifndef GDPA_DIALECT_GDPA_TRANSFORMS_BUFFERIZABLEOPINTERFACEIMPL_H
#define GDPA_DIALECT_GDPA_TRANSFORMS_BUFFERIZABLEOPINTERFACEIMPL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace mlir::gdpa {

/// Teaches upstream's one-shot bufferization the operations of `gdpa`: they write
/// their destinations in place, never read them, and their regions load from
/// memrefs where they extracted from tensors.
void registerBufferizableOpInterfaceExternalModels(DialectRegistry &registry);

} // namespace mlir::gdpa

#endif // GDPA_DIALECT_GDPA_TRANSFORMS_BUFFERIZABLEOPINTERFACEIMPL_H
