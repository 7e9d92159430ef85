//===- BindingTest.cpp - Unit tests of argument checks --------------------===//
//
// What a kernel would read or write out of bounds for is refused before.
//
//===----------------------------------------------------------------------===//

#include "Binding.h"

#include <gtest/gtest.h>
#include <map>

using namespace gdpa::runtime;

static const char *text = R"({
  "gdpa_launch": 1, "target": "sm_80",
  "code": {"file": "k.ptx",
           "sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
  "symbols": {"B": ["q", 0], "Hq": ["q", 1], "Sq": ["q", 2],
              "Hkv": ["k", 1], "Sk": ["k", 2], "T": ["table", 0]},
  "arguments": [
    {"name": "q", "type": "bf16", "shape": ["B", "Hq", "Sq", 16],
     "access": "read", "role": "q", "stride_multiple_bytes": 16},
    {"name": "k", "type": "bf16", "shape": ["B", "Hkv", "Sk", 16],
     "access": "read", "role": "k"},
    {"name": "v", "type": "bf16", "shape": ["B", "Hkv", 33, 8],
     "access": "read", "role": "v"},
    {"name": "scale", "type": "f32", "shape": [], "access": "read"},
    {"name": "o", "type": "bf16", "shape": ["B", "Hq", "Sq", 8],
     "access": "write", "role": "o"},
    {"name": "table", "type": "bf16", "shape": ["T"], "access": "read",
     "role": "capture"}],
  "entries": {"forward": {
    "arguments": ["q", "k", "v", "scale", "o", "table"],
    "workspace": [{"name": "a", "bytes": ["mul", "Sq", 3], "init": "zero"},
                  {"name": "b", "bytes": "sm_count", "init": "none"},
                  {"name": "c", "bytes": 0, "init": "none"},
                  {"name": "d", "bytes": 1, "init": "none"}],
    "kernels": [{"symbol": "f", "grid": [1, 1, 1], "block": [32, 1, 1],
                 "params": [{"scalar": "scale"}]}]}}
})";

namespace {
class BindingTest : public ::testing::Test {
protected:
  void SetUp() override {
    Status status = parseDescription(text, "k.json", description);
    ASSERT_FALSE(status.isError()) << status.message();
    args = {makeTensor({2, 4, 7, 16}), makeTensor({2, 2, 33, 16}),
            makeTensor({2, 2, 33, 8}), makeTensor({}),
            makeTensor({2, 4, 7, 8}),  makeTensor({3})};
    args[3].dtype = GDPA_F32;
  }

  gdpa_tensor makeTensor(const std::vector<int64_t> &shape) {
    gdpa_tensor tensor = {};
    tensor.data = storage;
    tensor.dtype = GDPA_BF16;
    tensor.rank = static_cast<int32_t>(shape.size());
    int64_t stride = 1;
    for (int32_t i = tensor.rank - 1; i >= 0; --i) {
      tensor.shape[i] = shape[i];
      tensor.strides[i] = stride;
      stride *= shape[i];
    }
    return tensor;
  }

  std::string bind() {
    Entry &entry = description.entries[0];
    entry.relations = findRoleRelations(description, entry);
    Status status = bindArguments(description, entry, args.data(), symbols);
    return status.message();
  }

  alignas(64) char storage[64];
  Description description;
  std::vector<gdpa_tensor> args;
  SymbolValues symbols;
};
} // namespace

TEST_F(BindingTest, Symbols) {
  EXPECT_EQ(bind(), "");
  std::map<std::string, int64_t> expected = {{"B", 2},   {"Hq", 4},  {"Sq", 7},
                                             {"Hkv", 2}, {"Sk", 33}, {"T", 3}};
  for (size_t i = 0; i < description.symbols.size(); ++i)
    EXPECT_EQ(symbols.values[i], expected[description.symbols[i].name]);
  EXPECT_TRUE(description.arguments[3].byValue);
}

TEST_F(BindingTest, TypesAndExtents) {
  args[0].dtype = GDPA_F16;
  EXPECT_EQ(bind(), "argument 'q': expected type bf16, found f16");
  SetUp();
  args[0].rank = 3;
  EXPECT_EQ(bind(), "argument 'q': expected rank 4, found 3");
  SetUp();
  args[0].shape[3] = 24;
  EXPECT_EQ(bind(), "argument 'q', dimension 3: expected 16, found 24");
  SetUp();
  args[0].shape[2] = -1;
  EXPECT_EQ(bind(), "argument 'q', dimension 2: expected an extent of at "
                    "least 0, found -1");
  SetUp();
  args[4].shape[2] = 8;
  EXPECT_EQ(bind(),
            "argument 'o', dimension 2: expected 7 (Sq, from 'q'), found 8");
}

// k has a dynamic length, v a static one: nothing but their roles ties them.
TEST_F(BindingTest, RolesAgree) {
  args[1].shape[2] = 34;
  EXPECT_EQ(bind(),
            "argument 'v', dimension 2: expected 34 as in 'k', found 33");
}

TEST_F(BindingTest, HeadsDivide) {
  args[0].shape[1] = args[4].shape[1] = 5;
  EXPECT_EQ(bind(), "argument 'q', dimension 1: expected a multiple of the 2 "
                    "heads of 'k', found 5");
  SetUp();
  args[1].shape[1] = args[2].shape[1] = 0;
  EXPECT_EQ(bind(), "argument 'q', dimension 1: expected a multiple of the 0 "
                    "heads of 'k', found 4");
}

TEST_F(BindingTest, Captures) {
  args[5] = makeTensor({0});
  EXPECT_EQ(bind(),
            "argument 'table': expected a capture of at least one element "
            "where there are queries and keys, found an extent of 0");
  // Without a query there is no pair that could read it.
  args[0] = makeTensor({2, 4, 0, 16});
  args[4] = makeTensor({2, 4, 0, 8});
  EXPECT_EQ(bind(), "");
}

TEST_F(BindingTest, Memory) {
  args[1].data = nullptr;
  EXPECT_EQ(bind(), "argument 'k': expected an address, found a null pointer");
  // Nothing is read of an empty tensor.
  args[0].shape[0] = args[1].shape[0] = args[2].shape[0] = 0;
  args[4].shape[0] = 0;
  EXPECT_EQ(bind(), "");
  SetUp();
  args[1].strides[3] = 2;
  EXPECT_EQ(bind(),
            "argument 'k': expected stride 1 in the last dimension, found 2");
  SetUp();
  args[0].data = storage + 8;
  EXPECT_EQ(bind(), "argument 'q': expected an address aligned to 16 bytes");
  SetUp();
  args[1].data = storage + 1;
  EXPECT_EQ(bind(), "argument 'k': expected an address aligned to 2 bytes");
  SetUp();
  args[0].strides[2] = 20;
  EXPECT_EQ(bind(), "argument 'q', dimension 2: expected a stride of a "
                    "multiple of 16 bytes, found 20 elements of 2");
  args[0].strides[2] = 24;
  EXPECT_EQ(bind(), "");
  // A stride beyond 63 bits of bytes is only a stride.
  args[0].strides[0] = INT64_MAX - 7;
  EXPECT_EQ(bind(), "");
}

TEST_F(BindingTest, Workspace) {
  ASSERT_EQ(bind(), "");
  symbols.multiprocessors = 257;
  WorkspaceLayout layout;
  ASSERT_FALSE(
      layOutWorkspace(description, description.entries[0], symbols, layout)
          .isError());
  auto numbers = [](const auto &buffer) {
    return std::vector<int64_t>(buffer.begin(), buffer.end());
  };
  EXPECT_EQ(numbers(layout.sizes), (std::vector<int64_t>{21, 257, 0, 1}));
  EXPECT_EQ(numbers(layout.offsets), (std::vector<int64_t>{0, 256, 768, 768}));
  EXPECT_EQ(layout.bytes, 1024);
}

TEST_F(BindingTest, SymbolWithoutArgument) {
  // The entry does not take q: o stands in for Sq.
  description.entries[0].arguments = {4};
  args = {args[4]};
  EXPECT_EQ(bind(), "");
  description.entries[0].arguments = {3};
  args = {args[0]};
  args[0].rank = 0;
  args[0].dtype = GDPA_F32;
  EXPECT_EQ(bind(), "");
  WorkspaceLayout layout;
  EXPECT_EQ(
      layOutWorkspace(description, description.entries[0], symbols, layout)
          .message(),
      "k.json: workspace 'a' of entry 'forward': a size expression "
      "needs a symbol that no argument of the entry has");
}
