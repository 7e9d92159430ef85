//===- AutoDiff.cpp - functions get their vector-Jacobian product ---------===//
//
// The pass works on whole functions; the gradient of the operation itself is
// built by gdpa::buildBackward.
//
//===----------------------------------------------------------------------===//

#include "gdpa/AutoDiff/BuildBackward.h"
#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "gdpa/Dialect/GDPA/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir::gdpa {
#define GEN_PASS_DEF_GDPAAUTODIFF
#include "gdpa/Dialect/GDPA/Transforms/Passes.h.inc"
} // namespace mlir::gdpa

using namespace mlir;
using namespace mlir::gdpa;

namespace {

constexpr StringLiteral kName = "gdpa.name";

bool isFloat(Type type) { return isa<FloatType>(getElementTypeOrSelf(type)); }

/// (C12) of gdpa.attention.
bool canBeCaptured(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return isa<Float64Type, Float32Type, BFloat16Type, Float16Type>(
             getElementTypeOrSelf(type)) &&
         (isa<FloatType>(type) ||
          (tensor && tensor.getRank() >= 1 && tensor.getRank() <= 4));
}

Value stripCasts(Value value) {
  while (auto cast = value.getDefiningOp<tensor::CastOp>())
    value = cast.getSource();
  return value;
}

/// Adds @f_vjp for one function @f.
class FunctionVJP {
public:
  FunctionVJP(func::FuncOp function, AttentionOp attention)
      : function(function), attention(attention),
        builder(function.getContext()) {}

  /// Whether statistics were added to the results of @f.
  bool addedStatistics() const { return appendStatistics; }

  LogicalResult run(SymbolTable &symbols) {
    if (!attention.hasTensorSemantics())
      return attention.emitOpError("expected tensors to differentiate, found ")
             << attention.getQuery().getType();
    if (failed(checkBody()) || failed(readResults()) || failed(readArguments()))
      return failure();
    name = (function.getName() + "_vjp").str();
    if (Operation *taken = symbols.lookup(name)) {
      InFlightDiagnostic diag = function.emitError("expected the name '@")
                                << name << "' to be free for the derivative";
      diag.attachNote(taken->getLoc()) << "defined here";
      return diag;
    }
    FailureOr<func::FuncOp> vjp = buildFunction();
    if (failed(vjp))
      return failure();
    symbols.insert(*vjp, std::next(function->getIterator()));
    if (appendStatistics)
      returnStatistics();
    return success();
  }

private:
  /// Constants, sizes and destinations: nothing that the derivative of the
  /// attention operation would not account for.
  LogicalResult checkBody() {
    if (!function.getBody().hasOneBlock())
      return function.emitError("expected a function of one block around "
                                "gdpa.attention to differentiate");
    llvm::DenseSet<Value> dependent; // floats computed from arguments
    for (Value argument : function.getArguments())
      if (isFloat(argument.getType()))
        dependent.insert(argument);
    for (Operation &op : function.getBody().front().without_terminator()) {
      if (&op == attention || isa<tensor::DimOp>(op))
        continue;
      bool readsFloat = llvm::any_of(op.getOperands(), [&](Value operand) {
        return dependent.contains(operand);
      });
      if (isa<tensor::CastOp>(op)) {
        if (readsFloat)
          dependent.insert(op.getResult(0));
        continue;
      }
      if (isMemoryEffectFree(&op) && op.getNumRegions() == 0 && !readsFloat)
        continue;
      InFlightDiagnostic diag =
          function.emitError("expected only constants, dims and destinations "
                             "beside gdpa.attention to differentiate '@")
          << function.getName() << "'";
      diag.attachNote(op.getLoc()) << "found '" << op.getName() << "' here";
      return diag;
    }
    return success();
  }

  /// Finds the output and the statistics among the results.
  LogicalResult readResults() {
    Operation *terminator = function.getBody().front().getTerminator();
    for (OpOperand &operand : terminator->getOpOperands()) {
      Value value = stripCasts(operand.get());
      unsigned position = operand.getOperandNumber();
      std::optional<unsigned> *found = nullptr;
      if (value.getDefiningOp() == attention)
        found = cast<OpResult>(value).getResultNumber() == 0
                    ? &outputPosition
                    : &statisticsPosition;
      else if (!isFloat(value.getType()))
        continue;
      if (!found || *found)
        return terminator->emitError(
                   "expected to return the output of "
                   "gdpa.attention once, its statistics at "
                   "most once and no other float, found result ")
               << position;
      *found = position;
    }
    if (!outputPosition)
      return terminator->emitError(
          "expected to return the output of gdpa.attention");
    appendStatistics = attention.hasStatistics() && !statisticsPosition;
    return success();
  }

  /// What the operation reads each argument as.
  LogicalResult readArguments() {
    for (BlockArgument argument : function.getArguments()) {
      if (!isFloat(argument.getType()))
        continue;
      bool isScale = stripCasts(attention.getScale()) == argument;
      bool isCapture =
          llvm::any_of(attention.getCaptures(), [&](Value capture) {
            return stripCasts(capture) == argument;
          });
      if (isScale && isCapture)
        return function.emitError(
                   "expected the scale to be no capture as well, "
                   "since it gets no cotangent, found argument ")
               << argument.getArgNumber() << " to be both";
      // A destination is overwritten, never read: not an input.
      bool isRead = isCapture || isInput(argument);
      bool isDestination =
          llvm::any_of(attention.getDpsInits(), [&](Value init) {
            return stripCasts(init) == argument;
          });
      if (!isScale && (isRead || !isDestination))
        differentiated.push_back(argument.getArgNumber());
    }
    for (auto [index, capture] : llvm::enumerate(attention.getCaptures())) {
      auto argument = dyn_cast<BlockArgument>(stripCasts(capture));
      if (argument && isFloat(argument.getType()))
        wrt.push_back(index);
    }
    return success();
  }

  bool isInput(Value argument) {
    return llvm::any_of(
        ArrayRef<Value>{attention.getQuery(), attention.getKey(),
                        attention.getValue()},
        [&](Value input) { return stripCasts(input) == argument; });
  }

  StringAttr argumentName(unsigned number) {
    return function.getArgAttrOfType<StringAttr>(number, kName);
  }

  /// The name of the cotangent of argument `number`: by role, else by name.
  StringAttr cotangentName(unsigned number) {
    Value argument = function.getArgument(number);
    std::pair<Value, StringRef> roles[] = {{attention.getQuery(), "dq"},
                                           {attention.getKey(), "dk"},
                                           {attention.getValue(), "dv"}};
    for (auto [input, name] : roles)
      if (stripCasts(input) == argument)
        return builder.getStringAttr(name);
    if (StringAttr name = argumentName(number))
      return builder.getStringAttr("d_" + name.getValue());
    for (auto [index, capture] : llvm::enumerate(attention.getCaptures()))
      if (stripCasts(capture) == argument)
        return builder.getStringAttr("d_c" + Twine(index));
    return builder.getStringAttr("d_arg" + Twine(number));
  }

  static Value castTo(OpBuilder &builder, Location loc, Value value,
                      Type type) {
    if (value.getType() == type)
      return value;
    return tensor::CastOp::create(builder, loc, type, value);
  }

  FailureOr<func::FuncOp> buildFunction() {
    Location loc = function.getLoc();
    SmallVector<Type> inputs(function.getArgumentTypes());
    SmallVector<DictionaryAttr> inputAttrs;
    for (unsigned number = 0; number < inputs.size(); ++number)
      inputAttrs.push_back(function.getArgAttrDict(number));
    auto addInput = [&](Type type, StringRef name) {
      inputs.push_back(type);
      inputAttrs.push_back(builder.getDictionaryAttr(
          builder.getNamedAttr(kName, builder.getStringAttr(name))));
      return static_cast<unsigned>(inputs.size() - 1);
    };
    Type outputType = function.getResultTypes()[*outputPosition];
    Type statisticsType;
    std::optional<unsigned> output, statistics, dStatistics;
    if (attention.hasStatistics()) {
      statisticsType = statisticsPosition
                           ? function.getResultTypes()[*statisticsPosition]
                           : attention->getResult(1).getType();
      output = addInput(outputType, "o");
      statistics = addInput(statisticsType, "stats");
    }
    unsigned dOutput = addInput(outputType, "do");
    // Statistics that @f did not return have no use, hence no cotangent.
    if (statisticsPosition)
      dStatistics = addInput(statisticsType, "dstats");

    SmallVector<Type> results;
    SmallVector<DictionaryAttr> resultAttrs;
    for (unsigned number : differentiated) {
      results.push_back(function.getArgumentTypes()[number]);
      resultAttrs.push_back(builder.getDictionaryAttr(
          builder.getNamedAttr(kName, cotangentName(number))));
    }
    auto vjp = func::FuncOp::create(loc, name,
                                    builder.getFunctionType(inputs, results));
    vjp.setVisibility(function.getVisibility());
    vjp.setAllArgAttrs(inputAttrs);
    vjp.setAllResultAttrs(resultAttrs);

    // The body of @f, for the operands; the forward operation then goes.
    Block &block = *vjp.addEntryBlock();
    builder.setInsertionPointToStart(&block);
    IRMapping mapping;
    for (BlockArgument argument : function.getArguments())
      mapping.map(argument, block.getArgument(argument.getArgNumber()));
    for (Operation &op : function.getBody().front().without_terminator())
      builder.clone(op, mapping);
    auto forward = cast<AttentionOp>(mapping.lookup(attention.getOperation()));
    captureUnread(forward, block);

    auto argumentAs = [&](std::optional<unsigned> number, Type type) {
      return number ? castTo(builder, loc, block.getArgument(*number), type)
                    : Value();
    };
    BackwardOptions options;
    if (forward.hasStatistics()) {
      options.output = argumentAs(output, forward->getResult(0).getType());
      options.statistics =
          argumentAs(statistics, forward->getResult(1).getType());
      options.dStatistics =
          argumentAs(dStatistics, forward->getResult(1).getType());
    }
    Value dO = argumentAs(dOutput, forward->getResult(0).getType());
    FailureOr<AttentionBackwardOp> backward =
        buildBackward(builder, forward, dO, wrt, options);
    if (failed(backward)) {
      vjp->erase();
      return failure();
    }
    SmallVector<Value> returned;
    for (unsigned number : differentiated)
      returned.push_back(
          buildCotangent(*backward, block.getArgument(number), loc));
    func::ReturnOp::create(builder, loc, returned);
    forward->erase();
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isOpTriviallyDead(&op))
        op.erase();
    return vjp;
  }

  /// A float argument that the operation reads nowhere becomes a capture whose
  /// gradient nothing adds to: zero.
  void captureUnread(AttentionOp forward, Block &block) {
    for (unsigned number : differentiated) {
      Value argument = block.getArgument(number);
      bool isRead = llvm::any_of(forward->getOperands(), [&](Value operand) {
        return stripCasts(operand) == argument;
      });
      if (isRead || !canBeCaptured(argument.getType()))
        continue;
      wrt.push_back(forward.getCaptures().size());
      forward.getCapturesMutable().append(argument);
      for (Region &region : forward->getRegions())
        if (!region.empty())
          region.addArgument(argument.getType(), argument.getLoc());
    }
  }

  /// The cotangent of `argument` of @f_vjp: the sum over what it is read as.
  Value buildCotangent(AttentionBackwardOp backward, Value argument,
                       Location loc) {
    Type type = argument.getType();
    SmallVector<Value> terms;
    auto collect = [&](Value input, unsigned result) {
      if (stripCasts(input) != argument)
        return;
      Value term = backward->getResult(result);
      terms.push_back(isa<FloatType>(type)
                          ? Value(tensor::ExtractOp::create(builder, loc, term,
                                                            ValueRange()))
                          : castTo(builder, loc, term, type));
    };
    collect(backward.getQuery(), 0);
    collect(backward.getKey(), 1);
    collect(backward.getValue(), 2);
    for (auto [position, capture] : llvm::enumerate(backward.getWrt()))
      collect(backward.getCaptures()[capture], 3 + position);

    if (isa<FloatType>(type)) {
      if (terms.empty())
        return arith::ConstantOp::create(builder, loc,
                                         builder.getZeroAttr(type));
      Value total = terms.front();
      for (Value term : ArrayRef<Value>(terms).drop_front())
        total = arith::AddFOp::create(builder, loc, total, term);
      return total;
    }
    auto empty = [&] {
      return tensor::EmptyOp::create(
          builder, loc, tensor::getMixedSizes(builder, loc, argument),
          getElementTypeOrSelf(type));
    };
    if (terms.empty()) {
      Value zero = arith::ConstantOp::create(
          builder, loc, builder.getZeroAttr(getElementTypeOrSelf(type)));
      return linalg::FillOp::create(builder, loc, ValueRange{zero},
                                    ValueRange{empty()})
          .getResult(0);
    }
    Value total = terms.front();
    for (Value term : ArrayRef<Value>(terms).drop_front())
      total = linalg::AddOp::create(builder, loc, ValueRange{total, term},
                                    ValueRange{empty()})
                  .getResult(0);
    return total;
  }

  /// Appends the statistics to the results of @f.
  void returnStatistics() {
    Operation *terminator = function.getBody().front().getTerminator();
    Value statistics = attention->getResult(1);
    terminator->insertOperands(terminator->getNumOperands(), statistics);
    (void)function.insertResult(function.getNumResults(), statistics.getType(),
                                builder.getDictionaryAttr(builder.getNamedAttr(
                                    kName, builder.getStringAttr("stats"))));
  }

  func::FuncOp function;
  AttentionOp attention;
  OpBuilder builder;
  std::string name;
  /// Positions of the output and the statistics among the results of @f.
  std::optional<unsigned> outputPosition, statisticsPosition;
  bool appendStatistics = false;
  /// Arguments that get a cotangent, and captures that do.
  SmallVector<unsigned> differentiated, wrt;
};

/// Callers of `function`, whose results have grown, ignore the new ones.
LogicalResult updateCallers(func::FuncOp function, Operation *root) {
  std::optional<SymbolTable::UseRange> uses =
      SymbolTable::getSymbolUses(function, root);
  if (!uses)
    return success();
  SmallVector<func::CallOp> calls;
  for (SymbolTable::SymbolUse use : *uses) {
    auto call = dyn_cast<func::CallOp>(use.getUser());
    if (!call)
      return use.getUser()->emitOpError("expected only calls of '@")
             << function.getName() << "', whose results grow by the statistics";
    calls.push_back(call);
  }
  for (func::CallOp call : calls) {
    OpBuilder builder(call);
    auto grown = func::CallOp::create(builder, call.getLoc(), function,
                                      call.getOperands());
    grown->setDiscardableAttrs(call->getDiscardableAttrDictionary());
    call->replaceAllUsesWith(
        grown->getResults().take_front(call->getNumResults()));
    call->erase();
  }
  return success();
}

struct AutoDiffPass : gdpa::impl::GDPAAutoDiffBase<AutoDiffPass> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> functions;
    getOperation().walk(
        [&](func::FuncOp function) { functions.push_back(function); });
    for (func::FuncOp function : functions) {
      SmallVector<AttentionOp> found;
      function.walk([&](AttentionOp op) { found.push_back(op); });
      if (found.empty())
        continue;
      if (found.size() > 1) {
        InFlightDiagnostic diag =
            function.emitError("expected one gdpa.attention in a function to "
                               "differentiate, found ")
            << found.size();
        diag.attachNote(found[1].getLoc()) << "the second one is here";
        return signalPassFailure();
      }
      if (found[0]->getParentOp() != function) {
        found[0].emitOpError("expected to stand in the body of the function "
                             "itself to differentiate, found it in '")
            << found[0]->getParentOp()->getName() << "'";
        return signalPassFailure();
      }
      SymbolTable symbols(function->getParentOp());
      FunctionVJP vjp(function, found[0]);
      if (failed(vjp.run(symbols)) ||
          (vjp.addedStatistics() &&
           failed(updateCallers(function, getOperation()))))
        return signalPassFailure();
    }
  }
};

} // namespace
