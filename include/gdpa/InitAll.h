//===- InitAll.h - registration of everything of this project ---*- C++ -*-===//

#ifndef GDPA_INITALL_H
#define GDPA_INITALL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace mlir::gdpa {

/// Adds the project's dialects, with their bufferization
/// and what a reducer may try.
void registerAllDialects(DialectRegistry &registry);

/// Adds what the project teaches upstream's dialects: the derivative rules of
/// arith, math, scf and of reads of captures, and transform.gdpa.*.
void registerAllExtensions(DialectRegistry &registry);

/// Adds the upstream dialects that regions and block programs use.
void registerUpstreamDialects(DialectRegistry &registry);

/// Registers every pass and pipeline of the project.
void registerAllPasses();

} // namespace mlir::gdpa

#endif // GDPA_INITALL_H
