//===- StructureMutator.cpp - operands, types, operations exchanged -------===//

#include "Mutator.h"
#include "Target.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using gdpa::fuzz::Random;

namespace {

/// One change of a module at a time. What was found in the module is looked up
/// anew before each change.
class StructureMutator {
public:
  StructureMutator(ModuleOp module, ModuleOp other, Random &random)
      : module(module), other(other), random(random) {}

  void change();

private:
  void collect();
  /// A value of `type` where there is one and chance wants it, else any.
  Value pickValue(Type type);
  Operation *pickOperation() { return random.pick(operations); }

  void changeOperand();
  void changeOperandCount();
  void changeType();
  void changeAttribute();
  void changeArguments();
  void eraseOperation();
  void moveOperation();
  void insertOperation(Operation *source);
  void exchangeRegions();

  Type changedType(Type type);
  Attribute changedAttribute(StringAttr name, Attribute attribute);

  ModuleOp module;
  ModuleOp other;
  Random &random;
  SmallVector<Operation *> operations;
  SmallVector<Value> values;
  SmallVector<NamedAttribute> attributes;
};

} // namespace

void StructureMutator::collect() {
  operations.clear();
  values.clear();
  attributes.clear();
  module.walk([&](Operation *op) {
    if (op != module)
      operations.push_back(op);
    llvm::append_range(values, op->getResults());
    for (Region &region : op->getRegions())
      for (Block &block : region)
        llvm::append_range(values, block.getArguments());
    llvm::append_range(attributes, op->getAttrDictionary());
  });
}

Value StructureMutator::pickValue(Type type) {
  SmallVector<Value> fitting = llvm::filter_to_vector(
      values, [&](Value value) { return value.getType() == type; });
  if (!fitting.empty() && !random.oneIn(5))
    return random.pick(fitting);
  return values.empty() ? Value() : random.pick(values);
}

Type StructureMutator::changedType(Type type) {
  Builder builder(type.getContext());
  auto elementType = [&](Type current) -> Type {
    Type types[] = {builder.getF32Type(),   builder.getBF16Type(),
                    builder.getF16Type(),   builder.getF64Type(),
                    builder.getI1Type(),    builder.getI32Type(),
                    builder.getIndexType(), current};
    return random.pick(types);
  };
  auto shaped = dyn_cast<ShapedType>(type);
  if (shaped && shaped.hasRank() && !random.oneIn(4)) {
    SmallVector<int64_t> shape(shaped.getShape());
    switch (random.below(4)) {
    case 0:
      if (isa<VectorType>(type))
        return type;
      shape.push_back(ShapedType::kDynamic);
      break;
    case 1:
      if (!shape.empty() && (shape.size() > 1 || !isa<VectorType>(type)))
        shape.erase(shape.begin() + random.below(shape.size()));
      break;
    case 2:
      if (!shape.empty()) {
        int64_t sizes[] = {1, 2, 3, 8, 64, 100, 1 << 20};
        random.pick(shape) = !isa<VectorType>(type) && random.oneIn(2)
                                 ? ShapedType::kDynamic
                                 : random.pick(sizes);
      }
      break;
    default:
      if (Type element = elementType(shaped.getElementType());
          !isa<MemRefType>(type) || BaseMemRefType::isValidElementType(element))
        return shaped.clone(element);
    }
    if (auto memref = dyn_cast<MemRefType>(type))
      return MemRefType::get(shape, memref.getElementType());
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      return RankedTensorType::get(shape, tensor.getElementType());
    return shaped.clone(shape);
  }
  if (random.oneIn(2) && !values.empty())
    return random.pick(values).getType();
  return elementType(type);
}

Attribute StructureMutator::changedAttribute(StringAttr name,
                                             Attribute attribute) {
  Builder builder(name.getContext());
  SmallVector<Attribute> alike;
  for (NamedAttribute other : attributes)
    if (other.getName() == name)
      alike.push_back(other.getValue());
  if (!alike.empty() && random.oneIn(2))
    return random.pick(alike);
  if (auto integer = dyn_cast<IntegerAttr>(attribute)) {
    int64_t numbers[] = {0, 1, -1, 2, 3, 63, 1 << 20, INT32_MAX, INT64_MAX};
    return IntegerAttr::get(
        integer.getType(),
        APInt(integer.getValue().getBitWidth(), random.pick(numbers),
              /*isSigned=*/true, /*implicitTrunc=*/true));
  }
  if (auto type = dyn_cast<TypeAttr>(attribute))
    return TypeAttr::get(changedType(type.getValue()));
  if (auto array = dyn_cast<ArrayAttr>(attribute)) {
    SmallVector<Attribute> elements(array.getValue());
    if (!elements.empty() && random.oneIn(2))
      elements.erase(elements.begin() + random.below(elements.size()));
    else if (!attributes.empty())
      elements.push_back(random.pick(attributes).getValue());
    return builder.getArrayAttr(elements);
  }
  if (auto array = dyn_cast<DenseI32ArrayAttr>(attribute)) {
    SmallVector<int32_t> elements(array.asArrayRef());
    if (!elements.empty())
      random.pick(elements) = int32_t(random.below(4)) - 1;
    return builder.getDenseI32ArrayAttr(elements);
  }
  return attributes.empty() ? attribute : random.pick(attributes).getValue();
}

void StructureMutator::changeOperand() {
  Operation *op = pickOperation();
  if (op->getNumOperands() == 0)
    return;
  OpOperand &operand = op->getOpOperand(random.below(op->getNumOperands()));
  if (Value value = pickValue(operand.get().getType()))
    operand.set(value);
}

void StructureMutator::changeOperandCount() {
  Operation *op = pickOperation();
  unsigned count = op->getNumOperands();
  if (count != 0 && random.oneIn(2))
    op->eraseOperand(random.below(count));
  else if (Value value = pickValue(Type()))
    op->insertOperands(random.below(count + 1), value);
}

void StructureMutator::changeType() {
  if (values.empty())
    return;
  Value value = random.pick(values);
  Type type = changedType(value.getType());
  // Often everywhere: a module that is well-formed in another type.
  Type from = value.getType();
  if (random.oneIn(2)) {
    value.setType(type);
    return;
  }
  for (Value each : values)
    if (each.getType() == from)
      each.setType(type);
  module.walk([&](FunctionOpInterface function) {
    if (!function.isExternal() && isa<FunctionType>(function.getFunctionType()))
      function.setType(FunctionType::get(
          type.getContext(), function.getFunctionBody().getArgumentTypes(),
          llvm::map_to_vector(function.getResultTypes(),
                              [&](Type t) { return t == from ? type : t; })));
  });
}

void StructureMutator::changeAttribute() {
  Operation *op = pickOperation();
  DictionaryAttr dictionary = op->getAttrDictionary();
  if (dictionary.empty() || random.oneIn(8)) {
    if (!attributes.empty()) {
      NamedAttribute attribute = random.pick(attributes);
      op->setAttr(attribute.getName(), attribute.getValue());
    }
    return;
  }
  NamedAttribute attribute =
      dictionary.getValue()[random.below(dictionary.size())];
  if (random.oneIn(5))
    op->removeAttr(attribute.getName());
  else
    op->setAttr(attribute.getName(),
                changedAttribute(attribute.getName(), attribute.getValue()));
}

void StructureMutator::changeArguments() {
  Operation *op = pickOperation();
  if (op->getNumRegions() == 0)
    return;
  Region &region = op->getRegion(random.below(op->getNumRegions()));
  if (region.empty()) {
    region.emplaceBlock();
    return;
  }
  Block &block = region.front();
  unsigned count = block.getNumArguments();
  if (count != 0 && random.oneIn(2)) {
    BlockArgument argument = block.getArgument(random.below(count));
    Value instead = pickValue(argument.getType());
    if (instead == argument)
      return;
    argument.replaceAllUsesWith(instead);
    block.eraseArgument(argument.getArgNumber());
  } else if (!values.empty()) {
    block.insertArgument(random.below(count + 1),
                         random.pick(values).getType(), op->getLoc());
  }
}

void StructureMutator::eraseOperation() {
  Operation *op = pickOperation();
  for (Value result : op->getResults()) {
    if (result.use_empty())
      continue;
    Value instead = pickValue(result.getType());
    if (!instead || instead.getParentRegion() == nullptr ||
        (instead.getDefiningOp() &&
         op->isAncestor(instead.getDefiningOp())) ||
        op->isAncestor(instead.getParentRegion()->getParentOp()))
      return;
    result.replaceAllUsesWith(instead);
  }
  // What stands in its regions is used there alone in a well-formed module;
  // changes before this one may have made other uses.
  bool used = false;
  op->walk([&](Operation *inner) {
    auto isOutside = [&](Operation *user) { return !op->isAncestor(user); };
    used |= llvm::any_of(inner->getUsers(), isOutside);
    for (Region &region : inner->getRegions())
      for (Block &block : region)
        for (BlockArgument argument : block.getArguments())
          used |= llvm::any_of(argument.getUsers(), isOutside);
  });
  if (!used)
    op->erase();
}

void StructureMutator::moveOperation() {
  Operation *op = pickOperation();
  Operation *before = pickOperation();
  if (!op->isAncestor(before))
    op->moveBefore(before);
}

void StructureMutator::insertOperation(Operation *source) {
  Operation *before = pickOperation();
  IRMapping mapping;
  Operation *clone = source->clone(mapping);
  clone->walk([&](Operation *op) {
    for (OpOperand &operand : op->getOpOperands()) {
      Operation *owner = operand.get().getParentBlock()->getParentOp();
      if (clone->isAncestor(owner))
        continue;
      if (Value value = pickValue(operand.get().getType()))
        operand.set(value);
    }
  });
  before->getBlock()->getOperations().insert(before->getIterator(), clone);
}

void StructureMutator::exchangeRegions() {
  SmallVector<Region *> regions;
  for (Operation *op : operations)
    for (Region &region : op->getRegions())
      regions.push_back(&region);
  if (regions.empty())
    return;
  Region *to = random.pick(regions);
  Region *from = random.pick(regions);
  if (to->isAncestor(from) || from->isAncestor(to))
    return;
  IRMapping mapping;
  from->cloneInto(to, mapping);
  if (random.oneIn(2) && to->hasOneBlock() == false && !to->empty()) {
    Block &first = to->front();
    bool used = false;
    for (Operation &op : first)
      used |= !op.use_empty();
    for (BlockArgument argument : first.getArguments())
      used |= !argument.use_empty();
    if (!used)
      first.erase();
  }
}

void StructureMutator::change() {
  collect();
  if (operations.empty())
    return;
  switch (random.below(16)) {
  case 0:
  case 1:
  case 2:
    return changeOperand();
  case 3:
    return changeOperandCount();
  case 4:
  case 5:
  case 6:
    return changeType();
  case 7:
  case 8:
  case 9:
    return changeAttribute();
  case 10:
    return changeArguments();
  case 11:
    return eraseOperation();
  case 12:
    return moveOperation();
  case 13:
    return insertOperation(pickOperation());
  case 14:
    return exchangeRegions();
  default:
    SmallVector<Operation *> sources;
    if (other)
      other.walk([&](Operation *op) {
        if (op != other)
          sources.push_back(op);
      });
    if (!sources.empty())
      insertOperation(random.pick(sources));
  }
}

std::string gdpa::fuzz::mutateStructure(StringRef input, StringRef other,
                                        Random &random) {
  std::unique_ptr<MLIRContext> context = createContext();
  // What is no longer well-formed may be changed further.
  ParserConfig config(context.get(), /*verifyAfterParse=*/false);
  OwningOpRef<ModuleOp> original = parseSourceString<ModuleOp>(input, config);
  if (!original)
    return "";
  OwningOpRef<ModuleOp> second;
  if (!other.empty())
    second = parseSourceString<ModuleOp>(other, config);
  // Few changes leave a module well-formed, and only such ones reach a pass:
  // others are tried, unless chance wants to see the verifiers.
  OwningOpRef<ModuleOp> module;
  for (size_t tries = random.oneIn(4) ? 1 : 12; tries > 0; --tries) {
    module = original->clone();
    StructureMutator mutator(*module, second ? *second : ModuleOp(), random);
    for (size_t changes = 1 + random.below(3); changes > 0; --changes)
      mutator.change();
    if (tries > 1 && succeeded(verify(*module)))
      break;
  }
  std::string result;
  llvm::raw_string_ostream stream(result);
  if (isBytecode(input) || random.oneIn(12)) {
    if (succeeded(writeBytecodeToFile(*module, stream)))
      return result;
    result.clear();
  }
  module->print(stream,
                OpPrintingFlags().printGenericOpForm().assumeVerified());
  return withPipeline(result, getPipeline(input));
}

std::string gdpa::fuzz::mutate(StringRef input, StringRef other,
                               Random &random) {
  std::string result;
  if (!random.oneIn(3))
    result = mutateStructure(input, other, random);
  if (result.empty())
    result = isBytecode(input) ? input.str() : mutateText(input, random);
  if (!isBytecode(result) && random.oneIn(4)) {
    llvm::ArrayRef<StringRef> pipelines = getPipelines();
    result = withPipeline(result, pipelines[random.below(pipelines.size())]);
  }
  return result;
}
