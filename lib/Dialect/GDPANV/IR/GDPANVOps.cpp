//===- GDPANVOps.cpp - operations of the gdpa_nv dialect ------------------===//

#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

LogicalResult LaunchOp::verify() {
  if (getGrid().empty() || getGrid().size() > 3)
    return emitOpError("expected a grid of 1 to 3 sizes, found ")
           << getGrid().size();
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto kernel = symbols.lookupNearestSymbolFrom<FunctionOpInterface>(
      *this, getKernelAttr());
  // A module that was compiled to a binary names its kernels no more.
  bool isBinary = symbols.lookupNearestSymbolFrom<gpu::BinaryOp>(
      *this, getKernelAttr().getRootReference());
  if (!kernel && !isBinary)
    return emitOpError("expected the name of a kernel, found ")
           << getKernelAttr();
  return success();
}

LogicalResult CopyAsyncOp::verify() {
  auto type = dyn_cast<MemRefType>(getSource().getType());
  auto block = cast<RankedTensorType>(getBlock());
  if (!type || static_cast<int64_t>(getOffsets().size()) != type.getRank())
    return emitOpError("expected one offset for each dimension of ")
           << getSource().getType() << ", found " << getOffsets().size();
  if (getMap().getNumDims() != block.getRank() ||
      static_cast<int64_t>(getMap().getNumResults()) != type.getRank())
    return emitOpError("expected a map from positions of the block to offsets "
                       "in the source, found ")
           << getMapAttr();
  if (!isa_and_nonnull<SharedAttr>(block.getEncoding()))
    return emitOpError("expected a block in shared memory, found ") << block;
  if (block.getElementType() != type.getElementType())
    return emitOpError("expected a block of ")
           << type.getElementType() << ", found " << block.getElementType();
  return success();
}

LogicalResult ViewOp::verify() {
  if (!isa_and_nonnull<SharedAttr>(getLayout(getResult())))
    return emitOpError("expected a block in shared memory, found ")
           << getType();
  return success();
}

LogicalResult ConvertOp::verify() {
  auto source = cast<RankedTensorType>(getSource().getType());
  auto result = cast<RankedTensorType>(getType());
  if (source.getShape() != result.getShape() ||
      source.getElementType() != result.getElementType())
    return emitOpError("expected the source's shape and element type, found ")
           << result << " of " << source;
  LayoutAttrInterface from = getLayout(getSource());
  if (!from || !result.getEncoding() ||
      from.getConversionTo(result.getEncoding()) == LayoutConversion::None)
    return emitOpError("expected layouts with a conversion, found ")
           << source << " and " << result;
  return success();
}

#define GET_OP_CLASSES
#include "gdpa/Dialect/GDPANV/IR/GDPANVOps.cpp.inc"
