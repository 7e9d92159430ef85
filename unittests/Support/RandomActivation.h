//===- RandomActivation.h - random activation regions -----------*- C++ -*-===//
//
// Writes activation regions of random operations as MLIR text. The operations'
// arguments are kept where they are defined and smooth (log of a positive
// number), except for kinks.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_UNITTESTS_SUPPORT_RANDOMACTIVATION_H
#define GDPA_UNITTESTS_SUPPORT_RANDOMACTIVATION_H

#include <cstdint>
#include <string>

namespace gdpa_test {

/// Extents of the capture %B, a matrix that regions read at [%h, %j]; %T is a
/// scalar capture.
constexpr int64_t kHeads = 3, kKeys = 4;

/// The body of an activation of f64: reads %s, the indices %h, %i, %j, %nq, %nk
/// and the captures %B and %T, ends with gdpa.yield. The same text for the same
/// seed.
std::string randomActivation(uint64_t seed);

/// A module around `body`: a function @f with one gdpa.attention of f64
/// tensors, captures %B: tensor<3x4xf64> and %T: f64.
std::string moduleAround(const std::string &body);

} // namespace gdpa_test

#endif // GDPA_UNITTESTS_SUPPORT_RANDOMACTIVATION_H
