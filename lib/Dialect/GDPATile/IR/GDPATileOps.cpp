//===- GDPATileOps.cpp - operations of the gdpa_tile dialect --------------===//

#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionImplementation.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

//===----------------------------------------------------------------------===//
// ProgramOp, LaunchOp
//===----------------------------------------------------------------------===//

void ProgramOp::build(OpBuilder &builder, OperationState &state, StringRef name,
                      FunctionType type) {
  state.addAttribute(SymbolTable::getSymbolAttrName(),
                     builder.getStringAttr(name));
  state.addAttribute(getFunctionTypeAttrName(state.name), TypeAttr::get(type));
  Region *body = state.addRegion();
  Block *entry = new Block();
  body->push_back(entry);
  for (Type input : type.getInputs())
    entry->addArgument(input, state.location);
}

ParseResult ProgramOp::parse(OpAsmParser &parser, OperationState &result) {
  auto buildType = [](Builder &builder, ArrayRef<Type> inputs,
                      ArrayRef<Type> results,
                      function_interface_impl::VariadicFlag, std::string &) {
    return builder.getFunctionType(inputs, results);
  };
  return function_interface_impl::parseFunctionOp(
      parser, result, /*allowVariadic=*/false,
      getFunctionTypeAttrName(result.name), buildType,
      getArgAttrsAttrName(result.name), getResAttrsAttrName(result.name));
}

void ProgramOp::print(OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(
      printer, *this, /*isVariadic=*/false, getFunctionTypeAttrName(),
      getArgAttrsAttrName(), getResAttrsAttrName());
}

LogicalResult ProgramOp::verify() {
  if (!getResultTypes().empty())
    return emitOpError("expected no results, found ") << getFunctionType();
  for (auto [index, type] : llvm::enumerate(getArgumentTypes()))
    if (!isa<MemRefType>(type) && !type.isIntOrIndexOrFloat())
      return emitOpError("expected argument ")
             << index << " to be a ranked memref or a scalar, found " << type;
  return success();
}

LogicalResult LaunchOp::verify() {
  if (getGrid().empty() || getGrid().size() > 3)
    return emitOpError("expected a grid of 1 to 3 sizes, found ")
           << getGrid().size();
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // A target's lowering turns the program into a function that may take more.
  auto program = symbols.lookupNearestSymbolFrom<FunctionOpInterface>(
      *this, getProgramAttr());
  if (!program)
    return emitOpError("expected the name of a gdpa_tile.program, found ")
           << getProgramAttr();
  TypeRange given = getArguments().getTypes();
  TypeRange declared = program.getArgumentTypes();
  if (!isa<ProgramOp>(program.getOperation()))
    declared = declared.take_front(given.size());
  if (given != declared) {
    InFlightDiagnostic diag =
        emitOpError("expected arguments of the types of ")
        << getProgramAttr() << ", found (" << given << ")";
    diag.attachNote(program.getLoc())
        << "declared as " << program.getFunctionType();
    return diag;
  }
  return success();
}

LogicalResult WorkspaceOp::verify() {
  auto type = cast<MemRefType>(getType());
  if (!type.getLayout().isIdentity())
    return emitOpError("expected a contiguous memref, found ") << type;
  if (type.getNumDynamicDims() !=
      static_cast<int64_t>(getDynamicSizes().size()))
    return emitOpError("expected ")
           << type.getNumDynamicDims() << " dynamic sizes, found "
           << getDynamicSizes().size();
  return success();
}

//===----------------------------------------------------------------------===//
// LoadOp, StoreOp
//===----------------------------------------------------------------------===//

/// The map that stands for an absent one: the block's dimensions are the last
/// dimensions of the buffer, the others stay at their offset.
static AffineMap trailingMap(MLIRContext *context, int64_t blockRank,
                             int64_t bufferRank) {
  SmallVector<AffineExpr> results(bufferRank - blockRank,
                                  getAffineConstantExpr(0, context));
  for (int64_t dim = 0; dim < blockRank; ++dim)
    results.push_back(getAffineDimExpr(dim, context));
  return AffineMap::get(blockRank, 0, results, context);
}

/// Float types must agree or widen from `narrow` to `wide`.
static bool isSameOrWider(Type wide, Type narrow) {
  if (wide == narrow)
    return true;
  return isa<FloatType>(wide) && isa<FloatType>(narrow) &&
         wide.getIntOrFloatBitWidth() > narrow.getIntOrFloatBitWidth();
}

template <class Op>
static LogicalResult verifyBlockAccess(Op op, RankedTensorType block,
                                       MemRefType buffer, StringRef role) {
  if (static_cast<int64_t>(op.getOffsets().size()) != buffer.getRank())
    return op.emitOpError("expected one offset for each of the ")
           << buffer.getRank() << " dimensions of the " << role << ", found "
           << op.getOffsets().size();
  if (std::optional<AffineMap> map = op.getMap()) {
    if (map->getNumDims() != block.getRank() || map->getNumSymbols() != 0 ||
        map->getNumResults() != buffer.getRank())
      return op.emitOpError("expected a map from ")
             << block.getRank() << " positions of the block to "
             << buffer.getRank() << " offsets, found " << AffineMapAttr::get(*map);
  } else if (block.getRank() > buffer.getRank()) {
    return op.emitOpError("expected a block of rank at most ")
           << buffer.getRank() << ", found " << block;
  }
  // What computes positions inside a block divides by its extents.
  if (llvm::is_contained(block.getShape(), 0))
    return op.emitOpError("expected a block whose extents are at least 1, found ")
           << block;
  if (!isSameOrWider(block.getElementType(), buffer.getElementType()))
    return op.emitOpError("expected a block of ")
           << buffer.getElementType() << " or a wider float type, found "
           << block.getElementType();
  return success();
}

template <class Op> static AffineMap coordinateMap(Op op, Type block, Type buffer) {
  if (std::optional<AffineMap> map = op.getMap())
    return *map;
  return trailingMap(op.getContext(), cast<ShapedType>(block).getRank(),
                     cast<ShapedType>(buffer).getRank());
}

AffineMap LoadOp::getCoordinateMap() {
  return coordinateMap(*this, getType(), getSource().getType());
}
AffineMap StoreOp::getCoordinateMap() {
  return coordinateMap(*this, getValue().getType(), getDestination().getType());
}

LogicalResult LoadOp::verify() {
  auto block = cast<RankedTensorType>(getType());
  if (block.getNumDynamicDims() != static_cast<int64_t>(getSizes().size()))
    return emitOpError("expected ") << block.getNumDynamicDims()
                                    << " dynamic sizes, found "
                                    << getSizes().size();
  auto buffer = dyn_cast<MemRefType>(getSource().getType());
  if (!buffer)
    return emitOpError("expected a ranked source, found ")
           << getSource().getType();
  return verifyBlockAccess(*this, block, buffer, "source");
}

LogicalResult StoreOp::verify() {
  auto buffer = dyn_cast<MemRefType>(getDestination().getType());
  if (!buffer)
    return emitOpError("expected a ranked destination, found ")
           << getDestination().getType();
  return verifyBlockAccess(*this, cast<RankedTensorType>(getValue().getType()),
                           buffer, "destination");
}

//===----------------------------------------------------------------------===//
// AccumulateOp
//===----------------------------------------------------------------------===//

LogicalResult AccumulateOp::verify() {
  auto block = cast<RankedTensorType>(getValue().getType());
  auto buffer = dyn_cast<MemRefType>(getDestination().getType());
  if (!buffer)
    return emitOpError("expected a ranked destination, found ")
           << getDestination().getType();
  Type element = block.getElementType();
  Type sum = buffer.getElementType();
  if (!(element.isF32() || element.isF64()) ||
      !(sum == element || sum.isF64()))
    return emitOpError("expected a block of f32 or f64 and a destination of "
                       "that type or f64, found ")
           << element << " and " << buffer.getElementType();
  SmallVector<Type> expected(block.getRank(), IndexType::get(getContext()));
  for (Value place : getPlaces()) {
    auto type = cast<RankedTensorType>(place.getType());
    if (type.getShape() != block.getShape() ||
        !type.getElementType().isSignlessInteger(32))
      return emitOpError("expected places of i32 in the shape of ")
             << block << ", found " << type;
    expected.push_back(type.getElementType());
  }
  if (getBody().getArgumentTypes() != TypeRange(expected))
    return emitOpError("expected a region of arguments ")
           << expected << ", found " << getBody().getArgumentTypes();
  auto yield = dyn_cast_or_null<YieldOp>(getBody().front().getTerminator());
  if (!yield || static_cast<int64_t>(yield.getIndices().size()) != buffer.getRank())
    return emitOpError("expected the region to yield ")
           << buffer.getRank() << " indices";
  return success();
}

//===----------------------------------------------------------------------===//
// KeepOp
//===----------------------------------------------------------------------===//

LogicalResult KeepOp::verify() {
  if (getLows().size() != getValues().size() ||
      getHighs().size() != getValues().size())
    return emitOpError("expected two bounds for each of ")
           << getValues().size() << " values, found " << getLows().size()
           << " and " << getHighs().size();
  return success();
}

#define GET_OP_CLASSES
#include "gdpa/Dialect/GDPATile/IR/GDPATileOps.cpp.inc"
