//===- Assemble.cpp - cubins through ptxas --------------------------------===//

#include "gdpa/Target/PTX.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Regex.h"

using namespace mlir;
using namespace mlir::gdpa;
namespace fs = llvm::sys::fs;

/// ptxas of the nvidia-cuda-nvcc package below a Python environment, "" where
/// there is none: lib/pythonX.Y/site-packages/nvidia/*/bin/ptxas.
static std::string findInEnvironment(StringRef root) {
  std::error_code error;
  llvm::SmallString<128> lib(root);
  llvm::sys::path::append(lib, "lib");
  for (fs::directory_iterator python(lib, error), end; !error && python != end;
       python.increment(error)) {
    llvm::SmallString<128> nvidia(python->path());
    llvm::sys::path::append(nvidia, "site-packages", "nvidia");
    std::error_code inner;
    for (fs::directory_iterator package(nvidia, inner);
         !inner && package != end; package.increment(inner)) {
      llvm::SmallString<128> tool(package->path());
      llvm::sys::path::append(tool, "bin", "ptxas");
      if (fs::can_execute(tool))
        return tool.str().str();
    }
  }
  return "";
}

static llvm::Expected<std::string> findAssembler() {
  if (auto path = llvm::sys::Process::GetEnv("GDPA_PTXAS"))
    return *path;
  if (auto path = llvm::sys::findProgramByName("ptxas"))
    return *path;
  SmallVector<std::string> roots;
  if (auto active = llvm::sys::Process::GetEnv("VIRTUAL_ENV"))
    roots.push_back(*active);
  roots.push_back(GDPA_SOURCE_DIR "/.venv");
  for (const std::string &root : roots)
    if (std::string path = findInEnvironment(root); !path.empty())
      return path;
  return llvm::createStringError(
      "expected ptxas to make a cubin: set GDPA_PTXAS, put it on PATH or "
      "install the Python package nvidia-cuda-nvcc (PTX needs none of it)");
}

llvm::Expected<Cubin> gdpa::assemblePTX(StringRef text, StringRef chip) {
  llvm::Expected<std::string> assembler = findAssembler();
  if (!assembler)
    return assembler.takeError();
  llvm::SmallString<128> input, output, log;
  llvm::FileRemover removers[3];
  std::pair<llvm::SmallString<128> *, StringRef> files[] = {
      {&input, "ptx"}, {&output, "cubin"}, {&log, "log"}};
  for (auto [i, file] : llvm::enumerate(files)) {
    if (std::error_code error =
            fs::createTemporaryFile("gdpa", file.second, *file.first))
      return llvm::createStringError("cannot make a temporary file: " +
                                     error.message());
    removers[i].setFile(*file.first);
  }
  {
    std::error_code error;
    llvm::raw_fd_ostream stream(input, error);
    if (error)
      return llvm::createStringError("cannot write a temporary file: " +
                                     error.message());
    stream << text;
  }
  std::string architecture = ("-arch=" + chip).str();
  StringRef arguments[] = {*assembler, "-v", architecture, input, "-o", output};
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(log),
                                          StringRef(log)};
  std::string message;
  int status = llvm::sys::ExecuteAndWait(*assembler, arguments, std::nullopt,
                                         redirects, 0, 0, &message);
  auto report = llvm::MemoryBuffer::getFile(log);
  StringRef lines = report ? (*report)->getBuffer() : StringRef();
  if (status != 0)
    return llvm::createStringError("'" + *assembler + "' failed: " + message +
                                   lines.str());
  Cubin cubin;
  auto code = llvm::MemoryBuffer::getFile(output, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (!code)
    return llvm::createStringError("ptxas wrote no output");
  cubin.code = (*code)->getBuffer().str();
  auto largest = [&](StringRef pattern, int64_t &result) {
    llvm::Regex regex(pattern);
    SmallVector<StringRef, 2> match;
    for (StringRef rest = lines; regex.match(rest, &match);
         rest = rest.substr(match[0].end() - rest.begin())) {
      int64_t number = 0;
      if (!match[1].getAsInteger(10, number))
        result = std::max(result, number);
    }
  };
  largest("Used ([0-9]+) registers", cubin.registers);
  largest("([0-9]+) bytes spill stores", cubin.spillBytes);
  return cubin;
}
