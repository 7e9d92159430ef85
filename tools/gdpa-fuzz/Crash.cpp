//===- Crash.cpp - whose crash it is --------------------------------------===//

#include "Crash.h"
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <initializer_list>
#include <unistd.h>

using namespace mlir::gdpa::fuzz;

static bool isOurs(const char *library) {
  const char *name = strrchr(library, '/');
  return strncmp(name ? name + 1 : library, "libGDPA", 7) == 0;
}

/// Not what a signal handler may do by the letter; the process ends anyway, and
/// a second signal ends it at once.
static void reportAndExit(int signal) {
  static volatile sig_atomic_t entered = 0;
  if (entered)
    _exit(ourCrash);
  entered = 1;
  // SIGALRM: the input takes too long.
  fprintf(stderr, "%s\n",
          signal == SIGALRM ? "timeout" : strsignal(signal));
  static void *frames[2048];
  int count = backtrace(frames, 2048);
  bool ours = false;
  for (int n = 0; n < count; ++n) {
    Dl_info info;
    if (!dladdr(frames[n], &info) || !info.dli_fname)
      continue;
    ours |= isOurs(info.dli_fname);
    if (n > 60)
      continue;
    int status = 0;
    char *name = info.dli_sname ? abi::__cxa_demangle(info.dli_sname, nullptr,
                                                      nullptr, &status)
                                : nullptr;
    const char *file = strrchr(info.dli_fname, '/');
    fprintf(stderr, "  %s %.160s +0x%zx\n", file ? file + 1 : info.dli_fname,
            name ? name : (info.dli_sname ? info.dli_sname : "?"),
            size_t((char *)frames[n] - (char *)info.dli_fbase));
  }
  fprintf(stderr, ours ? "crash: ours\n" : "crash: upstream's\n");
  fflush(stderr);
  _exit(ours ? ourCrash : upstreamCrash);
}

void mlir::gdpa::fuzz::classifyCrashes(unsigned seconds) {
  // A stack that has overflown is no place for the handler.
  static char stack[1 << 20];
  stack_t alternate = {};
  alternate.ss_sp = stack;
  alternate.ss_size = sizeof(stack);
  sigaltstack(&alternate, nullptr);
  struct sigaction action = {};
  action.sa_handler = reportAndExit;
  action.sa_flags = SA_ONSTACK | SA_NODEFER;
  for (int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE, SIGALRM})
    sigaction(signal, &action, nullptr);
  void *first[1];
  backtrace(first, 1); // loads libgcc now
  alarm(seconds);
}
