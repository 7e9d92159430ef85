//===- LinkSharedLibrary.cpp - a linker found at run time -----------------===//
//
// Objects hold no constructors and need no start files, so that a bare linker
// is enough: no C compiler has to be installed where kernels are compiled.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Target/CPU.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

using namespace mlir;
using namespace mlir::gdpa;

static llvm::Expected<std::string> findLinker() {
  if (auto path = llvm::sys::findProgramByName("ld.lld", {GDPA_LLVM_TOOLS_DIR}))
    return *path;
  for (StringRef name : {"ld.lld", "ld.lld-22", "ld"})
    if (auto path = llvm::sys::findProgramByName(name))
      return *path;
  return llvm::createStringError(
      "expected a linker to make a shared library: neither ld.lld nor ld is in "
      "'" GDPA_LLVM_TOOLS_DIR "' or on PATH (Debian: package lld-22 or "
      "binutils; or take --emit=obj)");
}

/// The C math library of this machine, "" where it is in no usual place: its
/// functions are then found in the process that loads the code.
static std::string findMathLibrary() {
  for (StringRef directory :
       {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu",
        "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib64",
        "/usr/lib64", "/lib", "/usr/lib"}) {
    std::string path = (directory + "/libm.so.6").str();
    if (llvm::sys::fs::exists(path))
      return path;
  }
  return "";
}

llvm::Error gdpa::linkSharedLibrary(StringRef object, StringRef path,
                                    bool needsMath) {
  llvm::Expected<std::string> linker = findLinker();
  if (!linker)
    return linker.takeError();
  // A fixed name: the path of the output is a temporary one.
  SmallVector<StringRef> arguments{*linker, "-shared",     "--build-id=none",
                                   "-z",    "noexecstack", "-o",
                                   path,    object};
  std::string mathLibrary = needsMath ? findMathLibrary() : "";
  if (!mathLibrary.empty())
    arguments.push_back(mathLibrary);

  llvm::SmallString<128> log;
  if (std::error_code error =
          llvm::sys::fs::createTemporaryFile("gdpa-link", "log", log))
    return llvm::createStringError("cannot make a temporary file: " +
                                   error.message());
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(log),
                                          StringRef(log)};
  std::string message;
  int status = llvm::sys::ExecuteAndWait(*linker, arguments, std::nullopt,
                                         redirects, 0, 0, &message);
  if (status != 0)
    if (auto text = llvm::MemoryBuffer::getFile(log))
      message += (*text)->getBuffer().str();
  llvm::sys::fs::remove(log);
  if (status != 0)
    return llvm::createStringError("'" + *linker + "' failed: " + message);
  return llvm::Error::success();
}
