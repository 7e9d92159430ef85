//===- PredicateTest.cpp - conjunctions and masked sums -------------------===//

#include "gdpa/AutoDiff/Predicate.h"
#include "Differentiated.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using gdpa::Predicate;
using gdpa::PredicatedValue;

namespace {

class PredicateTest : public testing::Test {
protected:
  PredicateTest() : builder(&gdpa_test::getContext()) {
    Location loc = builder.getUnknownLoc();
    Type i1 = builder.getI1Type(), f64 = builder.getF64Type();
    for (Type type : {i1, i1, i1, f64, f64, f64})
      block.addArgument(type, loc);
    builder.setInsertionPointToEnd(&block);
  }
  Value condition(unsigned index) { return block.getArgument(index); }
  Value number(unsigned index) { return block.getArgument(3 + index); }
  Predicate when(unsigned index, bool isNegated = false) {
    return Predicate({condition(index), isNegated});
  }
  unsigned countOps() { return block.getOperations().size(); }
  PredicatedValue sum(ArrayRef<PredicatedValue> terms) {
    return gdpa::sum(builder, builder.getUnknownLoc(), terms);
  }

  Block block;
  OpBuilder builder;
};

TEST_F(PredicateTest, Contradiction) {
  EXPECT_TRUE(when(0).conjoin(when(1)));
  EXPECT_FALSE(when(0).conjoin(when(0, true)));
  EXPECT_FALSE(when(0).conjoin(when(1))->conjoin(when(1, true)));
}

TEST_F(PredicateTest, EqualityIgnoresOrder) {
  EXPECT_EQ(*when(0).conjoin(when(1)), *when(1).conjoin(when(0)));
  EXPECT_FALSE(when(0) == when(0, true));
  EXPECT_FALSE(when(0) == *when(0).conjoin(when(1)));
}

TEST_F(PredicateTest, OneTermStaysAsItIs) {
  PredicatedValue result = sum({{number(0), when(0)}});
  EXPECT_EQ(result.value, number(0));
  EXPECT_EQ(result.predicate, when(0));
  EXPECT_EQ(countOps(), 0u);
}

TEST_F(PredicateTest, EqualPredicatesAddUnmasked) {
  PredicatedValue result = sum({{number(0), when(0)}, {number(1), when(0)}});
  EXPECT_TRUE(result.value.getDefiningOp<arith::AddFOp>());
  EXPECT_EQ(result.predicate, when(0));
  EXPECT_EQ(countOps(), 1u);
}

TEST_F(PredicateTest, ComplementsBecomeOneSelect) {
  PredicatedValue result = sum({{number(0), *when(0, true).conjoin(when(1))},
                                {number(1), *when(0).conjoin(when(1))}});
  auto select = result.value.getDefiningOp<arith::SelectOp>();
  ASSERT_TRUE(select);
  EXPECT_EQ(select.getCondition(), condition(0));
  EXPECT_EQ(select.getTrueValue(), number(1));
  EXPECT_EQ(select.getFalseValue(), number(0));
  EXPECT_EQ(result.predicate, when(1));
  EXPECT_EQ(countOps(), 1u);
}

TEST_F(PredicateTest, OthersCountWhereEitherDoes) {
  PredicatedValue result = sum({{number(0), *when(0).conjoin(when(2))},
                                {number(1), *when(1).conjoin(when(2))}});
  EXPECT_TRUE(result.value.getDefiningOp<arith::AddFOp>());
  ASSERT_EQ(result.predicate.getLiterals().size(), 2u);
  EXPECT_TRUE(result.predicate.contains({condition(2), false}));
  EXPECT_TRUE(result.predicate.without(when(2))
                  .getLiterals()[0]
                  .condition.getDefiningOp<arith::OrIOp>());
}

TEST_F(PredicateTest, MaskedTermsNeedNoConditionOfTheirSum) {
  Value result = gdpa::maskedSum(builder, builder.getUnknownLoc(),
                                 {{number(0), when(0)}, {number(1), when(1)}});
  EXPECT_TRUE(result.getDefiningOp<arith::AddFOp>());
  for (Operation &op : block)
    EXPECT_FALSE(isa<arith::OrIOp>(op));
}

TEST_F(PredicateTest, UnconditionalTermMakesTheSumUnconditional) {
  PredicatedValue result = sum({{number(0), when(0)}, {number(1), {}}});
  EXPECT_TRUE(result.predicate.isTrue());
  EXPECT_TRUE(result.value.getDefiningOp<arith::AddFOp>());
}

} // namespace
