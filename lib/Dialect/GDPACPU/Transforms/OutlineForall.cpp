//===- OutlineForall.cpp - parallel loops of a host function --------------===//

#include "Utils.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"

namespace mlir::gdpa_cpu {
#define GEN_PASS_DEF_GDPACPUOUTLINEFORALL
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_cpu

using namespace mlir;
using namespace mlir::gdpa_cpu;

namespace {
struct OutlineForall : gdpa_cpu::impl::GDPACPUOutlineForallBase<OutlineForall> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<func::FuncOp> hosts;
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (!isProgram(func) && !func.isExternal())
        hosts.push_back(func);
    for (func::FuncOp host : hosts) {
      SmallVector<scf::ForallOp> loops(
          host.getBody().front().getOps<scf::ForallOp>());
      for (scf::ForallOp loop : loops)
        if (failed(outline(host, loop, symbols)))
          return signalPassFailure();
    }
  }

  LogicalResult outline(func::FuncOp host, scf::ForallOp loop,
                        SymbolTable &symbols) {
    if (loop->getNumResults())
      return loop.emitOpError("expected a loop on buffers: bufferize first");
    Location loc = loop.getLoc();
    OpBuilder builder(loop);
    // Bounds are values of the host function from here on.
    auto values = [&](ArrayRef<OpFoldResult> bounds) {
      return getValueOrCreateConstantIndexOp(builder, loc, bounds);
    };
    SmallVector<Value> lower = values(loop.getMixedLowerBound()),
                       upper = values(loop.getMixedUpperBound()),
                       step = values(loop.getMixedStep());
    SmallVector<Value> counts;
    Value count = arith::ConstantIndexOp::create(builder, loc, 1);
    for (auto [from, to, by] : llvm::zip_equal(lower, upper, step)) {
      Value extent = arith::SubIOp::create(builder, loc, to, from);
      counts.push_back(arith::CeilDivSIOp::create(builder, loc, extent, by));
      count = arith::MulIOp::create(builder, loc, count, counts.back());
    }
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(loop.getRegion(), captured);
    for (ArrayRef<Value> list : {ArrayRef<Value>(lower), ArrayRef<Value>(step),
                                 ArrayRef<Value>(counts)})
      captured.insert(list.begin(), list.end());
    // Constants come along.
    SmallVector<Operation *> constants;
    SmallVector<Value> arguments;
    for (Value value : captured) {
      Operation *op = value.getDefiningOp();
      if (op && op->hasTrait<OpTrait::ConstantLike>())
        constants.push_back(op);
      else
        arguments.push_back(value);
    }
    Type index = builder.getIndexType();
    SmallVector<Type> types(ValueRange(arguments).getTypes());
    types.push_back(
        MemRefType::get({ShapedType::kDynamic}, builder.getI8Type()));
    types.append(3, index);
    builder.setInsertionPoint(host);
    auto program =
        func::FuncOp::create(builder, loc, (host.getName() + "_loop").str(),
                             builder.getFunctionType(types, {}));
    program.setPrivate();
    program->setAttr(kProgramAttr, builder.getUnitAttr());
    symbols.insert(program);
    Block *body = program.addEntryBlock();
    builder.setInsertionPointToStart(body);
    IRMapping mapping;
    for (auto [value, argument] : llvm::zip(arguments, body->getArguments()))
      mapping.map(value, argument);
    for (Operation *op : constants)
      builder.clone(*op, mapping);
    // The place of a task in the grid, last loop fastest.
    Value rest = body->getArgument(arguments.size() + 1);
    for (unsigned number = counts.size(); number-- > 0;) {
      Value extent = mapping.lookup(counts[number]);
      Value place =
          number
              ? arith::RemUIOp::create(builder, loc, rest, extent).getResult()
              : rest;
      if (number)
        rest = arith::DivUIOp::create(builder, loc, rest, extent);
      place = arith::MulIOp::create(builder, loc, place,
                                    mapping.lookup(step[number]));
      place = arith::AddIOp::create(builder, loc, place,
                                    mapping.lookup(lower[number]));
      mapping.map(loop.getInductionVars()[number], place);
    }
    for (Operation &op : loop.getBody()->without_terminator())
      builder.clone(op, mapping);
    func::ReturnOp::create(builder, loc);
    builder.setInsertionPoint(loop);
    gdpa_tile::LaunchOp::create(builder, loc, program.getSymName(),
                                ValueRange{count}, arguments);
    loop.erase();
    return success();
  }
};
} // namespace
