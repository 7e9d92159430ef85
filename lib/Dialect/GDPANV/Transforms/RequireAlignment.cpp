//===- RequireAlignment.cpp - rows that are copied 16 bytes at a time -----===//

#include "gdpa/Dialect/GDPANV/Transforms/Passes.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringSwitch.h"

namespace mlir::gdpa_nv {
#define GEN_PASS_DEF_GDPANVREQUIREALIGNMENT
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_nv

using namespace mlir;

namespace {
constexpr int64_t kCopyBytes = 16; // of one cp.async

struct RequireAlignment
    : gdpa_nv::impl::GDPANVRequireAlignmentBase<RequireAlignment> {
  void runOnOperation() override {
    Builder builder(&getContext());
    getOperation()->walk([&](FunctionOpInterface function) {
      for (unsigned number = 0; number < function.getNumArguments(); ++number) {
        auto role = function.getArgAttrOfType<StringAttr>(number, "gdpa.role");
        bool holdsRows =
            role && llvm::StringSwitch<bool>(role.getValue())
                        .Cases({"q", "k", "v", "do", "o", "dq", "dk", "dv"}, true)
                        .Default(false);
        if (holdsRows)
          function.setArgAttr(number, "gdpa.stride_multiple_bytes",
                              builder.getI64IntegerAttr(kCopyBytes));
      }
    });
  }
};
} // namespace
