//===- Target.cpp - one module through parser, printers and a pipeline ----===//

#include "Target.h"
#include "Pipelines.h"
#include "gdpa/InitAll.h"
#include "gdpa/Target/Compile.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/Hashing.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using llvm::StringRef;

static constexpr StringRef directive = "// pipeline: ";

void gdpa::fuzz::initialize() {
  mlir::registerAllPasses();
  gdpa::registerAllPasses();
}

std::unique_ptr<MLIRContext> gdpa::fuzz::createContext() {
  // The registry is made once: adding all dialects takes longer than a run.
  static DialectRegistry *registry = [] {
    auto *made = new DialectRegistry();
    gdpa::registerUpstreamDialects(*made);
    gdpa::registerAllDialects(*made);
    gdpa::registerAllExtensions(*made);
    gdpa::registerTranslations(*made);
    return made;
  }();
  auto context = std::make_unique<MLIRContext>(
      *registry, MLIRContext::Threading::DISABLED);
  context->getDiagEngine().registerHandler([](Diagnostic &diagnostic) {
    // Writing an error is part of what may crash.
    (void)diagnostic.str();
    return success();
  });
  return context;
}

llvm::ArrayRef<StringRef> gdpa::fuzz::getPipelines() { return pipelines; }

bool gdpa::fuzz::isBytecode(StringRef input) {
  return input.starts_with("ML\xefR");
}

StringRef gdpa::fuzz::getPipeline(StringRef input) {
  if (isBytecode(input))
    return pipelines[llvm::hash_value(input) % std::size(pipelines)];
  if (!input.consume_front(directive))
    return "";
  return input.take_until([](char c) { return c == '\n'; }).trim();
}

std::string gdpa::fuzz::withPipeline(StringRef input, StringRef pipeline) {
  if (isBytecode(input))
    return input.str();
  if (input.starts_with(directive))
    input = input.split('\n').second;
  return (directive + pipeline + "\n" + input).str();
}

static std::string print(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream(text) << module;
  return text;
}

/// Stops where `back` is not what `text` was: as a crash does.
static void expectSame(StringRef how, StringRef text, ModuleOp back) {
  std::string again = back ? print(back) : std::string();
  if (text == again)
    return;
  llvm::errs() << "a module does not come back from " << how << ":\n"
               << text << "\nbecame:\n"
               << (back ? StringRef(again) : "an error") << "\n";
  abort();
}

/// Prints, writes bytecode, reads both and compares.
static void expectRoundTrips(ModuleOp module) {
  MLIRContext *context = module.getContext();
  std::string text = print(module);
  OwningOpRef<ModuleOp> fromText = parseSourceString<ModuleOp>(text, context);
  expectSame("text", text, fromText ? *fromText : ModuleOp());
  std::string bytes;
  llvm::raw_string_ostream stream(bytes);
  if (failed(writeBytecodeToFile(module, stream)))
    return;
  OwningOpRef<ModuleOp> fromBytes = parseSourceString<ModuleOp>(bytes, context);
  expectSame("bytecode", text, fromBytes ? *fromBytes : ModuleOp());
}

/// What gdpa-compile does with the options that `command` holds.
static gdpa::fuzz::Progress runCompiler(ModuleOp module, StringRef command) {
  gdpa::CompileOptions options;
  SmallVector<StringRef> words;
  command.split(words, ' ', -1, /*KeepEmpty=*/false);
  for (StringRef word : words) {
    if (word.consume_front("--target="))
      options.target = word.str();
    else if (word == "--grad")
      options.gradients = true;
    else if (word == "--emit=obj")
      options.emission = gdpa::Emission::Object;
  }
  if (!gdpa::checkOptions(options).empty() ||
      failed(gdpa::compile(module, options, "k.code")))
    return gdpa::fuzz::Progress::Refused;
  return gdpa::fuzz::Progress::Through;
}

gdpa::fuzz::Progress gdpa::fuzz::runInput(StringRef input) {
  std::unique_ptr<MLIRContext> context = createContext();
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(input, context.get());
  if (!module)
    return Progress::Malformed;
  expectRoundTrips(*module);
  StringRef pipeline = getPipeline(input);
  if (pipeline.empty())
    return Progress::Through;
  if (pipeline.consume_front("gdpa-compile "))
    return runCompiler(*module, pipeline);
  if (!pipeline.consume_front("builtin.module(") || !pipeline.consume_back(")"))
    return Progress::Refused;
  std::string error;
  llvm::raw_string_ostream errors(error);
  PassManager manager(context.get(), ModuleOp::getOperationName());
  if (failed(parsePassPipeline(pipeline, manager, errors)))
    return Progress::Refused;
  if (failed(manager.run(*module)))
    return Progress::Refused;
  expectRoundTrips(*module);
  return Progress::Through;
}
