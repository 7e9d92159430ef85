//===- Bytecode.cpp - versions of the gdpa dialect in bytecode ------------===//
//
// A bytecode file says by which version of the dialect it was written; every
// older version is read. Attributes are written in their text form, segment
// sizes as a sparse array: an operand segment that is added after the last one
// is empty where an older file is read, and needs no code here. Another change
// of an operation's properties does (readProperties by hand, the version asked
// of the reader).
//
// test/Bytecode holds a file of each version.
//
//===----------------------------------------------------------------------===//

#include "Bytecode.h"

using namespace mlir;
using namespace mlir::gdpa;

/// Raised by each change of what is written:
///   0  no version in the file
///   1  as 0, with the version
///   2  offsets and lengths, after the captures
static constexpr uint64_t kVersion = 2;

namespace {
struct Version : public DialectVersion {
  explicit Version(uint64_t number) : number(number) {}
  uint64_t number;
};
} // namespace

void GDPABytecodeInterface::writeVersion(DialectBytecodeWriter &writer) const {
  writer.writeVarInt(kVersion);
}

std::unique_ptr<DialectVersion>
GDPABytecodeInterface::readVersion(DialectBytecodeReader &reader) const {
  uint64_t number;
  if (failed(reader.readVarInt(number)))
    return nullptr;
  if (number > kVersion) {
    reader.emitError() << "expected version " << kVersion
                       << " or older of dialect gdpa, found version " << number
                       << ": the file was written by a newer release";
    return nullptr;
  }
  return std::make_unique<Version>(number);
}
