//===- gdpa-c/Compile.h - attention to an artefact, from C --------*- C -*-===//
//
// What gdpa-compile does: a module with one function around a gdpa.attention
// becomes a code file and the launch description that the runtime
// (gdpa-runtime/gdpa_runtime.h) opens.
//
//   GdpaCompileOptions options = {0};
//   options.target = "cpu";
//   options.output = "k.so"; // and k.json
//   GdpaCompilation compilation = gdpaCompileText(text, length, &options);
//   if (gdpaCompilationGetError(compilation))
//     fprintf(stderr, "%s\n", gdpaCompilationGetError(compilation));
//   gdpaCompilationDestroy(compilation);
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_C_COMPILE_H
#define GDPA_C_COMPILE_H

#include "mlir-c/IR.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// As the options of gdpa-compile. A null string is an option that was not
/// given; all but the target may be.
typedef struct GdpaCompileOptions {
  /// "cpu", "reference", or a chip ("sm_80").
  const char *target;
  /// The code file to write; the launch description goes beside it (d/k.so,
  /// d/k.json), both or none. Null: nothing is written, and the description
  /// says that the code is in a file "kernel".
  const char *output;
  /// "mlir", "llvm", "ptx", "cubin", "obj" or "so".
  const char *emit;
  /// "exact" or "fast".
  const char *precision;
  /// The processor of the target cpu, as LLVM names it, and changes to its
  /// features.
  const char *cpu, *features;
  /// Also compile the gradients.
  bool gradients;
} GdpaCompileOptions;

/// What came of a compilation: an artefact or an error.
typedef struct GdpaCompilation {
  void *ptr;
} GdpaCompilation;

/// Compiles MLIR text or bytecode, `length` bytes. Always returns a
/// compilation, to be destroyed.
MLIR_CAPI_EXPORTED GdpaCompilation gdpaCompileText(
    const char *text, size_t length, const GdpaCompileOptions *options);

/// Compiles a copy of `module`, whose context gets the dialects and
/// translations that the compiler needs.
MLIR_CAPI_EXPORTED GdpaCompilation
gdpaCompileModule(MlirModule module, const GdpaCompileOptions *options);

/// Null where all went well; else the errors, one a line, with location. Lives
/// as long as the compilation, as everything that is returned here.
MLIR_CAPI_EXPORTED const char *
gdpaCompilationGetError(GdpaCompilation compilation);

/// The bytes of the code file and of the launch description; empty where the
/// compilation failed. Emissions "mlir" and "llvm" have no description.
MLIR_CAPI_EXPORTED MlirStringRef
gdpaCompilationGetCode(GdpaCompilation compilation);
MLIR_CAPI_EXPORTED MlirStringRef
gdpaCompilationGetDescription(GdpaCompilation compilation);

MLIR_CAPI_EXPORTED void gdpaCompilationDestroy(GdpaCompilation compilation);

#ifdef __cplusplus
}
#endif

#endif // GDPA_C_COMPILE_H
