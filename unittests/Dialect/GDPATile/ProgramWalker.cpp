//===- ProgramWalker.cpp - runs the scalar code of block programs ---------===//

#include "ProgramWalker.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace gdpa_test;

namespace {

class Walker {
public:
  Walker(Arguments &arguments, std::array<int64_t, 3> position)
      : arguments(arguments), position(position) {}

  void runProgram(gdpa_tile::ProgramOp program) {
    // Scalars that are known.
    for (BlockArgument argument : program.getBody().getArguments())
      if (argument.getType().isIndex())
        if (auto &elements = arguments[argument.getArgNumber()].elements;
            !elements.empty())
          values[argument] = index(*program, elements.front());
    run(program.getBody().front());
  }

  Visits visits;

  void run(Block &block) {
    for (Operation &op : block) {
      if (!visits.error.empty())
        return;
      visit(op);
    }
  }

private:
  Attribute index(Operation &op, int64_t value) {
    return IntegerAttr::get(IndexType::get(op.getContext()), value);
  }
  std::optional<int64_t> number(Value value) {
    Attribute known = values.lookup(value);
    if (auto integer = dyn_cast_or_null<IntegerAttr>(known))
      return integer.getValue().getBitWidth() == 1
                 ? integer.getValue().getZExtValue()
                 : integer.getValue().getSExtValue();
    visits.error = "a value that is not known";
    return std::nullopt;
  }

  void visit(Operation &op) {
    if (auto id = dyn_cast<gdpa_tile::ProgramIdOp>(op)) {
      values[id] = index(op, position[id.getDimension()]);
      return;
    }
    if (auto dim = dyn_cast<memref::DimOp>(op)) {
      auto buffer = dyn_cast<BlockArgument>(dim.getSource());
      auto which = number(dim.getIndex());
      if (buffer && which)
        values[dim] =
            index(op, arguments[buffer.getArgNumber()].sizes[*which]);
      return;
    }
    if (auto load = dyn_cast<memref::LoadOp>(op)) {
      if (int64_t *element = elementOf(load.getMemRef(), load.getIndices()))
        values[load] = Builder(op.getContext())
                           .getIntegerAttr(load.getType(), *element);
      return;
    }
    if (auto store = dyn_cast<memref::StoreOp>(op)) {
      auto value = number(store.getValue());
      int64_t *element = elementOf(store.getMemRef(), store.getIndices());
      if (value && element)
        *element = *value;
      return;
    }
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      auto lower = number(loop.getLowerBound()),
           upper = number(loop.getUpperBound()), step = number(loop.getStep());
      if (!lower || !upper || !step)
        return;
      auto assign = [&](ValueRange targets, ValueRange sources) {
        SmallVector<Attribute> known;
        for (Value source : sources)
          known.push_back(values.lookup(source));
        for (auto [target, attribute] : llvm::zip(targets, known))
          values[target] = attribute;
      };
      assign(loop.getRegionIterArgs(), loop.getInitArgs());
      for (int64_t at = *lower; at < *upper && visits.error.empty();
           at += *step) {
        values[loop.getInductionVar()] = index(op, at);
        run(*loop.getBody());
        assign(loop.getRegionIterArgs(),
               loop.getBody()->getTerminator()->getOperands());
      }
      assign(loop.getResults(), loop.getRegionIterArgs());
      return;
    }
    if (auto choice = dyn_cast<scf::IfOp>(op)) {
      auto taken = number(choice.getCondition());
      if (!taken)
        return;
      Region &region = op.getRegion(*taken ? 0 : 1);
      if (!region.empty())
        run(region.front());
      return;
    }
    auto role = op.getAttrOfType<StringAttr>("gdpa_tile.role");
    if (role && role.getValue() == "activation") {
      ++visits.blocks;
      bool looks = false;
      op.walk([&](Operation *inner) {
        looks |= isa<linalg::IndexOp, arith::CmpIOp>(inner);
      });
      visits.full += !looks;
      return;
    }
    bool isScalar = op.getNumResults() == 1 && op.getNumRegions() == 0 &&
                    op.getResult(0).getType().isIntOrIndex();
    if (isScalar)
      fold(op);
  }

  int64_t *elementOf(Value memref, ValueRange indices) {
    auto buffer = dyn_cast<BlockArgument>(memref);
    if (!buffer) {
      visits.error = "a buffer that is no argument";
      return nullptr;
    }
    Argument &argument = arguments[buffer.getArgNumber()];
    int64_t position = 0;
    for (auto [size, value] : llvm::zip(argument.sizes, indices)) {
      auto at = number(value);
      if (!at)
        return nullptr;
      if (*at < 0 || *at >= size) {
        visits.error = "an element outside of its buffer";
        return nullptr;
      }
      position = position * size + *at;
    }
    if (position >= int64_t(argument.elements.size())) {
      visits.error = "an element that is not known";
      return nullptr;
    }
    return &argument.elements[position];
  }

  void fold(Operation &op) {
    SmallVector<Attribute> operands;
    for (Value operand : op.getOperands())
      operands.push_back(values.lookup(operand));
    // Folding may change an operation in place.
    Operation *copy = op.clone();
    SmallVector<OpFoldResult> results;
    if (succeeded(copy->fold(operands, results)) && results.size() == 1) {
      if (auto attribute = dyn_cast<Attribute>(results[0]))
        values[op.getResult(0)] = attribute;
      else
        values[op.getResult(0)] = values.lookup(cast<Value>(results[0]));
    } else {
      values.erase(op.getResult(0));
    }
    copy->erase();
  }

  Arguments &arguments;
  std::array<int64_t, 3> position;
  DenseMap<Value, Attribute> values;
};
} // namespace

Visits gdpa_test::walk(gdpa_tile::ProgramOp program, Arguments &arguments,
                       std::array<int64_t, 3> position) {
  Walker walker(arguments, position);
  walker.runProgram(program);
  return walker.visits;
}
