//===- ProgramToFunc.cpp - turn block programs into functions -------------===//

#include "Utils.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"

namespace mlir::gdpa_cpu {
#define GEN_PASS_DEF_GDPACPUPROGRAMTOFUNC
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_cpu

using namespace mlir;
using namespace mlir::gdpa_cpu;

namespace {
struct ProgramToFunc : gdpa_cpu::impl::GDPACPUProgramToFuncBase<ProgramToFunc> {
  void runOnOperation() override {
    for (auto program : llvm::make_early_inc_range(
             getOperation().getOps<gdpa_tile::ProgramOp>()))
      convert(program);
  }

  static void convert(gdpa_tile::ProgramOp program) {
    OpBuilder builder(program);
    Location loc = program.getLoc();
    Type index = builder.getIndexType();
    Type scratch = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
    SmallVector<Type> types(program.getArgumentTypes());
    types.append({scratch, index, index, index});
    auto func = func::FuncOp::create(builder, loc, program.getName(),
                                     builder.getFunctionType(types, {}));
    func.setPrivate();
    for (NamedAttribute attribute : program->getDiscardableAttrs())
      func->setDiscardableAttr(attribute.getName(), attribute.getValue());
    func->setAttr(kProgramAttr, builder.getUnitAttr());
    func.getBody().takeBody(program.getBody());
    func.getBody().front().addArgument(scratch, loc);
    SmallVector<Value> ids;
    for (unsigned dimension = 0; dimension < 3; ++dimension)
      ids.push_back(func.getBody().front().addArgument(index, loc));
    SmallVector<gdpa_tile::ProgramIdOp> idOps;
    func.walk([&](gdpa_tile::ProgramIdOp op) { idOps.push_back(op); });
    for (gdpa_tile::ProgramIdOp op : idOps) {
      op.getResult().replaceAllUsesWith(ids[op.getDimension()]);
      op.erase();
    }
    for (Block &block : func.getBody()) {
      auto end = dyn_cast<gdpa_tile::ReturnOp>(block.getTerminator());
      if (!end)
        continue;
      builder.setInsertionPoint(end);
      func::ReturnOp::create(builder, end.getLoc());
      end.erase();
    }
    program.erase();
  }
};
} // namespace
