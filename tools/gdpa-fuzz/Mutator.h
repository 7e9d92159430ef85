//===- Mutator.h - changed modules ------------------------------*- C++ -*-===//
//
// Changes a module either token by token or in its structure: operands, types,
// attributes, operations, blocks and regions are exchanged with others of the
// same module or of a second one. Most results are still parsed, many are
// still well-formed: those reach the passes.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_FUZZ_MUTATOR_H
#define GDPA_FUZZ_MUTATOR_H

#include "llvm/ADT/StringRef.h"
#include <random>
#include <string>

namespace mlir::gdpa::fuzz {

/// A generator whose draws are the same on every machine.
class Random {
public:
  explicit Random(uint64_t seed) : engine(seed) {}
  /// A number below `bound`, 0 where that is 0.
  size_t below(size_t bound) { return bound == 0 ? 0 : engine() % bound; }
  bool oneIn(size_t n) { return below(n) == 0; }
  template <typename Range> auto &pick(Range &range) {
    return range[below(std::size(range))];
  }

private:
  std::mt19937_64 engine;
};

/// `text` with a few tokens or lines deleted, doubled, exchanged.
std::string mutateText(llvm::StringRef text, Random &random);

/// The module `input` with a few changes of its structure, into which parts of
/// the module `other` may come, in the generic form or as bytecode; empty where
/// `input` cannot be parsed.
std::string mutateStructure(llvm::StringRef input, llvm::StringRef other,
                            Random &random);

/// One of both, and at times another pipeline.
std::string mutate(llvm::StringRef input, llvm::StringRef other,
                   Random &random);

} // namespace mlir::gdpa::fuzz

#endif // GDPA_FUZZ_MUTATOR_H
