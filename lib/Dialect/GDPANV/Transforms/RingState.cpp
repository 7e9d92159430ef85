//===- RingState.cpp - rings at one point of a role -----------------------===//

#include "RingState.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

LogicalResult gdpa_nv::addNote(InFlightDiagnostic error, Operation *op, StringRef text) {
  error.attachNote(op->getLoc()) << text;
  return error;
}

bool CursorNames::isStart() const {
  return llvm::any_of(names, [](Value name) { return name.getDefiningOp<CursorOp>(); });
}

void CursorNames::rename(ValueRange from, ValueRange to) {
  SmallVector<Value, 2> more;
  for (auto [before, after] : llvm::zip(from, to))
    if (has(before) && !llvm::is_contained(more, after))
      more.push_back(after);
  for (Value name : more)
    if (!has(name))
      names.push_back(name);
}

RingState RingState::rename(ValueRange from, ValueRange to) const {
  RingState result = *this;
  for (auto &[ring, position] : result.positions)
    position.cursor.rename(from, to);
  for (HeldSlot &slot : result.held) {
    slot.cursor.rename(from, to);
    auto block = llvm::find(from, slot.block);
    if (block != from.end())
      slot.block = to[block - from.begin()];
  }
  return result;
}

LogicalResult gdpa_nv::expectSame(Operation *end, const RingState &found,
                                  const RingState &expected, StringRef where) {
  for (const auto &[ring, position] : found.positions) {
    auto other = expected.positions.find(ring);
    if (other == expected.positions.end() ? position.taken || !position.cursor.isStart()
                                          : !other->second.agrees(position))
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
            return other.ring == slot.ring && other.cursor.meets(slot.cursor) &&
                   other.block == slot.block;
          }))
        return addNote(end->emitError(text) << where, slot.receive, "its receive");
  return success();
}

SmallVector<Value> gdpa_nv::getPredecessors(BlockArgument argument) {
  Operation *around = argument.getOwner()->getParentOp();
  unsigned number = argument.getArgNumber();
  if (auto tiles = dyn_cast<scf::WhileOp>(around)) {
    if (argument.getOwner() == tiles.getBeforeBody())
      return {tiles.getInits()[number], tiles.getAfterBody()->getTerminator()->getOperand(number)};
    return {tiles.getConditionOp().getArgs()[number]};
  }
  if (auto loop = dyn_cast<scf::ForOp>(around))
    if (OpOperand *init = loop.getTiedLoopInit(argument))
      return {init->get(), loop.getTiedLoopYieldedValue(argument)->get()};
  return {};
}

Value gdpa_nv::findStart(Operation *op, Value cursor) {
  while (op->isProperAncestor(cursor.getParentBlock()->getParentOp()) ||
         op == cursor.getParentBlock()->getParentOp()) {
    auto argument = dyn_cast<BlockArgument>(cursor);
    if (argument) {
      SmallVector<Value> from = getPredecessors(argument);
      if (from.empty())
        return Value();
      cursor = from.front();
    } else if (auto advance = cursor.getDefiningOp<AdvanceOp>()) {
      cursor = advance.getCursor();
    } else {
      return cursor;
    }
  }
  return cursor;
}
