//===- HoistUniform.cpp - values of one side out of the pairs -------------===//
//
// A value of the body of an operation on scores that depends on i alone or on j
// alone is the same for a whole column or row of pairs.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Dialect/GDPATile/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallBitVector.h"

namespace mlir::gdpa_tile {
#define GEN_PASS_DEF_GDPATILEHOISTUNIFORM
#include "gdpa/Dialect/GDPATile/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_tile

using namespace mlir;
using namespace mlir::gdpa_tile;

namespace {

/// What one evaluation costs, in simple operations.
int64_t getWeight(Operation *op) {
  if (isa<tensor::ExtractOp>(op))
    return 8;
  if (isa<arith::DivFOp, arith::RemFOp, arith::DivSIOp, arith::DivUIOp,
          arith::RemSIOp, arith::RemUIOp, arith::FloorDivSIOp,
          arith::CeilDivSIOp, arith::CeilDivUIOp>(op))
    return 4;
  if (isa<math::FmaOp, math::AbsFOp, math::AbsIOp, math::CopySignOp>(op))
    return 1;
  return isa<math::MathDialect>(op->getDialect()) ? 8 : 1;
}

/// One operation over a score block and the values of its body.
class Scores {
public:
  explicit Scores(linalg::GenericOp op) : op(op) {}

  void run(int64_t minWeight) {
    if (!findSides())
      return;
    findDependences();
    for (const llvm::SmallBitVector &side : sides)
      hoist(side, minWeight);
  }

private:
  /// The loops of the operation that run along the rows of each side: those of
  /// the operands of the product that made the scores.
  bool findSides() {
    for (OpOperand *input : op.getDpsInputOperands()) {
      auto score = input->get().getDefiningOp<linalg::ContractOp>();
      auto role = score ? score->getAttrOfType<StringAttr>("gdpa_tile.role")
                        : StringAttr();
      if (!role || role.getValue() != "score")
        continue;
      AffineMap read = op.getMatchingIndexingMap(input);
      SmallVector<AffineMap> maps = score.getIndexingMapsArray();
      for (unsigned operand : {0u, 1u}) {
        llvm::SmallBitVector side(op.getNumLoops());
        for (auto [position, expr] : llvm::enumerate(maps[2].getResults()))
          if (maps[operand].isFunctionOfDim(
                  cast<AffineDimExpr>(expr).getPosition()))
            side.set(read.getDimPosition(position));
        sides.push_back(side);
      }
      return true;
    }
    return false;
  }

  void findDependences() {
    Block &body = *op.getBody();
    unsigned loops = op.getNumLoops();
    for (OpOperand &operand : op->getOpOperands()) {
      llvm::SmallBitVector bits(loops);
      AffineMap map = op.getMatchingIndexingMap(&operand);
      for (unsigned dim = 0; dim < loops; ++dim)
        if (map.isFunctionOfDim(dim))
          bits.set(dim);
      dependence[op.getMatchingBlockArgument(&operand)] = bits;
    }
    for (Operation &inner : body) {
      llvm::SmallBitVector bits(loops);
      if (auto index = dyn_cast<linalg::IndexOp>(inner))
        bits.set(index.getDim());
      for (Value operand : inner.getOperands())
        bits |= of(operand);
      // What could trap is evaluated where there are pairs only.
      if (!isPure(&inner) || inner.getNumRegions())
        bits.set();
      for (Value result : inner.getResults())
        dependence[result] = bits;
    }
  }

  llvm::SmallBitVector of(Value value) {
    auto found = dependence.find(value);
    return found == dependence.end() ? llvm::SmallBitVector(op.getNumLoops())
                                     : found->second;
  }

  bool isOf(const llvm::SmallBitVector &side, Value value) {
    llvm::SmallBitVector bits = of(value);
    return bits.any() && !bits.test(side);
  }

  /// The operations that compute `value` from operands and positions.
  void addSlice(Value value, SetVector<Operation *> &slice) {
    Operation *inner = value.getDefiningOp();
    if (!inner || inner->getBlock() != op.getBody() || slice.contains(inner))
      return;
    for (Value operand : inner->getOperands())
      addSlice(operand, slice);
    slice.insert(inner);
  }

  void hoist(const llvm::SmallBitVector &side, int64_t minWeight) {
    // Values of this side that others use.
    SetVector<Value> wanted;
    for (Operation &inner : *op.getBody())
      for (Value operand : inner.getOperands())
        if (isa<FloatType>(operand.getType()) && operand.getDefiningOp() &&
            isOf(side, operand) &&
            (inner.hasTrait<OpTrait::IsTerminator>() ||
             !isOf(side, inner.getResult(0)))) {
          SetVector<Operation *> slice;
          addSlice(operand, slice);
          int64_t weight = 0;
          for (Operation *part : slice)
            weight += of(part->getResult(0)).any() ? getWeight(part) : 0;
          if (weight >= minWeight)
            wanted.insert(operand);
        }
    if (wanted.empty())
      return;
    SetVector<Operation *> slice;
    for (Value value : wanted)
      addSlice(value, slice);
    emit(side, wanted.getArrayRef(), slice.getArrayRef());
  }

  void emit(const llvm::SmallBitVector &side, ArrayRef<Value> wanted,
            ArrayRef<Operation *> slice) {
    SmallVector<unsigned> loops;
    for (unsigned dim : side.set_bits())
      loops.push_back(dim);
    auto restrict = [&](AffineMap map) {
      SmallVector<AffineExpr> exprs(op.getNumLoops(),
                                    getAffineConstantExpr(0, op.getContext()));
      for (auto [position, dim] : llvm::enumerate(loops))
        exprs[dim] = getAffineDimExpr(position, op.getContext());
      return map.replaceDimsAndSymbols(exprs, {}, loops.size(), 0);
    };
    // Operands of the body that the slice reads, and values from outside.
    SmallVector<OpOperand *> inputs;
    SetVector<Value> outer;
    for (Operation *part : slice)
      for (Value value : part->getOperands()) {
        auto argument = dyn_cast<BlockArgument>(value);
        if (!argument || argument.getOwner() != op.getBody()) {
          if (value.getParentRegion() != &op.getRegion())
            outer.insert(value);
          continue;
        }
        OpOperand *operand = &op->getOpOperand(argument.getArgNumber());
        if (!llvm::is_contained(inputs, operand))
          inputs.push_back(operand);
      }
    SmallVector<int64_t> shape;
    SmallVector<Value> sizes;
    for (unsigned dim : loops) {
      auto [extent, size] = sizeOf(dim);
      shape.push_back(extent);
      if (size)
        sizes.push_back(size);
    }
    for (OpOperand *input : inputs)
      outer.insert(input->get());
    outer.insert(sizes.begin(), sizes.end());

    // Where there are no pairs, a capture may have no element to read.
    bool gathers = llvm::any_of(
        slice, [](Operation *part) { return isa<tensor::ExtractOp>(part); });
    Operation *place = op;
    while (auto loop = dyn_cast<scf::ForOp>(place->getParentOp())) {
      if (gathers || !llvm::all_of(outer, [&](Value value) {
            return loop.isDefinedOutsideOfLoop(value);
          }))
        break;
      place = loop;
    }
    OpBuilder builder(place);
    Location loc = op.getLoc();
    SmallVector<Value> operands, outputs;
    SmallVector<Type> types;
    SmallVector<AffineMap> maps;
    for (OpOperand *input : inputs) {
      operands.push_back(input->get());
      maps.push_back(restrict(op.getMatchingIndexingMap(input)));
    }
    for (Value value : wanted) {
      outputs.push_back(tensor::EmptyOp::create(builder, loc, shape,
                                                value.getType(), sizes));
      types.push_back(outputs.back().getType());
      maps.push_back(builder.getMultiDimIdentityMap(loops.size()));
    }
    SmallVector<utils::IteratorType> iterators(loops.size(),
                                               utils::IteratorType::parallel);
    auto rows = linalg::GenericOp::create(
        builder, loc, types, operands, outputs, maps, iterators,
        [&](OpBuilder &b, Location l, ValueRange arguments) {
          IRMapping mapping;
          for (auto [input, argument] : llvm::zip(inputs, arguments))
            mapping.map(op.getMatchingBlockArgument(input), argument);
          for (Operation *part : slice) {
            if (auto index = dyn_cast<linalg::IndexOp>(part)) {
              int64_t position = llvm::find(loops, index.getDim()) - loops.begin();
              mapping.map(index.getResult(),
                          linalg::IndexOp::create(b, l, position).getResult());
              continue;
            }
            b.clone(*part, mapping);
          }
          SmallVector<Value> yields;
          for (Value value : wanted)
            yields.push_back(mapping.lookup(value));
          linalg::YieldOp::create(b, l, yields);
        });
    rows->setAttr("gdpa_tile.role", builder.getStringAttr("rows"));
    read(rows, wanted, loops);
  }

  /// The size of a loop, static or as a value.
  std::pair<int64_t, Value> sizeOf(unsigned dim) {
    for (OpOperand &operand : op->getOpOperands()) {
      AffineMap map = op.getMatchingIndexingMap(&operand);
      auto type = cast<RankedTensorType>(operand.get().getType());
      for (auto [position, expr] : llvm::enumerate(map.getResults())) {
        if (expr != getAffineDimExpr(dim, op.getContext()))
          continue;
        if (!type.isDynamicDim(position))
          return {type.getDimSize(position), Value()};
        if (auto empty = operand.get().getDefiningOp<tensor::EmptyOp>())
          return {ShapedType::kDynamic, empty.getDynamicSize(position)};
      }
    }
    llvm_unreachable("a loop that no destination runs along");
  }

  /// Makes results of `rows` operands in the place of `wanted`.
  void read(linalg::GenericOp rows, ArrayRef<Value> wanted,
            ArrayRef<unsigned> loops) {
    MLIRContext *context = op.getContext();
    SmallVector<AffineExpr> exprs;
    for (unsigned dim : loops)
      exprs.push_back(getAffineDimExpr(dim, context));
    auto map = AffineMap::get(op.getNumLoops(), 0, exprs, context);
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    unsigned count = op.getNumDpsInputs();
    for (auto [number, result] : llvm::enumerate(rows.getResults())) {
      Value value = wanted[number];
      op.getInputsMutable().append(result);
      maps.insert(maps.begin() + count, map);
      BlockArgument argument =
          op.getBody()->insertArgument(count, value.getType(), op.getLoc());
      value.replaceAllUsesWith(argument);
      dependence[argument] = of(value);
      ++count;
    }
    for (Operation &inner :
         llvm::make_early_inc_range(llvm::reverse(*op.getBody())))
      if (isOpTriviallyDead(&inner)) {
        for (Value dead : inner.getResults())
          dependence.erase(dead);
        inner.erase();
      }
    // Rows that only the new operation reads.
    for (unsigned number = count; number-- > 0;) {
      BlockArgument argument = op.getBody()->getArgument(number);
      if (!argument.use_empty() ||
          !llvm::is_contained(rows.getInputs(), op.getInputs()[number]))
        continue;
      op.getInputsMutable().erase(number);
      maps.erase(maps.begin() + number);
      dependence.erase(argument);
      op.getBody()->eraseArgument(number);
    }
    op.setIndexingMapsAttr(OpBuilder(op).getAffineMapArrayAttr(maps));
  }

  linalg::GenericOp op;
  SmallVector<llvm::SmallBitVector> sides;
  DenseMap<Value, llvm::SmallBitVector> dependence;
};

struct HoistUniform
    : gdpa_tile::impl::GDPATileHoistUniformBase<HoistUniform> {
  using GDPATileHoistUniformBase::GDPATileHoistUniformBase;

  void runOnOperation() override {
    SmallVector<linalg::GenericOp> scores;
    getOperation().walk([&](linalg::GenericOp op) {
      auto role = op->getAttrOfType<StringAttr>("gdpa_tile.role");
      if (role && role.getValue() == "activation")
        scores.push_back(op);
    });
    for (linalg::GenericOp op : scores)
      Scores(op).run(minWeight);
  }
};
} // namespace
