//===- SCFRules.cpp - derivatives of scf operations -----------------------===//

#include "RuleModel.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"
#include <array>

using namespace mlir;
using namespace mlir::gdpa;

namespace {

/// Literals whose condition is defined outside `op`, and the others.
std::pair<Predicate, Predicate> splitPredicate(const Predicate &predicate,
                                               Operation *op) {
  Predicate outer;
  for (Predicate::Literal literal : predicate.getLiterals()) {
    bool isInside = llvm::any_of(op->getRegions(), [&](Region &region) {
      return region.isAncestor(literal.condition.getParentRegion());
    });
    if (!isInside)
      outer = *outer.conjoin(literal);
  }
  return {outer, predicate.without(outer)};
}

/// The reverse of scf.if is an scf.if on the same condition. Each branch
/// recomputes its forward values (cheaper than storing them: what both
/// computations share and what does not depend on the branch is found by CSE)
/// and yields the cotangents of the values from outside that either branch
/// uses.
struct IfModel : DifferentiableOpInterface::ExternalModel<IfModel, scf::IfOp> {
  LogicalResult buildVJP(Operation *op, VJPBuilder &vjp) const {
    auto forward = cast<scf::IfOp>(op);
    OpBuilder &builder = vjp.getBuilder();
    Location loc = op->getLoc();
    SmallVector<std::optional<PredicatedValue>> cotangents;
    for (unsigned index = 0; index < op->getNumResults(); ++index)
      cotangents.push_back(vjp.getPredicatedCotangent(index));

    // Which cotangents the branches yield is known once they are built: they
    // are built in an operation without results and move to the final one.
    auto draft =
        scf::IfOp::create(builder, loc, TypeRange(), forward.getCondition(),
                          /*addThenBlock=*/true, /*addElseBlock=*/true);
    llvm::MapVector<Value, std::array<std::optional<PredicatedValue>, 2>>
        outside;
    for (unsigned branch : {0u, 1u}) {
      Region &source = forward->getRegion(branch);
      Region &target = draft->getRegion(branch);
      if (source.empty())
        continue;
      IRMapping copies;
      OpBuilder body = OpBuilder::atBlockEnd(&target.front());
      for (Operation &nested : source.front().without_terminator())
        body.clone(nested, copies);
      SmallVector<Value> yielded;
      for (Value value : source.front().getTerminator()->getOperands())
        yielded.push_back(copies.lookupOrDefault(value));
      auto result = vjp.differentiateCopy(target.front(), copies, target,
                                          yielded, cotangents);
      if (failed(result)) {
        draft->erase();
        return failure();
      }
      for (auto &[value, cotangent] : *result)
        outside[value][branch] = cotangent;
    }

    OpBuilder bodies[] = {OpBuilder::atBlockEnd(draft.thenBlock()),
                          OpBuilder::atBlockEnd(draft.elseBlock())};
    SmallVector<Value> yields[2];
    struct Export {
      Value value;
      Predicate predicate;
      unsigned cotangent;
      std::optional<unsigned> condition;
    };
    SmallVector<Export> exports;
    for (auto &[value, branches] : outside) {
      // What both branches demand, and the outer conditions of the only one,
      // stays beside the cotangent; the rest is a yielded condition.
      SmallVector<Predicate> outer;
      for (unsigned branch : {0u, 1u})
        if (branches[branch])
          outer.push_back(
              splitPredicate(branches[branch]->predicate, draft).first);
      Predicate common =
          outer.size() == 1 ? outer[0] : outer[0].intersect(outer[1]);
      bool isOneBranch = outer.size() == 1;
      bool isUnconditional = true;
      for (auto &cotangent : branches)
        if (cotangent)
          isUnconditional &= cotangent->predicate.without(common).isTrue();

      Export result{value, common, static_cast<unsigned>(yields[0].size()), {}};
      Type type = getCotangentType(cast<FloatType>(value.getType()));
      for (unsigned branch : {0u, 1u})
        yields[branch].push_back(
            branches[branch]
                ? branches[branch]->value
                : arith::ConstantOp::create(bodies[branch], loc,
                                            builder.getZeroAttr(type)));
      if (isUnconditional && isOneBranch) {
        Predicate::Literal taken{forward.getCondition(), !branches[0]};
        std::optional<Predicate> predicate = common.conjoin(taken);
        if (!predicate)
          continue; // never counts; the yield is dead
        result.predicate = *predicate;
      } else if (!isUnconditional) {
        result.condition = yields[0].size();
        for (unsigned branch : {0u, 1u}) {
          bool counts = branches[branch].has_value();
          Predicate rest = counts ? branches[branch]->predicate.without(common)
                                  : Predicate();
          yields[branch].push_back(counts && !rest.isTrue()
                                       ? rest.materialize(bodies[branch], loc)
                                       : arith::ConstantIntOp::create(
                                             bodies[branch], loc, counts, 1));
        }
      }
      exports.push_back(result);
    }

    auto reverse = scf::IfOp::create(
        builder, loc, ValueRange(yields[0]).getTypes(), forward.getCondition(),
        /*addThenBlock=*/false,
        /*addElseBlock=*/false);
    for (unsigned branch : {0u, 1u}) {
      scf::YieldOp::create(bodies[branch], loc, yields[branch]);
      reverse->getRegion(branch).takeBody(draft->getRegion(branch));
    }
    draft->erase();
    for (Export &result : exports) {
      std::optional<Predicate> predicate = result.predicate;
      if (result.condition)
        predicate = predicate->conjoin(
            Predicate::Literal{reverse.getResult(*result.condition), false});
      vjp.addCotangentOf(result.value,
                         {reverse.getResult(result.cotangent), *predicate});
    }
    return success();
  }
};

/// Loops are unrolled before the sweep; one that is still there could not be.
struct ForModel
    : DifferentiableOpInterface::ExternalModel<ForModel, scf::ForOp> {
  LogicalResult buildVJP(Operation *op, VJPBuilder &) const {
    InFlightDiagnostic error =
        op->emitOpError("expected constant bounds and at most ");
    error << kMaxUnrolledIterations << " iterations to differentiate";
    if (std::optional<APInt> count = cast<scf::ForOp>(op).getStaticTripCount())
      error << ", found " << count->getZExtValue() << " iterations";
    return error;
  }
};

} // namespace

void gdpa::registerSCFRules(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, scf::SCFDialect *) {
    scf::IfOp::attachInterface<IfModel>(*context);
    scf::ForOp::attachInterface<ForModel>(*context);
  });
}
