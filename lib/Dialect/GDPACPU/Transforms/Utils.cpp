//===- Utils.cpp - what the passes of this directory share ----------------===//

#include "Utils.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

bool gdpa_cpu::isProgram(func::FuncOp func) {
  return func->hasAttr(kProgramAttr) && !func.isExternal();
}

LogicalResult gdpa_cpu::checkVectorBits(MLIRContext *context, int64_t bits) {
  if (bits == 256 || bits == 512)
    return success();
  return emitError(UnknownLoc::get(context),
                   "expected vector-bits of 256 or 512, found ")
         << bits;
}

StringRef gdpa_cpu::getRole(Operation *op) {
  auto role = op->getAttrOfType<StringAttr>(kRoleAttr);
  return role ? role.getValue() : StringRef();
}

bool gdpa_cpu::isOnlyForActivations(Value scores) {
  return llvm::all_of(scores.getUsers(), [](Operation *user) {
    return getRole(user) == "activation";
  });
}

gdpa_cpu::RegisterTile gdpa_cpu::getRegisterTile(func::FuncOp func) {
  RegisterTile tile;
  if (auto schedule = func->getAttrOfType<ScheduleAttr>("schedule")) {
    if (schedule.getGroup())
      tile.group = schedule.getGroup();
    if (schedule.getTile())
      tile.tile = schedule.getTile();
  }
  return tile;
}

void gdpa_cpu::canonicalize(Operation *root,
                            function_ref<void(RewritePatternSet &)> extra) {
  MLIRContext *context = root->getContext();
  applyPatterns(root, [&](RewritePatternSet &patterns) {
    for (Dialect *dialect : context->getLoadedDialects())
      dialect->getCanonicalizationPatterns(patterns);
    for (RegisteredOperationName op : context->getRegisteredOperations())
      op.getCanonicalizationPatterns(patterns, context);
    if (extra)
      extra(patterns);
  });
}

void gdpa_cpu::applyPatterns(
    Operation *root, function_ref<void(RewritePatternSet &)> populate) {
  RewritePatternSet patterns(root->getContext());
  populate(patterns);
  // A program's control flow is scf's: no blocks to merge, and what is dead goes
  // with the patterns. Upstream would look for both after every round.
  GreedyRewriteConfig config;
  config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  // Not converging is no error: the result is valid at every step.
  (void)applyPatternsGreedily(root, std::move(patterns), config);
}

void gdpa_cpu::eliminateCommonSubexpressions(Operation *root) {
  IRRewriter rewriter(root->getContext());
  DominanceInfo dominance(root);
  mlir::eliminateCommonSubExpressions(rewriter, dominance, root);
}
