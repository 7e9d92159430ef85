//===- NpyTest.cpp - Unit tests of .npy files -----------------------------===//
//
// Headers that numpy writes, headers that it does not, round trips.
//
//===----------------------------------------------------------------------===//

#include "Npy.h"
#include "NpyHeader.h"
#include "OutputFile.h"
#include "TestFiles.h"

#include <cmath>
#include <cstring>

using namespace gdpa::run;

static bool parses(const std::string &text) {
  NpyHeader header;
  return parseNpyHeader(text, header);
}

TEST(NpyHeader, Forms) {
  NpyHeader header;
  ASSERT_TRUE(parseNpyHeader(
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n",
      header));
  EXPECT_EQ(header.descr, "<f4");
  EXPECT_FALSE(header.fortranOrder);
  EXPECT_EQ(header.shape, (std::vector<int64_t>{2, 3}));
  ASSERT_TRUE(parseNpyHeader(
      "{\"shape\": (), \"fortran_order\": True, \"descr\": \"|b1\"}", header));
  EXPECT_TRUE(header.fortranOrder);
  EXPECT_TRUE(header.shape.empty());
  ASSERT_TRUE(parseNpyHeader(
      "{'descr': '<f4', 'fortran_order': False, 'shape': (7,)}", header));
  EXPECT_EQ(header.shape, (std::vector<int64_t>{7}));
}

TEST(NpyHeader, Malformed) {
  EXPECT_FALSE(parses(""));
  EXPECT_FALSE(parses("{}"));
  EXPECT_FALSE(parses("{'descr': '<f4', 'fortran_order': False}"));
  EXPECT_FALSE(
      parses("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)"));
  EXPECT_FALSE(parses("{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3)}"));
  EXPECT_FALSE(
      parses("{'descr': '<f4', 'fortran_order': False, 'shape': (2)}"));
  EXPECT_FALSE(
      parses("{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3)}"));
  EXPECT_FALSE(parses("{'descr': '<f4', 'fortran_order': False, 'shape': "
                      "(99999999999999999999,)}"));
  EXPECT_FALSE(parses(
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}"));
  EXPECT_FALSE(parses("{'descr': '<f4', 'descr': '<f4', 'fortran_order': "
                      "False, 'shape': (2,)}"));
  EXPECT_FALSE(
      parses("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x"));
}

TEST(NpyHeader, Written) {
  for (int64_t extent = 1; extent < 100000000000000000; extent *= 10) {
    std::string header = formatNpyHeader(GDPA_F64, {extent, extent});
    EXPECT_EQ(header.size() % 64, 0u);
    NpyHeader parsed;
    ASSERT_TRUE(parseNpyHeader(header.substr(10), parsed));
    EXPECT_EQ(parsed.descr, "<f8");
    EXPECT_EQ(parsed.shape, (std::vector<int64_t>{extent, extent}));
  }
}

namespace {
class NpyTest : public gdpa::test::DirectoryTest {
protected:
  std::string write(const HostTensor &tensor) {
    OutputFile file;
    EXPECT_FALSE(file.open(path("a.npy")).failed());
    EXPECT_FALSE(file.write(tensor).failed());
    EXPECT_FALSE(file.commit().failed());
    return path("a.npy");
  }
  HostTensor make(int32_t type, std::vector<int64_t> shape) {
    HostTensor tensor;
    EXPECT_FALSE(HostTensor::allocate(type, std::move(shape), tensor).failed());
    return tensor;
  }
};
} // namespace

TEST_F(NpyTest, RoundTrip) {
  for (int32_t type :
       {GDPA_F64, GDPA_F32, GDPA_I8, GDPA_I16, GDPA_I32, GDPA_I64}) {
    // More than one chunk of the reader and writer.
    HostTensor tensor = make(type, {3, 70001});
    auto *bytes = static_cast<unsigned char *>(tensor.data());
    for (int64_t i = 0; i < tensor.bytes(); ++i)
      bytes[i] = static_cast<unsigned char>(i * 7 + i / 251);
    std::string name = write(tensor);
    NpyFile file;
    ASSERT_FALSE(NpyFile::open(name, file).failed());
    EXPECT_EQ(file.type(), type);
    EXPECT_EQ(file.shape(), tensor.shape());
    HostTensor read;
    ASSERT_FALSE(file.read(type, read).failed());
    EXPECT_EQ(std::memcmp(read.data(), tensor.data(), tensor.bytes()), 0);
  }
}

TEST_F(NpyTest, ConvertsAcrossChunks) {
  HostTensor tensor = make(GDPA_F32, {140001});
  auto *values = static_cast<float *>(tensor.data());
  for (int64_t i = 0; i < tensor.elements(); ++i)
    values[i] = static_cast<float>(i % 256);
  std::string name = write(tensor);
  NpyFile file;
  ASSERT_FALSE(NpyFile::open(name, file).failed());
  HostTensor narrow;
  ASSERT_FALSE(file.read(GDPA_BF16, narrow).failed());
  // Up to 256 a bf16 holds every integer: back in f4 nothing has changed.
  std::string again = write(narrow);
  NpyFile widened;
  ASSERT_FALSE(NpyFile::open(again, widened).failed());
  EXPECT_EQ(widened.type(), GDPA_F32);
  HostTensor read;
  ASSERT_FALSE(widened.read(GDPA_F32, read).failed());
  EXPECT_EQ(std::memcmp(read.data(), tensor.data(), tensor.bytes()), 0);
}

TEST_F(NpyTest, Version2) {
  std::string literal =
      "{'descr': '|i1', 'fortran_order': False, 'shape': (2,), }\n";
  std::string header("\x93NUMPY\x02\x00", 8);
  header += static_cast<char>(literal.size());
  header += std::string(3, '\0');
  NpyFile file;
  std::string name = writeFile("v2.npy", header + literal + "\x05\x06");
  ASSERT_FALSE(NpyFile::open(name, file).failed());
  HostTensor tensor;
  ASSERT_FALSE(file.read(GDPA_I64, tensor).failed());
  EXPECT_EQ(static_cast<int64_t *>(tensor.data())[1], 6);

  header[6] = 3;
  NpyFile version3;
  EXPECT_EQ(
      NpyFile::open(writeFile("v3.npy", header + literal), version3).message(),
      "'" + path("v3.npy") +
          "': expected version 1.0 or 2.0 of the .npy format, found 3.0");
}

TEST_F(NpyTest, BooleansBecomeZeroOrOne) {
  std::string header = formatNpyHeader(GDPA_I1, {3});
  std::string name =
      writeFile("b.npy", header + std::string("\x00\x01\xff", 3));
  NpyFile file;
  ASSERT_FALSE(NpyFile::open(name, file).failed());
  HostTensor tensor;
  ASSERT_FALSE(file.read(GDPA_I1, tensor).failed());
  EXPECT_EQ(std::memcmp(tensor.data(), "\x00\x01\x01", 3), 0);
}

// 3 GiB of zeros as a sparse file: offsets beyond 31 bits.
TEST_F(NpyTest, LargeFile) {
  int64_t count = int64_t(3) << 30;
  std::string header = formatNpyHeader(GDPA_I8, {count});
  std::string name = writeFile("large.npy", header);
  int64_t size = static_cast<int64_t>(header.size()) + count;
  ASSERT_EQ(truncate(name.c_str(), size), 0);
  NpyFile file;
  ASSERT_FALSE(NpyFile::open(name, file).failed());
  EXPECT_EQ(file.shape(), (std::vector<int64_t>{count}));
  ASSERT_EQ(truncate(name.c_str(), size - 1), 0);
  NpyFile shorter;
  EXPECT_EQ(NpyFile::open(name, shorter).message(),
            "'" + name +
                "': truncated: expected 3221225472 bytes of data for "
                "shape [3221225472], found 3221225471");
}

TEST_F(NpyTest, OutputAppearsWholeOrNotAtAll) {
  std::string name = writeFile("old.npy", "old");
  {
    OutputFile file;
    ASSERT_FALSE(file.open(name).failed());
    ASSERT_FALSE(file.write(make(GDPA_F32, {4})).failed());
  }
  EXPECT_EQ(readFile(name), "old");
  EXPECT_TRUE(OutputFile().open(directory + "/none/a.npy").failed());
}

TEST(HostTensor, Counts) {
  int64_t elements = 0;
  EXPECT_TRUE(countElements({}, GDPA_F32, elements));
  EXPECT_EQ(elements, 1);
  EXPECT_TRUE(countElements({INT64_MAX, INT64_MAX, 0}, GDPA_F32, elements));
  EXPECT_EQ(elements, 0);
  EXPECT_FALSE(countElements({INT64_MAX}, GDPA_F32, elements));
  EXPECT_FALSE(countElements({INT64_MAX, 2}, GDPA_I8, elements));
  EXPECT_TRUE(countElements({INT64_MAX}, GDPA_I8, elements));
}
