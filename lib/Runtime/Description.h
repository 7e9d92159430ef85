//===- Description.h - Contents of a launch description ---------*- C++ -*-===//
//
// What docs/launch.schema.json describes, with names resolved to numbers.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_DESCRIPTION_H
#define GDPA_LIB_RUNTIME_DESCRIPTION_H

#include "Expression.h"
#include "Status.h"

#include <array>
#include <string>
#include <vector>

namespace gdpa::runtime {

/// The version of the launch description that this runtime reads.
inline constexpr int64_t descriptionVersion = 1;

/// An extent: static, or a symbol where `symbol` is not negative.
struct Dimension {
  int64_t size = -1;
  int32_t symbol = -1;
};

struct Argument {
  std::string name;
  std::string role;
  /// The role is cu_seqlens_q or cu_seqlens_k.
  bool isBounds = false;
  int32_t type = GDPA_F32;
  std::vector<Dimension> shape;
  bool written = false;
  /// A scalar that a CUDA kernel takes by value.
  bool byValue = false;
  int64_t strideMultipleBytes = 1;
  /// The kernels take any stride of the last dimension, not 1 alone.
  bool anyLastStride = false;
};

/// A symbol is the extent `dimension` of argument `argument`.
struct Symbol {
  std::string name;
  int32_t argument = 0;
  int32_t dimension = 0;
};

struct Workspace {
  std::string name;
  Expression bytes;
  bool zero = false;
};

/// How a CUDA kernel copies boxes of an argument to shared memory.
struct TensorMap {
  /// What the hardware takes.
  static constexpr int32_t mostDimensions = 5;
  int32_t rank = 0;
  /// The argument's dimensions, each once, innermost first; and the box's
  /// extents in the same order, in elements.
  std::array<int32_t, mostDimensions> dimensions = {};
  std::array<uint32_t, mostDimensions> box = {};
  /// The pattern that the bytes are permuted by in shared memory: 0 or 128.
  int32_t swizzleBytes = 0;
};

/// A parameter of a CUDA kernel.
struct KernelParameter {
  enum class Kind {
    Pointer,   // address of `argument`
    Stride,    // stride of `dimension` of `argument`, in elements
    Size,      // extent of `dimension` of `argument`
    Scalar,    // value of the scalar `argument`
    Value,     // `value`
    Workspace, // address of workspace number `workspace`
    TensorMap, // `map` of `argument`
  };
  Kind kind = Kind::Pointer;
  int32_t argument = 0;
  /// Where `argument` stands among the entry's.
  int32_t position = 0;
  int32_t dimension = 0;
  int32_t workspace = 0;
  Expression value;
  TensorMap map;
  /// How Stride, Size and Value are passed: GDPA_I32, GDPA_I64 or GDPA_F32.
  int32_t type = GDPA_I64;
};

struct Kernel {
  std::string symbol;
  std::array<Expression, 3> grid;
  std::array<uint32_t, 3> block = {1, 1, 1};
  std::array<uint32_t, 3> cluster = {1, 1, 1};
  uint32_t sharedBytes = 0;
  std::vector<KernelParameter> parameters;
  /// How many of them are tensor maps.
  int32_t tensorMaps = 0;
};

/// Two arguments of an entry whose extents agree in [begin, end), by their
/// positions among the entry's arguments.
struct Agreement {
  int32_t position = 0;
  int32_t other = 0;
  int32_t begin = 0;
  int32_t end = 0;
};

/// What the roles of an entry's arguments say about their extents.
struct RoleRelations {
  /// Positions of q and k, -1 where there is none.
  int32_t query = -1;
  int32_t key = -1;
  std::vector<Agreement> agreements;
  /// Where query heads are a multiple of key heads.
  std::vector<int32_t> headDimensions;
  /// Positions of the captures.
  std::vector<int32_t> captures;
};

struct Entry {
  std::string name;
  /// Numbers of the arguments, in the order of `gdpa_tensor *args`.
  std::vector<int32_t> arguments;
  RoleRelations relations;
  std::vector<Workspace> workspaces;
  /// CPU: the function's name.
  std::string symbol;
  /// CUDA: launched in order.
  std::vector<Kernel> kernels;
};

struct Description {
  /// The file it was read from, for messages.
  std::string path;
  std::string target;
  std::string precision;
  std::string codeFile;
  std::string codeHash;
  std::vector<std::string> cpuFeatures;
  std::vector<Argument> arguments;
  std::vector<Symbol> symbols;
  std::vector<Entry> entries;

  bool isCuda() const { return target.compare(0, 3, "sm_") == 0; }
};

/// Reads and validates a launch description. Errors name the file, the key,
/// what was expected and what was found.
Status readDescription(const std::string &path, Description &description);

/// The same for a text; `path` is used in messages.
Status parseDescription(const std::string &text, const std::string &path,
                        Description &description);

/// The relations of an entry whose arguments are known. They are looked for
/// once, so that a launch compares extents and no names.
RoleRelations findRoleRelations(const Description &description,
                                const Entry &entry);

/// Reads a whole file.
Status readFile(const std::string &path, std::string &contents);

} // namespace gdpa::runtime

#endif // GDPA_LIB_RUNTIME_DESCRIPTION_H
