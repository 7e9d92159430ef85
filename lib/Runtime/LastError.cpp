//===- LastError.cpp - The message behind gdpa_last_error() ---------------===//
//
// One message for each thread.
//
//===----------------------------------------------------------------------===//

#include "LastError.h"

using namespace gdpa::runtime;

static std::string &lastError() {
  static thread_local std::string message;
  return message;
}

gdpa_status gdpa::runtime::setLastError(const Status &status) {
  if (status.isError())
    lastError() = status.message();
  return status.code();
}

extern "C" const char *gdpa_last_error(void) { return lastError().c_str(); }
