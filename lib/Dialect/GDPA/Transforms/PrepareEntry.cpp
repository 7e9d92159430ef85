//===- PrepareEntry.cpp - functions become entries over buffers -----------===//
//
// An entry is what an artefact exports: memref arguments with names, roles and
// access, destinations last. Bufferization then has nothing left to decide at
// the function boundary.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Dialect/GDPA/IR/AttentionPosition.h"
#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "gdpa/Dialect/GDPA/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"

namespace mlir::gdpa {
#define GEN_PASS_DEF_GDPAPREPAREENTRY
#include "gdpa/Dialect/GDPA/Transforms/Passes.h.inc"
} // namespace mlir::gdpa

using namespace mlir;
using namespace mlir::gdpa;

namespace {

constexpr StringLiteral kName = "gdpa.name";
constexpr StringLiteral kRole = "gdpa.role";
constexpr StringLiteral kAccess = "gdpa.access";

/// The role of each value that the operation reads, and of each result.
struct Roles {
  Layout layout;
  /// Of a value that plays several roles: the first.
  llvm::MapVector<Value, Role> inputs;
  SmallVector<Role> results;
  /// Captures that the results of role DCapture belong to, by result number.
  DenseMap<unsigned, Value> captureOfResult;
};

template <class Op> Roles rolesOf(Op op) {
  Roles roles;
  roles.layout = op.getLayout();
  auto style = cast<DestinationStyleOpInterface>(op.getOperation());
  for (OpOperand &operand : op->getOpOperands())
    if (!style.isDpsInit(&operand))
      roles.inputs.insert({operand.get(),
                           getOperandRole(op, operand.getOperandNumber()).role});
  // A result has the role of its destination; on buffers there are no results.
  for (OpOperand &init : style.getDpsInitsMutable()) {
    OperandRole result = getOperandRole(op, init.getOperandNumber());
    if constexpr (std::is_same_v<Op, AttentionBackwardOp>)
      if (result.role == Role::DCapture)
        roles.captureOfResult[roles.results.size()] =
            op.getCaptures()[op.getWrt()[result.index]];
    roles.results.push_back(result.role);
  }
  return roles;
}

/// `tensor` as a buffer whose last stride is 1.
MemRefType bufferType(RankedTensorType tensor) {
  SmallVector<int64_t> strides(tensor.getRank(), ShapedType::kDynamic);
  if (!strides.empty())
    strides.back() = 1;
  auto layout = StridedLayoutAttr::get(tensor.getContext(),
                                       ShapedType::kDynamic, strides);
  return MemRefType::get(tensor.getShape(), tensor.getElementType(), layout);
}

/// Turns one function into an entry.
class EntryBuilder {
public:
  EntryBuilder(func::FuncOp function, Operation *attention)
      : function(function), attention(attention),
        builder(function.getContext()) {
    if (auto forward = dyn_cast<AttentionOp>(attention))
      roles = rolesOf(forward);
    else
      roles = rolesOf(cast<AttentionBackwardOp>(attention));
  }

  LogicalResult run() {
    if (failed(checkBody()) || failed(connectResults()))
      return failure();
    dropDestinationArguments();
    nameInputs();
    convertInputs();
    return success();
  }

private:
  /// The attention operation, constants, sizes and destinations: nothing that
  /// a kernel launch could not express.
  LogicalResult checkBody() {
    if (!function.getBody().hasOneBlock())
      return function.emitError("expected a function of one block around "
                                "an attention operation");
    for (Operation &op : function.getBody().front().without_terminator()) {
      if (&op == attention || op.hasTrait<OpTrait::ConstantLike>() ||
          isa<tensor::DimOp, memref::DimOp, tensor::EmptyOp, memref::CastOp,
              tensor::CastOp, linalg::AddOp>(op) ||
          isa<arith::ArithDialect>(op.getDialect()))
        continue;
      auto extract = dyn_cast<tensor::ExtractOp>(op);
      if (extract && extract.getTensor().getDefiningOp() == attention)
        continue;
      InFlightDiagnostic diag = op.emitError(
          "expected only constants, dims and destinations beside the "
          "attention operation of an entry, found ")
          << op.getName();
      diag.attachNote(attention->getLoc()) << "the attention operation";
      return diag;
    }
    return success();
  }

  /// Every result of the function becomes a destination argument that the
  /// attention operation writes.
  LogicalResult connectResults() {
    auto terminator =
        cast<func::ReturnOp>(function.getBody().front().getTerminator());
    auto style = cast<DestinationStyleOpInterface>(attention);
    Block &body = function.getBody().front();
    builder.setInsertionPointToStart(&body);
    SmallVector<bool> written(attention->getNumResults(), false);
    SmallVector<DictionaryAttr> resultAttributes;
    function.getAllResultAttrs(resultAttributes);
    for (auto [position, value] : llvm::enumerate(terminator.getOperands())) {
      Value source = value;
      if (auto extract = source.getDefiningOp<tensor::ExtractOp>())
        source = extract.getTensor();
      if (auto cast = source.getDefiningOp<tensor::CastOp>())
        source = cast.getSource();
      if (source.getDefiningOp<linalg::AddOp>()) {
        Sum sum;
        if (failed(collectTerms(source, sum.terms)))
          return failure();
        for (unsigned number : sum.terms)
          written[number] = true;
        sums.push_back(std::move(sum));
        continue;
      }
      auto result = dyn_cast<OpResult>(source);
      if (!result || result.getOwner() != attention)
        return terminator.emitError("expected result ")
               << position
               << " to be a result of the attention operation for an entry";
      unsigned number = result.getResultNumber();
      if (written[number])
        return terminator.emitError("expected each result of the attention "
                                    "operation to be returned once");
      written[number] = true;
      resultNames[number] =
          function.getResultAttrOfType<StringAttr>(position, kName);
    }
    for (auto [number, done] : llvm::enumerate(written)) {
      OpOperand *init = style.getDpsInitOperand(number);
      if (!done && !isa<BlockArgument>(init->get()))
        return attention->emitError("expected result ")
               << number << " of the attention operation to be returned";
    }
    builder.setInsertionPoint(attention);
    for (OpResult result : attention->getResults()) {
      unsigned number = result.getResultNumber();
      if (llvm::any_of(sums, [&](const Sum &sum) {
            return llvm::is_contained(sum.terms, number);
          }))
        continue; // stays in memory of the call
      auto type = cast<RankedTensorType>(result.getType());
      BlockArgument argument =
          body.addArgument(bufferType(type), attention->getLoc());
      Value destination = bufferization::ToTensorOp::create(
          builder, attention->getLoc(), type, argument, /*restrict=*/true,
          /*writable=*/true);
      style.getDpsInitOperand(number)->set(destination);
      outputs.push_back({argument, number});
    }
    builder.setInsertionPointAfter(attention);
    for (auto [argument, number] : outputs)
      bufferization::MaterializeInDestinationOp::create(
          builder, attention->getLoc(), /*result=*/Type(),
          attention->getResult(number), argument, /*restrict=*/true,
          /*writable=*/true);
    for (Sum &sum : sums) {
      Location loc = attention->getLoc();
      Value total = attention->getResult(sum.terms.front());
      auto type = cast<RankedTensorType>(total.getType());
      sum.argument = body.addArgument(bufferType(type), loc);
      Value destination = bufferization::ToTensorOp::create(
          builder, loc, type, sum.argument, /*restrict=*/true,
          /*writable=*/true);
      for (unsigned number : ArrayRef<unsigned>(sum.terms).drop_front())
        total = destination =
            linalg::AddOp::create(
                builder, loc, ValueRange{total, attention->getResult(number)},
                ValueRange{destination})
                .getResult(0);
      bufferization::MaterializeInDestinationOp::create(
          builder, loc, /*result=*/Type(), total, sum.argument,
          /*restrict=*/true, /*writable=*/true);
    }
    if (outputs.empty() && sums.empty()) // a function that is on buffers already
      for (auto [number, init] :
           llvm::enumerate(style.getDpsInitsMutable()))
        if (auto argument = dyn_cast<BlockArgument>(init.get()))
          outputs.push_back({argument, static_cast<unsigned>(number)});
    builder.setInsertionPoint(terminator);
    func::ReturnOp::create(builder, terminator.getLoc());
    terminator.erase();
    return success();
  }

  /// The attention operation's results that a sum adds: cotangents of one
  /// argument that is several of q, k and v.
  LogicalResult collectTerms(Value value, SmallVector<unsigned> &terms) {
    while (auto cast = value.getDefiningOp<tensor::CastOp>())
      value = cast.getSource();
    if (auto add = value.getDefiningOp<linalg::AddOp>()) {
      for (Value term : add.getInputs())
        if (failed(collectTerms(term, terms)))
          return failure();
      return success();
    }
    auto result = dyn_cast<OpResult>(value);
    if (!result || result.getOwner() != attention)
      return emitError(value.getLoc(), "expected sums in an entry to add "
                                       "results of the attention operation");
    terms.push_back(result.getResultNumber());
    return success();
  }

  void dropDestinationArguments() {
    Block &body = function.getBody().front();
    llvm::SmallPtrSet<Value, 4> isOutput;
    for (auto [argument, number] : outputs)
      isOutput.insert(argument);
    for (const Sum &sum : sums)
      isOutput.insert(sum.argument);
    // Dead sizes of former destinations would keep their arguments alive.
    // A reversed without_terminator() dereferences the node after its own, which
    // erasing would invalidate; the block's reverse iterators do not.
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
      if (isOpTriviallyDead(&op))
        op.erase();
    for (unsigned number = 0; number < body.getNumArguments(); ++number) {
      BlockArgument argument = body.getArgument(number);
      if (number < function.getNumArguments() &&
          !isOutput.contains(argument))
        argumentNames[argument] =
            function.getArgAttrOfType<StringAttr>(number, kName);
      originalCount = std::min(function.getNumArguments(),
                               body.getNumArguments());
    }
    unsigned before = originalCount;
    llvm::BitVector erased(body.getNumArguments());
    for (unsigned number = 0; number < before; ++number)
      if (body.getArgument(number).use_empty() &&
          isa<RankedTensorType>(body.getArgument(number).getType()))
        erased.set(number);
    for (unsigned number = 0; number < before; ++number)
      if (erased.test(number))
        argumentNames.erase(body.getArgument(number));
    // Block arguments are values: the map's keys stay valid for those kept.
    body.eraseArguments(erased);
  }

  /// Names by role where the source gives none; unique in the function.
  void nameInputs() {
    llvm::StringSet<> taken;
    for (auto &[argument, name] : argumentNames)
      if (name)
        taken.insert(name.getValue());
    unsigned captures = 0, unused = 0;
    Block &body = function.getBody().front();
    for (BlockArgument argument : body.getArguments()) {
      auto entry = argumentNames.find(argument);
      if (entry == argumentNames.end())
        continue;
      auto role = roles.inputs.find(argument);
      std::string roleName = role == roles.inputs.end()
                                 ? "unused"
                                 : getRoleName(role->second).str();
      std::string name = roleName;
      if (roleName == getRoleName(Role::Capture))
        name = "c" + std::to_string(captures++);
      if (roleName == "unused")
        name = "unused" + std::to_string(unused++);
      if (entry->second)
        name = entry->second.getValue().str();
      else
        while (!taken.insert(name).second)
          name += "_";
      names[argument] = {name, roleName, "read"};
    }
    for (auto [argument, number] : outputs) {
      Role role = roles.results[number];
      std::string name = getRoleName(role).str();
      if (role == Role::DCapture) {
        auto capture = names.find(roles.captureOfResult[number]);
        name = "d_" + (capture == names.end() ? std::to_string(number)
                                              : capture->second.name);
      } else if (StringAttr given = resultNames.lookup(number);
                 given && role == Role::Output) {
        name = given.getValue().str();
      }
      names[argument] = {name, getRoleName(role).str(), "write"};
    }
    for (const Sum &sum : sums) {
      std::string role = getRoleName(roles.results[sum.terms.front()]).str();
      names[sum.argument] = {role, role, "write"};
    }
  }

  void convertInputs() {
    Block &body = function.getBody().front();
    builder.setInsertionPointToStart(&body);
    SmallVector<Type> types;
    SmallVector<DictionaryAttr> attributes;
    for (BlockArgument argument : body.getArguments()) {
      if (auto type = dyn_cast<RankedTensorType>(argument.getType())) {
        argument.setType(bufferType(type));
        auto tensor = bufferization::ToTensorOp::create(
            builder, argument.getLoc(), type, argument, /*restrict=*/true,
            /*writable=*/false);
        argument.replaceAllUsesExcept(tensor, tensor);
      }
      types.push_back(argument.getType());
      const Named &named = names[argument];
      attributes.push_back(builder.getDictionaryAttr(
          {builder.getNamedAttr(kName, builder.getStringAttr(named.name)),
           builder.getNamedAttr(kRole, builder.getStringAttr(named.role)),
           builder.getNamedAttr(kAccess,
                                builder.getStringAttr(named.access))}));
    }
    function.setFunctionType(builder.getFunctionType(types, {}));
    function.removeResAttrsAttr();
    function.setAllArgAttrs(attributes);
    // What the symbols of the launch description's shapes stand for.
    if (roles.layout != Layout::BHSD)
      function->setAttr("gdpa.layout",
                        builder.getStringAttr(stringifyLayout(roles.layout)));
  }

  struct Sum {
    SmallVector<unsigned> terms; // numbers of results
    BlockArgument argument;
  };

  struct Named {
    std::string name, role, access;
  };

  func::FuncOp function;
  Operation *attention;
  OpBuilder builder;
  Roles roles;
  unsigned originalCount = 0;
  DenseMap<unsigned, StringAttr> resultNames;
  llvm::MapVector<Value, StringAttr> argumentNames;
  DenseMap<Value, Named> names;
  SmallVector<std::pair<BlockArgument, unsigned>> outputs;
  SmallVector<Sum> sums;
};

struct PrepareEntry : gdpa::impl::GDPAPrepareEntryBase<PrepareEntry> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      Operation *attention = nullptr;
      WalkResult result = function.walk([&](Operation *op) {
        if (isa<AttentionPartialOp, AttentionMergeOp>(op)) {
          op->emitOpError("expected a whole attention operation in an entry: "
                          "decompose this one with --gdpa-to-linalg");
          return WalkResult::interrupt();
        }
        if (!isa<AttentionOp, AttentionBackwardOp>(op))
          return WalkResult::advance();
        if (attention) {
          InFlightDiagnostic diag = op->emitError(
              "expected one attention operation in an entry, found another");
          diag.attachNote(attention->getLoc()) << "the first one";
          return WalkResult::interrupt();
        }
        attention = op;
        return WalkResult::advance();
      });
      if (result.wasInterrupted())
        return signalPassFailure();
      if (auto forward = dyn_cast_or_null<AttentionOp>(attention))
        inlinePosition(forward);
      else if (auto backward = dyn_cast_or_null<AttentionBackwardOp>(attention))
        inlinePosition(backward);
      if (attention && failed(EntryBuilder(function, attention).run()))
        return signalPassFailure();
    }
  }
};
} // namespace
