//===- Differentiated.cpp - an activation and its joint region ------------===//

#include "Differentiated.h"
#include "gdpa/AutoDiff/AutoDiff.h"
#include "gdpa/AutoDiff/BuildBackward.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;
using namespace gdpa_test;

/// Position of the first capture among the arguments of a joint region.
constexpr unsigned kFirstCapture = 8;

MLIRContext &gdpa_test::getContext() {
  static MLIRContext *context = [] {
    DialectRegistry registry;
    registry
        .insert<gdpa::GDPADialect, arith::ArithDialect, func::FuncDialect,
                math::MathDialect, scf::SCFDialect, tensor::TensorDialect>();
    gdpa::registerDifferentiableOpModels(registry);
    auto *context = new MLIRContext(registry);
    context->loadAllAvailableDialects();
    return context;
  }();
  return *context;
}

Differentiated::Differentiated(const std::string &body) {
  OwningOpRef<ModuleOp> parsed =
      parseSourceString<ModuleOp>(moduleAround(body), &getContext());
  if (!parsed)
    return;
  gdpa::AttentionOp attention;
  parsed->walk([&](gdpa::AttentionOp op) { attention = op; });
  module = parsed.release();
  forward = &attention.getActivation();
  OpBuilder builder(&getContext());
  builder.setInsertionPointAfter(attention);
  Value dO = attention->getBlock()->getArgument(3);
  FailureOr<gdpa::AttentionBackwardOp> result =
      gdpa::buildBackward(builder, attention, dO, {0, 1});
  if (failed(result))
    return;
  backward = &result->getJoint();
  valid = succeeded(verify(module));
}

Differentiated::~Differentiated() {
  if (module)
    module->erase();
}

static std::vector<RegionValue> makeArguments(const Point &point,
                                              std::optional<double> ct) {
  std::vector<RegionValue> result = {RegionValue::ofFloat(point.s)};
  if (ct)
    result.push_back(RegionValue::ofFloat(*ct));
  for (int64_t index : {int64_t(0), point.h, point.i, point.j, kKeys, kKeys})
    result.push_back(RegionValue::ofInteger(index));
  result.push_back(RegionValue::ofTensor({kHeads, kKeys}, point.bias));
  result.push_back(RegionValue::ofFloat(point.t));
  return result;
}

double Differentiated::activation(const Point &point) {
  RegionOutcome outcome =
      interpret(*forward, makeArguments(point, std::nullopt));
  EXPECT_EQ(outcome.error, "");
  return outcome.yielded.empty() ? 0 : outcome.yielded[0];
}

Gradients Differentiated::joint(const Point &point, double ct) {
  RegionOutcome outcome = interpret(*backward, makeArguments(point, ct));
  EXPECT_EQ(outcome.error, "");
  Gradients gradients;
  if (outcome.yielded.size() != 2)
    return gradients;
  gradients.z = outcome.yielded[0];
  gradients.ds = outcome.yielded[1];
  for (auto &[key, gradient] : outcome.accumulated) {
    if (key.first == kFirstCapture)
      gradients.dBias[key.second] += gradient;
    else
      gradients.dt += gradient;
  }
  return gradients;
}

std::string Differentiated::print() {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (module)
    module->print(stream);
  return text;
}
