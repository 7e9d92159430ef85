//===- EmitCEntry.cpp - the C interface of an entry -----------------------===//

#include "gdpa/Conversion/GDPAToReference/GDPAToReference.h"
#include "gdpa/Conversion/RuntimeTensor.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::gdpa {
#define GEN_PASS_DEF_EMITCENTRYPASS
#include "gdpa/Conversion/GDPAToReference/Passes.h.inc"
} // namespace mlir::gdpa

using namespace mlir;
using namespace mlir::gdpa;

static void emitEntry(func::FuncOp function) {
  Location loc = function.getLoc();
  MLIRContext *context = function.getContext();
  OpBuilder builder(function);
  std::string name = function.getSymName().str();
  function.setSymName(name + ".body");
  function.setPrivate();
  function->removeAttr("gdpa.entry");
  function->removeAttr("gdpa.layout");
  // What the launch description has said already, LLVM has no use for.
  SmallVector<DictionaryAttr> none(function.getNumArguments(),
                                   builder.getDictionaryAttr({}));
  function.setAllArgAttrs(none);

  Type pointer = LLVM::LLVMPointerType::get(context);
  Type i32 = builder.getI32Type();
  auto entry = func::FuncOp::create(
      builder, loc, name,
      builder.getFunctionType({pointer, pointer, pointer}, i32));
  builder.setInsertionPointToStart(entry.addEntryBlock());
  RuntimeTensorReader reader(builder, loc, entry.getArgument(0));
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIntOp::create(builder, loc, value, 32);
  };
  Value status = constant(0);
  ArrayRef<Type> types = function.getArgumentTypes();
  // Backwards, so that the first misfit is the one reported.
  for (unsigned i = types.size(); i-- > 0;)
    status = arith::SelectOp::create(builder, loc, reader.fits(i, types[i]),
                                     status, constant(i + 1));
  Value isFine = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                       status, constant(0));
  scf::IfOp::create(builder, loc, isFine, [&](OpBuilder &b, Location loc) {
    SmallVector<Value> arguments;
    for (auto [i, type] : llvm::enumerate(types))
      arguments.push_back(reader.read(i, type));
    func::CallOp::create(b, loc, function, arguments);
    scf::YieldOp::create(b, loc);
  });
  func::ReturnOp::create(builder, loc, status);
}

namespace {
struct EmitCEntryPass : gdpa::impl::EmitCEntryPassBase<EmitCEntryPass> {
  void runOnOperation() override {
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (!function->hasAttr("gdpa.entry")) {
        hide(function);
        continue;
      }
      if (function.getNumResults() != 0 || function.isExternal()) {
        function.emitError("expected an entry with a body and without results: "
                           "an entry writes to its arguments");
        return signalPassFailure();
      }
      for (Type type : function.getArgumentTypes())
        if (!isRuntimeArgument(type)) {
          function.emitError("expected arguments of the runtime's element "
                             "types and of at most ")
              << kMaxRuntimeRank << " dimensions, found " << type;
          return signalPassFailure();
        }
      emitEntry(function);
      hide(function);
    }
  }

private:
  /// Keeps a helper's symbol inside the object.
  static void hide(func::FuncOp function) {
    if (function.isPrivate() && !function.isExternal())
      function->setAttr("llvm.linkage",
                        LLVM::LinkageAttr::get(function.getContext(),
                                               LLVM::Linkage::Internal));
  }
};
} // namespace
