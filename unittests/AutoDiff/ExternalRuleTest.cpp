//===- ExternalRuleTest.cpp - a rule from outside the project -------------===//
//
// A dialect that this project does not know brings an operation and its rule.
//
//===----------------------------------------------------------------------===//

#include "Differentiated.h"
#include "gdpa/AutoDiff/VJPBuilder.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"

using namespace mlir;

namespace outside {

/// x^3
class CubeOp : public Op<CubeOp, OpTrait::ZeroRegions, OpTrait::OneResult,
                         OpTrait::ZeroSuccessors, OpTrait::OneOperand,
                         MemoryEffectOpInterface::Trait> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CubeOp)
  using Op::Op;
  static StringRef getOperationName() { return "outside.cube"; }
  static ArrayRef<StringRef> getAttributeNames() { return {}; }
  void getEffects(
      SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &) {}
};

class OutsideDialect : public Dialect {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(OutsideDialect)
  explicit OutsideDialect(MLIRContext *context)
      : Dialect("outside", context, TypeID::get<OutsideDialect>()) {
    addOperations<CubeOp>();
  }
  static StringRef getDialectNamespace() { return "outside"; }
};

struct CubeModel
    : gdpa::DifferentiableOpInterface::ExternalModel<CubeModel, CubeOp> {
  LogicalResult buildVJP(Operation *, gdpa::VJPBuilder &vjp) const {
    gdpa::Scalar x = vjp.getOperand(0);
    vjp.addCotangent(0, vjp.getCotangent() * (3.0 * (x * x)));
    return success();
  }
};

} // namespace outside

namespace {

TEST(ExternalRuleTest, IsUsedLikeOurs) {
  MLIRContext &context = gdpa_test::getContext();
  context.getOrLoadDialect<outside::OutsideDialect>();
  outside::CubeOp::attachInterface<outside::CubeModel>(context);
  gdpa_test::Differentiated function(R"(
    %y = math.tanh %s : f64
    %z = "outside.cube"(%y) : (f64) -> f64
    gdpa.yield %z : f64)");
  ASSERT_TRUE(function.isValid());
  gdpa_test::Point point;
  double y = std::tanh(point.s);
  EXPECT_NEAR(function.joint(point, 2.0).ds, 2.0 * 3 * y * y * (1 - y * y),
              1e-14);
}

} // namespace
