//===- Rows.cpp - where the rows of a batch entry lie ---------------------===//

#include "Rows.h"
#include "Kernels.h"
#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

static gdpa::Role roleOf(OpOperand &operand) {
  unsigned number = operand.getOperandNumber();
  if (auto forward = dyn_cast<gdpa::AttentionOp>(operand.getOwner()))
    return gdpa::getOperandRole(forward, number).role;
  return gdpa::getOperandRole(
             cast<gdpa::AttentionBackwardOp>(operand.getOwner()), number)
      .role;
}

void gdpa_tile::normalizeLayout(Operation *attention, gdpa::Layout layout) {
  if (layout == gdpa::Layout::BHSD)
    return;
  gdpa::TensorDims dims = gdpa::getTensorDims(layout);
  SmallVector<unsigned> order;
  if (dims.batch)
    order.push_back(*dims.batch);
  order.append({dims.head, dims.sequence, dims.depth});
  auto permutation =
      AffineMap::getPermutationMap(order, attention->getContext());
  OpBuilder builder(attention);
  DenseMap<Value, Value> transposed; // one buffer may play several roles
  for (OpOperand &operand : attention->getOpOperands()) {
    if (!llvm::is_contained({gdpa::Role::Query, gdpa::Role::Key,
                             gdpa::Role::Value, gdpa::Role::DOutput,
                             gdpa::Role::Output, gdpa::Role::DQuery,
                             gdpa::Role::DKey, gdpa::Role::DValue},
                            roleOf(operand)))
      continue;
    Value &view = transposed[operand.get()];
    if (!view)
      view = memref::TransposeOp::create(builder, attention->getLoc(),
                                         operand.get(),
                                         AffineMapAttr::get(permutation));
    operand.set(view);
  }
}

void gdpa_tile::readBooleansAsBytes(Operation *attention) {
  ValueRange captures =
      isa<gdpa::AttentionOp>(attention)
          ? ValueRange(cast<gdpa::AttentionOp>(attention).getCaptures())
          : ValueRange(cast<gdpa::AttentionBackwardOp>(attention).getCaptures());
  OpBuilder builder(attention);
  for (auto [number, capture] : llvm::enumerate(captures)) {
    auto type = dyn_cast<MemRefType>(capture.getType());
    if (!type || !type.getElementType().isInteger(1))
      continue;
    MemRefType bytes =
        MemRefType::Builder(type).setElementType(builder.getI8Type());
    for (OpOperand &operand : attention->getOpOperands()) {
      if (operand.get() != capture || roleOf(operand) != gdpa::Role::Capture)
        continue;
      builder.setInsertionPoint(attention);
      operand.set(UnrealizedConversionCastOp::create(
                      builder, attention->getLoc(), bytes, capture)
                      .getResult(0));
    }
    for (Region &region : attention->getRegions()) {
      if (region.empty())
        continue;
      unsigned position =
          gdpa::getFirstCaptureArgument(gdpa::getAttentionRegion(region)) +
          number;
      BlockArgument argument = region.getArgument(position);
      argument.setType(bytes);
      for (Operation *user : llvm::make_early_inc_range(argument.getUsers())) {
        auto load = dyn_cast<memref::LoadOp>(user);
        if (!load)
          continue;
        builder.setInsertionPoint(load);
        Location loc = load.getLoc();
        Value byte =
            memref::LoadOp::create(builder, loc, argument, load.getIndices());
        Value zero = arith::ConstantOp::create(
            builder, loc, builder.getZeroAttr(byte.getType()));
        load.replaceAllUsesWith(
            arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, byte,
                                  zero)
                .getResult());
        load.erase();
      }
    }
  }
}

SmallVector<Value> RowsView::at(OpBuilder &builder, Location loc, Value head,
                                Value row) const {
  SmallVector<Value> offsets(lead);
  offsets.push_back(head);
  offsets.push_back(row);
  if (cast<MemRefType>(buffer.getType()).getRank() >
      static_cast<int64_t>(offsets.size()))
    offsets.push_back(arith::ConstantIndexOp::create(builder, loc, 0));
  return offsets;
}

//===----------------------------------------------------------------------===//
// HostSizes
//===----------------------------------------------------------------------===//

HostSizes HostSizes::of(OpBuilder &host, Location loc, Value query, Value key,
                        Value value, Value cuSeqlensQuery, Value cuSeqlensKey) {
  auto dim = [&](Value buffer, int64_t dimension) -> Value {
    return host.createOrFold<memref::DimOp>(loc, buffer, dimension);
  };
  auto queryType = cast<MemRefType>(query.getType());
  auto keyType = cast<MemRefType>(key.getType());
  HostSizes sizes;
  sizes.query = query;
  sizes.key = key;
  sizes.cuSeqlensQuery = cuSeqlensQuery;
  sizes.cuSeqlensKey = cuSeqlensKey;
  int64_t head = queryType.getRank() - 3, row = head + 1;
  if (sizes.isJagged())
    sizes.batch = host.createOrFold<arith::SubIOp>(
        loc, dim(cuSeqlensQuery, 0),
        arith::ConstantIndexOp::create(host, loc, 1));
  else
    sizes.batch = dim(query, 0);
  sizes.queryHeads = dim(query, head);
  sizes.queryLength = dim(query, row);
  sizes.keyHeads = dim(key, head);
  sizes.keyLength = dim(key, row);
  sizes.depth = queryType.getShape().back();
  sizes.valueDepth = cast<MemRefType>(value.getType()).getShape().back();
  bool isStatic = !queryType.isDynamicDim(head) && !keyType.isDynamicDim(head);
  sizes.staticRatio =
      isStatic && keyType.getDimSize(head)
          ? queryType.getDimSize(head) / keyType.getDimSize(head)
          : 0;
  return sizes;
}

SmallVector<Value> HostSizes::inputs() const {
  SmallVector<Value> values = {query, key};
  if (isJagged())
    values.append({cuSeqlensQuery, cuSeqlensKey});
  return values;
}

SmallVector<Value> HostSizes::grid(OpBuilder &host, Location loc, RowKind kind,
                                   int64_t blockRows, Value heads,
                                   BlockOrder order) const {
  Value rows = arith::ConstantIndexOp::create(host, loc, blockRows);
  if (!isJagged()) {
    Value blocks =
        host.createOrFold<arith::CeilDivUIOp>(loc, length(kind), rows);
    if (!order.acrossHeads)
      return {blocks, heads, batch};
    Value all = host.createOrFold<arith::MulIOp>(loc, heads, batch);
    return {host.createOrFold<arith::MulIOp>(loc, blocks, all)};
  }
  Value full = host.createOrFold<arith::DivUIOp>(loc, length(kind), rows);
  return {host.createOrFold<arith::AddIOp>(loc, full, batch), heads};
}

Value HostSizes::rowsWorkspace(OpBuilder &host, Location loc, RowKind kind,
                               ArrayRef<Value> lead, int64_t depth,
                               Type element, bool zero) const {
  SmallVector<Value> extents(lead);
  if (!isJagged())
    extents.push_back(batch);
  extents.append({queryHeads, length(kind)});
  SmallVector<int64_t> shape(extents.size(), ShapedType::kDynamic);
  if (depth)
    shape.push_back(depth);
  return WorkspaceOp::create(host, loc, MemRefType::get(shape, element),
                             extents, zero);
}

//===----------------------------------------------------------------------===//
// Sequences
//===----------------------------------------------------------------------===//

static int64_t headDim(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getRank() - 3;
}

Value Sequences::count() {
  if (!sizes.isJagged())
    return program.dim(program[sizes.query], 0);
  return arith::SubIOp::create(program.builder, program.loc,
                               program.dim(program[sizes.cuSeqlensQuery], 0),
                               program.index(1));
}

Value Sequences::queryHeads() {
  return program.dim(program[sizes.query], headDim(sizes.query));
}

Value Sequences::keyHeads() {
  return program.dim(program[sizes.key], headDim(sizes.key));
}

Value Sequences::ratio() {
  return arith::DivUIOp::create(program.builder, program.loc, queryHeads(),
                                keyHeads());
}

std::pair<Value, Value> Sequences::ownHeads(Value extent) {
  OpBuilder &builder = program.builder;
  Location loc = program.loc;
  Value head = program.id(1), one = program.index(1);
  Value next = arith::AddIOp::create(builder, loc, head, one);
  auto is = [&](arith::CmpIPredicate predicate) -> Value {
    return arith::CmpIOp::create(builder, loc, predicate, next, extent);
  };
  Value heads = queryHeads();
  Value last = is(arith::CmpIPredicate::eq), past = is(arith::CmpIPredicate::ugt);
  Value end = arith::SelectOp::create(builder, loc, last, heads, next);
  return {head, arith::SelectOp::create(builder, loc, past, head, end)};
}

/// Where sequence `position` begins, brought into the rows that there are.
Value Sequences::cuSeqlen(RowKind kind, Value position) {
  OpBuilder &builder = program.builder;
  Location loc = program.loc;
  bool query = kind == RowKind::Query;
  Value buffer = query ? sizes.query : sizes.key;
  Value total = program.dim(program[buffer], headDim(buffer) + 1);
  Value start = memref::LoadOp::create(
      builder, loc, program[query ? sizes.cuSeqlensQuery : sizes.cuSeqlensKey],
      position);
  start =
      arith::IndexCastOp::create(builder, loc, builder.getIndexType(), start);
  start = arith::MaxSIOp::create(builder, loc, start, program.index(0));
  return arith::MinSIOp::create(builder, loc, start, total);
}

Sequence Sequences::at(Value batch) {
  OpBuilder &builder = program.builder;
  Location loc = program.loc;
  Sequence sequence;
  sequence.batch = batch;
  if (!sizes.isJagged()) {
    sequence.queryLength = program.dim(program[sizes.query], 2);
    sequence.keyLength = program.dim(program[sizes.key], 2);
    return sequence;
  }
  // Without any sequence there is nothing behind the first bound.
  Value next = arith::AddIOp::create(builder, loc, batch, program.index(1));
  next = arith::MinSIOp::create(builder, loc, next, count());
  auto bounds = [&](RowKind kind, Value &start, Value &length) {
    start = cuSeqlen(kind, batch);
    length = arith::SubIOp::create(builder, loc, cuSeqlen(kind, next), start);
    length = arith::MaxSIOp::create(builder, loc, length, program.index(0));
  };
  bounds(RowKind::Query, sequence.queryStart, sequence.queryLength);
  bounds(RowKind::Key, sequence.keyStart, sequence.keyLength);
  return sequence;
}

template <class Op> static auto builderOf(Program &program) {
  return [&program](Value lhs, Value rhs) -> Value {
    return Op::create(program.builder, program.loc, lhs, rhs);
  };
}

/// Heads of all entries are numbered; equal parts of at most `kHeads` of them
/// are taken one after the other, and inside a part a block of each head.
Sequences::Work Sequences::ofOrderedProgram(RowKind kind, int64_t blockRows,
                                            Value heads, BlockOrder order) {
  auto add = builderOf<arith::AddIOp>(program);
  auto subtract = builderOf<arith::SubIOp>(program);
  auto multiply = builderOf<arith::MulIOp>(program);
  auto divide = builderOf<arith::DivUIOp>(program);
  auto remainder = builderOf<arith::RemUIOp>(program);
  auto smaller = builderOf<arith::MinUIOp>(program);
  auto larger = builderOf<arith::MaxUIOp>(program);
  auto ceilDivide = [&](Value value, Value by) {
    return divide(add(value, subtract(by, program.index(1))), by);
  };
  Value rows = program.index(blockRows);
  Value length =
      program.dim(program[kind == RowKind::Query ? sizes.query : sizes.key], 2);
  Value blocks = ceilDivide(length, rows);
  Value all = multiply(heads, count());
  // What the heads of a part walk over fits into the cache that all share.
  RowKind other = kind == RowKind::Query ? RowKind::Key : RowKind::Query;
  Type element = cast<MemRefType>(sizes.query.getType()).getElementType();
  int64_t rowBytes = (sizes.depth + sizes.valueDepth) *
                     llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  Value walkedRows = program.dim(program[other == RowKind::Query ? sizes.query : sizes.key], 2);
  Value fitting = divide(program.index(BlockOrder::kCacheBytes / rowBytes),
                         larger(walkedRows, program.index(1)));
  fitting = larger(fitting, program.index(1));
  fitting = smaller(fitting, program.index(BlockOrder::kHeads));
  Value parts = ceilDivide(all, fitting);
  Value partHeads = ceilDivide(all, parts);
  Value item = program.id(0), partItems = multiply(blocks, partHeads);
  Value firstHead = multiply(divide(item, partItems), partHeads);
  Value within = remainder(item, partItems);
  // The last part may be smaller.
  Value members = smaller(partHeads, subtract(all, firstHead));
  Value head = add(firstHead, remainder(within, members));
  Value block = divide(within, members);
  if (order.lastFirst)
    block = subtract(subtract(blocks, program.index(1)), block);
  Work work;
  work.sequence = at(divide(head, heads));
  work.head = remainder(head, heads);
  work.base = multiply(block, rows);
  work.walked = work.sequence.length(kind == RowKind::Query ? RowKind::Key
                                                            : RowKind::Query);
  return work;
}

Sequences::Work Sequences::ofProgram(RowKind kind, int64_t blockRows,
                                     Value heads, BlockOrder order) {
  if (order.acrossHeads && !sizes.isJagged())
    return ofOrderedProgram(kind, blockRows, heads, order);
  OpBuilder &builder = program.builder;
  Location loc = program.loc;
  RowKind other = kind == RowKind::Query ? RowKind::Key : RowKind::Query;
  if (!sizes.isJagged()) {
    Value block = program.id(0);
    Sequence sequence = at(program.id(2));
    Value base =
        arith::MulIOp::create(builder, loc, block, program.index(blockRows));
    return {sequence, program.id(1), base, sequence.length(other)};
  }
  Value item = program.id(0), one = program.index(1);
  Value rows = program.index(blockRows);
  auto firstItem = [&](Value batch) -> Value {
    Value blocks =
        arith::DivUIOp::create(builder, loc, cuSeqlen(kind, batch), rows);
    return arith::AddIOp::create(builder, loc, blocks, batch);
  };
  // The last sequence whose first item is at most this one is among `left` ones
  // from `found` on; once one is left, further steps change nothing.
  Value sequences = count();
  Value i64 =
      arith::IndexCastOp::create(builder, loc, builder.getI64Type(), sequences);
  Value zeros = math::CountLeadingZerosOp::create(builder, loc, i64);
  Value steps = arith::SubIOp::create(
      builder, loc, program.index(64),
      arith::IndexCastOp::create(builder, loc, builder.getIndexType(), zeros));
  auto loop = scf::ForOp::create(builder, loc, program.index(0), steps, one,
                                 ValueRange{program.index(0), sequences});
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value found = loop.getRegionIterArg(0), left = loop.getRegionIterArg(1);
    Value half = arith::ShRUIOp::create(builder, loc, left, one);
    Value middle = arith::AddIOp::create(builder, loc, found, half);
    Value later = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sle,
                                        firstItem(middle), item);
    found = arith::SelectOp::create(builder, loc, later, middle, found);
    left = arith::SubIOp::create(builder, loc, left, half);
    scf::YieldOp::create(builder, loc, ValueRange{found, left});
  }
  Work work;
  work.head = program.id(1);
  work.sequence = at(loop.getResult(0));
  Value block =
      arith::SubIOp::create(builder, loc, item, firstItem(work.sequence.batch));
  Value base = arith::MulIOp::create(builder, loc, block, rows);
  Value length = work.sequence.length(kind);
  work.base = arith::MinSIOp::create(builder, loc, base, length);
  Value some = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt,
                                     base, length);
  work.walked = arith::SelectOp::create(
      builder, loc, some, work.sequence.length(other), program.index(0));
  return work;
}

RowsView Sequences::rows(Value hostBuffer, const Sequence &sequence,
                         RowKind kind, ArrayRef<Value> lead) {
  RowsView view = allRows(hostBuffer, sequence.batch, lead);
  if (!sizes.isJagged())
    return view;
  auto type = cast<MemRefType>(view.buffer.getType());
  SmallVector<OpFoldResult> offsets, extents, strides;
  OpBuilder &builder = program.builder;
  int64_t rowDim = lead.size() + 1;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    bool isRow = dim == rowDim;
    offsets.push_back(isRow ? OpFoldResult(sequence.start(kind))
                            : builder.getIndexAttr(0));
    strides.push_back(builder.getIndexAttr(1));
    if (isRow)
      extents.push_back(sequence.length(kind));
    else if (type.isDynamicDim(dim))
      extents.push_back(program.dim(view.buffer, dim));
    else
      extents.push_back(builder.getIndexAttr(type.getDimSize(dim)));
  }
  view.buffer = memref::SubViewOp::create(builder, program.loc, view.buffer,
                                          offsets, extents, strides);
  return view;
}

RowsView Sequences::allRows(Value hostBuffer, Value batch,
                            ArrayRef<Value> lead) {
  RowsView view{program[hostBuffer], SmallVector<Value>(lead)};
  if (!sizes.isJagged())
    view.lead.push_back(batch);
  return view;
}
