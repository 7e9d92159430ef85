//===- LaunchDescription.cpp - how an artefact is called ------------------===//

#include "gdpa/Target/LaunchDescription.h"
#include "Expressions.h"
#include "TensorMaps.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA256.h"

using namespace mlir;
using namespace mlir::gdpa;
namespace json = llvm::json;

static std::string typeName(Type type) {
  Type element = getElementTypeOrSelf(type);
  if (element.isIndex())
    return "i64";
  std::string name;
  llvm::raw_string_ostream stream(name);
  stream << element;
  return name;
}

/// The symbols of the dimensions of a role, for each layout.
static ArrayRef<StringRef> symbolsOfRole(StringRef role, StringRef layout) {
  static const StringRef bhsd[] = {"B",  "Hq", "Sq",  "D",  "B",  "Hkv", "Sk",
                                   "D",  "B",  "Hkv", "Sk", "Dv", "B",   "Hq",
                                   "Sq", "Dv", "B",   "Hq", "Sq"};
  static const StringRef bshd[] = {"B",  "Sq", "Hq", "D",   "B",  "Sk", "Hkv",
                                   "D",  "B",  "Sk", "Hkv", "Dv", "B",  "Sq",
                                   "Hq", "Dv", "B",  "Hq",  "Sq"};
  static const StringRef thd[] = {"Tq",  "Hq", "D",  "Tk", "Hkv", "D",  "Tk",
                                  "Hkv", "Dv", "Tq", "Hq", "Dv",  "Hq", "Tq"};
  unsigned rank = layout == "thd" ? 3 : 4;
  ArrayRef<StringRef> table = layout == "thd"    ? ArrayRef<StringRef>(thd)
                              : layout == "bshd" ? ArrayRef<StringRef>(bshd)
                                                 : ArrayRef<StringRef>(bhsd);
  if (role == "q" || role == "dq")
    return table.slice(0, rank);
  if (role == "k" || role == "dk")
    return table.slice(rank, rank);
  if (role == "v" || role == "dv")
    return table.slice(2 * rank, rank);
  if (role == "o" || role == "do")
    return table.slice(3 * rank, rank);
  if (role == "stats" || role == "dstats")
    return table.slice(4 * rank, rank - 1);
  return {};
}

namespace {

class Describer {
public:
  Describer(ModuleOp module, StringRef target) : module(module) {
    description.target = target.str();
    hasKernels = target.starts_with("sm_");
  }

  FailureOr<LaunchDescription> run();

private:
  LogicalResult describeEntry(func::FuncOp function);
  LogicalResult describeArguments(func::FuncOp function,
                                  LaunchDescription::Entry &entry);
  LogicalResult describeHostCode(func::FuncOp function,
                                 LaunchDescription::Entry &entry);
  LogicalResult describeLaunch(gdpa_tile::LaunchOp launch,
                               LaunchDescription::Entry &entry);
  FailureOr<json::Value> expression(Value value) {
    return toExpression(value, [&](BlockArgument argument, int64_t dim) {
      return sizeOf(argument, dim);
    });
  }
  json::Value sizeOf(BlockArgument argument, int64_t dim);
  StringRef attribute(func::FuncOp function, unsigned number, StringRef name) {
    auto value = function.getArgAttrOfType<StringAttr>(number, name);
    return value ? value.getValue() : StringRef();
  }

  ModuleOp module;
  bool hasKernels;
  LaunchDescription description;
  // Of the entry being described.
  func::FuncOp current;
  llvm::DenseMap<Value, std::string> workspaceNames;
};

} // namespace

json::Value Describer::sizeOf(BlockArgument argument, int64_t dim) {
  std::string name =
      attribute(current, argument.getArgNumber(), "gdpa.name").str();
  for (const LaunchDescription::Argument &described : description.arguments)
    if (described.name == name)
      return described.shape[dim];
  return nullptr;
}

LogicalResult Describer::describeArguments(func::FuncOp function,
                                           LaunchDescription::Entry &entry) {
  auto layoutAttr = function->getAttrOfType<StringAttr>("gdpa.layout");
  StringRef layout = layoutAttr ? layoutAttr.getValue() : "bhsd";
  // Role of the argument that a companion ("dq.valid") or a capture's gradient
  // ("d_bias") takes its shape from.
  llvm::StringMap<StringRef> roles;
  for (unsigned i = 0, e = function.getNumArguments(); i < e; ++i)
    roles[attribute(function, i, "gdpa.name")] =
        attribute(function, i, "gdpa.role");

  for (BlockArgument value : function.getArguments()) {
    unsigned number = value.getArgNumber();
    LaunchDescription::Argument argument;
    argument.name = attribute(function, number, "gdpa.name");
    argument.role = attribute(function, number, "gdpa.role");
    if (argument.name.empty() || argument.role.empty())
      return function.emitError("expected argument ")
             << number << " of an entry to have gdpa.name and gdpa.role";
    if (argument.role == "valid" || argument.role == "scale_of" ||
        argument.role == "unused")
      argument.role.clear();
    argument.isWritten = attribute(function, number, "gdpa.access") == "write";
    argument.type = typeName(value.getType());
    if (auto multiple = function.getArgAttrOfType<IntegerAttr>(
            number, "gdpa.stride_multiple_bytes"))
      argument.strideMultipleBytes = multiple.getInt();

    if (auto memref = dyn_cast<MemRefType>(value.getType()))
      argument.anyLastStride =
          memref.getRank() > 0 && !memref.isLastDimUnitStride();

    StringRef base = argument.name;
    base.consume_back(".valid") || base.consume_back(".scale");
    StringRef role = roles.lookup(base);
    if (role == "dcapture")
      base.consume_front("d_");
    ArrayRef<StringRef> symbols = symbolsOfRole(role, layout);
    if (auto memref = dyn_cast<MemRefType>(value.getType()))
      for (int64_t dim = 0; dim < memref.getRank(); ++dim) {
        if (!memref.isDynamicDim(dim)) {
          argument.shape.push_back(memref.getDimSize(dim));
          continue;
        }
        std::string symbol = dim < int64_t(symbols.size())
                                 ? symbols[dim].str()
                                 : (base + "." + Twine(dim)).str();
        argument.shape.push_back(symbol);
        if (!argument.isWritten)
          description.symbols.insert({symbol, {argument.name, dim}});
      }

    entry.arguments.push_back(argument.name);
    auto known = llvm::find_if(description.arguments, [&](const auto &other) {
      return other.name == argument.name;
    });
    if (known == description.arguments.end())
      description.arguments.push_back(argument);
    else if (known->type != argument.type || known->shape != argument.shape)
      return function.emitError("expected argument '")
             << argument.name
             << "' to have the same type and shape in every entry";
    else if (known->role.empty()) // another entry did not read it
      known->role = argument.role;
    else if (!argument.isWritten && !argument.role.empty() &&
             known->role != argument.role)
      return function.emitError("expected argument '")
             << argument.name << "' to have one role, found '" << known->role
             << "' and '" << argument.role << "'";
  }
  return success();
}

LogicalResult Describer::describeLaunch(gdpa_tile::LaunchOp launch,
                                        LaunchDescription::Entry &entry) {
  LaunchDescription::Kernel kernel;
  kernel.symbol = launch.getProgram().str();
  for (Value size : launch.getGrid()) {
    FailureOr<json::Value> extent = expression(size);
    if (failed(extent))
      return failure();
    kernel.grid.push_back(*extent);
  }
  kernel.grid.resize(3, json::Value(1));

  for (Value operand : launch.getArguments()) {
    auto type = dyn_cast<MemRefType>(operand.getType());
    BufferBehind behind =
        type ? bufferBehind(operand) : BufferBehind{operand, {}};
    Value source = behind.buffer;
    auto argument = dyn_cast<BlockArgument>(source);
    std::string name =
        argument
            ? attribute(current, argument.getArgNumber(), "gdpa.name").str()
            : workspaceNames.lookup(source);
    kernel.operands.emplace_back();
    if (type && argument)
      kernel.operands.back() = {name, behind.dims};
    if (!type && argument) {
      kernel.parameters.push_back(json::Object{{"scalar", name}});
      continue;
    }
    if (!type) {
      FailureOr<json::Value> value = expression(operand);
      if (failed(value))
        return failure();
      kernel.parameters.push_back(json::Object{
          {"value", *value}, {"type", typeName(operand.getType())}});
      continue;
    }
    if (name.empty())
      return launch.emitError("expected buffers of a launch to be arguments of "
                              "the entry or workspaces, found ")
             << operand.getDefiningOp()->getName();
    kernel.parameters.push_back(
        json::Object{{argument ? "pointer" : "workspace", name}});
    auto workspace = source.getDefiningOp<gdpa_tile::WorkspaceOp>();
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      if (!type.isDynamicDim(dim))
        continue;
      if (argument) {
        kernel.parameters.push_back(
            json::Object{{"size", json::Array{name, behind.dims[dim]}}});
        continue;
      }
      MemRefType full = workspace.getType();
      json::Value size = full.getDimSize(dim);
      if (full.isDynamicDim(dim)) {
        FailureOr<json::Value> value = expression(
            workspace.getDynamicSizes()[full.getDynamicDimIndex(dim)]);
        if (failed(value))
          return failure();
        size = *value;
      }
      kernel.parameters.push_back(
          json::Object{{"value", size}, {"type", "i64"}});
    }
    // An identity layout's strides follow from the sizes.
    auto layout = dyn_cast<StridedLayoutAttr>(type.getLayout());
    if (!layout)
      continue;
    for (auto [dim, stride] : llvm::enumerate(layout.getStrides())) {
      if (!ShapedType::isDynamic(stride))
        continue;
      if (!argument)
        return launch.emitError("expected a workspace of a launch to have "
                                "static or dense strides");
      kernel.parameters.push_back(
          json::Object{{"stride", json::Array{name, behind.dims[dim]}}});
    }
  }
  entry.kernels.push_back(std::move(kernel));
  return success();
}

LogicalResult Describer::describeHostCode(func::FuncOp function,
                                          LaunchDescription::Entry &entry) {
  workspaceNames.clear();
  auto describeWorkspace = [&](gdpa_tile::WorkspaceOp op) -> LogicalResult {
    LaunchDescription::Workspace workspace;
    workspace.name = "ws" + std::to_string(entry.workspaces.size());
    workspace.isZero = op.getZero();
    MemRefType type = op.getType();
    int64_t bits =
        type.getElementType().isIndex() ? 64 : type.getElementTypeBitWidth();
    int64_t staticBytes = llvm::divideCeil(bits, 8);
    for (int64_t size : type.getShape())
      if (!ShapedType::isDynamic(size))
        staticBytes *= size;
    workspace.bytes = staticBytes;
    for (Value size : op.getDynamicSizes()) {
      FailureOr<json::Value> extent = expression(size);
      if (failed(extent))
        return failure();
      workspace.bytes = json::Array{"mul", workspace.bytes, *extent};
    }
    workspaceNames[op.getResult()] = workspace.name;
    entry.workspaces.push_back(std::move(workspace));
    return success();
  };
  WalkResult result = function.walk([&](Operation *op) {
    LogicalResult status = success();
    if (auto workspace = dyn_cast<gdpa_tile::WorkspaceOp>(op))
      status = describeWorkspace(workspace);
    else if (auto launch = dyn_cast<gdpa_tile::LaunchOp>(op);
             launch && hasKernels)
      status = describeLaunch(launch, entry);
    if (auto launch = dyn_cast<gdpa_tile::LaunchOp>(op))
      if (Operation *program = SymbolTable::lookupNearestSymbolFrom(
              launch, launch.getProgramAttr()))
        if (Attribute schedule = program->getAttr("schedule")) {
          std::string text;
          llvm::raw_string_ostream(text) << schedule;
          if (description.schedule.empty())
            description.schedule = text;
        }
    return failed(status) ? WalkResult::interrupt() : WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult Describer::describeEntry(func::FuncOp function) {
  current = function;
  LaunchDescription::Entry entry;
  entry.kind = "forward";
  for (unsigned i = 0, e = function.getNumArguments(); i < e; ++i)
    if (attribute(function, i, "gdpa.role") == "dq")
      entry.kind = "backward";
  for (const LaunchDescription::Entry &other : description.entries)
    if (other.kind == entry.kind)
      return function.emitError("expected one ") << entry.kind << " entry";
  if (!hasKernels)
    entry.symbol = function.getSymName().str();
  if (failed(describeArguments(function, entry)) ||
      failed(describeHostCode(function, entry)))
    return failure();
  description.entries.push_back(std::move(entry));
  return success();
}

FailureOr<LaunchDescription> Describer::run() {
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isPrivate() || function.isExternal())
      continue;
    if (failed(describeEntry(function)))
      return failure();
  }
  if (description.entries.empty())
    return module.emitError("expected an entry in the module");
  llvm::sort(description.entries, [](const auto &a, const auto &b) {
    return a.kind > b.kind; // forward first
  });
  return std::move(description);
}

FailureOr<LaunchDescription> gdpa::describeEntries(ModuleOp module,
                                                   StringRef target) {
  return Describer(module, target).run();
}

LogicalResult gdpa::describeKernels(ModuleOp module,
                                    LaunchDescription &description) {
  llvm::StringMap<Operation *> functions;
  module.walk([&](gpu::GPUModuleOp gpuModule) {
    gpuModule.walk([&](FunctionOpInterface function) {
      functions[function.getName()] = function;
    });
  });
  for (LaunchDescription::Entry &entry : description.entries)
    for (LaunchDescription::Kernel &kernel : entry.kernels) {
      Operation *function = functions.lookup(kernel.symbol);
      if (!function)
        return module.emitError("expected a kernel called '")
               << kernel.symbol << "' in a gpu.module";
      ArrayRef<int32_t> block;
      for (StringRef name : {"nvvm.reqntid", "nvvm.maxntid"})
        if (auto sizes = function->getAttrOfType<DenseI32ArrayAttr>(name);
            sizes && block.empty())
          block = sizes.asArrayRef();
      if (block.empty())
        return function->emitError("expected the kernel to state its block "
                                   "size in nvvm.reqntid");
      kernel.block.assign(block.begin(), block.end());
      kernel.block.resize(3, 1);
      if (auto bytes =
              function->getAttrOfType<IntegerAttr>("gdpa_nv.shared_bytes"))
        kernel.sharedBytes = bytes.getInt();
      if (failed(describeTensorMaps(function, kernel)))
        return failure();
    }
  return success();
}
