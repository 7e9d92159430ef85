//===- Entry.cpp - the C interface of an artefact -------------------------===//
//
// The layout of gdpa_tensor and gdpa_runtime is that of
// include/gdpa-runtime/gdpa_runtime.h.
//
//===----------------------------------------------------------------------===//

#include "Utils.h"
#include "gdpa/Conversion/RuntimeTensor.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::gdpa_cpu {
#define GEN_PASS_DEF_GDPACPUENTRY
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_cpu

using namespace mlir;
using namespace mlir::gdpa_cpu;

namespace {

constexpr int64_t kWorkspaceAlignment = 256;
/// Workspaces are cleared in parts of this many bytes.
constexpr int64_t kClearBytes = 1 << 18;
constexpr StringLiteral kClearTask = "gdpa_cpu_clear";

class EntryBuilder {
public:
  EntryBuilder(func::FuncOp host, const LLVMTypeConverter &converter)
      : host(host), converter(converter), b(host.getLoc(), host.getContext()),
        pointer(LLVM::LLVMPointerType::get(host.getContext())),
        i64(b.getI64Type()), i32(b.getI32Type()) {
    runtimeType =
        LLVM::LLVMStructType::getLiteral(host.getContext(), {pointer, pointer});
  }

  LogicalResult run();

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value).getResult();
  }
  Value integer(Type type, int64_t value) {
    return arith::ConstantIntOp::create(b, type, value).getResult();
  }
  Value toI64(Value value) {
    return arith::IndexCastOp::create(b, i64, value).getResult();
  }
  Value toIndex(Value value) {
    return arith::IndexCastOp::create(b, b.getIndexType(), value).getResult();
  }
  Value cast(Value value, Type type) {
    return UnrealizedConversionCastOp::create(b, type, value).getResult(0);
  }
  Value member(Type type, Value base, ArrayRef<LLVM::GEPArg> path) {
    return LLVM::GEPOp::create(b, pointer, type, base, path).getResult();
  }
  Value load(Type type, Value address) {
    return LLVM::LoadOp::create(b, type, address).getResult();
  }

  func::FuncOp createFunction(StringRef name, TypeRange inputs, TypeRange results);
  void callParallelFor(Value count, int64_t scratchBytes, func::FuncOp task,
                       Value context);
  void clear(Value data, Value bytes);
  Value lowerWorkspace(gdpa_tile::WorkspaceOp op, Value &offset);
  LogicalResult lowerLaunch(gdpa_tile::LaunchOp op, int64_t number);

  func::FuncOp host;
  const LLVMTypeConverter &converter;
  ImplicitLocOpBuilder b;
  Type pointer, i64, i32, runtimeType;
  func::FuncOp entry;
  Value workspace, runtime;
};

func::FuncOp EntryBuilder::createFunction(StringRef name, TypeRange inputs,
                                          TypeRange results) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(host);
  auto func =
      func::FuncOp::create(b, name, b.getFunctionType(inputs, results));
  func.setPrivate();
  func->setAttr("llvm.linkage",
                LLVM::LinkageAttr::get(b.getContext(), LLVM::Linkage::Internal));
  func.addEntryBlock();
  return func;
}

void EntryBuilder::callParallelFor(Value count, int64_t scratchBytes,
                                   func::FuncOp task, Value context) {
  Value self = load(pointer, member(runtimeType, runtime, {0, 0}));
  Value parallelFor = load(pointer, member(runtimeType, runtime, {0, 1}));
  Value taskConstant = func::ConstantOp::create(b, task.getFunctionType(),
                                                task.getSymName());
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(b.getContext()),
      {pointer, i64, i64, pointer, pointer});
  LLVM::CallOp::create(b, type,
                       ValueRange{parallelFor, self, count,
                                  integer(i64, scratchBytes),
                                  cast(taskConstant, pointer), context});
}

void EntryBuilder::clear(Value data, Value bytes) {
  auto module = host->getParentOfType<ModuleOp>();
  auto contextType =
      LLVM::LLVMStructType::getLiteral(b.getContext(), {pointer, i64});
  auto task = module.lookupSymbol<func::FuncOp>(kClearTask);
  if (!task) {
    task = createFunction(kClearTask, {pointer, i64, i64, pointer}, {});
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&task.getBody().front());
    Value context = task.getArgument(0);
    Value base = load(pointer, member(contextType, context, {0, 0}));
    Value total = load(i64, member(contextType, context, {0, 1}));
    Value chunk = integer(i64, kClearBytes);
    Value from = arith::MulIOp::create(b, task.getArgument(1), chunk);
    Value to = arith::MinSIOp::create(
        b, total, arith::MulIOp::create(b, task.getArgument(2), chunk));
    Value address = LLVM::GEPOp::create(b, pointer, b.getI8Type(), base,
                                        ArrayRef<LLVM::GEPArg>{from});
    LLVM::MemsetOp::create(b, address, integer(b.getI8Type(), 0),
                           arith::SubIOp::create(b, to, from), /*isVolatile=*/false);
    func::ReturnOp::create(b);
  }
  Value context;
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&entry.getBody().front());
    context = LLVM::AllocaOp::create(b, pointer, contextType, integer(i64, 1));
  }
  LLVM::StoreOp::create(b, data, member(contextType, context, {0, 0}));
  LLVM::StoreOp::create(b, bytes, member(contextType, context, {0, 1}));
  Value count =
      arith::CeilDivSIOp::create(b, bytes, integer(i64, kClearBytes));
  callParallelFor(count, 0, task, context);
}

Value EntryBuilder::lowerWorkspace(gdpa_tile::WorkspaceOp op, Value &offset) {
  MemRefType type = mlir::cast<MemRefType>(op.getType());
  SmallVector<Value> sizes, strides(type.getRank());
  unsigned next = 0;
  for (int64_t size : type.getShape())
    sizes.push_back(ShapedType::isDynamic(size) ? toI64(op.getDynamicSizes()[next++])
                                                : integer(i64, size));
  Value stride = integer(i64, 1);
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    strides[dim] = stride;
    stride = arith::MulIOp::create(b, stride, sizes[dim]);
  }
  int64_t elementBytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  Value bytes = arith::MulIOp::create(b, stride, integer(i64, elementBytes));
  Value data = LLVM::GEPOp::create(b, pointer, b.getI8Type(), workspace,
                                   ArrayRef<LLVM::GEPArg>{offset});
  if (op.getZero())
    clear(data, bytes);
  Value mask = integer(i64, -kWorkspaceAlignment);
  Value end = arith::AddIOp::create(b, offset, bytes);
  end = arith::AddIOp::create(b, end, integer(i64, kWorkspaceAlignment - 1));
  offset = arith::AndIOp::create(b, end, mask);
  return gdpa::buildMemRef(b, b.getLoc(), type, data, sizes, strides);
}

LogicalResult EntryBuilder::lowerLaunch(gdpa_tile::LaunchOp op, int64_t number) {
  auto module = host->getParentOfType<ModuleOp>();
  auto program = module.lookupSymbol<func::FuncOp>(op.getProgram());
  auto scratchBytes =
      program ? program->getAttrOfType<IntegerAttr>(kScratchBytesAttr) : IntegerAttr();
  if (!scratchBytes)
    return op.emitOpError("expected ")
           << op.getProgramAttr() << " to be a lowered block program";
  // What the task needs travels in a structure: the arguments, then the first two
  // sizes of the grid.
  SmallVector<Type> fields;
  for (Type type : op.getArguments().getTypes())
    fields.push_back(converter.convertType(type));
  fields.append({i64, i64});
  auto contextType = LLVM::LLVMStructType::getLiteral(b.getContext(), fields);
  int32_t numArguments = op.getArguments().size();

  std::string name = (entry.getName() + "_task" + Twine(number)).str();
  func::FuncOp task = createFunction(name, {pointer, i64, i64, pointer}, {});
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&task.getBody().front());
    Value context = task.getArgument(0);
    SmallVector<Value> operands;
    for (auto [at, type] : llvm::enumerate(op.getArguments().getTypes())) {
      Value field = load(fields[at],
                         member(contextType, context, {0, static_cast<int32_t>(at)}));
      operands.push_back(field.getType() == type ? field : cast(field, type));
    }
    Value gridX = toIndex(load(i64, member(contextType, context, {0, numArguments})));
    Value gridY =
        toIndex(load(i64, member(contextType, context, {0, numArguments + 1})));
    Type scratchType = program.getFunctionType().getInput(numArguments);
    operands.push_back(gdpa::buildMemRef(
        b, b.getLoc(), mlir::cast<MemRefType>(scratchType), task.getArgument(3),
        integer(i64, scratchBytes.getInt()), integer(i64, 1)));
    auto loop = scf::ForOp::create(b, toIndex(task.getArgument(1)),
                                   toIndex(task.getArgument(2)), index(1));
    b.setInsertionPointToStart(loop.getBody());
    Value position = loop.getInductionVar();
    operands.push_back(arith::RemUIOp::create(b, position, gridX));
    Value rest = arith::DivUIOp::create(b, position, gridX);
    operands.push_back(arith::RemUIOp::create(b, rest, gridY));
    operands.push_back(arith::DivUIOp::create(b, rest, gridY));
    func::CallOp::create(b, program, operands);
    b.setInsertionPointAfter(loop);
    func::ReturnOp::create(b);
  }

  Value context;
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&entry.getBody().front());
    context = LLVM::AllocaOp::create(b, pointer, contextType, integer(i64, 1));
  }
  auto set = [&](int32_t at, Value value) {
    LLVM::StoreOp::create(b, value, member(contextType, context, {0, at}));
  };
  for (auto [at, value] : llvm::enumerate(op.getArguments()))
    set(at, value.getType() == fields[at] ? value : cast(value, fields[at]));
  SmallVector<Value> grid;
  for (Value size : op.getGrid())
    grid.push_back(toI64(size));
  while (grid.size() < 3)
    grid.push_back(integer(i64, 1));
  set(numArguments, grid[0]);
  set(numArguments + 1, grid[1]);
  Value count = arith::MulIOp::create(b, grid[0], grid[1]);
  count = arith::MulIOp::create(b, count, grid[2]);
  callParallelFor(count, scratchBytes.getInt(), task, context);
  return success();
}

LogicalResult EntryBuilder::run() {
  if (!host.getBody().hasOneBlock())
    return host.emitOpError("expected a host function of one block");
  if (host.getNumResults())
    return host.emitOpError("expected a host function without results, found ")
           << host.getFunctionType();
  std::string name = host.getName().str();
  host.setName(name + "_host");
  entry = createFunction(name, {pointer, pointer, pointer}, {i32});
  entry.setPublic();
  entry->removeAttr("llvm.linkage");
  b.setInsertionPointToStart(&entry.getBody().front());
  Value tensors = entry.getArgument(0);
  workspace = entry.getArgument(1);
  runtime = entry.getArgument(2);
  gdpa::RuntimeTensorReader reader(b, b.getLoc(), tensors);
  SmallVector<Value> good;
  for (auto [number, type] : llvm::enumerate(host.getArgumentTypes())) {
    if (!gdpa::isRuntimeArgument(type))
      return host.emitOpError("expected argument ")
             << number << " to be a scalar or a strided memref of rank at most "
             << gdpa::kMaxRuntimeRank << ", found " << type;
    good.push_back(reader.fits(number, type));
  }
  Value status = integer(i32, 0);
  for (auto [number, fits] : llvm::reverse(llvm::enumerate(good)))
    status =
        arith::SelectOp::create(b, fits, status, integer(i32, number + 1));
  Value isFine = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, status,
                                       integer(i32, 0));
  auto guard = scf::IfOp::create(b, isFine, /*withElseRegion=*/false);
  func::ReturnOp::create(b, status);

  // The body of the host function moves under the check.
  Block &body = host.getBody().front();
  Block &target = guard.getThenRegion().front();
  b.setInsertionPointToStart(&target);
  for (BlockArgument from : body.getArguments())
    from.replaceAllUsesWith(reader.read(from.getArgNumber(), from.getType()));
  // Workspaces lie in the order in which they are made.
  Value offset = integer(i64, 0);
  body.getTerminator()->erase();
  target.getOperations().splice(std::prev(target.end()), body.getOperations());
  SmallVector<Operation *> ops;
  WalkResult nested = target.walk([&](Operation *op) {
    if (!isa<gdpa_tile::LaunchOp, gdpa_tile::WorkspaceOp>(op))
      return WalkResult::advance();
    if (op->getBlock() != &target) {
      op->emitOpError("expected to stand at the top of its host function");
      return WalkResult::interrupt();
    }
    ops.push_back(op);
    return WalkResult::advance();
  });
  if (nested.wasInterrupted())
    return failure();
  int64_t launches = 0;
  for (Operation *op : ops) {
    b.setInsertionPoint(op);
    b.setLoc(op->getLoc());
    if (auto made = dyn_cast<gdpa_tile::WorkspaceOp>(op))
      made.getResult().replaceAllUsesWith(lowerWorkspace(made, offset));
    else if (failed(lowerLaunch(mlir::cast<gdpa_tile::LaunchOp>(op), launches++)))
      return failure();
    op->erase();
  }
  host.erase();
  return success();
}

struct Entry : gdpa_cpu::impl::GDPACPUEntryBase<Entry> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    LLVMTypeConverter converter(&getContext());
    SmallVector<func::FuncOp> hosts;
    for (auto func : module.getOps<func::FuncOp>()) {
      if (isProgram(func)) {
        func->setAttr("llvm.linkage",
                      LLVM::LinkageAttr::get(&getContext(), LLVM::Linkage::Internal));
        continue;
      }
      bool launches = false;
      func.walk([&](gdpa_tile::LaunchOp) { launches = true; });
      if (launches)
        hosts.push_back(func);
    }
    for (func::FuncOp host : hosts)
      if (failed(EntryBuilder(host, converter).run()))
        return signalPassFailure();
    // LLVM knows none of the attributes that led here.
    for (auto func : module.getOps<func::FuncOp>())
      for (StringRef name : {kProgramAttr, kScratchBytesAttr, StringLiteral("schedule"),
                             StringLiteral("precision")})
        func->removeAttr(name);
  }
};
} // namespace
