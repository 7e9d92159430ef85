//===- Outcome.h - Exit statuses of gdpa-run --------------------*- C++ -*-===//
//
// What can fail in gdpa-run returns an Outcome: an exit status and a message.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_DRIVER_OUTCOME_H
#define GDPA_LIB_RUNTIME_DRIVER_OUTCOME_H

#include "gdpa-runtime/gdpa_runtime.h"

#include <string>
#include <utility>

namespace gdpa::run {

/// Exit statuses of every command of the project.
enum ExitStatus { Done = 0, InputError = 1, UsageError = 2, CheckFailed = 3 };

/// Success, or an exit status and a message. An empty message means that
/// another process has printed one.
class [[nodiscard]] Outcome {
public:
  Outcome() = default;
  Outcome(int exitStatus, std::string message)
      : status(exitStatus), text(std::move(message)) {}

  bool failed() const { return status != Done; }
  int exitStatus() const { return status; }
  const std::string &message() const { return text; }

private:
  int status = Done;
  std::string text;
};

inline Outcome inputError(std::string message) {
  return {InputError, std::move(message)};
}
inline Outcome usageError(std::string message) {
  return {UsageError, std::move(message)};
}

/// The result of a call of the runtime.
inline Outcome fromRuntime(gdpa_status status) {
  if (status == GDPA_OK)
    return {};
  return inputError(gdpa_last_error());
}

} // namespace gdpa::run

#endif // GDPA_LIB_RUNTIME_DRIVER_OUTCOME_H
