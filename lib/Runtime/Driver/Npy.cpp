//===- Npy.cpp - Reading and writing .npy files ---------------------------===//
//
// Data passes through a small buffer, so that a file never stands in memory
// twice.
//
//===----------------------------------------------------------------------===//

#include "Npy.h"
#include "../DataType.h"
#include "NpyHeader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <limits>
#include <sys/stat.h>
#include <unistd.h>

using namespace gdpa::run;
using namespace gdpa::runtime;

/// Elements that are converted at a time.
static constexpr int64_t chunkElements = 1 << 16;

static std::string quote(const std::string &path) { return "'" + path + "'"; }

/// Reads exactly `size` bytes at `offset`; the length was checked before.
static Outcome readAt(int descriptor, const std::string &path, int64_t offset,
                      void *destination, int64_t size) {
  auto *bytes = static_cast<char *>(destination);
  while (size > 0) {
    ssize_t got = pread(descriptor, bytes,
                        std::min<int64_t>(size, int64_t(1) << 30), offset);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return inputError("cannot read " + quote(path) + ": " +
                        std::strerror(errno));
    if (got == 0)
      return inputError(quote(path) + ": the file became shorter");
    bytes += got;
    offset += got;
    size -= got;
  }
  return {};
}

static Outcome writeAll(int descriptor, const std::string &path,
                        const void *source, int64_t size) {
  auto *bytes = static_cast<const char *>(source);
  while (size > 0) {
    ssize_t done =
        write(descriptor, bytes, std::min<int64_t>(size, int64_t(1) << 30));
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return inputError("cannot write " + quote(path) + ": " +
                        std::strerror(errno));
    bytes += done;
    size -= done;
  }
  return {};
}

NpyFile::~NpyFile() {
  if (descriptor >= 0)
    close(descriptor);
}

/// Reads magic, version and length of the header; then its literal.
static Outcome readHeader(int descriptor, const std::string &path,
                          int64_t fileSize, NpyHeader &header,
                          int64_t &dataOffset) {
  unsigned char prefix[12] = {};
  if (fileSize < 10)
    return inputError(quote(path) + ": expected a .npy file, found one of " +
                      std::to_string(fileSize) + " bytes");
  if (Outcome outcome =
          readAt(descriptor, path, 0, prefix, std::min<int64_t>(12, fileSize));
      outcome.failed())
    return outcome;
  if (std::memcmp(prefix, "\x93NUMPY", 6) != 0)
    return inputError(quote(path) + ": expected a .npy file, found no magic "
                                    "number of one");
  int major = prefix[6], minor = prefix[7];
  if ((major != 1 && major != 2) || minor != 0)
    return inputError(quote(path) +
                      ": expected version 1.0 or 2.0 of the .npy format, "
                      "found " +
                      std::to_string(major) + "." + std::to_string(minor));
  int64_t length = prefix[8] | prefix[9] << 8;
  if (major == 2)
    length |= int64_t(prefix[10]) << 16 | int64_t(prefix[11]) << 24;
  int64_t start = major == 1 ? 10 : 12;
  dataOffset = start + length;
  constexpr int64_t longestHeader = 1 << 16;
  if (dataOffset > fileSize || length > longestHeader)
    return inputError(quote(path) + ": truncated: expected a header of " +
                      std::to_string(length) + " bytes");
  std::string literal(static_cast<size_t>(length), '\0');
  if (Outcome outcome = readAt(descriptor, path, start, literal.data(), length);
      outcome.failed())
    return outcome;
  if (!parseNpyHeader(literal, header))
    return inputError(quote(path) + ": malformed .npy header: expected "
                                    "'descr', 'fortran_order' and 'shape'");
  return {};
}

Outcome NpyFile::open(const std::string &path, NpyFile &file) {
  file.path = path;
  file.descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat information = {};
  if (file.descriptor < 0 || fstat(file.descriptor, &information) != 0)
    return inputError("cannot read " + quote(path) + ": " +
                      std::strerror(errno));
  if (!S_ISREG(information.st_mode))
    return inputError(quote(path) + ": expected a regular file");
  NpyHeader header;
  if (Outcome outcome = readHeader(file.descriptor, path, information.st_size,
                                   header, file.dataOffset);
      outcome.failed())
    return outcome;
  file.elementType = parseNpyType(header.descr);
  if (file.elementType < 0)
    return inputError(
        quote(path) +
        ": expected elements of type '<f2', '<f4', '<f8', '|b1', '|i1', "
        "'<i2', '<i4' or '<i8', found " +
        (header.descr.empty() ? "a record type" : "'" + header.descr + "'"));
  if (header.fortranOrder)
    return inputError(quote(path) + ": expected C order, found Fortran order "
                                    "(numpy.ascontiguousarray converts)");
  int64_t elements = 0;
  if (!countElements(header.shape, file.elementType, elements))
    return inputError(quote(path) + ": the shape " + formatShape(header.shape) +
                      " overflows");
  int64_t expected = elements * gdpa_dtype_size(file.elementType);
  int64_t found = information.st_size - file.dataOffset;
  if (found != expected)
    return inputError(quote(path) + (found < expected ? ": truncated" : "") +
                      ": expected " + std::to_string(expected) +
                      " bytes of data for shape " + formatShape(header.shape) +
                      ", found " + std::to_string(found));
  file.extents = std::move(header.shape);
  return {};
}

static int64_t loadInteger(int32_t type, const void *data, int64_t index) {
  switch (type) {
  case GDPA_I1:
    return static_cast<const uint8_t *>(data)[index] != 0;
  case GDPA_I8:
    return static_cast<const int8_t *>(data)[index];
  case GDPA_I16:
    return static_cast<const int16_t *>(data)[index];
  case GDPA_I32:
    return static_cast<const int32_t *>(data)[index];
  default:
    return static_cast<const int64_t *>(data)[index];
  }
}

template <typename T>
static bool storeChecked(void *data, int64_t index, int64_t value) {
  static_cast<T *>(data)[index] = static_cast<T>(value);
  return static_cast<int64_t>(static_cast<T>(value)) == value;
}

bool gdpa::run::storeInteger(int32_t type, void *data, int64_t index,
                             int64_t value) {
  switch (type) {
  case GDPA_I1:
    static_cast<uint8_t *>(data)[index] = value & 1;
    return value == 0 || value == 1;
  case GDPA_I8:
    return storeChecked<int8_t>(data, index, value);
  case GDPA_I16:
    return storeChecked<int16_t>(data, index, value);
  case GDPA_I32:
    return storeChecked<int32_t>(data, index, value);
  default:
    return storeChecked<int64_t>(data, index, value);
  }
}

Outcome NpyFile::read(int32_t type, HostTensor &tensor) const {
  if (Outcome outcome = HostTensor::allocate(type, extents, tensor);
      outcome.failed())
    return outcome;
  // A file may hold booleans other than 0 and 1: those are converted.
  if (type == elementType && type != GDPA_I1)
    return readAt(descriptor, path, dataOffset, tensor.data(), tensor.bytes());
  int64_t fileSize = gdpa_dtype_size(elementType);
  std::vector<char> buffer(chunkElements * fileSize);
  for (int64_t begin = 0; begin < tensor.elements(); begin += chunkElements) {
    int64_t count = std::min(chunkElements, tensor.elements() - begin);
    if (Outcome outcome =
            readAt(descriptor, path, dataOffset + begin * fileSize,
                   buffer.data(), count * fileSize);
        outcome.failed())
      return outcome;
    for (int64_t i = 0; i < count; ++i) {
      if (isFloat(type)) {
        storeFloat(type, tensor.data(), begin + i,
                   loadElement(elementType, buffer.data(), i));
        continue;
      }
      int64_t value = loadInteger(elementType, buffer.data(), i);
      if (!storeInteger(type, tensor.data(), begin + i, value))
        return inputError(quote(path) + ": expected integers that fit " +
                          gdpa_dtype_name(type) + ", found " +
                          std::to_string(value) + " at position " +
                          std::to_string(begin + i));
    }
  }
  return {};
}

Outcome gdpa::run::writeNpy(int descriptor, const std::string &path,
                            const HostTensor &tensor) {
  bool widen = tensor.type() == GDPA_BF16 || tensor.type() == GDPA_F16;
  int32_t type = widen ? int32_t(GDPA_F32) : tensor.type();
  std::string header = formatNpyHeader(type, tensor.shape());
  if (Outcome outcome =
          writeAll(descriptor, path, header.data(), header.size());
      outcome.failed())
    return outcome;
  if (!widen)
    return writeAll(descriptor, path, tensor.data(), tensor.bytes());
  std::vector<float> buffer(chunkElements);
  for (int64_t begin = 0; begin < tensor.elements(); begin += chunkElements) {
    int64_t count = std::min(chunkElements, tensor.elements() - begin);
    for (int64_t i = 0; i < count; ++i)
      buffer[i] = static_cast<float>(
          loadElement(tensor.type(), tensor.data(), begin + i));
    if (Outcome outcome = writeAll(descriptor, path, buffer.data(),
                                   count * int64_t(sizeof(float)));
        outcome.failed())
      return outcome;
  }
  return {};
}
