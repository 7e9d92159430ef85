//===- PersistTiles.cpp - several tiles for each block of a kernel --------===//

#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/SymbolTable.h"

namespace mlir::gdpa_nv {
#define GEN_PASS_DEF_GDPANVPERSISTTILES
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_nv

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

constexpr unsigned kMostDims = 3;

/// The program's body as the body of a loop over tiles of a grid of `dims`
/// dimensions, whose sizes and counter are its last arguments.
void persistProgram(gdpa_tile::ProgramOp program, unsigned dims) {
  OpBuilder builder(program.getContext());
  Location loc = program.getLoc();
  Block &body = program.getBody().front();
  Type index = builder.getIndexType(), i32 = builder.getI32Type();
  SmallVector<Value> sizes;
  for (unsigned i = 0; i < dims; ++i)
    sizes.push_back(body.addArgument(index, loc));
  auto counterType = MemRefType::get({1}, i32);
  Value counter = body.addArgument(counterType, loc);
  program.setFunctionType(builder.getFunctionType(body.getArgumentTypes(), {}));

  SmallVector<Operation *> moved;
  for (Operation &op : body.without_terminator())
    moved.push_back(&op);
  builder.setInsertionPointToStart(&body);
  SmallVector<Value> narrow;
  Value total;
  for (Value size : sizes) {
    narrow.push_back(arith::IndexCastOp::create(builder, loc, i32, size));
    total = total ? arith::MulIOp::create(builder, loc, total, narrow.back()).getResult()
                  : narrow.back();
  }
  auto loop = ForTilesOp::create(builder, loc, total, counter);
  Block *tile = &loop.getBody().emplaceBlock();
  tile->addArgument(i32, loc);
  builder.setInsertionPointToStart(tile);
  // The number's digits, dimension 0 first.
  SmallVector<Value> position;
  Value rest = tile->getArgument(0);
  for (unsigned i = 0; i < dims; ++i) {
    Value digit = rest;
    if (i + 1 < dims) {
      digit = arith::RemUIOp::create(builder, loc, rest, narrow[i]);
      rest = arith::DivUIOp::create(builder, loc, rest, narrow[i]);
    }
    position.push_back(arith::IndexCastUIOp::create(builder, loc, index, digit));
  }
  TilesEndOp::create(builder, loc);
  for (Operation *op : moved)
    op->moveBefore(tile->getTerminator());
  loop.walk([&](gdpa_tile::ProgramIdOp id) {
    unsigned dim = id.getDimension();
    builder.setInsertionPoint(id);
    Value value = dim < dims ? position[dim]
                             : arith::ConstantIndexOp::create(builder, loc, 0).getResult();
    id.replaceAllUsesWith(value);
    id.erase();
  });
}

struct PersistTiles : gdpa_nv::impl::GDPANVPersistTilesBase<PersistTiles> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SymbolTable symbols(module);
    SmallVector<gdpa_tile::LaunchOp> launches;
    module.walk([&](gdpa_tile::LaunchOp launch) { launches.push_back(launch); });
    llvm::SmallPtrSet<Operation *, 4> done;
    for (gdpa_tile::LaunchOp launch : launches) {
      auto program = symbols.lookup<gdpa_tile::ProgramOp>(launch.getProgram());
      auto schedule =
          program ? program->getAttrOfType<ScheduleAttr>("schedule") : ScheduleAttr();
      if (!schedule || !schedule.getConsumers())
        continue;
      SmallVector<Value> grid(launch.getGrid());
      if (!program.getBody().hasOneBlock() || grid.empty() || grid.size() > kMostDims ||
          !done.insert(program).second) {
        launch.emitError("expected one launch, with a grid of 1 to 3 sizes, of a program of "
                         "one block");
        return signalPassFailure();
      }
      persistProgram(program, grid.size());
      OpBuilder builder(launch);
      Location loc = launch.getLoc();
      Value total;
      for (Value size : grid)
        total = total ? arith::MulIOp::create(builder, loc, total, size).getResult() : size;
      Value processors = ProcessorsOp::create(builder, loc, builder.getIndexType());
      Value blocks = arith::MinSIOp::create(builder, loc, total, processors);
      Value counter = gdpa_tile::WorkspaceOp::create(
          builder, loc, MemRefType::get({1}, builder.getI32Type()), ValueRange(),
          /*zero=*/true);
      SmallVector<Value> arguments(grid);
      arguments.push_back(counter);
      launch.getArgumentsMutable().append(arguments);
      launch.getGridMutable().assign(blocks);
    }
  }
};
} // namespace
