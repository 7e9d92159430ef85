//===- FuzzerMain.cpp - the target and its mutators for libFuzzer ---------===//

#include "Mutator.h"
#include "Target.h"
#include "llvm/ADT/STLExtras.h"
#include <cstring>
#include <vector>

using namespace mlir::gdpa::fuzz;
using llvm::StringRef;

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

/// Inputs that were run lately: parts of them are grafted into others.
static std::vector<std::string> &getRecentInputs() {
  static std::vector<std::string> inputs;
  return inputs;
}

static StringRef toText(const uint8_t *data, size_t size) {
  return StringRef(reinterpret_cast<const char *>(data), size);
}

/// `result` in `data` where it fits, else what libFuzzer makes of `size` bytes.
static size_t store(const std::string &result, uint8_t *data, size_t size,
                    size_t maxSize) {
  if (result.empty() || result.size() > maxSize)
    return LLVMFuzzerMutate(data, size, maxSize);
  memcpy(data, result.data(), result.size());
  return result.size();
}

extern "C" int LLVMFuzzerInitialize(int *, char ***) {
  initialize();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // Text is read up to its end, which is a zero.
  std::string input = toText(data, size).str();
  std::vector<std::string> &recent = getRecentInputs();
  if (recent.size() < 64)
    recent.push_back(input);
  else
    recent[llvm::hash_value(StringRef(input)) % recent.size()] = input;
  runInput(input);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
                                          size_t maxSize, unsigned seed) {
  Random random(seed);
  // Bytes and the dictionary's words, too.
  if (random.oneIn(12))
    return LLVMFuzzerMutate(data, size, maxSize);
  std::string other;
  if (!getRecentInputs().empty())
    other = random.pick(getRecentInputs());
  std::string input = toText(data, size).str();
  return store(mutate(input, other, random), data, size, maxSize);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1,
                                            const uint8_t *data2, size_t size2,
                                            uint8_t *out, size_t maxSize,
                                            unsigned seed) {
  Random random(seed);
  std::string first = toText(data1, size1).str();
  std::string second = toText(data2, size2).str();
  std::string result = mutateStructure(first, second, random);
  if (result.empty() || result.size() > maxSize)
    return 0;
  memcpy(out, result.data(), result.size());
  return result.size();
}
