//===- RegisterRules.cpp - registration of the derivative rules -----------===//

#include "RuleModel.h"
#include "gdpa/AutoDiff/AutoDiff.h"

void mlir::gdpa::registerDifferentiableOpModels(DialectRegistry &registry) {
  registerArithRules(registry);
  registerMathRules(registry);
  registerSCFRules(registry);
  registerCaptureRules(registry);
}
