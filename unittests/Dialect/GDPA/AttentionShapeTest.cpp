//===- AttentionShapeTest.cpp - tests of AttentionShape.h -----------------===//

#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace mlir::gdpa;

TEST(AttentionShape, DimensionsByLayout) {
  TensorDims bhsd = getTensorDims(Layout::BHSD);
  EXPECT_EQ(bhsd.batch, 0u);
  EXPECT_EQ(bhsd.head, 1u);
  EXPECT_EQ(bhsd.sequence, 2u);
  EXPECT_EQ(bhsd.depth, 3u);
  EXPECT_EQ(bhsd.rank, 4u);
  TensorDims bshd = getTensorDims(Layout::BSHD);
  EXPECT_EQ(bshd.sequence, 1u);
  EXPECT_EQ(bshd.head, 2u);
  TensorDims thd = getTensorDims(Layout::THD);
  EXPECT_FALSE(thd.batch.has_value());
  EXPECT_EQ(thd.sequence, 0u);
  EXPECT_EQ(thd.head, 1u);
  EXPECT_EQ(thd.depth, 2u);
  EXPECT_EQ(thd.rank, 3u);
}

TEST(AttentionShape, StatisticsHaveHeadsBeforeRowsInEveryLayout) {
  for (Layout layout : {Layout::BHSD, Layout::BSHD}) {
    StatisticsDims dims = getStatisticsDims(layout);
    EXPECT_EQ(dims.batch, 0u);
    EXPECT_EQ(dims.head, 1u);
    EXPECT_EQ(dims.sequence, 2u);
    EXPECT_EQ(dims.rank, 3u);
  }
  StatisticsDims thd = getStatisticsDims(Layout::THD);
  EXPECT_FALSE(thd.batch.has_value());
  EXPECT_EQ(thd.head, 0u);
  EXPECT_EQ(thd.sequence, 1u);
}

TEST(AttentionShape, RegionArguments) {
  MLIRContext context;
  Type f32 = Float32Type::get(&context), index = IndexType::get(&context);
  Type bias = RankedTensorType::get({4}, f32);
  SmallVector<Type> coordinates(kNumCoordinates, index);

  SmallVector<Type> joint{f32, f32};
  llvm::append_range(joint, coordinates);
  joint.push_back(bias);
  EXPECT_EQ(getRegionArgumentTypes(AttentionRegion::Joint, f32, {bias}), joint);
  EXPECT_EQ(getFirstCaptureArgument(AttentionRegion::Joint), 8u);
  EXPECT_EQ(getRegionArgumentTypes(AttentionRegion::Mask, f32, {}),
            coordinates);
  EXPECT_EQ(getFirstCaptureArgument(AttentionRegion::Mask), 6u);
  EXPECT_EQ(getRegionYieldTypes(AttentionRegion::Mask, f32),
            SmallVector<Type>{IntegerType::get(&context, 1)});
  EXPECT_EQ(getRegionYieldTypes(AttentionRegion::Joint, f32),
            SmallVector<Type>({f32, f32}));

  EXPECT_EQ(getLeadingArgumentName(AttentionRegion::Activation, 0), "s");
  EXPECT_EQ(getLeadingArgumentName(AttentionRegion::Activation, 1), "b");
  EXPECT_EQ(getLeadingArgumentName(AttentionRegion::Vjp, 1), "ct");
  EXPECT_EQ(getLeadingArgumentName(AttentionRegion::Vjp, 7), "nk");
  EXPECT_EQ(getLeadingArgumentName(AttentionRegion::Mask, 0), "b");
}

TEST(AttentionShape, CaptureGradients) {
  MLIRContext context;
  Type bf16 = BFloat16Type::get(&context), i32 = IntegerType::get(&context, 32);
  Type table = RankedTensorType::get({4}, bf16);
  EXPECT_EQ(getCaptureGradientType(table, true), table);
  EXPECT_EQ(getCaptureGradientType(bf16, true),
            RankedTensorType::get({}, bf16));
  EXPECT_EQ(getCaptureGradientType(bf16, false), MemRefType::get({}, bf16));
  EXPECT_EQ(getFloatCaptureType(table), bf16);
  EXPECT_FALSE(getFloatCaptureType(i32));
}

TEST(AttentionShape, Roles) {
  MLIRContext context;
  context.loadDialect<GDPADialect, func::FuncDialect, arith::ArithDialect>();
  auto module = parseSourceString<ModuleOp>(
      R"(
func.func @f(%x: memref<1x2x4x8xf32>, %r: memref<1x2x4xf32>, %g: memref<f32>, %c: f32) {
  gdpa.attention_backward bhsd softmax
      ins(%x, %x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
      saved(%x, %r : memref<1x2x4x8xf32>, memref<1x2x4xf32>)
      outs(%x, %x, %x, %g, %g : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<f32>, memref<f32>)
      scale(%c : f32)
      captures(%c, %c, %c : f32, f32, f32) wrt [0, 2]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %A: f32, %B: f32, %C: f32) {
        gdpa.yield %s, %ct : f32, f32
      }
  return
})",
      &context);
  ASSERT_TRUE(module);
  AttentionBackwardOp backward;
  module->walk([&](AttentionBackwardOp op) { backward = op; });
  SmallVector<std::string> names;
  for (OpOperand &operand : backward->getOpOperands()) {
    OperandRole role = getOperandRole(backward, operand.getOperandNumber());
    names.push_back((getRoleName(role.role) + Twine(role.index)).str());
  }
  // The absent cotangent of the statistics leaves no gap.
  EXPECT_EQ(names, SmallVector<std::string>(
                       {"q0", "k0", "v0", "do0", "o0", "stats0", "dq0", "dk0",
                        "dv0", "dcapture0", "dcapture1", "scale0", "capture0",
                        "capture1", "capture2"}));
  EXPECT_EQ(getAttentionRegion(backward.getJoint()), AttentionRegion::Joint);
  EXPECT_EQ(getAttentionRegion(backward.getMask()), AttentionRegion::Mask);
  OperandRole gradient = getResultRole(backward, 4);
  EXPECT_EQ(gradient.role, Role::DCapture);
  EXPECT_EQ(gradient.index, 1u);
}

TEST(AttentionShape, RolesOfTilesAndPieces) {
  MLIRContext context;
  context.loadDialect<arith::ArithDialect, func::FuncDialect, GDPADialect>();
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(
      R"(
func.func @f(%x: memref<1x2x4x8xf32>, %r: memref<1x2x4xf32>, %all: memref<3x1x2x4x8xf32>, %rs: memref<3x1x2x4xf32>, %c: f32, %n: index) {
  gdpa.attention_partial bhsd softmax
      ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
      outs(%x, %r, %r : memref<1x2x4x8xf32>, memref<1x2x4xf32>, memref<1x2x4xf32>)
      scale(%c : f32) captures(%c : f32) offsets(%n, %n, %n, %n) lengths(%n, %n)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %A: f32) {
        gdpa.yield %s : f32
      }
  gdpa.attention_merge bhsd sum ins(%all, %rs : memref<3x1x2x4x8xf32>, memref<3x1x2x4xf32>)
      outs(%x, %r : memref<1x2x4x8xf32>, memref<1x2x4xf32>)
  return
})",
      &context);
  ASSERT_TRUE(module);
  auto namesOf = [](auto op) {
    SmallVector<std::string> names;
    for (OpOperand &operand : op->getOpOperands()) {
      OperandRole role = getOperandRole(op, operand.getOperandNumber());
      names.push_back((getRoleName(role.role) + Twine(role.index)).str());
    }
    return names;
  };
  module->walk([&](AttentionPartialOp op) {
    EXPECT_EQ(namesOf(op),
              SmallVector<std::string>({"q0", "k0", "v0", "acc0", "m0", "l0",
                                        "scale0", "capture0", "offset0",
                                        "offset1", "offset2", "offset3",
                                        "length0", "length1"}));
    EXPECT_EQ(getAttentionRegion(op.getMask()), AttentionRegion::Mask);
    EXPECT_EQ(getResultRole(op, 1).role, Role::Maximum);
    EXPECT_EQ(getResultRole(op, 2).role, Role::Total);
  });
  module->walk([&](AttentionMergeOp op) {
    EXPECT_EQ(namesOf(op),
              SmallVector<std::string>({"acc0", "l0", "o0", "stats0"}));
    EXPECT_EQ(getResultRole(op, 1).role, Role::Statistics);
  });
}
