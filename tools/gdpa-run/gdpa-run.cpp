//===- gdpa-run.cpp - Runs an attention kernel on .npy files --------------===//
//
// All of it is in lib/Runtime/Driver.
//
//===----------------------------------------------------------------------===//

#include "RunMain.h"

int main(int argc, char **argv) { return gdpa::run::runMain(argc, argv); }
