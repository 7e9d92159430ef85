//===- AttentionSyntax.cpp - text form of the attention operations --------===//
//
// Parser and printer. The order of the parts is fixed, so each
// operation is one straight line of parts in both directions.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "mlir/IR/Builders.h"
#include <limits>

using namespace mlir;
using namespace mlir::gdpa;

//===----------------------------------------------------------------------===//
// Parsing
//===----------------------------------------------------------------------===//

/// One of `names` as an enumerator: "expected layout bhsd, bshd or thd, found
/// ...".
template <class Enum>
static ParseResult
parseEnumKeyword(OpAsmParser &parser, StringRef what, StringRef names,
                 std::optional<Enum> (*symbolize)(StringRef), Enum &value) {
  SMLoc loc = parser.getCurrentLocation();
  StringRef keyword;
  if (failed(parser.parseOptionalKeyword(&keyword)))
    return parser.emitError(loc) << "expected " << what << " " << names;
  std::optional<Enum> parsed = symbolize(keyword);
  if (!parsed)
    return parser.emitError(loc) << "expected " << what << " " << names
                                 << ", found '" << keyword << "'";
  value = *parsed;
  return success();
}

namespace {
/// The operands of one part, `keyword(%a, %b : type, type)`.
struct OperandPart {
  SMLoc loc;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SmallVector<Type> types;

  // Signed as segment sizes are.
  int32_t size() const { return static_cast<int32_t>(operands.size()); }
};
} // namespace

static constexpr int32_t unbounded = std::numeric_limits<int32_t>::max();

/// Parses what follows the keyword of a part that holds `least` to `most`
/// operands.
static ParseResult parsePartBody(OpAsmParser &parser, StringRef keyword,
                                 int32_t least, int32_t most,
                                 OperandPart &part) {
  part.loc = parser.getCurrentLocation();
  if (parser.parseLParen() || parser.parseOperandList(part.operands))
    return failure();
  if (part.size() < least || part.size() > most) {
    InFlightDiagnostic error = parser.emitError(part.loc);
    error << "expected ";
    if (most == unbounded)
      error << "at least ";
    error << least;
    if (most != unbounded && most != least)
      error << " or " << most;
    return error << " operands in '" << keyword << "', found " << part.size();
  }
  SMLoc typesLoc = parser.getCurrentLocation();
  if (parser.parseColon() || parser.parseTypeList(part.types) ||
      parser.parseRParen())
    return failure();
  if (part.types.size() != static_cast<size_t>(part.size()))
    return parser.emitError(typesLoc)
           << "expected " << part.size() << " types in '" << keyword
           << "', one for each operand, found " << part.types.size();
  return success();
}

static ParseResult parsePart(OpAsmParser &parser, StringRef keyword,
                             int32_t least, int32_t most, OperandPart &part) {
  if (parser.parseKeyword(keyword))
    return failure();
  return parsePartBody(parser, keyword, least, most, part);
}

/// A part that may be absent; `part` then stays empty.
static ParseResult parseOptionalPart(OpAsmParser &parser, StringRef keyword,
                                     int32_t least, int32_t most,
                                     OperandPart &part) {
  if (failed(parser.parseOptionalKeyword(keyword)))
    return success();
  return parsePartBody(parser, keyword, least, most, part);
}

/// An optional part of `count` indices, which need no types: `keyword(%a, %b)`.
static ParseResult parseOptionalIndices(OpAsmParser &parser, StringRef keyword,
                                        int32_t count, OperandPart &part) {
  if (failed(parser.parseOptionalKeyword(keyword)))
    return success();
  part.loc = parser.getCurrentLocation();
  if (parser.parseOperandList(part.operands, OpAsmParser::Delimiter::Paren))
    return failure();
  if (part.size() != count)
    return parser.emitError(part.loc) << "expected " << count
                                      << " operands in '" << keyword
                                      << "', found " << part.size();
  part.types.assign(count, parser.getBuilder().getIndexType());
  return success();
}

/// Where a tile lies: `offsets(...)` and `lengths(...)`.
static ParseResult parseOptionalPosition(OpAsmParser &parser,
                                         OperandPart &offsets,
                                         OperandPart &lengths) {
  if (parseOptionalIndices(parser, "offsets", 4, offsets) ||
      parseOptionalIndices(parser, "lengths", 2, lengths))
    return failure();
  return success();
}

static ParseResult resolvePart(OpAsmParser &parser, const OperandPart &part,
                               OperationState &result) {
  return parser.resolveOperands(part.operands, part.types, part.loc,
                                result.operands);
}

/// `(%s: f32, ...) { ... }`. Names may repeat those outside: the operation is
/// isolated from above.
static ParseResult parseRegionPart(OpAsmParser &parser, Region &region) {
  SmallVector<OpAsmParser::Argument> arguments;
  if (parser.parseArgumentList(arguments, OpAsmParser::Delimiter::Paren,
                               /*allowType=*/true))
    return failure();
  return parser.parseRegion(region, arguments, /*enableNameShadowing=*/true);
}

static ParseResult parseOptionalRegionPart(OpAsmParser &parser,
                                           StringRef keyword, Region &region) {
  if (failed(parser.parseOptionalKeyword(keyword)))
    return success();
  return parseRegionPart(parser, region);
}

/// The attribute dictionary. Attributes that have a place of their own in the
/// text may not be repeated there.
template <class Op>
static ParseResult parseAttributes(OpAsmParser &parser, OperationState &result,
                                   ArrayRef<StringRef> placed) {
  SMLoc loc = parser.getCurrentLocation();
  NamedAttrList attributes;
  if (parser.parseOptionalAttrDict(attributes))
    return failure();
  for (StringRef name : placed)
    if (attributes.get(name))
      return parser.emitError(loc)
             << "expected no '" << name
             << "' in the attribute dictionary: it has a place of its own";
  auto emitError = [&] {
    return parser.emitError(loc) << "'" << result.name << "' op ";
  };
  if (failed(Op::verifyInherentAttrs(result.name, attributes, emitError)))
    return failure();
  typename Op::Properties &properties =
      result.getOrAddProperties<typename Op::Properties>();
  if constexpr (!std::is_same_v<Op, AttentionMergeOp>)
    if (auto precision = attributes.erase("precision"))
      properties.setPrecision(cast<PrecisionAttr>(precision));
  if constexpr (llvm::is_one_of<Op, AttentionOp, AttentionBackwardOp>::value)
    if (auto schedule = attributes.erase("schedule"))
      properties.setSchedule(cast<ScheduleAttrInterface>(schedule));
  result.addAttributes(attributes);
  return success();
}

/// The head of both operations: layout and normalizer.
template <class Op>
static ParseResult parseHead(OpAsmParser &parser, OperationState &result) {
  Layout layout;
  Normalizer normalizer;
  if (parseEnumKeyword<Layout>(parser, "layout", "bhsd, bshd or thd",
                               symbolizeLayout, layout) ||
      parseEnumKeyword<Normalizer>(parser, "normalizer", "none, sum or softmax",
                                   symbolizeNormalizer, normalizer))
    return failure();
  MLIRContext *context = parser.getContext();
  auto &properties = result.getOrAddProperties<typename Op::Properties>();
  properties.setLayout(LayoutAttr::get(context, layout));
  properties.setNormalizer(NormalizerAttr::get(context, normalizer));
  return success();
}

/// The destinations' types after `->`; absent in the memref form.
static ParseResult parseResultTypes(OpAsmParser &parser,
                                    OperationState &result) {
  if (failed(parser.parseOptionalArrow()))
    return success();
  return parser.parseTypeList(result.types);
}

ParseResult AttentionOp::parse(OpAsmParser &parser, OperationState &result) {
  OperandPart ins, outs, scale, cuSeqlens, captures, offsets, lengths;
  Region *activation = result.addRegion();
  Region *mask = result.addRegion();
  Region *vjp = result.addRegion();
  if (parseHead<AttentionOp>(parser, result) ||
      parsePart(parser, "ins", 3, 3, ins) ||
      parsePart(parser, "outs", 1, 2, outs) ||
      parsePart(parser, "scale", 1, 1, scale) ||
      parseOptionalPart(parser, "cu_seqlens", 2, 2, cuSeqlens) ||
      parseOptionalPart(parser, "captures", 1, unbounded, captures) ||
      parseOptionalPosition(parser, offsets, lengths) ||
      parser.parseKeyword("activation") ||
      parseRegionPart(parser, *activation) ||
      parseOptionalRegionPart(parser, "mask", *mask) ||
      parseOptionalRegionPart(parser, "vjp", *vjp) ||
      parseAttributes<AttentionOp>(
          parser, result, {"layout", "normalizer", "operandSegmentSizes"}) ||
      parseResultTypes(parser, result))
    return failure();
  for (const OperandPart &part :
       {ins, outs, scale, cuSeqlens, captures, offsets, lengths})
    if (resolvePart(parser, part, result))
      return failure();
  int32_t statistics = outs.size() - 1, jagged = cuSeqlens.size() / 2;
  llvm::copy(
      ArrayRef<int32_t>(
          {1, 1, 1, 1, statistics, 1, jagged, jagged, captures.size(),
           offsets.size(), lengths.size()}),
      result.getOrAddProperties<Properties>().operandSegmentSizes.begin());
  return success();
}

/// `wrt [0, 2]` after captures.
static ParseResult parseOptionalWrt(OpAsmParser &parser,
                                    SmallVectorImpl<int64_t> &wrt) {
  if (failed(parser.parseOptionalKeyword("wrt")))
    return success();
  return parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Square, [&] {
    return parser.parseInteger(wrt.emplace_back());
  });
}

ParseResult AttentionBackwardOp::parse(OpAsmParser &parser,
                                       OperationState &result) {
  OperandPart ins, saved, outs, scale, cuSeqlens, captures, offsets, lengths;
  SmallVector<int64_t> wrt;
  Region *joint = result.addRegion();
  Region *mask = result.addRegion();
  if (parseHead<AttentionBackwardOp>(parser, result) ||
      parsePart(parser, "ins", 4, 5, ins) ||
      parseOptionalPart(parser, "saved", 2, 2, saved) ||
      parsePart(parser, "outs", 3, unbounded, outs) ||
      parsePart(parser, "scale", 1, 1, scale) ||
      parseOptionalPart(parser, "cu_seqlens", 2, 2, cuSeqlens) ||
      parseOptionalPart(parser, "captures", 1, unbounded, captures))
    return failure();
  if (captures.size() && parseOptionalWrt(parser, wrt))
    return failure();
  if (parseOptionalPosition(parser, offsets, lengths) ||
      parser.parseKeyword("joint") || parseRegionPart(parser, *joint) ||
      parseOptionalRegionPart(parser, "mask", *mask) ||
      parseAttributes<AttentionBackwardOp>(
          parser, result,
          {"layout", "normalizer", "wrt", "operandSegmentSizes"}) ||
      parseResultTypes(parser, result))
    return failure();
  for (const OperandPart &part :
       {ins, saved, outs, scale, cuSeqlens, captures, offsets, lengths})
    if (resolvePart(parser, part, result))
      return failure();
  auto &properties = result.getOrAddProperties<Properties>();
  properties.setWrt(DenseI64ArrayAttr::get(parser.getContext(), wrt));
  int32_t dStatistics = ins.size() - 4, isSaved = saved.size() / 2,
          jagged = cuSeqlens.size() / 2;
  llvm::copy(
      ArrayRef<int32_t>({1, 1, 1, 1, dStatistics, isSaved, isSaved, 1, 1, 1,
                         outs.size() - 3, 1, jagged, jagged, captures.size(),
                         offsets.size(), lengths.size()}),
      properties.operandSegmentSizes.begin());
  return success();
}

ParseResult AttentionPartialOp::parse(OpAsmParser &parser,
                                      OperationState &result) {
  OperandPart ins, outs, scale, captures, offsets, lengths;
  Region *activation = result.addRegion();
  Region *mask = result.addRegion();
  if (parseHead<AttentionPartialOp>(parser, result) ||
      parsePart(parser, "ins", 3, 3, ins) ||
      parsePart(parser, "outs", 1, 3, outs) ||
      parsePart(parser, "scale", 1, 1, scale) ||
      parseOptionalPart(parser, "captures", 1, unbounded, captures) ||
      parseOptionalPosition(parser, offsets, lengths) ||
      parser.parseKeyword("activation") ||
      parseRegionPart(parser, *activation) ||
      parseOptionalRegionPart(parser, "mask", *mask) ||
      parseAttributes<AttentionPartialOp>(
          parser, result, {"layout", "normalizer", "operandSegmentSizes"}) ||
      parseResultTypes(parser, result))
    return failure();
  for (const OperandPart &part :
       {ins, outs, scale, captures, offsets, lengths})
    if (resolvePart(parser, part, result))
      return failure();
  // Of three destinations the second is m, of two it is l.
  int32_t maximum = outs.size() == 3, total = outs.size() >= 2;
  llvm::copy(
      ArrayRef<int32_t>({1, 1, 1, 1, maximum, total, 1, captures.size(),
                         offsets.size(), lengths.size()}),
      result.getOrAddProperties<Properties>().operandSegmentSizes.begin());
  return success();
}

ParseResult AttentionMergeOp::parse(OpAsmParser &parser,
                                    OperationState &result) {
  OperandPart ins, outs;
  if (parseHead<AttentionMergeOp>(parser, result) ||
      parsePart(parser, "ins", 1, 3, ins) ||
      parsePart(parser, "outs", 1, 2, outs) ||
      parseAttributes<AttentionMergeOp>(
          parser, result, {"layout", "normalizer", "operandSegmentSizes"}) ||
      parseResultTypes(parser, result))
    return failure();
  for (const OperandPart &part : {ins, outs})
    if (resolvePart(parser, part, result))
      return failure();
  int32_t maximum = ins.size() == 3, total = ins.size() >= 2;
  llvm::copy(
      ArrayRef<int32_t>({1, maximum, total, 1, outs.size() - 1}),
      result.getOrAddProperties<Properties>().operandSegmentSizes.begin());
  return success();
}

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

/// ` keyword(%a, %b : type, type)` on a line of its own; nothing without
/// operands.
static void printPart(OpAsmPrinter &printer, StringRef keyword,
                      ValueRange operands) {
  if (operands.empty())
    return;
  printer.printNewline();
  printer << keyword << "(" << operands << " : " << operands.getTypes() << ")";
}

static void printRegionPart(OpAsmPrinter &printer, StringRef keyword,
                            Region &region) {
  if (region.empty())
    return;
  printer.printNewline();
  printer << keyword << "(";
  llvm::interleaveComma(region.getArguments(), printer, [&](BlockArgument arg) {
    printer.printRegionArgument(arg);
  });
  printer << ") ";
  printer.printRegion(region, /*printEntryBlockArgs=*/false);
}

static void printTail(OpAsmPrinter &printer, Operation *op,
                      ArrayRef<StringRef> placed) {
  SmallVector<NamedAttribute> attributes;
  for (NamedAttribute attribute : op->getAttrs())
    if (!llvm::is_contained(placed, attribute.getName().getValue()))
      attributes.push_back(attribute);
  if (!attributes.empty()) {
    printer.printNewline();
    // The dictionary prints with a leading space of its own elsewhere: here it
    // starts a line.
    printer.printAttributeWithoutType(
        DictionaryAttr::get(op->getContext(), attributes));
  }
  if (op->getNumResults() > 0) {
    printer.printNewline();
    printer << "-> " << op->getResultTypes();
  }
}

/// Prints the parts from `scale` to `captures`.
template <class Op> static void printContext(OpAsmPrinter &printer, Op op) {
  printPart(printer, "scale", op.getScale());
  if constexpr (!std::is_same_v<Op, AttentionPartialOp>) {
    SmallVector<Value> cuSeqlens;
    if (op.getCuSeqlensQuery())
      cuSeqlens = {op.getCuSeqlensQuery(), op.getCuSeqlensKey()};
    printPart(printer, "cu_seqlens", cuSeqlens);
  }
  printPart(printer, "captures", op.getCaptures());
}

/// Prints the parts that say where a tile lies.
template <class Op> static void printPosition(OpAsmPrinter &printer, Op op) {
  for (auto [keyword, indices] : {std::pair<StringRef, ValueRange>{
                                      "offsets", op.getOffsets()},
                                  {"lengths", op.getLengths()}}) {
    if (indices.empty())
      continue;
    printer.printNewline();
    printer << keyword << "(" << indices << ")";
  }
}

void AttentionOp::print(OpAsmPrinter &printer) {
  printer << " " << stringifyLayout(getLayout()) << " "
          << stringifyNormalizer(getNormalizer());
  printer.increaseIndent();
  SmallVector<Value> outs{getOutputInit()};
  if (getStatisticsInit())
    outs.push_back(getStatisticsInit());
  printPart(printer, "ins", ValueRange{getQuery(), getKey(), getValue()});
  printPart(printer, "outs", outs);
  printContext(printer, *this);
  printPosition(printer, *this);
  printRegionPart(printer, "activation", getActivation());
  printRegionPart(printer, "mask", getMask());
  printRegionPart(printer, "vjp", getVjp());
  printTail(printer, *this, {"layout", "normalizer", "operandSegmentSizes"});
  printer.decreaseIndent();
}

void AttentionBackwardOp::print(OpAsmPrinter &printer) {
  printer << " " << stringifyLayout(getLayout()) << " "
          << stringifyNormalizer(getNormalizer());
  printer.increaseIndent();
  SmallVector<Value> ins{getQuery(), getKey(), getValue(), getDOutput()};
  if (getDStatistics())
    ins.push_back(getDStatistics());
  SmallVector<Value> saved;
  if (getOutput())
    saved = {getOutput(), getStatistics()};
  SmallVector<Value> outs{getDQueryInit(), getDKeyInit(), getDValueInit()};
  llvm::append_range(outs, getDCaptureInits());
  printPart(printer, "ins", ins);
  printPart(printer, "saved", saved);
  printPart(printer, "outs", outs);
  printContext(printer, *this);
  if (!getWrt().empty()) {
    printer << " wrt [";
    llvm::interleaveComma(getWrt(), printer);
    printer << "]";
  }
  printPosition(printer, *this);
  printRegionPart(printer, "joint", getJoint());
  printRegionPart(printer, "mask", getMask());
  printTail(printer, *this,
            {"layout", "normalizer", "wrt", "operandSegmentSizes"});
  printer.decreaseIndent();
}

void AttentionPartialOp::print(OpAsmPrinter &printer) {
  printer << " " << stringifyLayout(getLayout()) << " "
          << stringifyNormalizer(getNormalizer());
  printer.increaseIndent();
  printPart(printer, "ins", ValueRange{getQuery(), getKey(), getValue()});
  printPart(printer, "outs", llvm::to_vector(getDpsInits()));
  printContext(printer, *this);
  printPosition(printer, *this);
  printRegionPart(printer, "activation", getActivation());
  printRegionPart(printer, "mask", getMask());
  printTail(printer, *this, {"layout", "normalizer", "operandSegmentSizes"});
  printer.decreaseIndent();
}

void AttentionMergeOp::print(OpAsmPrinter &printer) {
  printer << " " << stringifyLayout(getLayout()) << " "
          << stringifyNormalizer(getNormalizer());
  printer.increaseIndent();
  printPart(printer, "ins", llvm::to_vector(getDpsInputs()));
  printPart(printer, "outs", llvm::to_vector(getDpsInits()));
  printTail(printer, *this, {"layout", "normalizer", "operandSegmentSizes"});
  printer.decreaseIndent();
}
