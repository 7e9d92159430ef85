//===- TextMutator.cpp - tokens and lines exchanged -----------------------===//

#include "Mutator.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir::gdpa::fuzz;
using llvm::SmallVector;
using llvm::StringRef;

static constexpr StringRef numbers[] = {
    "0", "-1", "1", "3", "7", "65", "4096", "2147483648", "4294967296",
    "9223372036854775807", "-9223372036854775808", "1.0e+308", "0x7FC00000"};

static constexpr StringRef snippets[] = {
    "", "?", "*", "f32", "bf16", "f16", "f64", "i1", "i8", "i32", "i64",
    "index", "none", "tensor<?xf32>", "tensor<f32>", "tensor<*xf32>",
    "tensor<0xf32>", "tensor<?x?x?x64xf32>", "tensor<2x4x?x64xbf16>",
    "memref<?x?x?x64xf32>", "memref<*xf32>", "memref<?xf32, strided<[?]>>",
    "memref<?x?x?x64xf32, strided<[?, ?, ?, 1], offset: ?>>", "vector<4xf32>",
    "vector<[4]xf32>", "complex<f32>", "tuple<>", "bhsd", "bshd", "thd",
    "softmax", "sum", "captures", "wrt [0]", "saved", "mask", "vjp", "joint",
    "cu_seqlens", "outs", "()", "{}", "[]", "[0]", "unit", "dense<0>",
    "dense<0.0> : tensor<1xf32>", "affine_map<(d0) -> (d0)>", "@f", "@f_vjp"};

/// A token's kind: its first character, letters and digits being alike.
static char getKind(StringRef token) {
  char c = token.front();
  if (llvm::isAlpha(c) || c == '_')
    return 'a';
  if (llvm::isDigit(c) || (c == '-' && token.size() > 1 && token != "->"))
    return '0';
  return llvm::isSpace(c) ? ' ' : c;
}

static bool isWordCharacter(char c) {
  return llvm::isAlnum(c) || c == '_' || c == '.' || c == '$';
}

/// Cuts `text` into words (with a leading %, #, !, @, ^), numbers, strings,
/// runs of spaces and single other characters.
static SmallVector<StringRef> split(StringRef text) {
  SmallVector<StringRef> tokens;
  while (!text.empty()) {
    size_t length = 1;
    char c = text.front();
    if (llvm::isSpace(c)) {
      length = text.size() - text.ltrim().size();
    } else if (c == '"') {
      size_t end = text.find('"', 1);
      length = end == StringRef::npos ? text.size() : end + 1;
    } else if (text.starts_with("->")) {
      length = 2;
    } else if (isWordCharacter(c) || StringRef("%#!@^-").contains(c)) {
      while (length < text.size() && isWordCharacter(text[length]))
        ++length;
    }
    tokens.push_back(text.take_front(length));
    text = text.drop_front(length);
  }
  return tokens;
}

static std::string mutateLines(StringRef text, Random &random) {
  SmallVector<StringRef> lines;
  text.split(lines, '\n');
  size_t line = random.below(lines.size());
  switch (random.below(3)) {
  case 0:
    lines.erase(lines.begin() + line);
    break;
  case 1:
    lines.insert(lines.begin() + random.below(lines.size()),
                 StringRef(lines[line]));
    break;
  default:
    std::swap(lines[line], random.pick(lines));
  }
  return llvm::join(lines, "\n");
}

static std::string mutateTokens(StringRef text, Random &random) {
  SmallVector<StringRef> tokens = split(text);
  SmallVector<size_t> solid;
  for (auto [position, token] : llvm::enumerate(tokens))
    if (getKind(token) != ' ')
      solid.push_back(position);
  if (solid.empty())
    return random.pick(snippets).str();
  size_t position = random.pick(solid);
  StringRef token = tokens[position];
  auto exchange = [&](char kind) {
    SmallVector<StringRef> alike;
    for (size_t other : solid)
      if (getKind(tokens[other]) == kind)
        alike.push_back(tokens[other]);
    return alike.empty() ? StringRef() : random.pick(alike);
  };
  switch (random.below(7)) {
  case 0:
    tokens[position] = "";
    break;
  case 1:
    tokens.insert(tokens.begin() + position, token);
    break;
  case 2:
    tokens[position] = random.pick(snippets);
    break;
  case 3:
    for (size_t tries = 0; tries < 8; ++tries) {
      position = random.pick(solid);
      if (getKind(tokens[position]) == '0')
        break;
    }
    tokens[position] = random.pick(numbers);
    break;
  default: // another of the same kind: often still well-formed
    tokens[position] = exchange(getKind(token));
  }
  return llvm::join(tokens, "");
}

std::string mlir::gdpa::fuzz::mutateText(StringRef text, Random &random) {
  std::string result = text.str();
  for (size_t changes = 1 + random.below(3); changes > 0; --changes)
    result = random.oneIn(5) ? mutateLines(result, random)
                             : mutateTokens(result, random);
  return result;
}
