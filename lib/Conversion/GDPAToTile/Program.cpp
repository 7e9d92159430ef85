//===- Program.cpp - block programs under construction --------------------===//

#include "Kernels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

Program Program::create(Operation *attention, StringRef name,
                        ArrayRef<Value> hostValues) {
  auto module = attention->getParentOfType<ModuleOp>();
  Location loc = attention->getLoc();
  // A value may play several roles (q and k may be one buffer). A constant is
  // no argument: the program has its own.
  SmallVector<Value> unique;
  llvm::SetVector<Operation *> constants;
  for (Value value : hostValues) {
    if (!value)
      continue;
    if (auto constant = value.getDefiningOp<arith::ConstantOp>())
      constants.insert(constant);
    else if (!llvm::is_contained(unique, value))
      unique.push_back(value);
  }
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto type = builder.getFunctionType(TypeRange(ValueRange(unique)), {});
  auto op = ProgramOp::create(builder, loc, name, type);
  for (StringRef attribute : {"schedule", "precision"})
    if (Attribute value = attention->getAttr(attribute))
      op->setAttr(attribute, value);
  builder.setInsertionPointToStart(&op.getBody().front());
  Program program(op, builder, loc);
  program.hostValues = unique;
  for (auto [value, argument] : llvm::zip(unique, op.getBody().getArguments()))
    program.arguments[value] = argument;
  for (Operation *constant : constants)
    program.arguments[constant->getResult(0)] =
        builder.clone(*constant)->getResult(0);
  return program;
}

SmallVector<Value> Program::all(ValueRange hostValues) const {
  SmallVector<Value> values;
  for (Value value : hostValues)
    values.push_back((*this)[value]);
  return values;
}

Value Program::id(int64_t dimension) {
  return ProgramIdOp::create(builder, loc, builder.getIndexType(),
                             builder.getI64IntegerAttr(dimension));
}

Value Program::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value Program::dim(Value buffer, int64_t dimension) {
  return memref::DimOp::create(builder, loc, buffer, dimension);
}

Value Program::countBlocks(Value length, int64_t block) {
  Value padded = arith::AddIOp::create(builder, loc, length, index(block - 1));
  return arith::DivUIOp::create(builder, loc, padded, index(block));
}

void Program::finish() { ReturnOp::create(builder, loc); }

void Program::launch(OpBuilder &host, ValueRange grid) {
  LaunchOp::create(host, loc, op.getSymName(), grid, hostValues);
}

BlockScheme gdpa_tile::makeScheme(gdpa::ScheduleAttrInterface schedule,
                                  gdpa::KernelKind kind, const HostSizes &sizes,
                                  Type storageType, Type computeType) {
  gdpa::KernelBlocks blocks = schedule.getBlocks(kind);
  bool keyStationary = kind == gdpa::KernelKind::KeyStationary;
  BlockScheme scheme;
  scheme.packed = schedule.usesPackedBlocks();
  scheme.stationaryBlock = keyStationary ? blocks.key : blocks.query;
  scheme.streamedBlock = keyStationary ? blocks.query : blocks.key;
  scheme.panel =
      scheme.packed ? schedule.getPanelRows() : scheme.stationaryBlock;
  scheme.group = scheme.packed ? schedule.getGroupRows() : scheme.streamedBlock;
  // Packed operands of the storage type: pairs that one lane multiplies.
  scheme.dot = scheme.packed && schedule.multipliesStorageType() ? 2 : 1;
  int64_t multiple = schedule.getColumnMultiple();
  scheme.depth = llvm::alignTo(sizes.depth, multiple);
  scheme.valueDepth = llvm::alignTo(sizes.valueDepth, multiple);
  scheme.storageType = storageType;
  scheme.computeType = computeType;
  scheme.operandType =
      schedule.multipliesStorageType() ? storageType : computeType;
  return scheme;
}
