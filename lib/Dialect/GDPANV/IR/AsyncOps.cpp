//===- AsyncOps.cpp - types and operations of the asynchronous protocol ---===//

#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

LogicalResult RingType::verify(function_ref<InFlightDiagnostic()> emitError,
                               RankedTensorType block, int64_t slots) {
  bool isMessage = block.getRank() == 1 && block.getDimSize(0) == 1 &&
                   block.getElementType().isInteger(32);
  if (!isa_and_nonnull<SharedAttr>(block.getEncoding()) ||
      (block.getRank() != 2 && !isMessage))
    return emitError() << "expected slots for a block of rank 2 or one i32 in "
                          "shared memory, found "
                       << block;
  constexpr int64_t most = 8;
  if (slots < 1 || slots > most)
    return emitError() << "expected 1 to " << most << " slots, found " << slots;
  return success();
}

LogicalResult PendingType::verify(function_ref<InFlightDiagnostic()> emitError,
                                  RankedTensorType block) {
  if (!isa_and_nonnull<AccAttr>(block.getEncoding()) ||
      !block.getElementType().isF32())
    return emitError() << "expected an f32 block of layout acc, found "
                       << block;
  return success();
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

LogicalResult RolesOp::verify() {
  // setmaxnreg takes multiples of 8 from 24 to 256.
  for (int64_t registers :
       {getProducerRegisters(), getConsumerRegisters()})
    if (registers < 24 || registers > 256 || registers % 8)
      return emitOpError("expected registers in multiples of 8 from 24 to 256, "
                         "found ")
             << registers;
  return success();
}

/// Rings are named where they are used, so that their places are constants.
static LogicalResult verifyRing(Operation *op, Value ring) {
  if (!ring.getDefiningOp<RingOp>())
    return op->emitOpError("expected the result of a gdpa_nv.ring as its ring");
  return success();
}

LogicalResult AdvanceOp::verify() { return verifyRing(*this, getRing()); }
LogicalResult ReleaseOp::verify() { return verifyRing(*this, getRing()); }

static LogicalResult verifyMessages(Operation *op, Value ring) {
  if (failed(verifyRing(op, ring)))
    return failure();
  if (cast<RingType>(ring.getType()).getBlock().getRank() != 1)
    return op->emitOpError("expected a ring of messages, found ") << ring.getType();
  return success();
}

LogicalResult PostOp::verify() { return verifyMessages(*this, getRing()); }
LogicalResult TakeOp::verify() { return verifyMessages(*this, getRing()); }

LogicalResult ForTilesOp::verify() {
  auto counter = dyn_cast<MemRefType>(getCounter().getType());
  if (!counter || counter.getRank() != 1 || !counter.getElementType().isInteger(32))
    return emitOpError("expected a counter of memref<1xi32>, found ")
           << getCounter().getType();
  Block &body = getBody().front();
  if (body.getNumArguments() != 1 || !body.getArgument(0).getType().isInteger(32))
    return emitOpError("expected a region that takes the number of a tile (i32)");
  return success();
}

LogicalResult SendOp::verify() {
  if (failed(verifyRing(*this, getRing())))
    return failure();
  auto type = dyn_cast<MemRefType>(getSource().getType());
  RankedTensorType block = getRing().getType().getBlock();
  if (!type || static_cast<int64_t>(getOffsets().size()) != type.getRank() ||
      type.getRank() < 2)
    return emitOpError("expected one offset for each dimension of ")
           << getSource().getType() << ", found " << getOffsets().size();
  if (block.getRank() != 2 || block.getElementType() != type.getElementType())
    return emitOpError("expected a block of rank 2 of ")
           << type.getElementType() << ", found " << block;
  auto roles = getOperation()->getParentOfType<RolesOp>();
  if (roles && !roles.getProducer().isAncestor(getOperation()->getParentRegion()))
    return emitOpError("expected to stand in the producer's region");
  return success();
}

LogicalResult ReceiveOp::verify() {
  if (failed(verifyRing(*this, getRing())))
    return failure();
  if (getType() != getRing().getType().getBlock())
    return emitOpError("expected the block of the ring, ")
           << getRing().getType().getBlock() << ", found " << getType();
  return success();
}

LogicalResult MmaAsyncOp::verify() {
  auto left = cast<RankedTensorType>(getLhs().getType());
  auto right = cast<RankedTensorType>(getRhs().getType());
  RankedTensorType result = getType().getBlock();
  auto acc = cast<AccAttr>(result.getEncoding());
  if (!isa_and_nonnull<LhsAttr, SharedAttr>(left.getEncoding()) ||
      !isa_and_nonnull<SharedAttr>(right.getEncoding()))
    return emitOpError("expected a left operand of layout lhs or shared and a "
                       "right one of layout shared, found ")
           << left << " and " << right;
  if (left.getRank() != 2 || right.getRank() != 2)
    return emitOpError("expected operands of rank 2, found ")
           << left << " and " << right;
  bool isTransposed = getTransposed();
  int64_t depth = right.getDimSize(isTransposed ? 1 : 0);
  int64_t columns = right.getDimSize(isTransposed ? 0 : 1);
  if (left.getDimSize(1) != depth || left.getDimSize(0) != result.getDimSize(0) ||
      columns != result.getDimSize(1))
    return emitOpError("expected operands of one depth and the rows and columns "
                       "of the result, found ")
           << left << " and " << right << " for " << result;
  Type element = left.getElementType();
  if (element != right.getElementType() || !(element.isBF16() || element.isF16()))
    return emitOpError("expected operands of bf16 or of f16, found ")
           << element << " and " << right.getElementType();
  constexpr int64_t step = 16, most = 256;
  if (depth % step || columns % 8 || columns > most || acc.getWarps() % 4)
    return emitOpError("expected a depth in multiples of 16, at most 256 columns "
                       "in multiples of 8 and whole warpgroups, found ")
           << result;
  if (getAccumulator() && getAccumulator().getType() != result)
    return emitOpError("expected an accumulator of ")
           << result << ", found " << getAccumulator().getType();
  // A product in flight is read by a wait of its own block alone: it is never
  // carried by a loop.
  for (Operation *user : getResult().getUsers())
    if (!isa<WaitOp>(user) || user->getBlock() != getOperation()->getBlock())
      return emitOpError("expected a gdpa_nv.wait of the same block as the only "
                         "user of a product in flight, found ")
             << user->getName();
  if (!getResult().hasOneUse())
    return emitOpError("expected one gdpa_nv.wait of the product in flight, found ")
           << std::distance(getResult().use_begin(), getResult().use_end());
  return success();
}

LogicalResult WaitOp::verify() {
  if (getInflight() < 0 || getInflight() > 7)
    return emitOpError("expected at most 7 products in flight, found ")
           << getInflight();
  SmallVector<Type> expected;
  for (Value value : getPending())
    expected.push_back(cast<PendingType>(value.getType()).getBlock());
  llvm::append_range(expected, getKept().getTypes());
  if (expected.size() != getResults().size() ||
      !llvm::equal(expected, getResults().getTypes()))
    return emitOpError("expected the blocks of the products, then the kept "
                       "values as results");
  return success();
}

LogicalResult TensorMapOp::verify() {
  auto type = cast<BaseMemRefType>(getSource().getType());
  auto isExtent = [](uint64_t extent) { return extent >= 1 && extent <= 256; };
  if (!type.hasRank() || type.getShape().size() < 2 || type.getShape().size() > 5 ||
      !isExtent(getRows()) || !isExtent(getColumns()))
    return emitOpError("expected a buffer of rank 2 to 5 and a box of 1 to 256 rows "
                       "and columns, found ")
           << type << " and a box of " << getRows() << ", " << getColumns();
  return success();
}

LogicalResult WatchOp::verify() {
  StringRef event = getEvent();
  bool ofSlot = llvm::is_contained({"send", "receive", "release"}, event);
  bool ofBlock = llvm::is_contained({"read", "convert"}, event);
  bool ofWait = event == "wait";
  if (!ofSlot && !ofBlock && !ofWait &&
      !llvm::is_contained({"begin", "start"}, event))
    return emitOpError("expected begin, send, receive, release, read, convert, "
                       "start or wait as the event, found ")
           << event;
  if (ofSlot != static_cast<bool>(getRing()) || ofSlot != static_cast<bool>(getCursor()) ||
      ofBlock != static_cast<bool>(getBlock()) || ofWait != getInflight().has_value())
    return emitOpError("expected a slot, a block or a number of products as the "
                       "event has it, for ")
           << event;
  if (ofBlock && (!isa_and_nonnull<SharedAttr>(getBlock().getType().getEncoding())))
    return emitOpError("expected a block in shared memory, found ")
           << getBlock().getType();
  return ofSlot ? verifyRing(*this, getRing()) : success();
}

#define GET_TYPEDEF_CLASSES
#include "gdpa/Dialect/GDPANV/IR/GDPANVTypes.cpp.inc"

void GDPANVDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "gdpa/Dialect/GDPANV/IR/GDPANVTypes.cpp.inc"
      >();
}
