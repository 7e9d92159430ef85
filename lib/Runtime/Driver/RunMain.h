//===- RunMain.h - The whole of gdpa-run ------------------------*- C++ -*-===//
//
// Called by tools/gdpa-run.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_DRIVER_RUNMAIN_H
#define GDPA_LIB_RUNTIME_DRIVER_RUNMAIN_H

namespace gdpa::run {

/// Runs the command line; the exit status.
int runMain(int argumentCount, char **arguments);

} // namespace gdpa::run

#endif // GDPA_LIB_RUNTIME_DRIVER_RUNMAIN_H
