//===- Crash.h - whose crash it is ------------------------------*- C++ -*-===//
//
// A crash with a frame in one of this project's libraries is ours, whatever
// upstream function it ended in; every other one is upstream's.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_FUZZ_CRASH_H
#define GDPA_FUZZ_CRASH_H

namespace mlir::gdpa::fuzz {

/// How a process ends that ran one input and crashed.
enum ExitStatus { upstreamCrash = 70, ourCrash = 71 };

/// On a fatal signal or after `seconds`: writes the frames to stderr and ends
/// the process with the status above.
void classifyCrashes(unsigned seconds);

} // namespace mlir::gdpa::fuzz

#endif // GDPA_FUZZ_CRASH_H
