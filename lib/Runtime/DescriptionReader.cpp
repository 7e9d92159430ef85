//===- DescriptionReader.cpp - Reads a launch description -----------------===//
//
// Top level, arguments, symbols and entries. The kernels of CUDA entries are
// read in KernelReader.cpp.
//
//===----------------------------------------------------------------------===//

#include "DescriptionReader.h"
#include "DataType.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace gdpa::runtime;

Status gdpa::runtime::readFile(const std::string &path, std::string &contents) {
  auto systemError = [&] {
    return fileError("cannot read '" + path + "': " + std::strerror(errno));
  };
  int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return systemError();
  contents.clear();
  static constexpr size_t chunk = 1 << 16;
  for (;;) {
    size_t used = contents.size();
    contents.resize(used + chunk);
    ssize_t got = read(descriptor, &contents[used], chunk);
    contents.resize(used + (got > 0 ? got : 0));
    if (got == 0)
      break;
    if (got < 0 && errno != EINTR) {
      Status status = systemError();
      close(descriptor);
      return status;
    }
  }
  close(descriptor);
  return {};
}

int32_t gdpa::runtime::readArgumentName(const JsonReader &json,
                                        const Description &description) {
  std::string name = json.string();
  for (size_t i = 0; i < description.arguments.size(); ++i)
    if (description.arguments[i].name == name)
      return static_cast<int32_t>(i);
  if (!json.failed())
    json.failExpected("the name of an argument");
  return 0;
}

static int32_t findSymbol(const Description &description,
                          const std::string &name) {
  for (size_t i = 0; i < description.symbols.size(); ++i)
    if (description.symbols[i].name == name)
      return static_cast<int32_t>(i);
  return -1;
}

void gdpa::runtime::readExpression(const JsonReader &json,
                                   const Description &description,
                                   Expression &expression) {
  using Operation = Expression::Operation;
  if (json.failed())
    return;
  if (json.isInteger()) {
    expression.push(Operation::Constant, json.integer(INT64_MIN, INT64_MAX));
    return;
  }
  if (json.isString()) {
    std::string name = json.string();
    if (name == "sm_count") {
      if (!description.isCuda())
        json.fail("'sm_count' has no meaning for target '" +
                  description.target + "'");
      expression.push(Operation::MultiprocessorCount);
      return;
    }
    int32_t symbol = findSymbol(description, name);
    if (symbol < 0)
      json.failExpected("a symbol that stands in 'symbols', or 'sm_count'");
    else
      expression.push(Operation::Symbol, symbol);
    return;
  }
  if (!json.isArray())
    return json.failExpected(
        "a size expression (an integer, a symbol or [op, a, b])");
  json.arraySize(3, 3);
  static const std::pair<const char *, Operation> operations[] = {
      {"add", Operation::Add},
      {"sub", Operation::Subtract},
      {"mul", Operation::Multiply},
      {"ceildiv", Operation::CeilDivide},
      {"floordiv", Operation::FloorDivide},
      {"min", Operation::Minimum},
      {"max", Operation::Maximum}};
  std::string name = json[size_t(0)].oneOf(
      {"add", "sub", "mul", "ceildiv", "floordiv", "min", "max"});
  readExpression(json[1], description, expression);
  readExpression(json[2], description, expression);
  if (json.failed())
    return;
  for (const auto &[known, operation] : operations)
    if (name == known)
      expression.push(operation);
}

/// Targets are "cpu", "reference", or "sm_" with a number and perhaps a letter.
static void readTarget(const JsonReader &json, Description &description) {
  std::string target = json.string();
  description.target = target;
  if (json.failed() || target == "cpu" || target == "reference")
    return;
  size_t digits = target.compare(0, 3, "sm_") == 0
                      ? target.find_first_not_of("0123456789", 3)
                      : 3;
  size_t end = digits == std::string::npos ? target.size() : digits;
  size_t letters = target.size() - end;
  bool valid = end >= 5 && end <= 6 && letters <= 1 &&
               (letters == 0 || target[end] == 'a' || target[end] == 'f');
  if (!valid)
    json.failExpected("a target: 'cpu', 'reference' or 'sm_NN'");
}

static void readCode(const JsonReader &json, Description &description) {
  json.expectKeys({"file", "sha256"}, {});
  if (json.failed())
    return;
  description.codeFile = json["file"].string();
  if (description.codeFile.find('/') != std::string::npos ||
      description.codeFile == "..")
    json["file"].failExpected("the name of a file beside the description");
  description.codeHash = json["sha256"].string();
  if (description.codeHash.size() != 64 ||
      description.codeHash.find_first_not_of("0123456789abcdef") !=
          std::string::npos)
    json["sha256"].failExpected("64 lower-case hex digits");
}

static void readShape(const JsonReader &json, const Description &description,
                      Argument &argument) {
  size_t rank = json.arraySize(0, GDPA_MAX_RANK);
  for (size_t i = 0; i < rank && !json.failed(); ++i) {
    Dimension dimension;
    if (json[i].isString()) {
      dimension.symbol = findSymbol(description, json[i].string());
      if (dimension.symbol < 0)
        json[i].failExpected("an extent or a symbol that stands in 'symbols'");
    } else {
      dimension.size = json[i].integer(0, INT64_MAX);
    }
    argument.shape.push_back(dimension);
  }
}

static void readArgument(const JsonReader &json, Description &description) {
  json.expectKeys({"name", "type", "shape", "access"},
                  {"role", "stride_multiple_bytes", "last_stride"});
  if (json.failed())
    return;
  Argument argument;
  argument.name = json["name"].string();
  for (const Argument &other : description.arguments)
    if (other.name == argument.name)
      json["name"].failExpected("a name of its own");
  argument.type = parseDataType(json["type"].string());
  if (argument.type < 0)
    json["type"].failExpected(
        "one of 'f64', 'f32', 'bf16', 'f16', 'i1', 'i8', 'i16', 'i32', 'i64', "
        "'index'");
  readShape(json["shape"], description, argument);
  argument.written = json["access"].oneOf({"read", "write"}) == "write";
  if (json.has("role"))
    argument.role = json["role"].oneOf(
        {"q", "k", "v", "scale", "capture", "do", "dstats", "o", "stats", "dq",
         "dk", "dv", "dcapture", "cu_seqlens_q", "cu_seqlens_k"});
  argument.isBounds = argument.role.rfind("cu_seqlens", 0) == 0;
  if (json.has("stride_multiple_bytes")) {
    JsonReader multiple = json["stride_multiple_bytes"];
    argument.strideMultipleBytes = multiple.integer(1, 4096);
    int64_t size = std::max<int64_t>(1, gdpa_dtype_size(argument.type));
    if (argument.strideMultipleBytes % size != 0)
      multiple.failExpected("a multiple of the element's " +
                            std::to_string(size) + " bytes");
  }
  if (json.has("last_stride"))
    argument.anyLastStride = json["last_stride"].oneOf({"any"}) == "any";
  description.arguments.push_back(std::move(argument));
}

/// The first pass over "symbols" learns the names, so that shapes can refer to
/// them; the second, after the arguments, where each one is read from.
static void readSymbolNames(const JsonReader &json, Description &description) {
  json.forEachMember([&](const std::string &name, const JsonReader &origin) {
    if (name == "sm_count" || name.empty())
      origin.fail("the symbol '" + name + "' is reserved");
    Symbol symbol;
    symbol.name = name;
    description.symbols.push_back(symbol);
  });
}

static void readSymbolOrigins(const JsonReader &json,
                              Description &description) {
  json.forEachMember([&](const std::string &name, const JsonReader &origin) {
    origin.arraySize(2, 2);
    if (origin.failed())
      return;
    int32_t number = findSymbol(description, name);
    Symbol &symbol = description.symbols[number];
    symbol.argument = readArgumentName(origin[size_t(0)], description);
    if (origin.failed())
      return;
    const Argument &argument = description.arguments[symbol.argument];
    int64_t rank = argument.shape.size();
    if (rank == 0)
      return origin.fail("argument '" + argument.name + "' is a scalar");
    symbol.dimension = static_cast<int32_t>(origin[1].integer(0, rank - 1));
    if (!origin.failed() && argument.shape[symbol.dimension].symbol != number)
      origin.fail("dimension " + std::to_string(symbol.dimension) +
                  " of argument '" + argument.name + "' is not '" + name + "'");
  });
}

static void readWorkspaces(const JsonReader &json,
                           const Description &description, Entry &entry) {
  size_t count = json.arraySize(0, 64);
  for (size_t i = 0; i < count && !json.failed(); ++i) {
    JsonReader item = json[i];
    item.expectKeys({"name", "bytes", "init"}, {});
    if (item.failed())
      return;
    Workspace workspace;
    workspace.name = item["name"].string();
    for (const Workspace &other : entry.workspaces)
      if (other.name == workspace.name)
        item["name"].failExpected("a name of its own");
    readExpression(item["bytes"], description, workspace.bytes);
    workspace.zero = item["init"].oneOf({"zero", "none"}) == "zero";
    entry.workspaces.push_back(std::move(workspace));
  }
}

static void readEntry(const std::string &name, const JsonReader &json,
                      Description &description) {
  Entry entry;
  entry.name = name;
  if (description.isCuda())
    json.expectKeys({"arguments", "kernels"}, {"workspace"});
  else
    json.expectKeys({"arguments", "symbol"}, {"workspace"});
  if (json.failed())
    return;
  JsonReader arguments = json["arguments"];
  size_t count = arguments.arraySize(1, 1024);
  for (size_t i = 0; i < count && !json.failed(); ++i) {
    int32_t argument = readArgumentName(arguments[i], description);
    if (std::count(entry.arguments.begin(), entry.arguments.end(), argument))
      arguments[i].fail("argument '" + description.arguments[argument].name +
                        "' stands twice");
    entry.arguments.push_back(argument);
  }
  if (json.failed())
    return;
  entry.relations = findRoleRelations(description, entry);
  if (json.has("workspace"))
    readWorkspaces(json["workspace"], description, entry);
  if (description.isCuda())
    readKernels(json["kernels"], description, entry);
  else
    entry.symbol = json["symbol"].string();
  description.entries.push_back(std::move(entry));
}

static void readTopLevel(const JsonReader &json, Description &description) {
  // The version first: another one may have other keys.
  JsonReader version = json["gdpa_launch"];
  if (!json.failed() &&
      !(version.isInteger() &&
        version.integer(INT64_MIN, INT64_MAX) == descriptionVersion))
    version.failExpected("version " + std::to_string(descriptionVersion) +
                         " of the launch description");
  if (json.failed())
    return;
  json.expectKeys(
      {"gdpa_launch", "target", "code", "arguments", "entries", "symbols"},
      {"precision", "cpu_features", "schedule", "registers", "spill_bytes"});
  if (json.failed())
    return;
  readTarget(json["target"], description);
  readCode(json["code"], description);
  if (json.has("precision"))
    description.precision = json["precision"].oneOf({"exact", "fast"});
  if (json.has("cpu_features")) {
    JsonReader features = json["cpu_features"];
    size_t count = features.arraySize(0, 256);
    for (size_t i = 0; i < count; ++i)
      description.cpuFeatures.push_back(features[i].string());
  }
  if (json.has("schedule") && !json["schedule"].isString())
    json["schedule"].failExpected("a string");
  for (const char *counter : {"registers", "spill_bytes"})
    if (json.has(counter))
      json[counter].integer(0, INT32_MAX);

  readSymbolNames(json["symbols"], description);
  JsonReader arguments = json["arguments"];
  size_t count = arguments.arraySize(1, 1024);
  for (size_t i = 0; i < count && !json.failed(); ++i)
    readArgument(arguments[i], description);
  if (json.failed())
    return;
  readSymbolOrigins(json["symbols"], description);
  json["entries"].forEachMember(
      [&](const std::string &name, const JsonReader &entry) {
        if (!json.failed())
          readEntry(name, entry, description);
      });
  if (!json.failed() && description.entries.empty())
    json["entries"].fail("expected at least one entry, found none");
  if (!json.failed())
    checkPassingModes(json["entries"], description);
}

Status gdpa::runtime::parseDescription(const std::string &text,
                                       const std::string &path,
                                       Description &description) {
  Json document;
  if (Status status = parseJson(text, path, document); status.isError())
    return status;
  description = Description();
  description.path = path;
  Status status;
  readTopLevel(JsonReader(document, path, status), description);
  return status;
}

Status gdpa::runtime::readDescription(const std::string &path,
                                      Description &description) {
  std::string text;
  if (Status status = readFile(path, text); status.isError())
    return status;
  return parseDescription(text, path, description);
}
