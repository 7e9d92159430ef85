//===- Distribute.cpp - block tensors over the threads of a kernel --------===//

#include "Distribution.h"
#include "IndexRange.h"
#include "KernelThreads.h"
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir::gdpa_nv {
#define GEN_PASS_DEF_GDPATILEDISTRIBUTE
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_nv

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

bool isNarrow(const ConstantIntRanges &range) {
  return !range.smin().isNegative() && range.smax().isSignedIntN(32);
}

/// A division of 64 bits is a subroutine of a hundred instructions, one of 32 bits
/// is twenty. TMA's coordinates are 32 bits, and so is all that an asynchronous
/// kernel divides: positions of tiles and of blocks.
void narrowDivisions(gpu::GPUFuncOp function) {
  bool all = getConsumers(function);
  SmallVector<Operation *> divisions;
  function.walk([&](Operation *op) {
    if (isa<arith::DivUIOp, arith::RemUIOp, arith::DivSIOp, arith::RemSIOp>(op) &&
        op->getResult(0).getType().isIndex() &&
        !isa<linalg::LinalgOp>(op->getParentOp()) &&
        (all || llvm::all_of(op->getOperands(), [](Value operand) {
           return isNarrow(getIndexRange(operand));
         })))
      divisions.push_back(op);
  });
  for (Operation *op : divisions) {
    OpBuilder builder(op);
    Location loc = op->getLoc();
    auto narrow = [&](Value value) -> Value {
      return arith::IndexCastOp::create(builder, loc, builder.getI32Type(), value);
    };
    Value a = narrow(op->getOperand(0)), b = narrow(op->getOperand(1));
    Value result;
    if (isa<arith::DivUIOp, arith::DivSIOp>(op))
      result = arith::DivUIOp::create(builder, loc, a, b);
    else
      result = arith::RemUIOp::create(builder, loc, a, b);
    op->getResult(0).replaceAllUsesWith(arith::IndexCastUIOp::create(
        builder, loc, builder.getIndexType(), result));
    op->erase();
  }
}

/// What is known of the indices from outside that the regions of block
/// operations use.
DenseMap<Value, ConstantIntRanges> collectRanges(gpu::GPUFuncOp function) {
  DenseMap<Value, ConstantIntRanges> ranges;
  function.walk([&](linalg::GenericOp op) {
    op.getRegion().walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        if (operand.getType().isIndex() &&
            operand.getParentRegion() != &op.getRegion())
          ranges.insert({operand, getIndexRange(operand)});
    });
  });
  return ranges;
}

struct Distribute : gdpa_nv::impl::GDPATileDistributeBase<Distribute> {
  void runOnOperation() override {
    gpu::GPUFuncOp function = getOperation();
    FailureOr<int64_t> threads = getComputingThreads(function);
    if (failed(threads))
      return signalPassFailure();
    MLIRContext *context = &getContext();
    OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
    Location loc = function.getLoc();
    ThreadContext thread;
    thread.ranges = collectRanges(function);
    narrowDivisions(function);
    thread.threads = *threads;
    ThreadBuilder b(builder, loc, thread);
    thread.thread = b.toI32(
        gpu::ThreadIdOp::create(builder, loc, gpu::Dimension::x));
    thread.lane = b.bitAnd(thread.thread, 31);
    thread.warp = b.shiftRight(thread.thread, 5);
    thread.consumers = getConsumers(function);
    if (thread.consumers) {
      // The same for the whole warp, which the assembler sees by this alone.
      Value first = gpu::ShuffleOp::create(builder, loc, thread.warp, b.constant(0),
                                           b.constant(32), gpu::ShuffleMode::IDX)
                        .getShuffleResult();
      thread.warp = b.add(first, -kWarpgroup / 32);
      thread.thread = b.add(thread.thread, -kWarpgroup);
    }
    auto memory = gpu::DynamicSharedMemoryOp::create(
        builder, loc,
        MemRefType::get(
            {ShapedType::kDynamic}, builder.getI8Type(),
            MemRefLayoutAttrInterface{},
            gpu::AddressSpaceAttr::get(context, gpu::AddressSpace::Workgroup)));
    thread.shared = PointerOp::create(
        builder, loc, LLVM::LLVMPointerType::get(context, 3), memory);

    DistributionTypeConverter converter;
    RewritePatternSet patterns(context);
    ConversionTarget target(*context);
    populateElementwiseDistribution(patterns, converter, thread);
    populateCopyDistribution(patterns, converter, thread);
    populateLoadDistribution(patterns, converter, thread);
    populateStoreDistribution(patterns, converter, thread);
    populateSumDistribution(patterns, converter, thread);
    populateProductDistribution(patterns, converter, thread);
    populateAsyncDistribution(patterns, converter, thread);
    populateAsyncProductDistribution(patterns, converter, thread);
    populateWatchDistribution(patterns, converter, thread);
    scf::populateSCFStructuralTypeConversionsAndLegality(converter, patterns,
                                                         target);
    target.addLegalDialect<arith::ArithDialect, math::MathDialect,
                           memref::MemRefDialect, vector::VectorDialect,
                           gpu::GPUDialect, NVVM::NVVMDialect,
                           LLVM::LLVMDialect>();
    target.addDynamicallyLegalOp<arith::ConstantOp>(
        [](arith::ConstantOp op) { return !isa<RankedTensorType>(op.getType()); });
    target.addIllegalDialect<gdpa_tile::GDPATileDialect, GDPANVDialect,
                             linalg::LinalgDialect>();
    target.addIllegalOp<tensor::EmptyOp, memref::LoadOp, memref::StoreOp>();
    target.addLegalOp<PointerOp, TensorMapOp, RingOp>();
    target.addDynamicallyLegalOp<scf::IfOp>([&](scf::IfOp op) {
      return converter.isLegal(op->getResultTypes());
    });
    if (failed(applyPartialConversion(function, target, std::move(patterns))))
      return signalPassFailure();
    function.walk([](Operation *op) {
      if (isa<bufferization::ToTensorOp, RingOp>(op) && op->use_empty())
        op->erase();
    });
  }
};
} // namespace
