//===- SpecializeWarps.cpp - one warpgroup loads, the others compute ------===//
//
// The kernel's body becomes the consumer's; the producer is a copy of what the
// positions of loads depend on. Blocks in shared memory pass between them
// through rings.
//
//===----------------------------------------------------------------------===//

#include "KernelThreads.h"
#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::gdpa_nv {
#define GEN_PASS_DEF_GDPANVSPECIALIZEWARPS
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_nv

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

constexpr int64_t kMessages = 2;          // slots for numbers of tiles
constexpr int64_t kMostBytes = 227 * 1024; // shared memory of a block on sm_90

/// Whether an operation works on blocks.
bool touchesBlocks(Operation *op) {
  auto isBlock = [](Type type) { return isa<RankedTensorType>(type); };
  return llvm::any_of(op->getOperandTypes(), isBlock) ||
         llvm::any_of(op->getResultTypes(), isBlock);
}

class RoleSplit {
public:
  RoleSplit(gpu::GPUFuncOp function, ScheduleAttr schedule)
      : function(function), schedule(schedule), builder(function.getContext()),
        loc(function.getLoc()) {}

  LogicalResult run() {
    if (!function.getBody().hasOneBlock())
      return function.emitError("expected a kernel of one block");
    shareConversions();
    if (failed(makeRings()))
      return failure();
    Block &body = function.getBody().front();
    // setmaxnreg: 65536 registers are dealt out in whole warpgroups.
    bool three = schedule.getConsumers() == 3;
    auto roles = RolesOp::create(builder, loc, schedule.getConsumers(),
                                 three ? 32 : 24, three ? 160 : 240);
    Block *producer = &roles.getProducer().emplaceBlock();
    Block *consumer = &roles.getConsumer().emplaceBlock();

    builder.setInsertionPointToStart(producer);
    IRMapping mapping;
    llvm::MapVector<Value, Value> cursors;
    for (auto &ring : rings)
      cursors[ring.second] = CursorOp::create(builder, loc, CursorType::get(builder.getContext()));
    SmallVector<Operation *> moved;
    for (Operation &op : body)
      if (!isa<RingOp, RolesOp>(op) && !op.hasTrait<OpTrait::IsTerminator>())
        moved.push_back(&op);
    for (Operation *op : moved)
      produce(op, mapping, cursors);
    RoleEndOp::create(builder, loc);
    eraseDead(*producer);

    builder.setInsertionPointToStart(consumer);
    for (auto &ring : rings)
      cursors[ring.second] = CursorOp::create(builder, loc, CursorType::get(builder.getContext()));
    for (Operation *op : moved)
      op->moveBefore(consumer, consumer->end());
    consume(*consumer, cursors);
    builder.setInsertionPointToEnd(consumer);
    RoleEndOp::create(builder, loc);
    return success();
  }

private:
  /// Loops that follow each other read the same fragments: they are read once.
  void shareConversions() {
    llvm::MapVector<std::pair<Value, Type>, ConvertOp> first;
    SmallVector<ConvertOp> conversions;
    function.walk([&](ConvertOp op) { conversions.push_back(op); });
    for (ConvertOp op : conversions) {
      auto [known, isNew] = first.insert({{op.getSource(), op.getType()}, op});
      if (isNew || known->second->getBlock() != op->getBlock())
        continue;
      op.replaceAllUsesWith(known->second.getResult());
      op.erase();
    }
  }

  /// A ring for each block in shared memory, before everything else.
  LogicalResult makeRings() {
    SmallVector<gdpa_tile::LoadOp> loads;
    function.walk([&](gdpa_tile::LoadOp load) {
      if (isa_and_nonnull<SharedAttr>(getLayout(load.getResult())))
        loads.push_back(load);
    });
    int64_t slots = 0, at = 0;
    // Loops one after the other share the ring of a buffer.
    auto earlier = [&](gdpa_tile::LoadOp load) -> gdpa_tile::LoadOp {
      for (gdpa_tile::LoadOp other : loads) {
        if (other == load)
          break;
        if (other.getSource() == load.getSource() && other.getType() == load.getType() &&
            slotsOf(load) > 1 && other->getBlock() != load->getBlock())
          return other;
      }
      return {};
    };
    for (gdpa_tile::LoadOp load : loads) {
      if (failed(checkPlace(load)))
        return failure();
      if (earlier(load))
        continue;
      slots += slotsOf(load);
      at += slotsOf(load) * SharedAttr::getBytes(load.getType());
    }
    auto tiles = function.getBody().front().getOps<ForTilesOp>();
    if (!tiles.empty())
      slots += kMessages;
    int64_t barriers = at;
    int64_t messagesAt = llvm::alignTo(at + 2 * slots * kBarrierBytes, 16);
    int64_t bytes = messagesAt + (tiles.empty() ? 0 : kMessages * 16);
    if (bytes > kMostBytes)
      return function.emitError("expected blocks and stages whose rings fit into ")
             << kMostBytes << " bytes of shared memory, found " << bytes;
    function->setAttr(kSharedBytesAttr, builder.getI64IntegerAttr(bytes));
    builder.setInsertionPointToStart(&function.getBody().front());
    at = 0;
    for (gdpa_tile::LoadOp load : loads) {
      if (gdpa_tile::LoadOp other = earlier(load)) {
        rings[load] = rings[other];
        continue;
      }
      auto type = RingType::get(builder.getContext(), load.getType(), slotsOf(load));
      rings[load] = RingOp::create(builder, load.getLoc(), type, at, barriers);
      at += type.getSlots() * SharedAttr::getBytes(load.getType());
      barriers += 2 * type.getSlots() * kBarrierBytes;
    }
    if (!tiles.empty()) {
      auto number = RankedTensorType::get({1}, builder.getI32Type(),
                                          SharedAttr::get(builder.getContext()));
      messages = RingOp::create(builder, loc,
                                RingType::get(builder.getContext(), number, kMessages),
                                messagesAt, barriers);
    }
    return success();
  }

  /// A load stands in loops and under conditions that the producer can repeat.
  LogicalResult checkPlace(gdpa_tile::LoadOp load) {
    if (load.getType().getRank() != 2 || load.getClamp() || load.getMap())
      return load.emitError("expected rows and columns of a buffer as a block in shared "
                            "memory of an asynchronous kernel, found ")
             << load.getType();
    for (Region *region = load->getParentRegion(); region != &function.getBody();
         region = region->getParentRegion()) {
      auto choice = dyn_cast<scf::IfOp>(region->getParentOp());
      if (!isa<scf::ForOp, ForTilesOp>(region->getParentOp()) &&
          !(choice && region == &choice.getThenRegion()))
        return load.emitError("expected a block in shared memory to be loaded in a "
                              "loop or where a condition holds");
    }
    return success();
  }

  int64_t slotsOf(gdpa_tile::LoadOp load) {
    return load->getParentOfType<scf::ForOp>() ? std::max<int64_t>(schedule.getStages(), 2) : 1;
  }

  /// The rings of the loads in `op`.
  SmallVector<Value> ringsIn(Operation *op) {
    SmallVector<Value> found;
    op->walk([&](gdpa_tile::LoadOp load) {
      if (Value ring = rings.lookup(load); ring && !llvm::is_contained(found, ring))
        found.push_back(ring);
    });
    return found;
  }

  using Cursors = llvm::MapVector<Value, Value>;

  Value advance(Value ring, Value cursor) {
    return AdvanceOp::create(builder, loc, cursor.getType(), ring, cursor);
  }
  Value constant(int64_t value) {
    return arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(value));
  }

  /// The producer draws the tiles and posts their numbers; -1 ends them.
  void produceTiles(ForTilesOp op, IRMapping &mapping, Cursors &cursors) {
    OpBuilder::InsertionGuard guard(builder);
    Type i32 = builder.getI32Type();
    Value own = gpu::BlockIdOp::create(builder, loc, gpu::Dimension::x);
    Value blocks = gpu::GridDimOp::create(builder, loc, gpu::Dimension::x);
    Value first = arith::IndexCastOp::create(builder, loc, i32, own);
    blocks = arith::IndexCastOp::create(builder, loc, i32, blocks);
    SmallVector<Value> inside = ringsIn(op);
    SmallVector<Value> carried = {
        first, CursorOp::create(builder, loc, CursorType::get(builder.getContext()))};
    for (Value ring : inside)
      carried.push_back(cursors[ring]);
    Value total = mapping.lookupOrDefault(op.getTotal());
    TypeRange types{ValueRange(carried)};
    SmallVector<Location> locations(carried.size(), loc);
    auto loop = scf::WhileOp::create(builder, loc, types, carried);
    Block *before = builder.createBlock(&loop.getBefore(), {}, types, locations);
    Value more = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt,
                                       before->getArgument(0), total);
    scf::ConditionOp::create(builder, loc, more, before->getArguments());
    Block *after = builder.createBlock(&loop.getAfter(), {}, types, locations);
    Value tile = after->getArgument(0), cursor = after->getArgument(1);
    Value drawn = DrawOp::create(builder, loc, i32, op.getCounter());
    PostOp::create(builder, loc, tile, messages, cursor);
    mapping.map(op.getBody().getArgument(0), tile);
    for (auto [ring, value] : llvm::zip(inside, after->getArguments().drop_front(2)))
      cursors[ring] = value;
    for (Operation &inner : op.getBody().front().without_terminator())
      produce(&inner, mapping, cursors);
    SmallVector<Value> next = {arith::AddIOp::create(builder, loc, drawn, blocks),
                               advance(messages, cursor)};
    for (Value ring : inside)
      next.push_back(cursors[ring]);
    scf::YieldOp::create(builder, loc, next);
    builder.setInsertionPointAfter(loop);
    PostOp::create(builder, loc, constant(-1), messages, loop.getResult(1));
    for (auto [ring, value] : llvm::zip(inside, loop.getResults().drop_front(2)))
      cursors[ring] = value;
  }

  /// The consumers take numbers until one is negative.
  void consumeTiles(ForTilesOp op, Cursors &cursors) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(op);
    SmallVector<Value> inside = ringsIn(op);
    SmallVector<Value> carried = {
        CursorOp::create(builder, loc, CursorType::get(builder.getContext()))};
    for (Value ring : inside)
      carried.push_back(cursors[ring]);
    SmallVector<Type> types{builder.getI32Type()};
    llvm::append_range(types, TypeRange(ValueRange(carried)));
    SmallVector<Location> locations(types.size(), loc);
    auto loop = scf::WhileOp::create(builder, loc, types, carried);
    Block *before = builder.createBlock(&loop.getBefore(), {}, TypeRange(types).drop_front(),
                                        ArrayRef(locations).drop_front());
    Value tile = TakeOp::create(builder, loc, builder.getI32Type(), messages,
                                before->getArgument(0));
    Value more = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge, tile,
                                       constant(0));
    SmallVector<Value> passed = {tile, advance(messages, before->getArgument(0))};
    llvm::append_range(passed, before->getArguments().drop_front());
    scf::ConditionOp::create(builder, loc, more, passed);
    Block *after = builder.createBlock(&loop.getAfter(), {}, types, locations);
    op.getBody().getArgument(0).replaceAllUsesWith(after->getArgument(0));
    op.getBody().front().getTerminator()->erase();
    after->getOperations().splice(after->end(), op.getBody().front().getOperations());
    for (auto [ring, value] : llvm::zip(inside, after->getArguments().drop_front(2)))
      cursors[ring] = value;
    consume(*after, cursors);
    builder.setInsertionPointToEnd(after);
    SmallVector<Value> next = {after->getArgument(1)};
    for (Value ring : inside)
      next.push_back(cursors[ring]);
    scf::YieldOp::create(builder, loc, next);
    op.erase();
  }

  /// What the producer does in the place of `op`.
  void produce(Operation *op, IRMapping &mapping, Cursors &cursors) {
    if (auto tiles = dyn_cast<ForTilesOp>(op))
      return produceTiles(tiles, mapping, cursors);
    if (auto load = dyn_cast<gdpa_tile::LoadOp>(op)) {
      Value ring = rings.lookup(load);
      if (!ring)
        return;
      SmallVector<Value> offsets;
      for (Value offset : load.getOffsets())
        offsets.push_back(mapping.lookupOrDefault(offset));
      SendOp::create(builder, op->getLoc(), load.getSource(), offsets, ring,
                     cursors[ring]);
      cursors[ring] = AdvanceOp::create(builder, op->getLoc(), cursors[ring].getType(), ring,
                                        cursors[ring]);
      return;
    }
    SmallVector<Value> inside = ringsIn(op);
    if (inside.empty()) {
      if (!touchesBlocks(op))
        builder.clone(*op, mapping);
      return;
    }
    SmallVector<Value> carried;
    for (Value ring : inside)
      carried.push_back(cursors[ring]);
    OpBuilder::InsertionGuard guard(builder);
    Operation *made;
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      auto copy = scf::ForOp::create(
          builder, op->getLoc(), mapping.lookupOrDefault(loop.getLowerBound()),
          mapping.lookupOrDefault(loop.getUpperBound()),
          mapping.lookupOrDefault(loop.getStep()), carried);
      made = copy;
      mapping.map(loop.getInductionVar(), copy.getInductionVar());
      fill(*copy.getBody(), *loop.getBody(), inside, copy.getRegionIterArgs(), mapping,
           cursors);
    } else {
      auto choice = cast<scf::IfOp>(op);
      auto copy = scf::IfOp::create(
          builder, op->getLoc(), TypeRange(ValueRange(carried)),
          mapping.lookupOrDefault(choice.getCondition()), /*withElseRegion=*/true);
      made = copy;
      fill(*copy.thenBlock(), *choice.thenBlock(), inside, carried, mapping, cursors);
      builder.setInsertionPointToEnd(copy.elseBlock());
      scf::YieldOp::create(builder, op->getLoc(), carried);
    }
    for (auto [ring, result] : llvm::zip(inside, made->getResults()))
      cursors[ring] = result;
    builder.setInsertionPointAfter(made);
  }

  void fill(Block &target, Block &source, ArrayRef<Value> inside, ValueRange carried,
            IRMapping &mapping, Cursors &cursors) {
    for (auto [ring, cursor] : llvm::zip(inside, carried))
      cursors[ring] = cursor;
    builder.setInsertionPointToEnd(&target);
    for (Operation &op : source.without_terminator())
      produce(&op, mapping, cursors);
    SmallVector<Value> last;
    for (Value ring : inside)
      last.push_back(cursors[ring]);
    scf::YieldOp::create(builder, loc, last);
  }

  static void eraseDead(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          eraseDead(inner);
      if (isOpTriviallyDead(&op) || (isa<scf::ForOp, scf::IfOp>(op) && op.use_empty() &&
                                     wouldOpBeTriviallyDead(&op)))
        op.erase();
    }
  }

  /// Receives the blocks of `block`, releases them after their last use and
  /// carries the cursors through loops and conditions.
  void consume(Block &block, Cursors &cursors) {
    IRRewriter rewriter(builder);
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (auto load = dyn_cast<gdpa_tile::LoadOp>(op)) {
        Value ring = rings.lookup(load);
        if (!ring)
          continue;
        rewriter.setInsertionPoint(load);
        Value cursor = cursors[ring];
        auto received = ReceiveOp::create(rewriter, load.getLoc(), load.getType(), ring,
                                          cursor, /*late=*/false);
        Operation *last = received;
        for (Operation *user : load.getResult().getUsers()) {
          Operation *around = block.findAncestorOpInBlock(*user);
          if (last->isBeforeInBlock(around))
            last = around;
        }
        // Fragments that were read from the slot are complete where they are used.
        if (isa<ConvertOp>(last))
          for (Operation *user : last->getUsers())
            if (Operation *around = block.findAncestorOpInBlock(*user);
                last->isBeforeInBlock(around))
              last = around;
        rewriter.setInsertionPointAfter(last);
        ReleaseOp::create(rewriter, load.getLoc(), ring, cursor);
        cursors[ring] = AdvanceOp::create(rewriter, load.getLoc(), cursor.getType(), ring, cursor);
        rings.erase(load);
        rewriter.replaceOp(load, received);
        continue;
      }
      if (auto tiles = dyn_cast<ForTilesOp>(op)) {
        consumeTiles(tiles, cursors);
        continue;
      }
      SmallVector<Value> inside = ringsIn(&op);
      if (inside.empty())
        continue;
      SmallVector<Value> carried;
      for (Value ring : inside)
        carried.push_back(cursors[ring]);
      if (auto loop = dyn_cast<scf::ForOp>(op)) {
        DictionaryAttr attributes = loop->getDiscardableAttrDictionary();
        rewriter.setInsertionPoint(loop);
        auto replaced = cast<scf::ForOp>(
            (*loop.replaceWithAdditionalYields(
                 rewriter, carried, /*replaceInitOperandUsesInLoop=*/false,
                 [](OpBuilder &, Location, ArrayRef<BlockArgument> arguments) {
                   return SmallVector<Value>(arguments.begin(), arguments.end());
                 }))
                .getOperation());
        replaced->setDiscardableAttrs(attributes);
        size_t own = replaced.getNumResults() - inside.size();
        for (auto [number, ring] : llvm::enumerate(inside))
          cursors[ring] = replaced.getRegionIterArg(own + number);
        consume(*replaced.getBody(), cursors);
        Operation *yield = replaced.getBody()->getTerminator();
        for (auto [number, ring] : llvm::enumerate(inside)) {
          yield->setOperand(own + number, cursors[ring]);
          cursors[ring] = replaced.getResult(own + number);
        }
        continue;
      }
      auto choice = cast<scf::IfOp>(op);
      SmallVector<Type> types(choice.getResultTypes());
      llvm::append_range(types, TypeRange(ValueRange(carried)));
      rewriter.setInsertionPoint(choice);
      bool hadElse = choice.elseBlock();
      auto replaced = scf::IfOp::create(rewriter, choice.getLoc(), types,
                                        choice.getCondition(), /*withElseRegion=*/true);
      replaced.getThenRegion().takeBody(choice.getThenRegion());
      if (hadElse) {
        replaced.getElseRegion().takeBody(choice.getElseRegion());
      } else {
        rewriter.setInsertionPointToEnd(replaced.elseBlock());
        scf::YieldOp::create(rewriter, loc);
      }
      for (Block *side : {replaced.thenBlock(), replaced.elseBlock()}) {
        for (auto [ring, cursor] : llvm::zip(inside, carried))
          cursors[ring] = cursor;
        if (side == replaced.thenBlock())
          consume(*side, cursors);
        Operation *yield = side->getTerminator();
        SmallVector<Value> operands(yield->getOperands());
        for (Value ring : inside)
          operands.push_back(cursors[ring]);
        yield->setOperands(operands);
      }
      for (auto [number, result] : llvm::enumerate(choice.getResults()))
        result.replaceAllUsesWith(replaced.getResult(number));
      for (auto [number, ring] : llvm::enumerate(inside))
        cursors[ring] = replaced.getResult(choice.getNumResults() + number);
      rewriter.eraseOp(choice);
    }
  }

  gpu::GPUFuncOp function;
  ScheduleAttr schedule;
  OpBuilder builder;
  Location loc;
  llvm::MapVector<Operation *, Value> rings; // of loads
  Value messages;
};

struct SpecializeWarps
    : gdpa_nv::impl::GDPANVSpecializeWarpsBase<SpecializeWarps> {
  void runOnOperation() override {
    gpu::GPUFuncOp function = getOperation();
    auto schedule = function->getAttrOfType<ScheduleAttr>("schedule");
    if (!schedule || !schedule.getConsumers())
      return;
    if (failed(RoleSplit(function, schedule).run()))
      signalPassFailure();
  }
};
} // namespace
