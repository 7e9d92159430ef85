//===- CreateKernels.cpp - block programs become kernels ------------------===//

#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace mlir::gdpa_nv {
#define GEN_PASS_DEF_GDPANVCREATEKERNELS
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_nv

using namespace mlir;

namespace {
constexpr StringLiteral kModuleName = "kernels";
constexpr int64_t kDefaultWarps = 4, kLanes = 32, kMaxWarps = 32;

struct CreateKernels
    : gdpa_nv::impl::GDPANVCreateKernelsBase<CreateKernels> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto programs =
        llvm::to_vector(module.getOps<gdpa_tile::ProgramOp>());
    if (programs.empty())
      return;
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    auto kernels = gpu::GPUModuleOp::create(builder, module.getLoc(),
                                            kModuleName);
    SymbolTable symbols(module);
    symbols.insert(kernels);
    module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                    builder.getUnitAttr());
    for (gdpa_tile::ProgramOp program : programs)
      if (failed(createKernel(program, kernels)))
        return signalPassFailure();
    module.walk([&](gdpa_tile::LaunchOp launch) {
      builder.setInsertionPoint(launch);
      auto kernel =
          SymbolRefAttr::get(kernels.getNameAttr(), {launch.getProgramAttr()});
      auto made = gdpa_nv::LaunchOp::create(builder, launch.getLoc(), kernel,
                                            launch.getGrid(),
                                            launch.getArguments());
      made->setDiscardableAttrs(launch->getDiscardableAttrDictionary());
      launch.erase();
    });
    for (gdpa_tile::ProgramOp program : programs)
      program.erase();
  }

  LogicalResult createKernel(gdpa_tile::ProgramOp program,
                             gpu::GPUModuleOp kernels) {
    int64_t warps = kDefaultWarps;
    if (Attribute attribute = program->getAttr("schedule")) {
      auto schedule = dyn_cast<gdpa_nv::ScheduleAttr>(attribute);
      if (!schedule)
        return program.emitError("expected a #gdpa_nv.schedule for an NVIDIA "
                                 "kernel, found ")
               << attribute;
      if (schedule.getWarps())
        warps = schedule.getWarps();
      // One warpgroup loads.
      if (schedule.getConsumers())
        warps = 4 * (schedule.getConsumers() + 1);
    }
    if (warps < 1 || warps > kMaxWarps)
      return program.emitError("expected 1 to ")
             << kMaxWarps << " warps, found " << warps;
    OpBuilder builder = OpBuilder::atBlockEnd(kernels.getBody());
    auto function =
        gpu::GPUFuncOp::create(builder, program.getLoc(), program.getSymName(),
                               program.getFunctionType());
    function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                      builder.getUnitAttr());
    auto size = static_cast<int32_t>(warps * kLanes);
    function.setKnownBlockSizeAttr(builder.getDenseI32ArrayAttr({size, 1, 1}));
    for (NamedAttribute attribute : program->getDiscardableAttrs())
      function->setAttr(attribute.getName(), attribute.getValue());
    if (ArrayAttr all = program.getArgAttrsAttr())
      function.setAllArgAttrs(all);
    function.getBody().takeBody(program.getBody());
    function.walk([&](Operation *op) {
      builder.setInsertionPoint(op);
      if (auto id = dyn_cast<gdpa_tile::ProgramIdOp>(op)) {
        auto block = gpu::BlockIdOp::create(
            builder, op->getLoc(),
            static_cast<gpu::Dimension>(id.getDimension()));
        id.replaceAllUsesWith(block.getResult());
        id.erase();
      } else if (isa<gdpa_tile::ReturnOp>(op)) {
        gpu::ReturnOp::create(builder, op->getLoc());
        op->erase();
      }
    });
    return success();
  }
};
} // namespace
