//===- SplitMaskedBlocks.cpp - blocks with a mask before the others -------===//

#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

namespace mlir::gdpa_nv {
#define GEN_PASS_DEF_GDPANVSPLITMASKEDBLOCKS
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_nv

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

/// A condition of a loop's body that holds from a block on, or up to one.
struct Change {
  scf::IfOp choice;
  arith::CmpIOp compare;
  bool holdsLate; // bound <= j, else j <= bound
  Value bound;
};

std::optional<Change> findChange(scf::ForOp loop) {
  SmallVector<scf::IfOp> choices(loop.getBody()->getOps<scf::IfOp>());
  if (choices.size() != 1 || !choices[0].elseBlock())
    return std::nullopt;
  auto compare = choices[0].getCondition().getDefiningOp<arith::CmpIOp>();
  if (!compare || compare.getPredicate() != arith::CmpIPredicate::sle ||
      compare->getBlock() != loop.getBody())
    return std::nullopt;
  Value j = loop.getInductionVar();
  bool late = compare.getRhs() == j;
  Value bound = late ? compare.getLhs() : compare.getRhs();
  if ((!late && compare.getLhs() != j) || !loop.isDefinedOutsideOfLoop(bound))
    return std::nullopt;
  return Change{choices[0], compare, late, bound};
}

bool carriesBlocks(scf::ForOp loop) {
  return llvm::any_of(loop.getResultTypes(), llvm::IsaPred<RankedTensorType>) &&
         !loop.getBody()->getOps<gdpa_tile::LoadOp>().empty();
}

class Split {
public:
  explicit Split(scf::ForOp loop) : loop(loop), builder(loop), loc(loop.getLoc()) {}

  void run() {
    Value lower = loop.getLowerBound(), one = index(1);
    // The last block's first row, with at least one block.
    Value upper = arith::MaxSIOp::create(builder, loc, loop.getUpperBound(),
                                         arith::AddIOp::create(builder, loc, lower, one));
    loop.setUpperBound(upper);
    loop->setAttr(kNotEmptyAttr, builder.getUnitAttr());
    std::optional<Change> change = findChange(loop);
    if (!change)
      return;
    // Blocks from `split` on are late. Either side is walked first, and has a block then.
    Value step = loop.getStep();
    auto clamp = [&](Value value) -> Value {
      value = arith::MaxSIOp::create(builder, loc, value, lower);
      return arith::MinSIOp::create(builder, loc, value, upper);
    };
    // Rows [lower, x) lie in early blocks.
    Value bound = change->bound;
    if (!change->holdsLate)
      bound = arith::AddIOp::create(builder, loc, bound, one);
    Value rows = arith::SubIOp::create(builder, loc, clamp(bound), lower);
    Value split = blocksOf(rows, step);
    Value last = arith::SubIOp::create(
        builder, loc, blocksOf(arith::SubIOp::create(builder, loc, upper, lower), step), step);
    // The side with the mask is the longer code: that of the `then` or `else` region with
    // more operations.
    auto count = [](Block *block) {
      int64_t operations = 0;
      block->walk([&](Operation *) { ++operations; });
      return operations;
    };
    bool thenMasks = count(change->choice.thenBlock()) > count(change->choice.elseBlock());
    bool lateMasks = thenMasks == change->holdsLate;
    if (lateMasks)
      split = arith::MinSIOp::create(builder, loc, split, last);
    else
      split = arith::MaxSIOp::create(builder, loc, split, step);
    split = arith::AddIOp::create(builder, loc, lower, split);
    // The masked blocks stay in this loop; a copy walks the others.
    IRMapping mapping;
    builder.setInsertionPointAfter(loop);
    auto whole = cast<scf::ForOp>(builder.clone(*loop, mapping));
    whole->removeAttr(kNotEmptyAttr);
    auto copied = cast<scf::IfOp>(mapping.lookup(change->choice->getResult(0)).getDefiningOp());
    whole.getInitArgsMutable().assign(loop.getResults());
    loop.getResults().replaceUsesWithIf(whole.getResults(), [&](OpOperand &use) {
      return use.getOwner() != whole;
    });
    if (lateMasks) {
      loop.setLowerBound(split);
      whole.setUpperBound(split);
    } else {
      loop.setUpperBound(split);
      whole.setLowerBound(split);
    }
    take(change->choice, thenMasks);
    take(copied, !thenMasks);
  }

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  /// `rows` rounded up to whole blocks.
  Value blocksOf(Value rows, Value step) {
    Value less = arith::SubIOp::create(builder, loc, step, index(1));
    Value count = arith::DivUIOp::create(
        builder, loc, arith::AddIOp::create(builder, loc, rows, less), step);
    return arith::MulIOp::create(builder, loc, count, step);
  }
  /// One branch in the place of the condition.
  static void take(scf::IfOp choice, bool first) {
    Block *branch = first ? choice.thenBlock() : choice.elseBlock();
    Operation *yield = branch->getTerminator();
    choice.replaceAllUsesWith(yield->getOperands());
    yield->erase();
    choice->getBlock()->getOperations().splice(mlir::Block::iterator(choice),
                                               branch->getOperations());
    choice.erase();
  }

  scf::ForOp loop;
  OpBuilder builder;
  Location loc;
};

struct SplitMaskedBlocks
    : gdpa_nv::impl::GDPANVSplitMaskedBlocksBase<SplitMaskedBlocks> {
  void runOnOperation() override {
    auto schedule = getOperation()->getAttrOfType<ScheduleAttr>("schedule");
    if (!schedule || !schedule.getConsumers())
      return;
    SmallVector<scf::ForOp> loops;
    getOperation()->walk([&](scf::ForOp loop) {
      if (carriesBlocks(loop))
        loops.push_back(loop);
    });
    for (scf::ForOp loop : loops)
      Split(loop).run();
  }
};
} // namespace
