//===- JsonReader.cpp - Strict reading of JSON values ---------------------===//
//
// Parsing and typed access with messages.
//
//===----------------------------------------------------------------------===//

#include "JsonReader.h"

#include <algorithm>
#include <set>
#include <vector>

using namespace gdpa::runtime;

namespace {
/// Looks for what a document does wrong, without building it.
class SyntaxChecker : public nlohmann::json_sax<Json> {
public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t &) override { return true; }
  bool string(string_t &) override { return true; }
  bool binary(binary_t &) override { return true; }
  bool start_object(size_t) override {
    keys.emplace_back();
    return deepen();
  }
  bool key(string_t &key) override {
    if (keys.back().insert(key).second)
      return true;
    duplicate = key;
    return false;
  }
  bool end_object() override {
    keys.pop_back();
    --depth;
    return true;
  }
  bool start_array(size_t) override { return deepen(); }
  bool end_array() override {
    --depth;
    return true;
  }
  bool parse_error(size_t position, const std::string &lastToken,
                   const nlohmann::detail::exception &) override {
    errorPosition = position;
    errorToken = lastToken;
    return false;
  }

  std::string duplicate;
  size_t errorPosition = 0;
  std::string errorToken;
  bool tooDeep = false;

private:
  // The parser that builds the document, and its destructor, recurse.
  bool deepen() {
    tooDeep = ++depth > 64;
    return !tooDeep;
  }
  std::vector<std::set<std::string>> keys;
  int depth = 0;
};
} // namespace

static std::string lineAndColumn(const std::string &text, size_t position) {
  position = std::min(position, text.size());
  size_t line = 1 + std::count(text.begin(), text.begin() + position, '\n');
  size_t lineStart = text.rfind('\n', position ? position - 1 : 0);
  size_t column = lineStart == std::string::npos || lineStart >= position
                      ? position
                      : position - lineStart - 1;
  return std::to_string(line) + ":" +
         std::to_string(std::max<size_t>(1, column));
}

Status gdpa::runtime::parseJson(const std::string &text,
                                const std::string &file, Json &json) {
  SyntaxChecker checker;
  if (!Json::sax_parse(text, &checker)) {
    if (checker.tooDeep)
      return formatError(file + ": nested more than 64 levels deep");
    if (!checker.duplicate.empty())
      return formatError(file + ": key '" + checker.duplicate +
                         "' stands twice in one object");
    return formatError(file + ":" + lineAndColumn(text, checker.errorPosition) +
                       ": expected JSON, found '" + checker.errorToken + "'");
  }
  json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded())
    return formatError(file + ": expected JSON");
  return {};
}

/// The value as a message shows it.
static std::string describe(const Json &value) {
  if (value.is_object())
    return "an object";
  if (value.is_array())
    return "an array of " + std::to_string(value.size()) + " elements";
  // Replaces bytes that are not UTF-8; the default would throw.
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  constexpr size_t mostShown = 60;
  if (text.size() > mostShown)
    text = text.substr(0, mostShown) + "...";
  return text;
}

static std::string joinNames(std::initializer_list<const char *> names) {
  std::string text;
  for (const char *name : names)
    text += (text.empty() ? "'" : ", '") + std::string(name) + "'";
  return text;
}

void JsonReader::fail(const std::string &message) const {
  if (!status.isError())
    status =
        formatError(file + ": " + (path.empty() ? "" : path + ": ") + message);
}

void JsonReader::failExpected(const std::string &expected) const {
  fail("expected " + expected + ", found " + describe(value));
}

void JsonReader::expectKeys(
    std::initializer_list<const char *> required,
    std::initializer_list<const char *> optional) const {
  if (!value.is_object())
    return failExpected("an object");
  for (const char *key : required)
    if (!value.contains(key))
      return fail("missing key '" + std::string(key) + "'");
  for (const auto &item : value.items()) {
    auto matches = [&](const char *key) { return item.key() == key; };
    if (std::none_of(required.begin(), required.end(), matches) &&
        std::none_of(optional.begin(), optional.end(), matches))
      return fail(
          "unknown key '" + item.key() + "'; expected " + joinNames(required) +
          (optional.size() ? ", optionally " + joinNames(optional) : ""));
  }
}

/// What a reader refers to after a failure.
static const Json &nullValue() {
  static const Json value;
  return value;
}

JsonReader JsonReader::operator[](const char *key) const {
  if (!value.is_object())
    failExpected("an object");
  else if (!value.contains(key))
    fail("missing key '" + std::string(key) + "'");
  else
    return JsonReader(value[key], file, status, memberPath(key));
  return JsonReader(nullValue(), file, status, memberPath(key));
}

size_t JsonReader::arraySize(size_t least, size_t most) const {
  if (!value.is_array()) {
    failExpected("an array");
    return 0;
  }
  if (value.size() >= least && value.size() <= most)
    return value.size();
  if (least == most)
    failExpected("an array of " + std::to_string(least) + " elements");
  else
    failExpected("an array of " + std::to_string(least) + " to " +
                 std::to_string(most) + " elements");
  return 0;
}

JsonReader JsonReader::operator[](size_t index) const {
  std::string elementPath = path + "[" + std::to_string(index) + "]";
  if (value.is_array() && index < value.size())
    return JsonReader(value[index], file, status, elementPath);
  return JsonReader(nullValue(), file, status, elementPath);
}

std::string JsonReader::string() const {
  if (value.is_string() && !value.get_ref<const std::string &>().empty())
    return value.get<std::string>();
  failExpected("a string");
  return "";
}

std::string
JsonReader::oneOf(std::initializer_list<const char *> choices) const {
  if (value.is_string())
    for (const char *choice : choices)
      if (value == choice)
        return choice;
  failExpected("one of " + joinNames(choices));
  return "";
}

int64_t JsonReader::integer(int64_t least, int64_t most) const {
  if (value.is_number_integer()) {
    bool tooLarge = value.is_number_unsigned() &&
                    value.get<uint64_t>() > uint64_t(INT64_MAX);
    if (!tooLarge && value.get<int64_t>() >= least &&
        value.get<int64_t>() <= most)
      return value.get<int64_t>();
  }
  if (least == INT64_MIN && most == INT64_MAX)
    failExpected("a 64-bit integer");
  else if (most == INT64_MAX)
    failExpected("an integer of at least " + std::to_string(least));
  else
    failExpected("an integer from " + std::to_string(least) + " to " +
                 std::to_string(most));
  return least > 0 ? least : 0;
}
