//===- Status.h - Errors of the runtime -------------------------*- C++ -*-===//
//
// The runtime is built without exceptions: what can fail returns a Status.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_STATUS_H
#define GDPA_LIB_RUNTIME_STATUS_H

#include "gdpa-runtime/gdpa_runtime.h"

#include <string>
#include <utility>

namespace gdpa::runtime {

/// Success, or a code and a message.
class [[nodiscard]] Status {
public:
  /// Success.
  Status() = default;
  Status(gdpa_status code, std::string message)
      : errorCode(code), text(std::move(message)) {}

  bool isError() const { return errorCode != GDPA_OK; }
  gdpa_status code() const { return errorCode; }
  const std::string &message() const { return text; }

private:
  gdpa_status errorCode = GDPA_OK;
  std::string text;
};

inline Status formatError(std::string message) {
  return {GDPA_FORMAT_ERROR, std::move(message)};
}
inline Status fileError(std::string message) {
  return {GDPA_FILE_ERROR, std::move(message)};
}
inline Status argumentError(std::string message) {
  return {GDPA_INVALID_ARGUMENT, std::move(message)};
}

} // namespace gdpa::runtime

#endif // GDPA_LIB_RUNTIME_STATUS_H
