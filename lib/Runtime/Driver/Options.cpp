//===- Options.cpp - The command line of gdpa-run -------------------------===//
//
// `--name VALUE` and `--name=VALUE` are the same; `--check` alone has a value
// that may be absent, so its value needs the `=`.
//
//===----------------------------------------------------------------------===//

#include "Options.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

using namespace gdpa::run;

const char *gdpa::run::helpText() {
  return R"(usage: gdpa-run in.mlir|out.json --arg NAME=FILE.npy|NUMBER ... [options]

Runs an attention kernel. A module is compiled by the gdpa-compile beside this
program; a launch description, which gdpa-compile has written, is run as it is.
Prints one JSON object a line for each result: o, stats, and with --grad dq, dk,
dv and d_NAME for a capture NAME.

  --target=T           cpu (default), reference, sm_80, sm_90a
  --precision=P        exact or fast; the default is the target's
  --arg NAME=VALUE     an argument: a .npy file, or a number for a scalar.
                       Files of f2, f4 and f8 are rounded to the argument's type
  --grad               run the backward too; the cotangent of o is the argument
                       do, that of stats is dstats (zero where it is absent)
  --out NAME=FILE.npy  write a result; bf16 and f16 are written as f4
  --check[=TOL]        compare each result with the reference target and fail
                       beyond the relative Frobenius error TOL. The default goes
                       by the coarser of the result's and the kernel's type:
                       1e-10 f64, 1e-5 f32 (1e-3 where the precision is fast),
                       5e-3 bf16 and f16. For out.json the reference is
                       out.reference.json beside it
  --time               time each entry after a warm-up: median, minimum and
                       maximum of at least 7 runs
  --repeat=N           run N times on fresh outputs and fail unless all results
                       are bitwise equal
  --threads=N          threads of the CPU targets (default: all processors)
  --help               this text

Exit status: 0 done, 1 input error, 2 usage, 3 a check failed.

A line of output holds
  result, entry        the result's name and the entry that computed it
  type, shape          its element type and extents
  workspace_bytes      memory that the entry took besides its arguments
  error, tolerance     with --check: relative Frobenius error ("inf" where a
                       non-finite element differs; null where no element is
                       left to compare, which fails too)
  left_out             with --check: elements left out of the comparison (rows
                       with a pair near a kink, where differences mean nothing)
  repeats, identical   with --repeat
  time_ms              with --time: {"median", "min", "max", "runs"}
)";
}

bool gdpa::run::endsWith(const std::string &text, const std::string &suffix) {
  return text.size() >= suffix.size() &&
         text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

bool gdpa::run::parseNumber(const std::string &text, double &value) {
  // strtod skips leading space, which no number on a command line has.
  if (text.empty() || text[0] == ' ' || text[0] == '\t' || text[0] == '\n')
    return false;
  char *end = nullptr;
  value = std::strtod(text.c_str(), &end);
  return end == text.c_str() + text.size();
}

bool Options::isDescription() const { return endsWith(input, ".json"); }

static bool isOneOf(const std::string &text,
                    std::initializer_list<const char *> choices) {
  return std::any_of(choices.begin(), choices.end(),
                     [&](const char *choice) { return text == choice; });
}

static Outcome parseCount(const std::string &option, const std::string &text,
                          int64_t most, int64_t &value) {
  double number = 0;
  if (!parseNumber(text, number) || number < 1 ||
      number > static_cast<double>(most) || number != std::floor(number))
    return usageError(option + ": expected an integer from 1 to " +
                      std::to_string(most) + ", found '" + text + "'");
  value = static_cast<int64_t>(number);
  return {};
}

/// Splits NAME=VALUE and checks the form of the value.
static Outcome parseNamedValue(const std::string &option,
                               const std::string &text, bool allowNumber,
                               std::vector<NamedValue> &values) {
  std::string form =
      allowNumber ? "NAME=FILE.npy or NAME=NUMBER" : "NAME=FILE.npy";
  size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    return usageError(option + ": expected " + form + ", found '" + text + "'");
  NamedValue parsed{text.substr(0, equals), text.substr(equals + 1)};
  double number = 0;
  bool isFile = endsWith(parsed.value, ".npy");
  if (!isFile && !(allowNumber && parseNumber(parsed.value, number)))
    return usageError(
        option + " " + parsed.name + ": expected " +
        (allowNumber ? "a number or a .npy file" : "a .npy file") +
        ", found '" + parsed.value + "'");
  for (const NamedValue &other : values)
    if (other.name == parsed.name)
      return usageError(option + ": '" + parsed.name + "' is given twice");
  values.push_back(std::move(parsed));
  return {};
}

/// Handles an option that has a value.
static Outcome applyValue(const std::string &option, const std::string &value,
                          Options &options) {
  if (option == "--arg")
    return parseNamedValue(option, value, true, options.arguments);
  if (option == "--out")
    return parseNamedValue(option, value, false, options.outputs);
  if (option == "--target") {
    if (!isOneOf(value, {"cpu", "reference", "sm_80", "sm_90a"}))
      return usageError("--target: expected 'cpu', 'reference', 'sm_80' or "
                        "'sm_90a', found '" +
                        value + "'");
    options.target = value;
    return {};
  }
  if (option == "--precision") {
    if (!isOneOf(value, {"exact", "fast"}))
      return usageError("--precision: expected 'exact' or 'fast', found '" +
                        value + "'");
    options.precision = value;
    return {};
  }
  if (option == "--repeat")
    return parseCount(option, value, 1000000, options.repeats);
  int64_t threads = 0;
  Outcome outcome = parseCount(option, value, 4096, threads);
  options.threads = static_cast<int32_t>(threads);
  return outcome;
}

/// Handles an option that has none, or --check=TOL; false where `option` is
/// not one.
static bool applyFlag(const std::string &option, bool hasValue,
                      const std::string &value, Options &options,
                      Outcome &outcome) {
  bool *flag = option == "--help" || option == "-h" ? &options.help
               : option == "--grad"                 ? &options.gradient
               : option == "--check"                ? &options.check
               : option == "--time"                 ? &options.time
                                                    : nullptr;
  if (!flag)
    return false;
  *flag = true;
  if (!hasValue)
    return true;
  double tolerance = 0;
  if (option != "--check")
    outcome = usageError(option + ": expected no value, found '" + value + "'");
  else if (!parseNumber(value, tolerance) || !(tolerance >= 0) ||
           std::isinf(tolerance))
    outcome =
        usageError("--check: expected a tolerance, found '" + value + "'");
  else
    options.tolerance = tolerance;
  return true;
}

Outcome gdpa::run::parseOptions(const std::vector<std::string> &words,
                                Options &options) {
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string &word = words[i];
    if (word == "-" || word.empty() || word[0] != '-') {
      if (!options.input.empty())
        return usageError("expected one input, found '" + options.input +
                          "' and '" + word + "'");
      options.input = word;
      continue;
    }
    size_t equals = word.find('=');
    bool hasValue = equals != std::string::npos;
    std::string option = word.substr(0, equals);
    std::string value = hasValue ? word.substr(equals + 1) : "";
    Outcome outcome;
    if (!applyFlag(option, hasValue, value, options, outcome)) {
      if (!isOneOf(option, {"--arg", "--out", "--target", "--precision",
                            "--repeat", "--threads"}))
        return usageError("unknown option '" + option +
                          "'; --help lists the known ones");
      if (!hasValue && i + 1 == words.size())
        return usageError(option + ": expected a value");
      outcome = applyValue(option, hasValue ? value : words[++i], options);
    }
    if (outcome.failed())
      return outcome;
  }
  if (options.help)
    return {};
  if (options.input.empty())
    return usageError("expected an input: a .mlir or a .json file");
  if (options.input != "-" && !endsWith(options.input, ".mlir") &&
      !endsWith(options.input, ".mlirbc") && !options.isDescription())
    return usageError("expected a .mlir or a .json file, found '" +
                      options.input + "'");
  if (options.check && options.target == "reference")
    return usageError("--check compares with the reference target, which is "
                      "the target here");
  return {};
}
