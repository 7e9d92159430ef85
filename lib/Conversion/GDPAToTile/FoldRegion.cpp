//===- FoldRegion.cpp - a region at known arguments -----------------------===//

#include "FoldRegion.h"
#include "mlir/IR/Operation.h"

using namespace mlir;

SmallVector<Attribute>
gdpa_tile::foldRegion(Region &region, DenseMap<Value, Attribute> known) {
  for (Operation &op : region.front().without_terminator()) {
    if (op.getNumRegions() || op.getNumResults() == 0)
      continue;
    SmallVector<Attribute> operands;
    for (Value operand : op.getOperands())
      operands.push_back(known.lookup(operand));
    // Folding may change an operation in place: a copy is folded.
    Operation *copy = op.clone();
    SmallVector<OpFoldResult> results;
    if (succeeded(copy->fold(operands, results)) &&
        results.size() == op.getNumResults())
      for (auto [result, folded] : llvm::zip(op.getResults(), results)) {
        if (auto attribute = dyn_cast<Attribute>(folded))
          known[result] = attribute;
        else if (Attribute value = known.lookup(cast<Value>(folded)))
          known[result] = value;
      }
    copy->erase();
  }
  SmallVector<Attribute> yielded;
  for (Value value : region.front().getTerminator()->getOperands())
    yielded.push_back(known.lookup(value));
  return yielded;
}
