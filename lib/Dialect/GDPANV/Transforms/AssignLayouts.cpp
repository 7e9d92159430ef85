//===- AssignLayouts.cpp - give every block tensor its layout -------------===//
//
// Layouts start at the products and spread along ties: a destination and its
// result, the values that a loop carries, the operands of elementwise
// operations. Types change in place.
//
//===----------------------------------------------------------------------===//

#include "Distribution.h"
#include "KernelThreads.h"
#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir::gdpa_nv {
#define GEN_PASS_DEF_GDPATILEASSIGNLAYOUTS
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_nv

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

constexpr int64_t kDefaultRegisterLhs = 64;

/// Values that are cheaper to repeat than to share: one value must not need two
/// layouts because two users of the same type want it.
bool isCheap(Operation *op) {
  if (isa<tensor::EmptyOp>(op))
    return true;
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return isa<RankedTensorType>(constant.getType());
  return isa<linalg::FillOp>(op);
}

class LayoutAssignment {
public:
  /// `stagesRows`: rows of captures that a loop reads pass through shared memory.
  LayoutAssignment(gpu::GPUFuncOp function, int64_t registerLhs, int64_t warps,
                   bool stagesRows)
      : function(function), registerLhs(registerLhs), warps(warps),
        stagesRows(stagesRows) {}

  LogicalResult run() {
    repeatCheapValues();
    SmallVector<linalg::ContractOp> products;
    function.walk([&](linalg::ContractOp op) { products.push_back(op); });
    for (linalg::ContractOp product : products)
      if (failed(seed(product, product.getResult(0))))
        return failure();
    for (linalg::ContractOp product : products)
      if (failed(assignOperands(product)))
        return failure();
    return assignRest();
  }

private:
  void repeatCheapValues() {
    SmallVector<Operation *> cheap;
    function.walk([&](Operation *op) {
      if (isCheap(op))
        cheap.push_back(op);
    });
    // Users first: a fill that is repeated makes its destination shared.
    for (Operation *op : llvm::reverse(cheap)) {
      if (op->use_empty()) {
        op->erase();
        continue;
      }
      Value result = op->getResult(0);
      for (OpOperand &use : llvm::make_early_inc_range(
               llvm::drop_begin(result.getUses()))) {
        OpBuilder builder(op);
        use.set(builder.clone(*op)->getResult(0));
      }
    }
    // The clones of fills share destinations once more.
    SmallVector<tensor::EmptyOp> empties;
    function.walk([&](tensor::EmptyOp op) { empties.push_back(op); });
    for (tensor::EmptyOp op : empties)
      for (OpOperand &use : llvm::make_early_inc_range(
               llvm::drop_begin(op->getResult(0).getUses()))) {
        OpBuilder builder(op);
        use.set(builder.clone(*op)->getResult(0));
      }
  }

  /// The accumulator layout of a block with the rows of `value`.
  LogicalResult seed(Operation *op, Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getRank() != 2 || !type.hasStaticShape())
      return op->emitError("expected a block of rank 2 and static shape, found ")
             << type;
    int64_t rows = type.getDimSize(0);
    if (rows % (16 * warps))
      return op->emitError("expected rows in multiples of 16 for each of ")
             << warps << " warps, found " << rows;
    if (type.getDimSize(1) % 8)
      return op->emitError("expected columns in multiples of 8, found ")
             << type.getDimSize(1);
    return assign(value, AccAttr::get(function.getContext(), warps,
                                      rows / (16 * warps)));
  }

  LogicalResult assign(Value value, Attribute layout) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type)
      return success();
    if (Attribute given = type.getEncoding()) {
      if (given != layout)
        return emitError(value.getLoc(), "expected one layout, found ")
               << given << " and " << layout;
      return success();
    }
    if (failed(cast<LayoutAttrInterface>(layout).verifyEncoding(
            type.getShape(), type.getElementType(),
            [&] { return emitError(value.getLoc()); })))
      return failure();
    value.setType(withLayout(type, layout));
    if (auto constant = value.getDefiningOp<arith::ConstantOp>()) {
      auto splat = dyn_cast<SplatElementsAttr>(constant.getValue());
      if (!splat)
        return constant.emitError(
            "expected a constant block of one value on NVIDIA");
      constant.setValueAttr(cast<TypedAttr>(DenseElementsAttr::get(
          cast<ShapedType>(value.getType()), splat.getSplatValue<Attribute>())));
    }
    if (auto result = dyn_cast<OpResult>(value)) {
      if (failed(assignProducer(result, layout)))
        return failure();
    } else if (auto loop = dyn_cast<scf::ForOp>(
                   cast<BlockArgument>(value).getOwner()->getParentOp())) {
      if (failed(assignLoop(
              loop, cast<BlockArgument>(value).getArgNumber() - 1, layout)))
        return failure();
    }
    for (OpOperand &use : value.getUses())
      if (failed(assignUse(use, layout)))
        return failure();
    return success();
  }

  LogicalResult assignUse(OpOperand &use, Attribute layout) {
    Operation *user = use.getOwner();
    if (auto loop = dyn_cast<scf::ForOp>(user))
      return assignLoop(loop, use.getOperandNumber() - 3, layout);
    if (isa<scf::YieldOp>(user)) {
      if (auto loop = dyn_cast<scf::ForOp>(user->getParentOp()))
        return assignLoop(loop, use.getOperandNumber(), layout);
      if (auto choice = dyn_cast<scf::IfOp>(user->getParentOp()))
        return assignChoice(choice, use.getOperandNumber(), layout);
      return success();
    }
    auto op = dyn_cast<linalg::LinalgOp>(user);
    if (!op || isa<linalg::ContractOp>(user)) {
      if (op && op.isDpsInit(&use))
        return assign(op.getTiedOpResult(&use), layout);
      return success();
    }
    if (op.isDpsInit(&use))
      return assign(op.getTiedOpResult(&use), layout);
    if (op.getNumParallelLoops() != op.getNumLoops()) // a row reduction
      return assignReduction(op, layout);
    // An operand with all dimensions of the loop fixes the results' layout, but one
    // that is converted first.
    if (!isa<SharedAttr>(layout) &&
        op.getMatchingIndexingMap(&use).isIdentity())
      for (Value result : user->getResults())
        if (failed(assign(result, layout)))
          return failure();
    return success();
  }

  LogicalResult assignReduction(linalg::LinalgOp op, Attribute layout) {
    auto acc = dyn_cast<AccAttr>(layout);
    if (!acc || op.getNumLoops() != 2 || op.getNumDpsInputs() != 1 ||
        op.getNumDpsInits() != 1 ||
        op.getIteratorTypesArray()[0] != utils::IteratorType::parallel)
      return op.emitError("expected the reduction of one block over its "
                          "columns: other reductions are not lowered to "
                          "NVIDIA kernels");
    return assign(op->getResult(0),
                  SliceAttr::get(op.getContext(), 0, acc.getWarps(),
                                 acc.getTiles()));
  }

  LogicalResult assignLoop(scf::ForOp loop, unsigned number,
                           Attribute layout) {
    for (Value value :
         {Value(loop.getRegionIterArg(number)), Value(loop.getResult(number)),
          loop.getInitArgs()[number], loop.getYieldedValues()[number]})
      if (failed(assign(value, layout)))
        return failure();
    return success();
  }

  LogicalResult assignChoice(scf::IfOp choice, unsigned number,
                             Attribute layout) {
    for (Value value : {Value(choice.getResult(number)),
                        choice.thenYield().getOperand(number),
                        choice.elseYield().getOperand(number)})
      if (failed(assign(value, layout)))
        return failure();
    return success();
  }

  LogicalResult assignProducer(OpResult result, Attribute layout) {
    Operation *producer = result.getOwner();
    if (auto choice = dyn_cast<scf::IfOp>(producer))
      return assignChoice(choice, result.getResultNumber(), layout);
    if (auto loop = dyn_cast<scf::ForOp>(producer))
      return assignLoop(loop, result.getResultNumber(), layout);
    auto op = dyn_cast<linalg::LinalgOp>(producer);
    if (!op)
      return success();
    if (failed(assign(op.getDpsInitOperand(result.getResultNumber())->get(),
                      layout)))
      return failure();
    if (isa<linalg::ContractOp>(producer) || isa<linalg::FillOp>(producer))
      return success();
    if (op.getNumParallelLoops() != op.getNumLoops()) {
      // Rows that are reduced from a block that nothing else has placed.
      auto slice = dyn_cast<SliceAttr>(layout);
      Value input = op->getOperand(0);
      if (!slice || slice.getDim() != 0 || op.getNumLoops() != 2 ||
          getLayout(input))
        return success();
      return assign(input, AccAttr::get(op.getContext(), slice.getWarps(),
                                        slice.getTiles()));
    }
    for (Value other : producer->getResults())
      if (failed(assign(other, layout)))
        return failure();
    for (OpOperand *input : op.getDpsInputOperands())
      if (failed(assignInput(op, input, layout)))
        return failure();
    return success();
  }

  LogicalResult assignInput(linalg::LinalgOp op, OpOperand *input,
                            Attribute layout) {
    AffineMap map = op.getMatchingIndexingMap(input);
    auto acc = dyn_cast<AccAttr>(layout);
    auto slice = dyn_cast<SliceAttr>(layout); // an operation on rows
    if (map.isIdentity() && !slice)
      return assign(input->get(), layout);
    if (map.getNumResults() == 0 || !isa<RankedTensorType>(input->get().getType()))
      return success();
    if (acc && map.getNumResults() == 1 && map.isProjectedPermutation())
      slice = SliceAttr::get(op.getContext(), map.getDimPosition(0),
                             acc.getWarps(), acc.getTiles());
    else if (!slice || !map.isIdentity())
      return op.emitError("expected operands indexed by both, one or none of "
                          "the block's dimensions, found ")
             << AffineMapAttr::get(map);
    auto load = input->get().getDefiningOp<gdpa_tile::LoadOp>();
    // Every thread of a column needs it: inside a loop 4-byte elements go through
    // the ring, which hides the latency. cp.async copies no 2-byte element.
    if (stagesRows && load && slice.getDim() == 1 &&
        load->getParentOfType<scf::ForOp>() &&
        bytesOf(load.getType().getElementType()) == 4 &&
        load.getType().getDimSize(0) <= warps * 32 &&
        cast<MemRefType>(load.getSource().getType()).getElementType() ==
            load.getType().getElementType()) {
      Attribute shared = SharedAttr::get(op.getContext());
      if (getLayout(load) != shared && failed(assign(load, shared)))
        return failure();
      OpBuilder builder(op);
      input->set(ConvertOp::create(builder, op.getLoc(),
                                   withLayout(load.getType(), slice), load));
      return success();
    }
    return assign(input->get(), slice);
  }

  LogicalResult assignOperands(linalg::ContractOp product) {
    Value left = product.getInputs()[0], right = product.getInputs()[1];
    SmallVector<AffineMap> maps = product.getIndexingMapsArray();
    auto elementType = cast<ShapedType>(left.getType()).getElementType();
    if (!elementType.isBF16() && !elementType.isF16())
      return product.emitError("expected products of bf16 or f16 blocks on "
                               "NVIDIA, found ")
             << elementType << " (tensors of " << elementType
             << " are lowered to the CPU only)";
    if (!cast<ShapedType>(product.getResult(0).getType())
             .getElementType()
             .isF32())
      return product.emitError("expected an f32 accumulator");
    if (llvm::any_of(maps, [](AffineMap map) {
          return map.getNumResults() != 2 || !map.isProjectedPermutation();
        }) ||
        maps[0].getDimPosition(0) != maps[2].getDimPosition(0))
      return product.emitError("expected a product of [m][k] by [n][k] or "
                               "[k][n], found other indexing maps");
    if (getLayout(right) && !isa<SharedAttr>(getLayout(right)))
      return product.emitError("expected the right operand of a product to be "
                               "loaded: computed ones are not lowered");
    auto acc = cast<AccAttr>(getLayout(product.getResult(0)));
    MLIRContext *context = product.getContext();
    Attribute shared = SharedAttr::get(context);
    if (failed(assign(right, shared)))
      return failure();
    OpBuilder builder(product);
    Attribute lhs = LhsAttr::get(context, acc.getWarps(), acc.getTiles());
    auto convert = [&] {
      product->setOperand(
          0, ConvertOp::create(builder, product.getLoc(),
                               withLayout(left.getType(), lhs), left));
    };
    if (LayoutAttrInterface given = getLayout(left); isa_and_nonnull<AccAttr>(given)) {
      convert();
      return success();
    }
    if (failed(assign(left, shared)))
      return failure();
    auto loop = product->getParentOfType<scf::ForOp>();
    if (loop && loop.isDefinedOutsideOfLoop(left) &&
        cast<RankedTensorType>(left.getType()).getDimSize(1) <= registerLhs) {
      builder.setInsertionPoint(loop);
      convert();
    }
    return success();
  }

  /// Programs without a product: their blocks are accumulators as well.
  LogicalResult assignRest() {
    WalkResult walked = function.walk([&](Operation *op) {
      Value value;
      if (auto store = dyn_cast<gdpa_tile::StoreOp>(op))
        value = store.getValue();
      if (auto add = dyn_cast<gdpa_tile::AccumulateOp>(op))
        value = add.getValue();
      if (!value || getLayout(value))
        return WalkResult::advance();
      auto type = cast<RankedTensorType>(value.getType());
      if (type.getRank() == 2)
        return failed(seed(op, value)) ? WalkResult::interrupt()
                                       : WalkResult::advance();
      if (type.getRank() == 1 && type.getDimSize(0) % (16 * warps) == 0)
        return failed(assign(value, SliceAttr::get(
                                        op->getContext(), 0, warps,
                                        type.getDimSize(0) / (16 * warps))))
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      op->emitError("expected a block of rank 1 or 2 with rows in multiples of "
                    "16 for each warp, found ")
          << type;
      return WalkResult::interrupt();
    });
    if (walked.wasInterrupted())
      return failure();
    walked = function.walk([&](Operation *op) {
      if (!isa<linalg::LinalgOp, gdpa_tile::LoadOp, ConvertOp>(op))
        return WalkResult::advance();
      for (Value result : op->getResults())
        if (!result.use_empty() && isa<RankedTensorType>(result.getType()) &&
            !getLayout(result)) {
          op->emitError("has no layout: nothing that it is computed from or "
                        "used by fixes one");
          return WalkResult::interrupt();
        }
      return WalkResult::advance();
    });
    return failure(walked.wasInterrupted());
  }

  gpu::GPUFuncOp function;
  int64_t registerLhs, warps;
  bool stagesRows;
};

struct AssignLayouts : gdpa_nv::impl::GDPATileAssignLayoutsBase<AssignLayouts> {
  using GDPATileAssignLayoutsBase::GDPATileAssignLayoutsBase;

  void runOnOperation() override {
    gpu::GPUFuncOp function = getOperation();
    FailureOr<int64_t> threads = getComputingThreads(function);
    if (failed(threads))
      return signalPassFailure();
    int64_t widest = registerLhs;
    if (auto schedule = function->getAttrOfType<ScheduleAttr>("schedule");
        schedule && !widest)
      widest = schedule.getRegisterLhs();
    if (!widest)
      widest = kDefaultRegisterLhs;
    if (failed(LayoutAssignment(function, widest, *threads / 32,
                                !getConsumers(function)).run()))
      signalPassFailure();
  }
};
} // namespace
