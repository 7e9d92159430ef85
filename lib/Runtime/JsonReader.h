//===- JsonReader.h - Strict reading of JSON values -------------*- C++ -*-===//
//
// Typed access to a parsed JSON document. A reader carries the path of its
// value ("arguments[2].shape") for messages; the first error is kept and every
// later access answers with a harmless default, so that callers check once.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_JSONREADER_H
#define GDPA_LIB_RUNTIME_JSONREADER_H

#include "Status.h"

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>

namespace gdpa::runtime {

using Json = nlohmann::json;

/// Parses a document; an error names `file`, line and column. A key that
/// stands twice in one object is an error.
Status parseJson(const std::string &text, const std::string &file, Json &json);

/// A value inside a document.
class JsonReader {
public:
  /// `status` receives the first error.
  JsonReader(const Json &value, const std::string &file, Status &status)
      : value(value), file(file), status(status) {}

  bool failed() const { return status.isError(); }

  /// Records "FILE: PATH: MESSAGE" unless there is an error already.
  void fail(const std::string &message) const;
  /// Records "expected EXPECTED, found <this value>".
  void failExpected(const std::string &expected) const;

  bool isString() const { return value.is_string(); }
  bool isArray() const { return value.is_array(); }
  bool isInteger() const { return value.is_number_integer(); }

  /// Checks for an object with all `required` keys and none beyond those and
  /// the `optional` ones.
  void expectKeys(std::initializer_list<const char *> required,
                  std::initializer_list<const char *> optional) const;

  bool has(const char *key) const {
    return value.is_object() && value.contains(key);
  }
  /// The member `key`; a missing one is an error.
  JsonReader operator[](const char *key) const;

  /// Checks for an array of at most `most` elements (and at least `least`);
  /// returns its size, 0 on failure.
  size_t arraySize(size_t least, size_t most) const;
  JsonReader operator[](size_t index) const;

  /// A string that is not empty.
  std::string string() const;
  /// One of `choices`.
  std::string oneOf(std::initializer_list<const char *> choices) const;
  /// An integer in [least, most].
  int64_t integer(int64_t least, int64_t most) const;

  /// Calls `function(key, JsonReader)` for each member of an object.
  template <typename Function> void forEachMember(Function function) const {
    if (!value.is_object()) {
      failExpected("an object");
      return;
    }
    for (const auto &[key, member] : value.items())
      function(key, JsonReader(member, file, status, memberPath(key)));
  }

private:
  JsonReader(const Json &value, const std::string &file, Status &status,
             std::string path)
      : value(value), file(file), status(status), path(std::move(path)) {}

  std::string memberPath(const std::string &key) const {
    return path.empty() ? key : path + "." + key;
  }

  const Json &value;
  const std::string &file;
  Status &status;
  std::string path;
};

} // namespace gdpa::runtime

#endif // GDPA_LIB_RUNTIME_JSONREADER_H
