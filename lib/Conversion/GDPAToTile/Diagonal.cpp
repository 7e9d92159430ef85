//===- Diagonal.cpp - indices that depend on i - j or i + j ---------------===//

#include "Diagonal.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

namespace {

/// How a value depends on the positions: not at all, as a * i + b * j plus
/// something uniform, in any way but through one diagonal, or otherwise.
struct Form {
  enum Kind { Uniform, Linear, Along, Other } kind = Other;
  int64_t a = 0, b = 0;
  Diagonal diagonal = Diagonal::Difference;

  static Form uniform() { return {Uniform, 0, 0, Diagonal::Difference}; }
  static Form linear(int64_t a, int64_t b) {
    if (a == 0 && b == 0)
      return uniform();
    return {Linear, a, b, Diagonal::Difference};
  }

  std::optional<Diagonal> along() const {
    if (kind == Along)
      return diagonal;
    if (kind == Linear && a == -b)
      return Diagonal::Difference;
    if (kind == Linear && a == b)
      return Diagonal::Sum;
    return std::nullopt;
  }
  bool isLinear() const { return kind == Linear || kind == Uniform; }
};

class FormAnalysis {
public:
  explicit FormAnalysis(Region &region) {
    // s, ct, b, h, i, j, then what all pairs of a head share.
    for (BlockArgument argument : region.getArguments()) {
      unsigned number = argument.getArgNumber();
      forms[argument] = number == 4   ? Form::linear(1, 0)
                        : number == 5 ? Form::linear(0, 1)
                        : number == 3 || number > 5 ? Form::uniform()
                                                    : Form();
    }
  }

  Form of(Value value) {
    if (auto known = forms.find(value); known != forms.end())
      return known->second;
    Operation *op = value.getDefiningOp();
    Form form = op ? ofOperation(op) : Form();
    forms[value] = form;
    return form;
  }

private:
  Form ofOperation(Operation *op) {
    if (op->getNumRegions() || op->getNumResults() != 1 ||
        !(isMemoryEffectFree(op) || isa<memref::LoadOp>(op)))
      return Form();
    if (isa<arith::AddIOp, arith::SubIOp>(op)) {
      Form left = of(op->getOperand(0)), right = of(op->getOperand(1));
      int64_t sign = isa<arith::SubIOp>(op) ? -1 : 1;
      if (left.isLinear() && right.isLinear())
        return Form::linear(left.a + sign * right.a, left.b + sign * right.b);
    }
    // Integers of any width: sums wrap alike whatever they are made of.
    if (isa<arith::IndexCastOp, arith::IndexCastUIOp, arith::TruncIOp>(op))
      if (Form form = of(op->getOperand(0)); form.isLinear())
        return form;
    // A function of what is constant along diagonals is.
    Form result = Form::uniform();
    for (Value operand : op->getOperands()) {
      Form form = of(operand);
      if (form.kind == Form::Uniform)
        continue;
      std::optional<Diagonal> along = form.along();
      if (!along || (result.kind == Form::Along && result.diagonal != *along))
        return Form();
      result = {Form::Along, 0, 0, *along};
    }
    return result;
  }

  DenseMap<Value, Form> forms;
};

} // namespace

std::optional<Diagonal>
gdpa_tile::findDiagonal(gdpa::AttentionBackwardOp op,
                        gdpa::AccumulateOp accumulate) {
  FormAnalysis analysis(op.getJoint());
  std::optional<Diagonal> found;
  for (Value index : accumulate.getIndices()) {
    Form form = analysis.of(index);
    if (form.kind == Form::Uniform)
      continue;
    std::optional<Diagonal> along = form.along();
    if (!along || (found && *found != *along))
      return std::nullopt;
    found = along;
  }
  return found;
}
