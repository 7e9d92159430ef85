//===- Compile.h - Calls gdpa-compile ---------------------------*- C++ -*-===//
//
// gdpa-run knows no compiler: it executes the one beside it.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_DRIVER_COMPILE_H
#define GDPA_LIB_RUNTIME_DRIVER_COMPILE_H

#include "Options.h"

namespace gdpa::run {

/// A directory for the life of the object, below $TMPDIR or /tmp.
class TemporaryDirectory {
public:
  TemporaryDirectory() = default;
  TemporaryDirectory(const TemporaryDirectory &) = delete;
  TemporaryDirectory &operator=(const TemporaryDirectory &) = delete;
  ~TemporaryDirectory();

  Outcome create();
  const std::string &path() const { return directory; }

private:
  std::string directory;
};

/// Compiles modules into a temporary directory.
class Compiler {
public:
  /// Prepares to compile the options' input. Standard input is kept in the
  /// directory: a check compiles twice.
  Outcome prepare(const Options &options);

  /// Compiles for `target` into NAME.so or NAME.ptx; `description` is the path
  /// of the launch description. A failure of gdpa-compile, which has printed
  /// its message, keeps its exit status.
  Outcome compile(const std::string &target, const std::string &precision,
                  const std::string &name, std::string &description);

private:
  TemporaryDirectory directory;
  std::string program;
  std::string input;
  /// The copy of standard input, or "".
  std::string standardInput;
  bool gradient = false;
};

} // namespace gdpa::run

#endif // GDPA_LIB_RUNTIME_DRIVER_COMPILE_H
