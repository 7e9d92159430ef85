//===- LaunchDescription.h - how an artefact is called ----------*- C++ -*-===//
//
// The JSON beside a code file: arguments, shapes, workspaces, kernels. It is
// read off the entry functions of a module, so that it cannot disagree with
// the code.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_TARGET_LAUNCHDESCRIPTION_H
#define GDPA_TARGET_LAUNCHDESCRIPTION_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"
#include <map>

namespace mlir::gdpa {

/// Version 1 of the launch description.
struct LaunchDescription {
  struct Argument {
    /// Companions of a reference's results and unused arguments have no role.
    std::string name, type, role;
    bool isWritten = false;
    /// Integers, and symbols where a size is known at run time only.
    std::vector<llvm::json::Value> shape;
    /// The last stride is a run-time value, not 1.
    bool anyLastStride = false;
    /// What every stride but the last is a multiple of; 0: nothing.
    int64_t strideMultipleBytes = 0;
  };
  struct Workspace {
    std::string name;
    llvm::json::Value bytes = nullptr;
    bool isZero = false;
  };
  /// An operand of a launch: a view of an argument of the entry, whose
  /// dimensions are those of the argument listed in `dims`. The name is empty
  /// where the operand is something else.
  struct Operand {
    std::string argument;
    llvm::SmallVector<int64_t> dims;
  };
  struct Kernel {
    std::string symbol;
    std::vector<llvm::json::Value> grid;
    std::vector<int64_t> block{1, 1, 1}, cluster{1, 1, 1};
    int64_t sharedBytes = 0;
    llvm::json::Array parameters;
    /// What the launch hands over, before it is flattened to `parameters`.
    std::vector<Operand> operands;
  };
  struct Entry {
    std::string kind; // forward or backward
    std::vector<std::string> arguments;
    std::vector<Workspace> workspaces;
    std::string symbol;          // on the CPU
    std::vector<Kernel> kernels; // on a GPU
  };

  std::string target;
  std::vector<Argument> arguments;
  std::vector<Entry> entries;
  /// Where each symbol is read from: argument and dimension.
  std::map<std::string, std::pair<std::string, int64_t>> symbols;
  std::string schedule;
  /// exact or fast; empty for the reference.
  std::string precision;
  /// What the processor must have, as LLVM names it.
  std::vector<std::string> cpuFeatures;
  int64_t registers = 0, spillBytes = 0;

  /// Prints the JSON text. `codeFile` is the name of the code beside it,
  /// `code` its bytes.
  void print(llvm::raw_ostream &stream, StringRef codeFile,
             StringRef code) const;
};

/// Describes the entries of `module`: its public functions whose arguments
/// carry `gdpa.name`, `gdpa.role` and `gdpa.access`. On GPU targets the body of
/// an entry is host code: index arithmetic, `gdpa_tile.workspace` and
/// `gdpa_tile.launch`. Fails with an error at an operation that the description
/// cannot express.
///
/// Parameters of a kernel, for each argument of its launch in order: a buffer
/// gives its pointer, then its dynamic sizes, then its dynamic strides (i64,
/// from the first dimension to the last; the offset is in the pointer); a
/// scalar argument its value; an index an i64.
FailureOr<LaunchDescription> describeEntries(ModuleOp module, StringRef target);

/// Fills in what is known after the kernels of a GPU are lowered: their block
/// size (`nvvm.reqntid`, else `nvvm.maxntid`), their dynamic shared memory
/// (`gdpa_nv.shared_bytes`) and their last parameters, the tensor maps
/// (`gdpa_nv.tensor_maps`): an array of dictionaries, one for each map in the
/// order of the parameters, of the integers `argument` (which operand of the
/// launch), `rows` and `columns` (a box's extents along the operand's last two
/// dimensions; it is 1 along the others) and `swizzle` (0 or 128 bytes). Fails
/// with an error where such an operand is not an argument of the entry.
LogicalResult describeKernels(ModuleOp module, LaunchDescription &description);

} // namespace mlir::gdpa

#endif // GDPA_TARGET_LAUNCHDESCRIPTION_H
