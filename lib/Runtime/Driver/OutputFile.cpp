//===- OutputFile.cpp - Files that appear whole or not at all -------------===//
//
// A rename within a directory is atomic.
//
//===----------------------------------------------------------------------===//

#include "OutputFile.h"
#include "Npy.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

using namespace gdpa::run;

OutputFile::OutputFile(OutputFile &&other) noexcept
    : path(std::move(other.path)), temporary(std::move(other.temporary)),
      descriptor(other.descriptor) {
  other.descriptor = -1;
  other.temporary.clear();
}

OutputFile::~OutputFile() {
  if (descriptor >= 0)
    close(descriptor);
  if (!temporary.empty())
    unlink(temporary.c_str());
}

static Outcome cannotWrite(const std::string &path) {
  return inputError("cannot write '" + path + "': " + std::strerror(errno));
}

Outcome OutputFile::open(const std::string &newPath) {
  path = newPath;
  struct stat information = {};
  if (stat(path.c_str(), &information) == 0 && !S_ISREG(information.st_mode)) {
    errno = S_ISDIR(information.st_mode) ? EISDIR : EINVAL;
    return cannotWrite(path);
  }
  std::string pattern = path + ".XXXXXX";
  descriptor = mkstemp(pattern.data());
  if (descriptor < 0)
    return cannotWrite(path);
  temporary = pattern;
  // mkstemp lets only the owner read.
  mode_t mask = umask(0);
  umask(mask);
  if (fchmod(descriptor, 0666 & ~mask) != 0)
    return cannotWrite(path);
  return {};
}

Outcome OutputFile::write(const HostTensor &tensor) {
  return writeNpy(descriptor, path, tensor);
}

Outcome OutputFile::commit() {
  int closed = close(descriptor);
  descriptor = -1;
  if (closed != 0 || rename(temporary.c_str(), path.c_str()) != 0)
    return cannotWrite(path);
  temporary.clear();
  return {};
}
