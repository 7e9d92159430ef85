//===- RunMain.cpp - The whole of gdpa-run --------------------------------===//
//
// Compile, plan, read, run, check, write, report, in this order: usage errors
// and a missing device come before data is read, unwritable outputs before a
// long run.
//
//===----------------------------------------------------------------------===//

#include "RunMain.h"
#include "../DataType.h"
#include "Compile.h"
#include "OutputFile.h"
#include "Report.h"

#include <cstdio>
#include <unistd.h>

using namespace gdpa::run;
using gdpa::runtime::isFloat;

namespace {
/// A run of the command. The backends outlive the artefacts: members are
/// destroyed in reverse order.
class Command {
public:
  explicit Command(const Options &options) : options(options) {}

  Outcome run();

private:
  Outcome openArtefact();
  Outcome openReference();
  Outcome makeBackends();
  Outcome openOutputs();
  Outcome check();
  Outcome writeOutputs();
  Outcome print();
  Outcome judge();
  const CheckedResult *findCheck(const std::string &result) const;
  double toleranceOf(const Result &result) const;

  const Options &options;
  Compiler compiler;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Backend> referenceBackend;
  LoadedArtefact artefact;
  LoadedArtefact reference;
  Plan plan;
  Plan referencePlan;
  Inputs inputs;
  std::vector<OutputFile> outputs;
  std::vector<Result> results;
  std::map<std::string, CheckedResult> checks;
};
} // namespace

Outcome Command::openArtefact() {
  std::string description = options.input;
  if (!options.isDescription()) {
    if (Outcome outcome = compiler.prepare(options); outcome.failed())
      return outcome;
    std::string target = options.target.empty() ? "cpu" : options.target;
    if (Outcome outcome =
            compiler.compile(target, options.precision, "k", description);
        outcome.failed())
      return outcome;
  }
  if (Outcome outcome = LoadedArtefact::open(description, artefact);
      outcome.failed())
    return outcome;
  auto expectSame = [&](const char *option, const std::string &asked,
                        const std::string &found) {
    if (asked.empty() || found.empty() || asked == found)
      return Outcome();
    return inputError(artefact.path() + ": expected " + option + " '" + asked +
                      "' as asked for, found '" + found + "'");
  };
  if (Outcome outcome = expectSame("target", options.target, artefact.target());
      outcome.failed())
    return outcome;
  return expectSame("precision", options.precision, artefact.precision());
}

/// The reference's description: compiled from the same module, or the one
/// beside the artefact's.
Outcome Command::openReference() {
  if (artefact.target() == "reference")
    return usageError("--check compares with the reference target, which is "
                      "the target of '" +
                      artefact.path() + "'");
  std::string description;
  if (options.isDescription()) {
    std::string base = options.input.substr(0, options.input.size() - 5);
    description = base + ".reference.json";
    if (access(description.c_str(), R_OK) != 0)
      return inputError("--check: expected '" + description +
                        "' beside the artefact, found none; make it with: "
                        "gdpa-compile in.mlir --target=reference" +
                        (options.gradient ? " --grad" : "") + " -o " + base +
                        ".reference.so");
  } else if (Outcome outcome =
                 compiler.compile("reference", "", "k.reference", description);
             outcome.failed()) {
    return outcome;
  }
  if (Outcome outcome = LoadedArtefact::open(description, reference);
      outcome.failed())
    return outcome;
  if (reference.target() != "reference")
    return inputError(reference.path() +
                      ": expected target 'reference', found '" +
                      reference.target() + "'");
  return makePlan(reference, options.gradient, referencePlan);
}

Outcome Command::makeBackends() {
  Outcome outcome = artefact.isCuda()
                        ? makeCudaBackend(backend)
                        : makeCpuBackend(options.threads, backend);
  if (outcome.failed())
    return outcome;
  if (Outcome loaded = backend->load(artefact); loaded.failed())
    return loaded;
  if (options.check && artefact.isCuda())
    return makeCpuBackend(options.threads, referenceBackend);
  return {};
}

Outcome Command::openOutputs() {
  // Reserved: an OutputFile cannot be assigned.
  outputs.reserve(options.outputs.size());
  for (const NamedValue &output : options.outputs) {
    outputs.emplace_back();
    if (Outcome outcome = outputs.back().open(output.value); outcome.failed())
      return outcome;
  }
  return {};
}

static const Result *findResult(const std::vector<Result> &results,
                                const std::string &name) {
  for (const Result &result : results)
    if (result.name == name)
      return &result;
  return nullptr;
}

static const HostTensor *findTensor(const std::vector<Result> &results,
                                    const std::string &name) {
  const Result *result = findResult(results, name);
  return result ? &result->tensor : nullptr;
}

double Command::toleranceOf(const Result &result) const {
  if (options.tolerance)
    return *options.tolerance;
  std::string precision = artefact.precision();
  if (precision.empty())
    precision = options.precision;
  if (precision.empty())
    precision = artefact.isCuda() ? "fast" : "exact";
  // A capture's gradient is f32 whatever the tensors are, but no more exact
  // than they allow.
  int32_t storage = result.tensor.type();
  for (int32_t input : plan.inputs)
    if (artefact.role(input) == "q")
      storage = artefact.argument(input).dtype;
  return defaultTolerance(result.tensor.type(), storage, precision == "fast");
}

Outcome Command::check() {
  Inputs converted;
  if (Outcome outcome =
          convertInputs(artefact, inputs, reference, referencePlan, converted);
      outcome.failed())
    return outcome;
  std::vector<Result> expected;
  Backend &cpu = referenceBackend ? *referenceBackend : *backend;
  if (Outcome outcome =
          runPlan(reference, referencePlan, converted, cpu, {}, expected);
      outcome.failed())
    return outcome;
  for (const Result &result : results) {
    if (!isFloat(result.tensor.type()))
      continue;
    const HostTensor *wanted = findTensor(expected, result.name);
    if (!wanted)
      return inputError(reference.path() + ": expected a result '" +
                        result.name + "', found none");
    CheckedResult &checked = checks[result.name];
    checked.tolerance = toleranceOf(result);
    if (Outcome outcome = compare(result.tensor, *wanted,
                                  findTensor(expected, result.name + ".valid"),
                                  findTensor(expected, result.name + ".scale"),
                                  checked.comparison);
        outcome.failed())
      return inputError(reference.path() + ": result '" + result.name +
                        "': " + outcome.message());
  }
  return {};
}

Outcome Command::writeOutputs() {
  for (size_t i = 0; i < outputs.size(); ++i)
    if (Outcome outcome =
            outputs[i].write(*findTensor(results, options.outputs[i].name));
        outcome.failed())
      return outcome;
  for (OutputFile &output : outputs)
    if (Outcome outcome = output.commit(); outcome.failed())
      return outcome;
  return {};
}

const CheckedResult *Command::findCheck(const std::string &result) const {
  auto found = checks.find(result);
  return found == checks.end() ? nullptr : &found->second;
}

Outcome Command::print() {
  bool printed = true;
  for (const Result &result : results) {
    std::string line =
        formatResult(result, options.repeats, findCheck(result.name));
    printed &= std::printf("%s\n", line.c_str()) >= 0;
  }
  printed &= std::fflush(stdout) == 0;
  return printed ? Outcome() : inputError("cannot write to standard output");
}

static std::string formatNumber(double number) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", number);
  return text;
}

/// Whether checks and repeats found what they should.
Outcome Command::judge() {
  std::string failures;
  auto add = [&](const std::string &failure) {
    failures += (failures.empty() ? "" : "; ") + failure;
  };
  for (const Result &result : results) {
    const CheckedResult *checked = findCheck(result.name);
    if (checked && !checked->comparison.error)
      add(result.name + ": every element is left out of the comparison");
    else if (checked && !checked->passed())
      add(result.name + ": expected a relative error of at most " +
          formatNumber(checked->tolerance) + ", found " +
          formatNumber(*checked->comparison.error));
    if (!result.identical)
      add(result.name + ": expected " + std::to_string(options.repeats) +
          " bitwise equal repeats, found differences");
  }
  return failures.empty() ? Outcome() : Outcome(CheckFailed, failures);
}

Outcome Command::run() {
  if (Outcome outcome = openArtefact(); outcome.failed())
    return outcome;
  if (Outcome outcome = makePlan(artefact, options.gradient, plan);
      outcome.failed())
    return outcome;
  if (Outcome outcome = checkNames(artefact, plan, options); outcome.failed())
    return outcome;
  if (options.check)
    if (Outcome outcome = openReference(); outcome.failed())
      return outcome;
  if (Outcome outcome = makeBackends(); outcome.failed())
    return outcome;
  if (Outcome outcome = readInputs(artefact, plan, options.arguments, inputs);
      outcome.failed())
    return outcome;
  if (Outcome outcome = openOutputs(); outcome.failed())
    return outcome;
  SessionOptions session;
  session.repeats = options.repeats;
  session.time = options.time;
  if (Outcome outcome =
          runPlan(artefact, plan, inputs, *backend, session, results);
      outcome.failed())
    return outcome;
  if (options.check)
    if (Outcome outcome = check(); outcome.failed())
      return outcome;
  if (Outcome outcome = writeOutputs(); outcome.failed())
    return outcome;
  if (Outcome outcome = print(); outcome.failed())
    return outcome;
  return judge();
}

int gdpa::run::runMain(int argumentCount, char **arguments) {
  std::vector<std::string> words(arguments + 1, arguments + argumentCount);
  Options options;
  Outcome outcome = parseOptions(words, options);
  if (!outcome.failed() && options.help) {
    std::fputs(helpText(), stdout);
    return Done;
  }
  if (!outcome.failed())
    outcome = Command(options).run();
  if (outcome.failed() && !outcome.message().empty())
    std::fprintf(stderr, "gdpa-run: error: %s\n", outcome.message().c_str());
  return outcome.exitStatus();
}
