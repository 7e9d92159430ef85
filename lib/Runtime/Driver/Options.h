//===- Options.h - The command line of gdpa-run -----------------*- C++ -*-===//
//
// Parsing alone: nothing here looks at a file.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_DRIVER_OPTIONS_H
#define GDPA_LIB_RUNTIME_DRIVER_OPTIONS_H

#include "Outcome.h"

#include <optional>
#include <vector>

namespace gdpa::run {

/// NAME=VALUE of --arg or --out.
struct NamedValue {
  std::string name;
  std::string value;
};

struct Options {
  /// A module (.mlir, .mlirbc or "-") or a launch description (.json).
  std::string input;
  /// "" where it is not given.
  std::string target;
  std::string precision;
  std::vector<NamedValue> arguments;
  std::vector<NamedValue> outputs;
  bool help = false;
  bool gradient = false;
  bool check = false;
  /// Where --check names one.
  std::optional<double> tolerance;
  bool time = false;
  int64_t repeats = 1;
  int32_t threads = 0;

  bool isDescription() const;
};

/// Whether `text` ends in `suffix`.
bool endsWith(const std::string &text, const std::string &suffix);

/// Parses a number in full ("1e-3", "inf", "7").
bool parseNumber(const std::string &text, double &value);

/// Parses the arguments after the program's name. Errors are usage errors.
Outcome parseOptions(const std::vector<std::string> &words, Options &options);

/// What --help prints.
const char *helpText();

} // namespace gdpa::run

#endif // GDPA_LIB_RUNTIME_DRIVER_OPTIONS_H
