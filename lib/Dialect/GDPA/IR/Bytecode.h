//===- Bytecode.h - bytecode of the gdpa dialect ----------------*- C++ -*-===//

#ifndef GDPA_LIB_DIALECT_GDPA_IR_BYTECODE_H
#define GDPA_LIB_DIALECT_GDPA_IR_BYTECODE_H

#include "mlir/Bytecode/BytecodeImplementation.h"

namespace mlir::gdpa {

/// Writes the dialect's version into bytecode files and refuses newer ones.
class GDPABytecodeInterface : public BytecodeDialectInterface {
public:
  explicit GDPABytecodeInterface(Dialect *dialect)
      : BytecodeDialectInterface(dialect) {}

  void writeVersion(DialectBytecodeWriter &writer) const final;
  std::unique_ptr<DialectVersion>
  readVersion(DialectBytecodeReader &reader) const final;
};

} // namespace mlir::gdpa

#endif // GDPA_LIB_DIALECT_GDPA_IR_BYTECODE_H
