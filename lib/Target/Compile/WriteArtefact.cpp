//===- WriteArtefact.cpp - files that appear whole or not at all ----------===//

#include "gdpa/Target/Compile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::gdpa;
namespace fs = llvm::sys::fs;

namespace {
/// A file beside its final place, removed unless it is kept.
class PendingFile {
public:
  ~PendingFile() {
    if (file)
      llvm::consumeError(file->discard());
  }
  llvm::Error write(StringRef path, StringRef text) {
    // An existing directory or special file must not be replaced by a rename.
    fs::file_status status;
    if (!fs::status(path, status) &&
        status.type() != fs::file_type::regular_file)
      return llvm::createStringError("it is not a regular file");
    llvm::Expected<fs::TempFile> temporary = fs::TempFile::create(
        path + ".tmp%%%%%%%%", fs::all_read | fs::all_write | fs::all_exe);
    if (!temporary)
      return temporary.takeError();
    file.emplace(std::move(*temporary));
    llvm::raw_fd_ostream stream(file->FD, /*shouldClose=*/false);
    stream << text;
    stream.flush();
    if (!stream.has_error())
      return llvm::Error::success();
    std::error_code error = stream.error();
    stream.clear_error();
    return llvm::errorCodeToError(error);
  }
  llvm::Error keep(StringRef path) {
    llvm::Error error = file->keep(path);
    file.reset();
    return error;
  }

private:
  std::optional<fs::TempFile> file;
};
} // namespace

std::string gdpa::writeArtefact(const Artefact &artefact, StringRef path) {
  if (path == "-") {
    llvm::outs() << artefact.code;
    llvm::outs().flush();
    if (!llvm::outs().has_error())
      return "";
    std::string message = llvm::outs().error().message();
    llvm::outs().clear_error();
    return "cannot write the standard output: " + message;
  }
  llvm::SmallString<128> descriptionPath(path);
  llvm::sys::path::replace_extension(descriptionPath, "json");
  bool hasDescription = !artefact.description.empty();
  auto complain = [](StringRef file, llvm::Error error) {
    return "cannot write '" + file.str() +
           "': " + llvm::toString(std::move(error));
  };
  PendingFile code, description;
  if (llvm::Error error = code.write(path, artefact.code))
    return complain(path, std::move(error));
  if (hasDescription)
    if (llvm::Error error =
            description.write(descriptionPath, artefact.description))
      return complain(descriptionPath, std::move(error));
  if (llvm::Error error = code.keep(path))
    return complain(path, std::move(error));
  if (hasDescription)
    if (llvm::Error error = description.keep(descriptionPath)) {
      fs::remove(path);
      return complain(descriptionPath, std::move(error));
    }
  return "";
}
