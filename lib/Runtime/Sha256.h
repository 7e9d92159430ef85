//===- Sha256.h - SHA-256 of a file -----------------------------*- C++ -*-===//
//
// A launch description names the SHA-256 of its code file. The hash is written
// out here because it is all the runtime would need of a crypto library.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_SHA256_H
#define GDPA_LIB_RUNTIME_SHA256_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace gdpa::runtime {

/// The SHA-256 (FIPS 180-4) of `size` bytes, as 64 lower-case hex digits.
std::string sha256(const void *data, size_t size);

} // namespace gdpa::runtime

#endif // GDPA_LIB_RUNTIME_SHA256_H
