//===- KernelReader.cpp - Reads the kernels of a CUDA entry ---------------===//
//
// Launch shapes and parameters.
//
//===----------------------------------------------------------------------===//

#include "DataType.h"
#include "DescriptionReader.h"

#include <algorithm>

using namespace gdpa::runtime;

using Kind = KernelParameter::Kind;

/// The parameter's argument, which the entry takes.
static void readEntryArgument(const JsonReader &json,
                              const Description &description,
                              const Entry &entry, KernelParameter &parameter) {
  parameter.argument = readArgumentName(json, description);
  auto found = std::find(entry.arguments.begin(), entry.arguments.end(),
                         parameter.argument);
  parameter.position = static_cast<int32_t>(found - entry.arguments.begin());
  if (!json.failed() && found == entry.arguments.end())
    json.failExpected("an argument of the entry '" + entry.name + "'");
}

/// ["name", dimension]
static void readArgumentDimension(const JsonReader &json,
                                  const Description &description,
                                  const Entry &entry,
                                  KernelParameter &parameter) {
  json.arraySize(2, 2);
  if (json.failed())
    return;
  readEntryArgument(json[size_t(0)], description, entry, parameter);
  if (json.failed())
    return;
  int64_t rank = description.arguments[parameter.argument].shape.size();
  if (rank == 0)
    return json[size_t(0)].failExpected("a tensor");
  parameter.dimension = static_cast<int32_t>(json[1].integer(0, rank - 1));
}

static void readWorkspaceName(const JsonReader &json, const Entry &entry,
                              KernelParameter &parameter) {
  std::string name = json.string();
  for (size_t i = 0; i < entry.workspaces.size(); ++i)
    if (entry.workspaces[i].name == name) {
      parameter.workspace = static_cast<int32_t>(i);
      return;
    }
  json.failExpected("the name of a workspace");
}

/// {"tensor_map": "name", "dims": [...], "box": [...], "swizzle": 128}
static void readTensorMap(const JsonReader &json,
                          const Description &description, const Entry &entry,
                          KernelParameter &parameter) {
  json.expectKeys({"tensor_map", "dims", "box", "swizzle"}, {});
  if (json.failed())
    return;
  readEntryArgument(json["tensor_map"], description, entry, parameter);
  if (json.failed())
    return;
  const Argument &argument = description.arguments[parameter.argument];
  if (argument.type != GDPA_BF16 && argument.type != GDPA_F16 &&
      argument.type != GDPA_F32)
    json["tensor_map"].failExpected("an argument of type bf16, f16 or f32");
  size_t rank = argument.shape.size();
  if (rank < 1 || rank > TensorMap::mostDimensions)
    json["tensor_map"].failExpected("an argument of 1 to 5 dimensions");
  TensorMap &map = parameter.map;
  map.rank = static_cast<int32_t>(rank);
  JsonReader dimensions = json["dims"];
  dimensions.arraySize(rank, rank);
  JsonReader box = json["box"];
  box.arraySize(rank, rank);
  map.swizzleBytes = static_cast<int32_t>(json["swizzle"].integer(0, 128));
  if (map.swizzleBytes != 0 && map.swizzleBytes != 128)
    json["swizzle"].failExpected("0 or 128");
  if (json.failed())
    return;
  for (size_t i = 0; i < rank; ++i) {
    int32_t dimension =
        static_cast<int32_t>(dimensions[i].integer(0, int64_t(rank) - 1));
    auto end = map.dimensions.begin() + i;
    if (std::find(map.dimensions.begin(), end, dimension) != end)
      dimensions[i].fail("dimension " + std::to_string(dimension) +
                         " stands twice");
    map.dimensions[i] = dimension;
    map.box[i] = static_cast<uint32_t>(box[i].integer(1, 256));
  }
  // What the copy engine moves at once.
  int64_t bytes = map.box[0] * gdpa_dtype_size(argument.type);
  if (bytes % 16 != 0)
    box[size_t(0)].failExpected("a multiple of 16 bytes");
  if (map.swizzleBytes != 0 && bytes > map.swizzleBytes)
    box[size_t(0)].failExpected("at most the 128 bytes of the swizzle");
}

static void readParameter(const JsonReader &json, Description &description,
                          const Entry &entry, KernelParameter &parameter) {
  const bool hasType = json.has("type");
  if (json.has("pointer")) {
    json.expectKeys({"pointer"}, {});
    parameter.kind = Kind::Pointer;
    readEntryArgument(json["pointer"], description, entry, parameter);
  } else if (json.has("stride")) {
    json.expectKeys({"stride"}, {"type"});
    parameter.kind = Kind::Stride;
    readArgumentDimension(json["stride"], description, entry, parameter);
  } else if (json.has("size")) {
    json.expectKeys({"size"}, {"type"});
    parameter.kind = Kind::Size;
    readArgumentDimension(json["size"], description, entry, parameter);
  } else if (json.has("scalar")) {
    json.expectKeys({"scalar"}, {});
    parameter.kind = Kind::Scalar;
    readEntryArgument(json["scalar"], description, entry, parameter);
    if (json.failed())
      return;
    Argument &argument = description.arguments[parameter.argument];
    if (!argument.shape.empty() || argument.written)
      json["scalar"].failExpected("a scalar that is read");
    argument.byValue = true;
  } else if (json.has("value")) {
    json.expectKeys({"value", "type"}, {});
    parameter.kind = Kind::Value;
    readExpression(json["value"], description, parameter.value);
  } else if (json.has("workspace")) {
    json.expectKeys({"workspace"}, {});
    parameter.kind = Kind::Workspace;
    readWorkspaceName(json["workspace"], entry, parameter);
  } else if (json.has("tensor_map")) {
    parameter.kind = Kind::TensorMap;
    readTensorMap(json, description, entry, parameter);
  } else {
    json.fail("expected a parameter: an object with 'pointer', 'stride', "
              "'size', 'scalar', 'value', 'workspace' or 'tensor_map'");
  }
  if (!hasType || json.failed())
    return;
  std::string type = parameter.kind == Kind::Value
                         ? json["type"].oneOf({"i32", "i64", "f32"})
                         : json["type"].oneOf({"i32", "i64"});
  parameter.type = parseDataType(type);
}

static void readDimensions(const JsonReader &json, int64_t most,
                           std::array<uint32_t, 3> &result) {
  json.arraySize(3, 3);
  for (size_t i = 0; i < 3; ++i)
    result[i] = static_cast<uint32_t>(json[i].integer(1, most));
}

static void readKernel(const JsonReader &json, Description &description,
                       const Entry &entry, Kernel &kernel) {
  json.expectKeys({"symbol", "grid", "block", "params"},
                  {"cluster", "shared_bytes"});
  if (json.failed())
    return;
  kernel.symbol = json["symbol"].string();
  JsonReader grid = json["grid"];
  grid.arraySize(3, 3);
  for (size_t i = 0; i < 3; ++i)
    readExpression(grid[i], description, kernel.grid[i]);
  readDimensions(json["block"], 1024, kernel.block);
  if (json.has("cluster"))
    readDimensions(json["cluster"], 16, kernel.cluster);
  if (json.has("shared_bytes"))
    kernel.sharedBytes =
        static_cast<uint32_t>(json["shared_bytes"].integer(0, INT32_MAX));
  JsonReader parameters = json["params"];
  size_t count = parameters.arraySize(0, 1024);
  for (size_t i = 0; i < count && !json.failed(); ++i) {
    kernel.parameters.emplace_back();
    KernelParameter &parameter = kernel.parameters.back();
    readParameter(parameters[i], description, entry, parameter);
    kernel.tensorMaps += parameter.kind == Kind::TensorMap;
  }
}

void gdpa::runtime::readKernels(const JsonReader &json,
                                Description &description, Entry &entry) {
  size_t count = json.arraySize(1, 64);
  for (size_t i = 0; i < count && !json.failed(); ++i) {
    entry.kernels.emplace_back();
    readKernel(json[i], description, entry, entry.kernels.back());
  }
}

void gdpa::runtime::checkPassingModes(const JsonReader &json,
                                      const Description &description) {
  for (const Entry &entry : description.entries)
    for (const Kernel &kernel : entry.kernels)
      for (const KernelParameter &parameter : kernel.parameters)
        if (parameter.kind == Kind::Pointer &&
            description.arguments[parameter.argument].byValue)
          json.fail("argument '" +
                    description.arguments[parameter.argument].name +
                    "' is passed both as 'scalar' and as 'pointer'");
}
