//===- TensorMapTest.cpp - Unit tests of tensor maps ----------------------===//
//
// What the driver is told about an argument, what is refused before, and which
// maps are kept.
//
//===----------------------------------------------------------------------===//

#include "TensorMap.h"

#include <gtest/gtest.h>
#include <thread>

using namespace gdpa::runtime;
using namespace gdpa::runtime::cuda;

/// What the driver was asked for; the map holds the address.
static std::vector<TensorMapGeometry> encoded;
static std::mutex encodedMutex;

static Result encode(EncodedTensorMap *map, int, uint32_t rank,
                     DevicePointer address, const uint64_t *sizes,
                     const uint64_t *strides, const uint32_t *,
                     const uint32_t *, int, int, int, int) {
  TensorMapGeometry geometry;
  geometry.address = address;
  std::copy(sizes, sizes + rank, geometry.sizes.begin());
  std::copy(strides, strides + rank - 1, geometry.strides.begin());
  map->words[0] = address;
  std::lock_guard<std::mutex> lock(encodedMutex);
  encoded.push_back(geometry);
  return 0;
}

namespace {
class TensorMapTest : public ::testing::Test {
protected:
  void SetUp() override {
    encoded.clear();
    driver.tensorMapEncode = encode;
    argument.name = "k";
    argument.type = GDPA_BF16;
    // B, S, H, D in memory; rows of one head are a box's.
    map.rank = 4;
    map.dimensions = {3, 1, 2, 0};
    map.box = {64, 128, 1, 1};
    map.swizzleBytes = 128;
    tensor.data = reinterpret_cast<void *>(0x1000);
    tensor.dtype = GDPA_BF16;
    tensor.rank = 4;
    setDimensions({2, 1000, 4, 64}, {256000, 256, 64, 1});
  }
  void setDimensions(const std::vector<int64_t> &shape,
                     const std::vector<int64_t> &strides) {
    std::copy(shape.begin(), shape.end(), tensor.shape);
    std::copy(strides.begin(), strides.end(), tensor.strides);
  }
  std::string layOut() {
    return layOutTensorMap(map, argument, tensor, /*zeros=*/0x500, geometry)
        .message();
  }

  Driver driver = {};
  Argument argument;
  TensorMap map;
  gdpa_tensor tensor = {};
  TensorMapGeometry geometry;
};
} // namespace

TEST_F(TensorMapTest, Geometry) {
  EXPECT_EQ(layOut(), "");
  EXPECT_EQ(geometry.address, 0x1000u);
  EXPECT_EQ(geometry.sizes, (std::array<uint64_t, 5>{64, 1000, 4, 2, 0}));
  EXPECT_EQ(geometry.strides, (std::array<uint64_t, 4>{512, 128, 512000, 0}));
}

// What a view leaves behind in the stride of one element is never used.
TEST_F(TensorMapTest, StridesOfOneElement) {
  setDimensions({1, 1000, 1, 64}, {-7, 64, 3, 1});
  EXPECT_EQ(layOut(), "");
  EXPECT_EQ(geometry.strides, (std::array<uint64_t, 4>{128, 16, 16, 0}));
  setDimensions({2, 1000, 4, 1}, {256000, 256, 64, 5});
  EXPECT_EQ(layOut(), "");
}

TEST_F(TensorMapTest, Refused) {
  tensor.data = reinterpret_cast<void *>(0x1008);
  EXPECT_EQ(layOut(), "argument 'k': expected an address aligned to 16 bytes, "
                      "found one 8 bytes past a multiple");
  SetUp();
  tensor.strides[3] = 2;
  EXPECT_EQ(layOut(), "argument 'k', dimension 3: expected stride 1, found 2");
  SetUp();
  const std::string expected = ": expected a stride of a multiple of 16 bytes "
                               "below 2^40 bytes, found ";
  tensor.strides[1] = 20;
  EXPECT_EQ(layOut(),
            "argument 'k', dimension 1" + expected + "20 elements of 2");
  tensor.strides[1] = -256;
  EXPECT_EQ(layOut(),
            "argument 'k', dimension 1" + expected + "-256 elements of 2");
  SetUp();
  tensor.strides[0] = int64_t(1) << 39;
  EXPECT_EQ(layOut(), "argument 'k', dimension 0" + expected +
                          "549755813888 elements of 2");
  tensor.strides[0] = INT64_MAX;
  EXPECT_NE(layOut(), "");
  tensor.strides[0] = (int64_t(1) << 39) - 8;
  EXPECT_EQ(layOut(), "");
  tensor.shape[1] = (int64_t(1) << 32) + 1;
  EXPECT_EQ(layOut(), "argument 'k', dimension 1: expected an extent of at "
                      "most 2^32 in a tensor map, found 4294967297");
  tensor.shape[1] = int64_t(1) << 32;
  EXPECT_EQ(layOut(), "");
}

// Nothing of an empty tensor is looked at: one element of zeros stands for it.
TEST_F(TensorMapTest, EmptyTensor) {
  setDimensions({2, 0, 4, 64}, {3, -1, 5, 1});
  tensor.data = nullptr;
  EXPECT_EQ(layOut(), "");
  EXPECT_EQ(geometry.address, 0x500u);
  EXPECT_EQ(geometry.sizes, (std::array<uint64_t, 5>{1, 1, 1, 1, 0}));
  EXPECT_EQ(geometry.strides, (std::array<uint64_t, 4>{16, 16, 16, 0}));
}

TEST_F(TensorMapTest, MapsAreKept) {
  TensorMapCache cache;
  KernelParameter parameter, other;
  parameter.map = other.map = map;
  EncodedTensorMap found;
  auto find = [&](const KernelParameter &which) {
    EXPECT_EQ(layOut(), "");
    EXPECT_FALSE(
        cache.find(driver, which, argument, geometry, found).isError());
    EXPECT_EQ(found.words[0], reinterpret_cast<uint64_t>(tensor.data));
    return encoded.size();
  };
  EXPECT_EQ(find(parameter), 1u);
  EXPECT_EQ(find(parameter), 1u);
  EXPECT_TRUE(encoded[0] == geometry);
  // Another extent, stride, address or parameter is another map.
  tensor.shape[1] = 999;
  EXPECT_EQ(find(parameter), 2u);
  EXPECT_EQ(find(parameter), 2u);
  tensor.strides[1] = 264;
  EXPECT_EQ(find(parameter), 3u);
  tensor.data = reinterpret_cast<void *>(0x2000);
  EXPECT_EQ(find(parameter), 4u);
  EXPECT_EQ(find(other), 5u);
  EXPECT_EQ(find(other), 5u);
}

// More tensors than there are slots, from several threads: every map is that
// of its tensor.
TEST_F(TensorMapTest, ManyTensorsAndThreads) {
  TensorMapCache cache;
  KernelParameter parameter;
  parameter.map = map;
  ASSERT_EQ(layOut(), "");
  std::vector<int> wrong(4);
  std::vector<std::thread> threads;
  for (int number = 0; number < 4; ++number)
    threads.emplace_back([&, number] {
      TensorMapGeometry mine = geometry;
      for (uint64_t i = 0; i < 5000; ++i) {
        mine.address = 16 * (1 + (i * 7 + number) % 1500);
        EncodedTensorMap found;
        if (cache.find(driver, parameter, argument, mine, found).isError() ||
            found.words[0] != mine.address)
          ++wrong[number];
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
}
