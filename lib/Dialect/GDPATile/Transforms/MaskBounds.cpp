//===- MaskBounds.cpp - bounds of loops and versions from masks -----------===//

#include "MaskRanges.h"
#include "gdpa/Dialect/GDPATile/Transforms/Passes.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::gdpa_tile {
#define GEN_PASS_DEF_GDPATILEMASKBOUNDS
#include "gdpa/Dialect/GDPATile/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_tile

using namespace mlir;
using namespace mlir::gdpa_tile;

namespace {

/// Puts ordinary operations in the place of a keep.
void expand(KeepOp keep) {
  OpBuilder builder(keep);
  Location loc = keep.getLoc();
  Value test = keep.getMask();
  auto require = [&](Value position, Value end) {
    Value below = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt,
                                        position, end);
    test = test ? arith::AndIOp::create(builder, loc, test, below).getResult()
                : below;
  };
  if (keep.getQueryTail())
    require(keep.getQuery(), keep.getQueryEnd());
  if (keep.getKeyTail())
    require(keep.getKey(), keep.getKeyEnd());
  if (!test)
    test = arith::ConstantOp::create(builder, loc, builder.getBoolAttr(true));
  keep.getResult().replaceAllUsesWith(test);
  keep.erase();
}

/// A mask in a block that is neither empty nor full compares positions. They
/// are told apart by their places inside the block, in 32 bits, with one number
/// for the block that takes up all else.
class BlockTests {
public:
  BlockTests(UniformBuilder &b, KeepOp keep)
      : b(b), keep(keep), predicate(keep) {}

  void run() {
    SetVector<Operation *> slice;
    BackwardSliceOptions options;
    options.filter = [&](Operation *op) {
      return op->getBlock() == keep->getBlock();
    };
    options.inclusive = true;
    options.omitBlockArguments = true;
    if (keep.getMask() &&
        succeeded(getBackwardSlice(keep.getMask(), &slice, options)))
      for (Operation *op : slice)
        if (auto compare = dyn_cast<arith::CmpIOp>(op))
          if (auto difference = predicate.readDifference(compare))
            rewrite(compare, *difference);
    OpBuilder builder(keep);
    Value test = keep.getMask();
    auto require = [&](bool query) {
      LinearForm difference =
          LinearForm::ofUniform(query ? keep.getQueryEnd() : keep.getKeyEnd());
      (query ? difference.query : difference.key) = -1;
      Value below =
          compareInside(builder, arith::CmpIPredicate::slt, difference);
      test = test ? arith::AndIOp::create(builder, keep.getLoc(), test, below)
                        .getResult()
                  : below;
    };
    if (keep.getQueryTail())
      require(/*query=*/true);
    if (keep.getKeyTail())
      require(/*query=*/false);
    if (!test)
      test = arith::ConstantOp::create(builder, keep.getLoc(),
                                       builder.getBoolAttr(true));
    keep.getResult().replaceAllUsesWith(test);
    keep.erase();
  }

private:
  /// Places and coefficients stay small: sums of two fit in 32 bits.
  static constexpr int64_t kMaxRows = 1 << 12, kMaxFactor = 1 << 14;
  static constexpr int64_t kBeyond = 1 << 29;

  void rewrite(arith::CmpIOp compare, const LinearForm &difference) {
    auto isSmall = [](int64_t factor) {
      return factor <= kMaxFactor && factor >= -kMaxFactor;
    };
    if (difference.isUniform() || !difference.quotients.empty() ||
        !difference.rowValues.empty() ||
        !isSmall(difference.query) || !isSmall(difference.key) ||
        keep.getQueryBlock() > kMaxRows || keep.getKeyBlock() > kMaxRows)
      return;
    OpBuilder builder(compare);
    compare.getResult().replaceAllUsesWith(
        compareInside(builder, compare.getPredicate(), difference));
  }

  /// 0 `predicate` difference, as bound + places of the streamed side
  /// `predicate` places of the stationary side: few sums are the same for all
  /// iterations.
  Value compareInside(OpBuilder &builder, arith::CmpIPredicate predicate,
                      LinearForm difference) {
    using P = arith::CmpIPredicate;
    Location loc = keep.getLoc();
    // Both sides are small numbers with a sign.
    predicate = predicate == P::ult   ? P::slt
                : predicate == P::ule ? P::sle
                : predicate == P::ugt ? P::sgt
                : predicate == P::uge ? P::sge
                                      : predicate;
    bool streamsKeys = !b.isOutside(keep.getKeyBase());
    if ((streamsKeys ? difference.query : difference.key) < 0) {
      difference = *difference.times(-1);
      predicate = predicate == P::slt   ? P::sgt
                  : predicate == P::sle ? P::sge
                  : predicate == P::sgt ? P::slt
                  : predicate == P::sge ? P::sle
                                        : predicate;
    }
    auto constant = [&](int64_t value) -> Value {
      return arith::ConstantOp::create(builder, loc,
                                       builder.getI32IntegerAttr(value));
    };
    auto times = [&](Value place, int64_t factor) -> Value {
      if (factor == 1)
        return place;
      return arith::MulIOp::create(builder, loc, place, constant(factor));
    };
    Scalar rest = b.add(MaskRanges(b).uniformPart(difference),
                        b.add(b.multiply(keep.getQueryBase(), difference.query),
                              b.multiply(keep.getKeyBase(), difference.key)));
    Value bound = b.toI32(b.materialize(
        b.minimum(b.maximum(b.subtract(0, rest), -kBeyond), kBeyond)));
    int64_t streamed = streamsKeys ? difference.key : difference.query;
    int64_t stationary = streamsKeys ? difference.query : difference.key;
    if (streamed == -1)
      bound = arith::AddIOp::create(builder, loc, bound,
                                    placeOf(builder, !streamsKeys));
    else if (streamed)
      bound = arith::SubIOp::create(
          builder, loc, bound, times(placeOf(builder, !streamsKeys), streamed));
    Value fixed = stationary ? times(placeOf(builder, streamsKeys), stationary)
                             : constant(0);
    return arith::CmpIOp::create(builder, loc, predicate, bound, fixed);
  }

  Value placeOf(OpBuilder &builder, bool query) {
    Location loc = keep.getLoc();
    Value position = query ? keep.getQuery() : keep.getKey();
    Value base = query ? keep.getQueryBase() : keep.getKeyBase();
    auto sum = position.getDefiningOp<arith::AddIOp>();
    Value place;
    if (sum && sum.getRhs() == base)
      place = sum.getLhs();
    else if (sum && sum.getLhs() == base)
      place = sum.getRhs();
    else
      place = arith::SubIOp::create(builder, loc, position, base);
    return arith::IndexCastOp::create(builder, loc, builder.getI32Type(),
                                      place);
  }

  UniformBuilder &b;
  KeepOp keep;
  MaskPredicate predicate;
};

SmallVector<KeepOp> keepsOf(Operation *op) {
  SmallVector<KeepOp> keeps;
  op->walk([&](KeepOp keep) { keeps.push_back(keep); });
  return keeps;
}

/// The mask of one operation in a loop over streamed blocks.
struct Site {
  KeepOp keep;
  Operation *user; // the operation over the score block
  Union kept, dropped;
};

/// Everything that is done to one loop.
class LoopBounds {
public:
  LoopBounds(scf::ForOp loop, ArrayRef<Operation *> users, bool splitTails)
      : loop(loop), users(users), splitTails(splitTails) {
    for (Operation *user : users)
      for (KeepOp keep : keepsOf(user)) {
        MaskPredicate predicate(keep);
        sites.push_back({keep, user, predicate.kept(), predicate.dropped()});
      }
  }

  void run() {
    Test any = findEmptyBlocks();
    SetVector<Operation *> scalars;
    bool skips = any.value && collectScalars(any.value, scalars);
    if (skips)
      findBounds(any.value, scalars);
    for (Operation *user : users)
      splitFull(user);
    if (skips)
      skipUnless(any.value, scalars);
  }

private:
  /// min(base + block, end) - 1
  static Interval liveRows(UniformBuilder &b, Value base, Value end,
                           int64_t block) {
    return {base, b.minimum(b.add(base, block - 1), b.subtract(end, 1))};
  }

  static Rectangle liveRectangle(UniformBuilder &b, KeepOp keep) {
    return {
        liveRows(b, keep.getQueryBase(), keep.getQueryEnd(),
                 keep.getQueryBlock()),
        liveRows(b, keep.getKeyBase(), keep.getKeyEnd(), keep.getKeyBlock())};
  }

  /// Tightens the bounds of the loop; the condition under which a block between
  /// them holds a pair, true where all do.
  Test findEmptyBlocks() {
    bool streamsKeys = !loop.isDefinedOutsideOfLoop(sites[0].keep.getKeyBase());
    UniformBuilder b(loop, sites[0].user);
    KeepOp first = sites[0].keep;
    Value end = streamsKeys ? first.getKeyEnd() : first.getQueryEnd();
    Value base = streamsKeys ? first.getKeyBase() : first.getQueryBase();
    int64_t block = streamsKeys ? first.getKeyBlock() : first.getQueryBlock();
    std::optional<Interval> rows;
    Test any = false;
    bool exact = true;
    for (const Site &site : sites) {
      KeepOp keep = site.keep;
      Value stationaryBase =
          streamsKeys ? keep.getQueryBase() : keep.getKeyBase();
      if ((streamsKeys ? keep.getKeyBase() : keep.getQueryBase()) != base ||
          !loop.isDefinedOutsideOfLoop(stationaryBase) ||
          loop.isDefinedOutsideOfLoop(base) ||
          !loop.isDefinedOutsideOfLoop(end))
        return true;
      Rectangle column = liveRectangle(b, keep);
      (streamsKeys ? column.key : column.query) = {0, b.subtract(end, 1)};
      Interval hull = MaskRanges(b).hull(site.kept, column, streamsKeys, end);
      rows = rows ? Interval{b.minimum(rows->low, hull.low),
                             b.maximum(rows->high, hull.high)}
                  : hull;
      exact &= MaskRanges(b).isHullExact(site.kept);
    }
    bool tightened = setBounds(b, *rows, base, end, block);
    if (exact && tightened && sites.size() == 1)
      return true;
    for (const Site &site : sites)
      any = b.either(
          any, MaskRanges(b).mayHold(site.kept, liveRectangle(b, site.keep)));
    return any;
  }

  bool setBounds(UniformBuilder &b, Interval rows, Value base, Value end,
                 int64_t block) {
    bool whole = rows.low == Scalar(0) && rows.high == b.subtract(end, 1);
    Scalar low = rows.low == Scalar(0) ? Scalar(0)
                                       : b.minimum(b.maximum(rows.low, 0), end);
    Scalar high = b.add(rows.high, 1);
    APInt step, lower;
    if (!matchPattern(loop.getStep(), m_ConstantInt(&step)) ||
        !matchPattern(loop.getLowerBound(), m_ConstantInt(&lower)) ||
        !lower.isZero())
      return false;
    if (base == loop.getInductionVar() && step == block) {
      if (whole)
        return true;
      loop.setLowerBound(
          b.materialize(b.multiply(b.floorDivide(low, block), block)));
      // Its own bound may be lower: a program without work walks nothing.
      loop.setUpperBound(b.materialize(b.minimum(high, loop.getUpperBound())));
      return true;
    }
    return step == 1 && setFlattenedBounds(b, low, high, base, block, whole);
  }

  /// A loop over the blocks of several heads: base = (step mod count) * block.
  bool setFlattenedBounds(UniformBuilder &b, Scalar low, Scalar high,
                          Value base, int64_t block, bool whole) {
    auto product = base.getDefiningOp<arith::MulIOp>();
    auto bound = loop.getUpperBound().getDefiningOp<arith::MulIOp>();
    APInt factor;
    if (!product || !bound ||
        !matchPattern(product.getRhs(), m_ConstantInt(&factor)) ||
        factor != block)
      return false;
    auto within = product.getLhs().getDefiningOp<arith::RemUIOp>();
    if (!within || within.getLhs() != loop.getInductionVar() ||
        (bound.getLhs() != within.getRhs() &&
         bound.getRhs() != within.getRhs()))
      return false;
    Value count = within.getRhs();
    // Every use of the induction variable counts blocks.
    for (Operation *user : loop.getInductionVar().getUsers())
      if (!isa<arith::RemUIOp, arith::DivUIOp>(user) ||
          user->getOperand(1) != count)
        return false;
    if (whole)
      return true;
    Scalar first = b.floorDivide(low, block);
    Scalar last = b.minimum(b.ceilDivide(high, block), count);
    Scalar number = b.maximum(b.subtract(last, first), 0);
    Value members = bound.getLhs() == count ? bound.getRhs() : bound.getLhs();
    OpBuilder builder(loop);
    Value divisor = b.materialize(b.maximum(number, 1)); // no division by 0
    loop.setUpperBound(arith::MulIOp::create(builder, loop.getLoc(),
                                             b.materialize(number), members));
    Value start = b.materialize(first);
    for (Operation *user :
         llvm::make_early_inc_range(loop.getInductionVar().getUsers())) {
      user->setOperand(1, divisor);
      if (!isa<arith::RemUIOp>(user))
        continue;
      builder.setInsertionPointAfter(user);
      auto moved = arith::AddIOp::create(builder, loop.getLoc(),
                                         user->getResult(0), start);
      user->getResult(0).replaceAllUsesExcept(moved, moved);
    }
    return true;
  }

  /// Whether all pairs of a block are kept.
  Test isFull(const Site &site) {
    UniformBuilder b(loop, site.user);
    KeepOp keep = site.keep;
    Test full =
        b.negate(MaskRanges(b).mayHold(site.dropped, liveRectangle(b, keep)));
    if (keep.getQueryTail())
      full = b.both(full, b.atMost(keep.getQueryBase(), keep.getQueryEnd(),
                                   keep.getQueryBlock()));
    if (keep.getKeyTail())
      full = b.both(full, b.atMost(keep.getKeyBase(), keep.getKeyEnd(),
                                   keep.getKeyBlock()));
    return full;
  }

  /// Two versions of an operation, without the mask and with it.
  void splitFull(Operation *user) {
    UniformBuilder b(loop, user);
    Test full = true;
    bool hasMask = false;
    for (const Site &site : sites)
      if (site.user == user)
        hasMask |= static_cast<bool>(KeepOp(site.keep).getMask());
    if (!hasMask && !splitTails)
      full = false;
    for (const Site &site : sites)
      if (site.user == user && !full.isFalse())
        full = b.both(full, isFull(site));
    if (full.value) {
      OpBuilder builder(user);
      auto choice = scf::IfOp::create(builder, user->getLoc(),
                                      user->getResultTypes(), full.value,
                                      /*withElseRegion=*/true);
      user->replaceAllUsesWith(choice.getResults());
      builder.setInsertionPointToStart(choice.thenBlock());
      Operation *copy = builder.clone(*user);
      scf::YieldOp::create(builder, user->getLoc(), copy->getResults());
      dropMask(copy);
      builder.setInsertionPointToStart(choice.elseBlock());
      user->moveBefore(choice.elseBlock(), choice.elseBlock()->end());
      builder.setInsertionPointToEnd(choice.elseBlock());
      scf::YieldOp::create(builder, user->getLoc(), user->getResults());
    }
    if (full.isTrue())
      return dropMask(user);
    // Nothing is known of the mask: nothing is gained either.
    if (full.isFalse()) {
      for (KeepOp keep : keepsOf(user))
        expand(keep);
      return;
    }
    UniformBuilder inside(loop, user);
    for (KeepOp keep : keepsOf(user))
      BlockTests(inside, keep).run();
  }

  static void dropMask(Operation *user) {
    for (KeepOp keep : keepsOf(user)) {
      OpBuilder builder(keep);
      Value all = arith::ConstantOp::create(builder, keep.getLoc(),
                                            builder.getBoolAttr(true));
      keep.getResult().replaceAllUsesWith(all);
      keep.erase();
    }
  }

  /// The scalar code in the body that computes `condition`; false where it is
  /// more than that.
  bool collectScalars(Value condition, SetVector<Operation *> &scalars) {
    BackwardSliceOptions options;
    options.filter = [&](Operation *op) {
      return op->getBlock() == loop.getBody();
    };
    options.inclusive = true;
    options.omitBlockArguments = true;
    return succeeded(getBackwardSlice(condition, &scalars, options)) &&
           llvm::all_of(scalars, [](Operation *op) {
             return op->getNumRegions() == 0 &&
                    (isMemoryEffectFree(op) || isa<memref::LoadOp>(op));
           });
  }

  /// Where the condition reads what is known at run time only, a loop of its own
  /// finds the first and the last block for which it holds: its turns are short.
  void findBounds(Value condition, const SetVector<Operation *> &scalars) {
    bool readsMemory = llvm::any_of(
        scalars, [](Operation *op) { return isa<memref::LoadOp>(op); });
    bool countsRows = llvm::any_of(sites, [&](Site &site) {
      return site.keep.getKeyBase() == loop.getInductionVar() ||
             site.keep.getQueryBase() == loop.getInductionVar();
    });
    bool isAlone = llvm::all_of(scalars, [&](Operation *op) {
      return llvm::none_of(op->getOperands(), [&](Value operand) {
        return llvm::is_contained(loop.getRegionIterArgs(), operand);
      });
    });
    if (!readsMemory || !countsRows || !isAlone)
      return;
    OpBuilder builder(loop);
    Location loc = loop.getLoc();
    Value begin = loop.getLowerBound(), end = loop.getUpperBound();
    auto scan = scf::ForOp::create(
        builder, loc, begin, end, loop.getStep(), ValueRange{end, begin},
        [&](OpBuilder &b, Location l, Value at, ValueRange found) {
          IRMapping mapping;
          mapping.map(loop.getInductionVar(), at);
          for (Operation &op : *loop.getBody())
            if (scalars.contains(&op))
              b.clone(op, mapping);
          Value holds = mapping.lookupOrDefault(condition);
          Value first = arith::MinSIOp::create(b, l, found[0], at);
          Value next = arith::AddIOp::create(b, l, at, loop.getStep());
          scf::YieldOp::create(
              b, l,
              ValueRange{
                  arith::SelectOp::create(b, l, holds, first, found[0]),
                  arith::SelectOp::create(b, l, holds, next, found[1])});
        });
    loop.setLowerBound(scan.getResult(0));
    loop.setUpperBound(
        arith::MinSIOp::create(builder, loc, scan.getResult(1), end));
  }

  /// Runs the body only where the condition holds; its scalar code stays.
  void skipUnless(Value condition, const SetVector<Operation *> &scalars) {
    mlir::Block *body = loop.getBody();
    SmallVector<Operation *> rest;
    for (Operation &op : body->without_terminator())
      if (!scalars.contains(&op))
        rest.push_back(&op);
    Operation *end = body->getTerminator();
    OpBuilder builder(end);
    bool carries = loop.getNumResults() != 0;
    auto choice =
        scf::IfOp::create(builder, loop.getLoc(), loop.getResultTypes(),
                          condition, /*withElseRegion=*/carries);
    if (carries) {
      builder.setInsertionPointToStart(choice.thenBlock());
      scf::YieldOp::create(builder, loop.getLoc(), end->getOperands());
      builder.setInsertionPointToStart(choice.elseBlock());
      scf::YieldOp::create(builder, loop.getLoc(), loop.getRegionIterArgs());
      end->setOperands(choice.getResults());
    }
    for (Operation *op : rest)
      op->moveBefore(choice.thenBlock()->getTerminator());
  }

  scf::ForOp loop;
  SmallVector<Operation *> users;
  bool splitTails;
  SmallVector<Site> sites;
};

struct MaskBounds : gdpa_tile::impl::GDPATileMaskBoundsBase<MaskBounds> {
  using GDPATileMaskBoundsBase::GDPATileMaskBoundsBase;

  void runOnOperation() override {
    llvm::MapVector<Operation *, SmallVector<Operation *>> loops;
    SmallVector<KeepOp> others;
    getOperation().walk([&](KeepOp keep) {
      Operation *user = keep->getParentOp();
      auto loop = dyn_cast<scf::ForOp>(user->getParentOp());
      if (!loop || !isa<linalg::LinalgOp>(user)) {
        others.push_back(keep);
        return;
      }
      SmallVector<Operation *> &users = loops[loop];
      if (!llvm::is_contained(users, user))
        users.push_back(user);
    });
    for (auto &[loop, users] : loops)
      LoopBounds(cast<scf::ForOp>(loop), users, splitTails).run();
    for (KeepOp keep : others)
      expand(keep);
  }
};
} // namespace
