//===- Sha256Test.cpp - Unit tests of SHA-256 -----------------------------===//
//
// The examples of FIPS 180 and every length around the padding's boundaries.
//
//===----------------------------------------------------------------------===//

#include "Sha256.h"

#include <gtest/gtest.h>

using gdpa::runtime::sha256;

static std::string hash(const std::string &text) {
  return sha256(text.data(), text.size());
}

TEST(Sha256, PublishedExamples) {
  EXPECT_EQ(hash(""), "e3b0c44298fc1c149afbf4c8996fb924"
                      "27ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash("abc"), "ba7816bf8f01cfea414140de5dae2223"
                         "b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039"
            "a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hash(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67"
            "f1809a48a497200e046d39ccc7112cd0");
}

// One block holds 55 bytes and the padding, 56 bytes need a second one.
TEST(Sha256, PaddingBoundaries) {
  EXPECT_EQ(hash(std::string(55, 'a')), "9f4390f8d30c2dd92ec9f095b65e2b9a"
                                        "e9b0a925a5258e241c9f1e910f734318");
  EXPECT_EQ(hash(std::string(56, 'a')), "b35439a4ac6f0948b6d6f9e3c6af0f5f"
                                        "590ce20f1bde7090ef7970686ec6738a");
  EXPECT_EQ(hash(std::string(64, 'a')), "ffe054fe7ae0cb6dc65c3af9b61d5209"
                                        "f439851db43d0ba5997337df154668eb");
}
