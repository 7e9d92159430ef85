//===- OutputFile.h - Files that appear whole or not at all -----*- C++ -*-===//
//
// Written under a temporary name in the same directory, then renamed.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_DRIVER_OUTPUTFILE_H
#define GDPA_LIB_RUNTIME_DRIVER_OUTPUTFILE_H

#include "HostTensor.h"

namespace gdpa::run {

class OutputFile {
public:
  OutputFile() = default;
  OutputFile(OutputFile &&other) noexcept;
  OutputFile &operator=(OutputFile &&) = delete;
  /// Removes the temporary file unless it was committed.
  ~OutputFile();

  /// Makes the temporary file: shows early whether `path` can be written.
  Outcome open(const std::string &path);
  Outcome write(const HostTensor &tensor);
  /// Gives the file its name.
  Outcome commit();

private:
  std::string path;
  std::string temporary;
  int descriptor = -1;
};

} // namespace gdpa::run

#endif // GDPA_LIB_RUNTIME_DRIVER_OUTPUTFILE_H
