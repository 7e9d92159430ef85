//===- Compile.cpp - attention to an artefact, from C ---------------------===//

#include "gdpa-c/Compile.h"
#include "gdpa/InitAll.h"
#include "gdpa/Target/Compile.h"
#include "mlir/CAPI/IR.h"
#include "mlir/CAPI/Support.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace mlir::gdpa;

namespace {
struct Compilation {
  Artefact artefact;
  /// Empty where all went well.
  std::string error;
};

/// Adds the errors of a context, and their notes, to a text. Others pass.
class ErrorCollector : public ScopedDiagnosticHandler {
public:
  ErrorCollector(MLIRContext *context, std::string &text)
      : ScopedDiagnosticHandler(context), text(text) {
    setHandler([this](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
        return failure();
      add(diagnostic, "error");
      for (Diagnostic &note : diagnostic.getNotes())
        add(note, "note");
      return success();
    });
  }

private:
  void add(Diagnostic &diagnostic, StringRef kind) {
    llvm::raw_string_ostream stream(text);
    if (!text.empty())
      stream << "\n";
    if (auto file = diagnostic.getLocation()->findInstanceOf<FileLineColLoc>())
      stream << file.getFilename().getValue() << ":" << file.getLine() << ":"
             << file.getColumn() << ": ";
    stream << kind << ": " << diagnostic;
  }

  std::string &text;
};
} // namespace

static StringRef orEmpty(const char *text) { return text ? text : ""; }

/// Reads `given` into `options`; an error message where that cannot be.
static std::string readOptions(const GdpaCompileOptions &given,
                               CompileOptions &options) {
  options.target = orEmpty(given.target);
  options.gradients = given.gradients;
  options.precision = orEmpty(given.precision);
  options.cpu = orEmpty(given.cpu);
  options.features = orEmpty(given.features);
  if (StringRef emit = orEmpty(given.emit); !emit.empty()) {
    options.emission = llvm::StringSwitch<std::optional<Emission>>(emit)
                           .Case("mlir", Emission::MLIR)
                           .Case("llvm", Emission::LLVM)
                           .Case("ptx", Emission::PTX)
                           .Case("cubin", Emission::Cubin)
                           .Case("obj", Emission::Object)
                           .Case("so", Emission::SharedLibrary)
                           .Default(std::nullopt);
    if (!options.emission)
      return "expected the emission to be mlir, llvm, ptx, cubin, obj or so, "
             "found '" +
             emit.str() + "'";
  }
  if (llvm::sys::path::extension(orEmpty(given.output)) == ".json")
    return "expected another ending than .json of the output: the launch "
           "description takes that name";
  return checkOptions(options);
}

/// Compiles what `getModule` returns, which may be null after an error.
static GdpaCompilation
run(MLIRContext &context, const GdpaCompileOptions &given,
    llvm::function_ref<OwningOpRef<ModuleOp>()> getModule) {
  auto result = std::make_unique<Compilation>();
  CompileOptions options;
  result->error = readOptions(given, options);
  if (result->error.empty()) {
    ErrorCollector collector(&context, result->error);
    // A message names its line; the operation in full would bury it.
    bool printsOp = context.shouldPrintOpOnDiagnostic();
    context.printOpOnDiagnostic(false);
    auto restore =
        llvm::scope_exit([&] { context.printOpOnDiagnostic(printsOp); });
    StringRef output = orEmpty(given.output);
    OwningOpRef<ModuleOp> module = getModule();
    FailureOr<Artefact> artefact = failure();
    if (module)
      artefact = compile(*module, options,
                         output.empty() ? "kernel"
                                        : llvm::sys::path::filename(output));
    if (succeeded(artefact)) {
      result->artefact = std::move(*artefact);
      if (!output.empty())
        result->error = writeArtefact(result->artefact, output);
    } else if (result->error.empty()) {
      result->error = "error: the compilation failed without a message";
    }
    if (!result->error.empty())
      result->artefact = Artefact();
  }
  return GdpaCompilation{result.release()};
}

static void registerEverything(DialectRegistry &registry) {
  registerUpstreamDialects(registry);
  gdpa::registerAllDialects(registry);
  gdpa::registerAllExtensions(registry);
  registerTranslations(registry);
}

GdpaCompilation gdpaCompileText(const char *text, size_t length,
                                const GdpaCompileOptions *options) {
  DialectRegistry registry;
  registerEverything(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  return run(context, *options, [&] {
    // A copy: the parser of text wants a zero behind it.
    llvm::SourceMgr sources;
    sources.AddNewSourceBuffer(
        llvm::MemoryBuffer::getMemBufferCopy(StringRef(text, length), "input"),
        llvm::SMLoc());
    return parseSourceFile<ModuleOp>(sources, ParserConfig(&context));
  });
}

GdpaCompilation gdpaCompileModule(MlirModule module,
                                  const GdpaCompileOptions *options) {
  ModuleOp original = unwrap(module);
  MLIRContext *context = original.getContext();
  DialectRegistry registry;
  registerEverything(registry);
  context->appendDialectRegistry(registry);
  return run(*context, *options,
             [&] { return OwningOpRef<ModuleOp>(original.clone()); });
}

static Compilation &get(GdpaCompilation compilation) {
  return *static_cast<Compilation *>(compilation.ptr);
}

const char *gdpaCompilationGetError(GdpaCompilation compilation) {
  const std::string &error = get(compilation).error;
  return error.empty() ? nullptr : error.c_str();
}

MlirStringRef gdpaCompilationGetCode(GdpaCompilation compilation) {
  return wrap(StringRef(get(compilation).artefact.code));
}

MlirStringRef gdpaCompilationGetDescription(GdpaCompilation compilation) {
  return wrap(StringRef(get(compilation).artefact.description));
}

void gdpaCompilationDestroy(GdpaCompilation compilation) {
  delete static_cast<Compilation *>(compilation.ptr);
}
