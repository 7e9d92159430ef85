//===- NpyHeader.cpp - The header of a .npy file --------------------------===//
//
// A parser for exactly the literal that numpy documents: three keys in any
// order, strings in either quote, True or False, a tuple of integers.
//
//===----------------------------------------------------------------------===//

#include "NpyHeader.h"

#include <set>

using namespace gdpa::run;

namespace {
class LiteralParser {
public:
  explicit LiteralParser(const std::string &text) : text(text) {}

  bool parse(NpyHeader &header);

private:
  void skipSpace() {
    while (position < text.size() &&
           (text[position] == ' ' || text[position] == '\n' ||
            text[position] == '\t'))
      ++position;
  }
  bool accept(const std::string &token) {
    skipSpace();
    if (text.compare(position, token.size(), token) != 0)
      return false;
    position += token.size();
    return true;
  }
  bool parseString(std::string &result);
  bool parseBoolean(bool &result);
  bool parseExtent(int64_t &result);
  bool parseShape(std::vector<int64_t> &result);
  bool parseDescr(std::string &result);

  const std::string &text;
  size_t position = 0;
};
} // namespace

bool LiteralParser::parseString(std::string &result) {
  skipSpace();
  if (position >= text.size() ||
      (text[position] != '\'' && text[position] != '"'))
    return false;
  char quote = text[position];
  size_t end = text.find(quote, position + 1);
  if (end == std::string::npos)
    return false;
  result = text.substr(position + 1, end - position - 1);
  position = end + 1;
  return true;
}

bool LiteralParser::parseBoolean(bool &result) {
  if (accept("True"))
    return result = true;
  result = false;
  return accept("False");
}

bool LiteralParser::parseExtent(int64_t &result) {
  skipSpace();
  size_t start = position;
  result = 0;
  for (;
       position < text.size() && text[position] >= '0' && text[position] <= '9';
       ++position)
    if (__builtin_mul_overflow(result, 10, &result) ||
        __builtin_add_overflow(result, text[position] - '0', &result))
      return false;
  return position > start;
}

bool LiteralParser::parseShape(std::vector<int64_t> &result) {
  if (!accept("("))
    return false;
  while (!accept(")")) {
    int64_t extent = 0;
    if (!parseExtent(extent))
      return false;
    result.push_back(extent);
    if (accept(","))
      continue;
    // (3) is no tuple in Python, but (3, 4) is.
    return result.size() > 1 && accept(")");
  }
  return true;
}

bool LiteralParser::parseDescr(std::string &result) {
  skipSpace();
  if (position >= text.size() || text[position] != '[')
    return parseString(result);
  // A record type: skipped, the caller refuses it.
  int depth = 0;
  for (; position < text.size(); ++position) {
    depth += text[position] == '[';
    depth -= text[position] == ']';
    if (depth == 0) {
      ++position;
      return true;
    }
  }
  return false;
}

bool LiteralParser::parse(NpyHeader &header) {
  std::set<std::string> seen;
  if (!accept("{"))
    return false;
  while (!accept("}")) {
    std::string key;
    if (!parseString(key) || !accept(":") || !seen.insert(key).second)
      return false;
    bool parsed = key == "descr"           ? parseDescr(header.descr)
                  : key == "fortran_order" ? parseBoolean(header.fortranOrder)
                  : key == "shape"         ? parseShape(header.shape)
                                           : false;
    if (!parsed)
      return false;
    if (accept(","))
      continue;
    if (!accept("}"))
      return false;
    break;
  }
  skipSpace();
  return position == text.size() && seen.size() == 3;
}

bool gdpa::run::parseNpyHeader(const std::string &text, NpyHeader &header) {
  header = NpyHeader();
  return LiteralParser(text).parse(header);
}

namespace {
struct NpyType {
  const char *descr;
  int32_t type;
};
} // namespace

static constexpr NpyType npyTypes[] = {
    {"<f8", GDPA_F64}, {"<f4", GDPA_F32}, {"<f2", GDPA_F16}, {"|b1", GDPA_I1},
    {"|i1", GDPA_I8},  {"<i2", GDPA_I16}, {"<i4", GDPA_I32}, {"<i8", GDPA_I64}};

int32_t gdpa::run::parseNpyType(const std::string &descr) {
  for (const NpyType &known : npyTypes)
    if (descr == known.descr)
      return known.type;
  return -1;
}

std::string gdpa::run::formatNpyHeader(int32_t type,
                                       const std::vector<int64_t> &shape) {
  const char *descr = "<f4";
  for (const NpyType &known : npyTypes)
    if (type == known.type)
      descr = known.descr;
  std::string literal = "{'descr': '" + std::string(descr) +
                        "', 'fortran_order': False, 'shape': (";
  for (size_t i = 0; i < shape.size(); ++i)
    literal += (i ? ", " : "") + std::to_string(shape[i]);
  literal += shape.size() == 1 ? ",), }" : "), }";
  // Before the literal: 6 bytes of magic, 2 of version, 2 of length.
  size_t total = (10 + literal.size() + 1 + 63) / 64 * 64;
  literal.append(total - 10 - literal.size() - 1, ' ');
  literal += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(literal.size() & 0xff);
  header += static_cast<char>(literal.size() >> 8);
  return header + literal;
}
