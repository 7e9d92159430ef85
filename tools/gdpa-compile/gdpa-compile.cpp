//===- gdpa-compile.cpp - attention from MLIR to an artefact --------------===//
//
// Options only; the work is lib/Target's.
//
//===----------------------------------------------------------------------===//

#include "gdpa/InitAll.h"
#include "gdpa/Target/Compile.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace mlir::gdpa;
namespace cl = llvm::cl;

namespace {
enum ExitCode { kDone = 0, kInputError = 1, kUsageError = 2 };
} // namespace

static cl::OptionCategory category("Options of gdpa-compile");
static cl::opt<std::string> inputPath(cl::Positional, cl::desc("<in.mlir | ->"),
                                      cl::init("-"), cl::cat(category));
static cl::opt<std::string>
    outputPath("o",
               cl::desc("File to write; the launch description goes "
                        "beside it as .json. - is the standard output"),
               cl::value_desc("file"), cl::Required, cl::cat(category));
static cl::opt<std::string>
    target("target", cl::desc("cpu, reference, sm_80 or a later chip"),
           cl::value_desc("target"), cl::Required, cl::cat(category));
static cl::opt<Emission> emission(
    "emit",
    cl::desc("What to write; so for cpu and reference, ptx for chips where "
             "it is not said"),
    cl::values(clEnumValN(Emission::MLIR, "mlir", "the module, lowered"),
               clEnumValN(Emission::LLVM, "llvm", "LLVM IR"),
               clEnumValN(Emission::PTX, "ptx", "PTX text; needs no CUDA"),
               clEnumValN(Emission::Cubin, "cubin",
                          "code of one chip; needs ptxas"),
               clEnumValN(Emission::Object, "obj", "an object file"),
               clEnumValN(Emission::SharedLibrary, "so", "a shared library")),
    cl::cat(category));
static cl::opt<bool> gradients("grad", cl::desc("Also compile the gradients"),
                               cl::cat(category));
static cl::opt<std::string> precision(
    "precision",
    cl::desc("exact or fast elementary functions; what the operation says, "
             "else exact on processors and fast on chips where it is not said"),
    cl::value_desc("exact|fast"), cl::cat(category));
static cl::opt<std::string>
    cpu("cpu",
        cl::desc("Processor to compile for, as LLVM names it (znver4, "
                 "haswell); this one where it is not said"),
        cl::value_desc("name"), cl::cat(category));
static cl::opt<std::string>
    cpuFeatures("cpu-features",
                cl::desc("Changes to the processor's features, as LLVM writes "
                         "them (-avx512f,+fma)"),
                cl::value_desc("list"), cl::cat(category));

static cl::opt<bool> instrument(
    "instrument",
    cl::desc("For chips: check the protocol of asynchronous kernels while they "
             "run; slow, for debugging"),
    cl::cat(category));

static int complain(ExitCode code, const llvm::Twine &message) {
  llvm::WithColor::error(llvm::errs(), "gdpa-compile") << message << "\n";
  return code;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(
          argc, argv,
          "Compiles a function around one gdpa.attention to fused kernels.\n"
          "Exit status: 0 done, 1 an error in the input, 2 in the usage.\n",
          &llvm::errs()))
    return kUsageError;

  CompileOptions options;
  options.target = target;
  if (emission.getNumOccurrences())
    options.emission = emission;
  options.gradients = gradients;
  options.precision = precision;
  options.cpu = cpu;
  options.features = cpuFeatures;
  options.instrument = instrument;
  if (std::string message = checkOptions(options); !message.empty())
    return complain(kUsageError, message);
  Emission emitted = options.getEmission();
  bool isText = emitted == Emission::MLIR || emitted == Emission::LLVM ||
                emitted == Emission::PTX;
  if (outputPath == "-" && !isText)
    return complain(kUsageError, "expected a file for -o: only mlir, llvm and "
                                 "ptx go to the standard output");
  if (llvm::sys::path::extension(outputPath) == ".json")
    return complain(kUsageError, "expected another ending than .json for -o: "
                                 "the launch description takes that name");

  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> input =
      openInputFile(inputPath, &message);
  if (!input)
    return complain(kInputError, message);

  DialectRegistry registry;
  registerUpstreamDialects(registry);
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerTranslations(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  // A diagnostic names its line; the operation in full would bury it.
  context.printOpOnDiagnostic(false);
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(input), llvm::SMLoc());
  SourceMgrDiagnosticHandler handler(sources, &context);
  OwningOpRef<ModuleOp> module =
      parseSourceFile<ModuleOp>(sources, ParserConfig(&context));
  if (!module)
    return kInputError;
  FailureOr<Artefact> artefact =
      compile(*module, options, llvm::sys::path::filename(outputPath));
  if (failed(artefact))
    return kInputError;
  message = writeArtefact(*artefact, outputPath);
  return message.empty() ? int(kDone) : complain(kInputError, message);
}
