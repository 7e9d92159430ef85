//===- ConvertToNVVM.cpp - kernels to the LLVM and NVVM dialects ----------===//
//
// convert-gpu-to-nvvm calls libdevice for elementary functions and refuses some
// intrinsics that NVPTX selects; the same pattern sets without its math part
// do neither.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::gdpa_nv {
#define GEN_PASS_DEF_CONVERTGDPANVTONVVM
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_nv

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

/// The address of dynamic shared memory; buffers in global memory are
/// parameters by now.
struct ConvertPointer : ConvertOpToLLVMPattern<PointerOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(PointerOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    MemRefDescriptor descriptor(adaptor.getSource());
    rewriter.replaceOp(op, descriptor.alignedPtr(rewriter, op.getLoc()));
    return success();
  }
};

/// A function that only an intrinsic of NVPTX reaches, element by element.
template <class Op>
struct ApproximateIntrinsic : OpRewritePattern<Op> {
  ApproximateIntrinsic(MLIRContext *context, StringRef name)
      : OpRewritePattern<Op>(context), name(name) {}

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    Type element = getElementTypeOrSelf(op.getType());
    if (!element.isF32() ||
        !bitEnumContainsAll(op.getFastmath(), arith::FastMathFlags::afn))
      return rewriter.notifyMatchFailure(op, "not an f32 approximation");
    Location loc = op.getLoc();
    auto call = [&](Value operand) -> Value {
      return LLVM::CallIntrinsicOp::create(rewriter, loc, element,
                                           rewriter.getStringAttr(name), operand)
          .getResult(0);
    };
    auto type = dyn_cast<VectorType>(op.getType());
    if (!type) {
      rewriter.replaceOp(op, call(op.getOperand()));
      return success();
    }
    auto elements = vector::ToElementsOp::create(rewriter, loc, op.getOperand());
    SmallVector<Value> results;
    for (Value operand : elements.getResults())
      results.push_back(call(operand));
    rewriter.replaceOpWithNewOp<vector::FromElementsOp>(op, type, results);
    return success();
  }
  std::string name;
};

struct ConvertToNVVM : gdpa_nv::impl::ConvertGDPANVToNVVMBase<ConvertToNVVM> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    gpu::GPUModuleOp module = getOperation();
    {
      RewritePatternSet patterns(context);
      patterns.add<ApproximateIntrinsic<math::Log2Op>>(
          context, "llvm.nvvm.lg2.approx.ftz.f");
      patterns.add<ApproximateIntrinsic<math::RsqrtOp>>(
          context, "llvm.nvvm.rsqrt.approx.ftz.f");
      vector::populateVectorBroadcastLoweringPatterns(patterns);
      vector::populateVectorShapeCastLoweringPatterns(patterns);
      vector::populateVectorInsertExtractStridedSliceTransforms(patterns);
      vector::populateVectorFromElementsUnrollPatterns(patterns);
      vector::populateVectorToElementsUnrollPatterns(patterns);
      if (failed(applyPatternsGreedily(module, std::move(patterns))))
        return signalPassFailure();
    }
    // Discardable attributes that the launch description reads outlive gpu.func.
    LowerToLLVMOptions options(context, DataLayout(module));
    LLVMTypeConverter converter(context, options);
    configureGpuToNVVMTypeConverter(converter);
    RewritePatternSet patterns(context);
    populateGpuToNVVMConversionPatterns(converter, patterns);
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    populateMathToLLVMConversionPatterns(converter, patterns);
    populateVectorToLLVMConversionPatterns(converter, patterns);
    ub::populateUBToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    patterns.add<ConvertPointer>(converter);
    LLVMConversionTarget target(*context);
    target.addIllegalDialect<gpu::GPUDialect, GDPANVDialect, arith::ArithDialect,
                             math::MathDialect, vector::VectorDialect,
                             memref::MemRefDialect, cf::ControlFlowDialect,
                             ub::UBDialect>();
    target.addLegalOp<gpu::GPUModuleOp>();
    target.addLegalDialect<LLVM::LLVMDialect, NVVM::NVVMDialect>();
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    if (failed(applyPartialConversion(module, target, std::move(patterns))))
      return signalPassFailure();
    for (LLVM::GlobalOp global : module.getOps<LLVM::GlobalOp>())
      if (global.getSymName().starts_with("__dynamic_shmem")) {
        // An external symbol: its size is the launch's.
        global.setLinkage(LLVM::Linkage::External);
        global.setAlignment(1024);
      }
    for (LLVM::LLVMFuncOp kernel : module.getOps<LLVM::LLVMFuncOp>()) {
      flushSubnormals(kernel);
      prepareAsynchronous(kernel);
    }
  }

  /// setmaxnreg is ignored where the number of threads is not exact.
  void prepareAsynchronous(LLVM::LLVMFuncOp kernel) {
    auto schedule = kernel->getAttrOfType<ScheduleAttr>("schedule");
    Attribute threads = kernel->getAttr(NVVM::NVVMDialect::getMaxntidAttrName());
    if (!schedule || !schedule.getConsumers() || !threads)
      return;
    // Tensor maps are passed by value and read where the parameters lie.
    auto maps = kernel->getAttrOfType<ArrayAttr>(kTensorMapsAttr);
    Builder builder(kernel.getContext());
    auto bytes = LLVM::LLVMArrayType::get(builder.getI8Type(), 128);
    unsigned count = kernel.getNumArguments();
    for (unsigned i = count - (maps ? maps.size() : 0); i < count; ++i) {
      kernel.setArgAttr(i, LLVM::LLVMDialect::getByValAttrName(), TypeAttr::get(bytes));
      kernel.setArgAttr(i, LLVM::LLVMDialect::getAlignAttrName(),
                        builder.getI64IntegerAttr(64));
      kernel.setArgAttr(i, NVVM::NVVMDialect::getGridConstantAttrName(),
                        builder.getUnitAttr());
    }
    kernel->setAttr(NVVM::NVVMDialect::getReqntidAttrName(), threads);
    kernel->removeAttr(NVVM::NVVMDialect::getMaxntidAttrName());
    kernel->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                    builder.getI32IntegerAttr(1));
  }

  /// The hardware's approximations need extra instructions to keep subnormals;
  /// precision `fast` does without them.
  void flushSubnormals(LLVM::LLVMFuncOp kernel) {
    auto precision = kernel->getAttrOfType<gdpa::PrecisionAttr>("precision");
    if (precision && precision.getValue() == gdpa::Precision::Exact)
      return;
    Builder builder(kernel.getContext());
    kernel.setPassthroughAttr(builder.getArrayAttr({builder.getStrArrayAttr(
        {"denormal-fp-math-f32", "preserve-sign,preserve-sign"})}));
  }
};
} // namespace
