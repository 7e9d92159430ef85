//===- RingState.cpp - rings at one point of a role -----------------------===//

#include "RingState.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

LogicalResult gdpa_nv::addNote(InFlightDiagnostic error, Operation *op, StringRef text) {
  error.attachNote(op->getLoc()) << text;
  return error;
}

/// The number of the values `from` that stands for a ring's cursor. Two rings may
/// begin with one value: `after` are the values that replace `from`, the one that is
/// used with the ring is its.
static std::optional<unsigned> findCursor(Value ring, Value cursor, ValueRange from,
                                          ValueRange after) {
  std::optional<unsigned> found;
  for (auto [number, value] : llvm::enumerate(from)) {
    if (value != cursor)
      continue;
    bool isUsed = false, isOther = false;
    for (Operation *user : after[number].getUsers())
      if (isa<SendOp, ReceiveOp, ReleaseOp, AdvanceOp>(user))
        (llvm::is_contained(user->getOperands(), ring) ? isUsed : isOther) = true;
    if (isUsed)
      return number;
    if (!found && !isOther)
      found = number;
  }
  return found;
}

RingState RingState::rename(ValueRange from, ValueRange to) const {
  RingState result = *this;
  for (auto &[ring, position] : result.positions)
    if (std::optional<unsigned> number = findCursor(ring, position.cursor, from, to))
      position.cursor = to[*number];
  for (HeldSlot &slot : result.held) {
    auto block = llvm::find(from, slot.block);
    if (block == from.end())
      continue;
    slot.block = to[block - from.begin()];
    if (std::optional<unsigned> number = findCursor(slot.ring, slot.cursor, from, to))
      slot.cursor = to[*number];
  }
  return result;
}

static bool isStart(const RingPosition &position) {
  return static_cast<bool>(position.cursor.getDefiningOp<CursorOp>());
}

LogicalResult gdpa_nv::expectSame(Operation *end, const RingState &found,
                                  const RingState &expected, StringRef where) {
  for (const auto &[ring, position] : found.positions) {
    auto other = expected.positions.find(ring);
    if (other == expected.positions.end() ? position.taken || !isStart(position)
                                          : !(other->second == position))
      return end->emitError("expected the cursor of each ring to be handed on at ")
             << where << ", found another one";
  }
  for (const auto &[from, to, text] :
       {std::tuple(&found, &expected, "expected each received slot to be released once on "
                                      "every path, found one more that is held at "),
        std::tuple(&expected, &found, "expected each received slot to be released once on "
                                      "every path, found one less that is held at ")})
    for (const HeldSlot &slot : from->held)
      if (llvm::none_of(to->held, [&](const HeldSlot &other) {
            return other.ring == slot.ring && other.cursor == slot.cursor &&
                   other.block == slot.block;
          }))
        return addNote(end->emitError(text) << where, slot.receive, "its receive");
  return success();
}

Value gdpa_nv::findStart(Operation *op, Value cursor) {
  while (op->isProperAncestor(cursor.getParentBlock()->getParentOp()) ||
         op == cursor.getParentBlock()->getParentOp()) {
    auto argument = dyn_cast<BlockArgument>(cursor);
    if (argument) {
      auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
      OpOperand *init = loop ? loop.getTiedLoopInit(argument) : nullptr;
      if (!init)
        return Value();
      cursor = init->get();
    } else if (auto advance = cursor.getDefiningOp<AdvanceOp>()) {
      cursor = advance.getCursor();
    } else {
      return cursor;
    }
  }
  return cursor;
}
