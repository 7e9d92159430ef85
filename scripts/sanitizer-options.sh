# Sourced: what programs built with sanitizers need to know where LLVM and MLIR were built without. A build without them reads none of it.
# - container-overflow: a std::vector that an uninstrumented library grows keeps the old annotation.
# - user poisoning: LLVM's bump allocator poisons what it has not given away; an uninstrumented library gives away without a word.
# - alloc-dealloc-mismatch: such a library frees with its own idea of new what an instrumented one allocated.
# An error ends the process by SIGABRT, which gdpa-fuzz and lit's `not` tell from an exit status.
export ASAN_OPTIONS=detect_container_overflow=0:allow_user_poisoning=0:alloc_dealloc_mismatch=0:abort_on_error=1:handle_abort=0:allocator_may_return_null=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:abort_on_error=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}
