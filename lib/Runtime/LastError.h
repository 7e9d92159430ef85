//===- LastError.h - The message behind gdpa_last_error() -------*- C++ -*-===//
//
// Turns the runtime's Status into the C interface's code and message.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_LASTERROR_H
#define GDPA_LIB_RUNTIME_LASTERROR_H

#include "Status.h"

namespace gdpa::runtime {

/// Keeps the message of an error for gdpa_last_error(); returns the code.
gdpa_status setLastError(const Status &status);

} // namespace gdpa::runtime

#endif // GDPA_LIB_RUNTIME_LASTERROR_H
