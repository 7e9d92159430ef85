//===- FoldFactors.cpp - cheapest forms of a scalar region ----------------===//

#include "FoldFactors.h"
#include "UniformFactors.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include <cmath>

using namespace mlir;
using namespace mlir::gdpa_tile;

static constexpr double kLog2E = 1.4426950408889634, kLn2 = 0.6931471805599453,
                        kLog10Of2 = 0.3010299956639812;

/// erf(x) = tanh(x (a + b x^2)): relative error 3.6e-4, below that of the
/// hardware's tanh; fitted to the least relative error on [0, 4.2].
static constexpr double kErfLinear = 1.12877621, kErfCubic = 0.10070969;

/// Powers of a uniform value in a factor; more could leave the range of f32.
static constexpr int kMaxPower = 3;

namespace {

class FactorFolder {
public:
  FactorFolder(Region &region, unsigned numLeading)
      : block(region.front()), numLeading(numLeading),
        builder(region.getArgument(0).getContext()),
        terms(builder, region.getArgument(0).getLoc(), builder.getF32Type()) {
    for (unsigned number = 0; number < numLeading; ++number)
      note(block.getArgument(number));
    // i and j, after the batch entry and the head.
    note(block.getArgument(numLeading + 2));
    note(block.getArgument(numLeading + 3));
    for (Operation &op : block)
      if (llvm::any_of(op.getOperands(),
                       [&](Value operand) { return !isUniform(operand); }))
        for (Value result : op.getResults())
          note(result);
  }

  void run(Value scale, bool factorsLeave) {
    BlockArgument score = block.getArgument(0);
    if (!score.getType().isF32())
      return;
    if (scale)
      termOf[score] = {Factor::of(scale), score};
    for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
      builder.setInsertionPoint(&op);
      terms.loc = op.getLoc();
      if (std::optional<Term> term = rewrite(&op)) {
        own(op.getResult(0), term->core);
        termOf[op.getResult(0)] = *term;
        continue;
      }
      if (auto compare = dyn_cast<arith::CmpFOp>(op))
        compared[compare] = {compare.getLhs(), compare.getRhs()};
      for (OpOperand &operand : op.getOpOperands())
        if (termOf.count(operand.get()))
          operand.set(value(operand.get()));
    }
    Operation *end = block.getTerminator();
    builder.setInsertionPoint(end);
    terms.loc = end->getLoc();
    for (OpOperand &operand : end->getOpOperands())
      if (operand.get().getType().isF32())
        operand.set(root(operand.get(), factorsLeave));
    eraseDead();
    distribute();
    negate();
    eraseDead();
  }

private:
  //===--------------------------------------------------------------------===//
  // Terms of values
  //===--------------------------------------------------------------------===//

  bool isUniform(Value value) const { return terms.isUniform(value); }

  /// A value as a term.
  Term term(Value value) {
    auto found = termOf.find(value);
    if (found != termOf.end())
      return found->second;
    if (std::optional<double> number = terms.asConstant(value);
        number && std::isfinite(*number) && *number != 0)
      return {Factor::of(*number), {}};
    if (isUniform(value) && !terms.asConstant(value))
      return {Factor::of(value), {}};
    return {{}, value};
  }

  Value value(Value old) { return value(term(old)); }
  Value value(const Term &term) { return terms.value(term); }

  /// `value` is made of `core`, perhaps beside others.
  void own(Value value, Value core) {
    if (!core)
      return;
    auto [owner, isFirst] = owners.insert({core, value});
    bool isPassedOn = !isFirst && owner->second.hasOneUse() &&
                      *owner->second.user_begin() == value.getDefiningOp();
    if (!value.hasOneUse() || !(isFirst || isPassedOn))
      terms.share(core);
    owner->second = value;
  }

  bool isZero(const Term &term) {
    return term.core && terms.asConstant(term.core) == 0.0;
  }

  /// The result of a new operation on pairs.
  Value note(Value value) { return terms.note(value); }
  Value addConstant(Value lhs, double number) {
    if (number == 0)
      return lhs;
    for (auto &[known, constant, result] : sums)
      if (known == lhs && constant == number)
        return result;
    Value result = terms.add(lhs, terms.constant(number));
    sums.push_back({lhs, number, result});
    return result;
  }

  //===--------------------------------------------------------------------===//
  // Products
  //===--------------------------------------------------------------------===//

  Term product(Term lhs, Term rhs) {
    if (isZero(lhs) || isZero(rhs))
      return {{}, terms.multiply(value(lhs), value(rhs))};
    lhs = bounded(lhs);
    rhs = bounded(rhs);
    Term result = {lhs.factor.times(rhs.factor), lhs.core};
    if (!lhs.core)
      result.core = rhs.core;
    else if (rhs.core)
      result.core = productOfCores(lhs.core, rhs.core);
    return bounded(result);
  }

  /// High powers of uniform values multiply at once.
  Term bounded(Term term) {
    bool isHigh = llvm::any_of(term.factor.powers, [](const auto &entry) {
      return std::abs(entry.second) > kMaxPower;
    });
    double size = std::fabs(term.factor.constant);
    if (term.core && (isHigh || !(size > 1e-30 && size < 1e30)))
      return {{}, value(term)};
    return term;
  }

  Value productOfCores(Value lhs, Value rhs) {
    for (auto [a, b] : {std::pair(lhs, rhs), std::pair(rhs, lhs)})
      if (Value result = differenceOfSquares(a, b, 0))
        return result;
    for (auto key : {std::pair(lhs, rhs), std::pair(rhs, lhs)})
      if (Value known = products.lookup(key))
        return known;
    Value result = terms.multiply(lhs, rhs);
    products[{lhs, rhs}] = result;
    return result;
  }

  /// x + k as (x, k).
  std::pair<Value, double> splitSum(Value value) {
    if (auto sum = value.getDefiningOp<arith::AddFOp>())
      if (std::optional<double> number = terms.asConstant(sum.getRhs()))
        return {sum.getLhs(), *number};
    return {value, 0};
  }

  /// `tree` * `other`, where other = x + k and x - k is a factor of tree: x^2 - k^2
  /// takes its place. Else null.
  Value differenceOfSquares(Value tree, Value other, unsigned depth) {
    auto [x, k] = splitSum(other);
    if (k == 0 || depth == 3)
      return {};
    if (splitSum(tree) == std::pair(x, -k))
      return addConstant(productOfCores(x, x), -k * k);
    auto factors = tree.getDefiningOp<arith::MulFOp>();
    if (!factors)
      return {};
    for (unsigned index : {0u, 1u})
      if (Value part = differenceOfSquares(factors->getOperand(index), other, depth + 1))
        return productOfCores(factors->getOperand(1 - index), part);
    return {};
  }

  //===--------------------------------------------------------------------===//
  // Sums
  //===--------------------------------------------------------------------===//

  Term sum(Term lhs, Term rhs) {
    if (isZero(lhs))
      return rhs;
    if (isZero(rhs))
      return lhs;
    if (!lhs.core)
      std::swap(lhs, rhs);
    if (!lhs.core) // both uniform
      return {Factor::of(uniformSum(lhs.factor, rhs.factor)), {}};
    if (!rhs.core)
      return sumWithUniform(lhs, rhs.factor);
    if (lhs.core == rhs.core)
      return sameCore(lhs.factor, rhs.factor, lhs.core);
    // a x + b x r = x (a + b r)
    for (auto [x, other] : {std::pair(lhs, rhs), std::pair(rhs, lhs)})
      if (std::optional<Value> rest = quotient(other.core, x.core, 0))
        return product({{}, x.core}, sum({other.factor, *rest}, {x.factor, {}}));
    if (!lhs.factor.hasPowersOf(rhs.factor)) {
      // The constant goes out where nothing else is left.
      if (!lhs.factor.isConstant())
        std::swap(lhs, rhs);
      if (!lhs.factor.isConstant())
        return {{}, chain(value(lhs), value(rhs))};
      Factor common = lhs.factor;
      if (common.constant < 0 && splitSum(lhs.core).second == 0) {
        common.constant = -common.constant;
        lhs.core = value({Factor::of(-1), lhs.core});
      }
      rhs.factor = rhs.factor.times(common, -1);
      return {common, chain(lhs.core, value(rhs))};
    }
    double ratio = lhs.factor.constant / rhs.factor.constant;
    if (terms.cost(Factor::of(1 / ratio), rhs.core) <
        terms.cost(Factor::of(ratio), lhs.core)) {
      std::swap(lhs, rhs);
      ratio = 1 / ratio;
    }
    Value scaled = value({Factor::of(ratio), lhs.core});
    return {rhs.factor, chain(rhs.core, scaled)};
  }

  /// x + y with constants of both last.
  Value chain(Value lhs, Value rhs) {
    auto [x, k] = splitSum(lhs);
    auto [y, m] = splitSum(rhs);
    return addConstant(terms.add(y, x), k + m);
  }

  Term sumWithUniform(const Term &lhs, const Factor &uniform) {
    if (!uniform.isConstant())
      return {{}, terms.add(value(lhs), terms.uniform(uniform))};
    double number = uniform.constant;
    if (lhs.factor.isConstant()) {
      double ratio = number / lhs.factor.constant;
      auto [x, k] = splitSum(lhs.core);
      if (k != 0 || std::fabs(ratio) == 1)
        return {lhs.factor, addConstant(x, k + ratio)};
    }
    Value scaled = value({lhs.factor.times(1 / number), lhs.core});
    return {uniform, addConstant(scaled, 1)};
  }

  Term sameCore(const Factor &lhs, const Factor &rhs, Value core) {
    if (lhs.hasPowersOf(rhs)) {
      Factor both = lhs;
      both.constant += rhs.constant;
      if (both.constant == 0) // x - x is NaN for some
        return {{}, terms.add(value({lhs, core}), value({rhs, core}))};
      return {both, core};
    }
    return {Factor::of(uniformSum(lhs, rhs)), core};
  }

  Value uniformSum(const Factor &lhs, const Factor &rhs) {
    return arith::AddFOp::create(builder, terms.loc, terms.uniform(lhs),
                                 terms.uniform(rhs));
  }

  /// r where `tree` is x * r; x itself has none.
  std::optional<Value> quotient(Value tree, Value x, unsigned depth) {
    auto factors = tree.getDefiningOp<arith::MulFOp>();
    if (!factors || depth == 3)
      return std::nullopt;
    for (unsigned index : {0u, 1u}) {
      Value other = factors->getOperand(1 - index);
      if (factors->getOperand(index) == x)
        return other;
      if (std::optional<Value> rest = quotient(factors->getOperand(index), x, depth + 1))
        return productOfCores(*rest, other);
    }
    return std::nullopt;
  }

  //===--------------------------------------------------------------------===//
  // Functions
  //===--------------------------------------------------------------------===//

  template <typename Op> Term function(const Term &argument) {
    Value operand = value(argument);
    terms.share(operand);
    for (auto &[name, known, result] : functions)
      if (name == Op::getOperationName() && known == operand)
        return {{}, result};
    Value result = note(Op::create(builder, terms.loc, operand));
    functions.push_back({Op::getOperationName(), operand, result});
    return {{}, result};
  }

  Term exp(const Term &x) {
    return function<math::Exp2Op>({x.factor.times(kLog2E), x.core});
  }

  Term log(const Term &x, double base) {
    Term result = function<math::Log2Op>(x);
    result.factor = Factor::of(base);
    return result;
  }

  Term erf(const Term &x) {
    Term square = product(x, x);
    Term inner = sum(product({Factor::of(kErfCubic), {}}, square),
                     {Factor::of(kErfLinear), {}});
    return function<math::TanhOp>(product(x, inner));
  }

  /// `value` = 1 + exp(y): the term of y.
  std::optional<Term> matchOnePlusExp(Value value) {
    auto sum = value.getDefiningOp<arith::AddFOp>();
    if (!sum)
      return std::nullopt;
    for (unsigned index : {0u, 1u}) {
      auto exp = sum->getOperand(index).getDefiningOp<math::ExpOp>();
      if (exp && terms.asConstant(sum->getOperand(1 - index)) == 1.0)
        return term(exp.getOperand());
    }
    return std::nullopt;
  }

  /// Whether an exponential is only there for quotients with 1 + exp(y).
  bool isOfLogistic(Operation *exp) {
    return llvm::all_of(exp->getUsers(), [&](Operation *sum) {
      return isa<arith::AddFOp>(sum) && matchOnePlusExp(sum->getResult(0)) &&
             llvm::all_of(sum->getUsers(), [&](Operation *quotient) {
               return isa<arith::DivFOp>(quotient) &&
                      quotient->getOperand(0) != sum->getResult(0);
             });
    });
  }

  Term quotientOf(arith::DivFOp op) {
    Term lhs = term(op.getLhs());
    if (std::optional<Term> y = matchOnePlusExp(op.getRhs())) {
      Term t = function<math::TanhOp>({y->factor.times(-0.5), y->core});
      return product(lhs, {Factor::of(0.5), addConstant(t.core, 1)});
    }
    Term rhs = term(op.getRhs());
    if (!rhs.core)
      return bounded({lhs.factor.times(rhs.factor, -1), lhs.core});
    // What is not constant could be zero.
    if (!rhs.factor.isConstant())
      rhs = {{}, value(rhs)};
    Value dividend = lhs.core ? lhs.core : terms.constant(1);
    Value core = note(arith::DivFOp::create(builder, terms.loc, dividend, rhs.core));
    return bounded({lhs.factor.times(rhs.factor, -1), core});
  }

  /// The larger or smaller of two; constants that are positive move out.
  std::optional<Term> extremum(Operation *op) {
    Term lhs = term(op->getOperand(0)), rhs = term(op->getOperand(1));
    Value constantSide = op->getOperand(1);
    if (!lhs.core || isZero(lhs)) {
      std::swap(lhs, rhs);
      constantSide = op->getOperand(0);
    }
    std::optional<double> bound = terms.asConstant(constantSide);
    Factor out;
    if (lhs.factor.isPositive() && bound) {
      out = lhs.factor;
    } else if (lhs.factor.isPositive() && rhs.factor.isPositive() && rhs.core) {
      out = rhs.factor;
      lhs.factor = lhs.factor.times(out, -1);
      rhs.factor = {};
      return Term{out, extremumOf(op, value(lhs), rhs.core)};
    } else if (!bound) {
      return std::nullopt;
    }
    Value other = terms.constant(*bound / out.constant);
    return Term{out, extremumOf(op, value({lhs.factor.times(out, -1), lhs.core}), other)};
  }

  Value extremumOf(Operation *op, Value lhs, Value rhs) {
    return note(builder
                    .create(terms.loc, op->getName().getIdentifier(), {lhs, rhs},
                            terms.type, op->getAttrs())
                    ->getResult(0));
  }

  /// Bounds 0 and k > 0 become 0 and 1, which multiply-adds have as a modifier. It
  /// makes 0 of NaN: so only where the result multiplies what it is made of.
  std::optional<Term> clamp(math::ClampFOp op) {
    std::optional<double> low = terms.asConstant(op.getMin()),
                          high = terms.asConstant(op.getMax());
    if (!low || !high)
      return std::nullopt;
    Term x = term(op.getValue());
    Factor out;
    if (*low == 0 && *high > 0 && std::isfinite(*high))
      out = Factor::of(*high);
    Value core = value({x.factor.times(out, -1), x.core});
    Value least = terms.constant(*low / out.constant),
          most = terms.constant(*high / out.constant);
    if (multipliesOrigin(op))
      core = arith::MinNumFOp::create(
          builder, terms.loc, note(arith::MaxNumFOp::create(builder, terms.loc, core, least)),
          most);
    else
      core = arith::MinimumFOp::create(
          builder, terms.loc, note(arith::MaximumFOp::create(builder, terms.loc, core, least)),
          most);
    return Term{out, note(core)};
  }

  /// Whether s * clamp(s + k) is the one use of a clamp.
  bool multipliesOrigin(math::ClampFOp op) {
    auto sum = op.getValue().getDefiningOp<arith::AddFOp>();
    auto product = op->hasOneUse() ? dyn_cast<arith::MulFOp>(*op->user_begin())
                                   : arith::MulFOp();
    return sum && product && terms.asConstant(sum.getRhs()) &&
           llvm::is_contained(product->getOperands(), sum.getLhs());
  }

  /// x > k ? x : k is one instruction; so is k < x ? x : k.
  std::optional<Term> select(arith::SelectOp op) {
    auto compare = op.getCondition().getDefiningOp<arith::CmpFOp>();
    Value x = op.getTrueValue(), k = op.getFalseValue();
    std::optional<double> bound = terms.asConstant(k);
    if (!compare || !bound || compared.lookup(compare) != std::pair(x, k))
      return std::nullopt;
    Term argument = term(x);
    Factor out;
    if (argument.factor.isPositive())
      out = argument.factor;
    Value core = value({argument.factor.times(out, -1), argument.core});
    Value other = terms.constant(*bound / out.constant);
    switch (compare.getPredicate()) {
    case arith::CmpFPredicate::OGT:
    case arith::CmpFPredicate::OGE:
      return Term{out, note(arith::MaxNumFOp::create(builder, terms.loc, core, other))};
    case arith::CmpFPredicate::OLT:
    case arith::CmpFPredicate::OLE:
      return Term{out, note(arith::MinNumFOp::create(builder, terms.loc, core, other))};
    default:
      return std::nullopt;
    }
  }

  Term absolute(const Term &x) {
    Factor factor = Factor::of(std::fabs(x.factor.constant));
    if (!x.factor.isConstant())
      factor = factor.times(Factor::of(math::AbsFOp::create(
          builder, terms.loc, terms.uniform(x.factor.symbols()))));
    Term result = function<math::AbsFOp>({{}, x.core});
    result.factor = factor;
    return result;
  }

  //===--------------------------------------------------------------------===//
  // The region
  //===--------------------------------------------------------------------===//

  /// The term of an operation's result; none where it stays as it is.
  std::optional<Term> rewrite(Operation *op) {
    if (op->getNumResults() != 1 || !op->getResult(0).getType().isF32() ||
        isUniform(op->getResult(0)))
      return std::nullopt;
    auto operand = [&](unsigned index) { return term(op->getOperand(index)); };
    auto negated = [](Term term) {
      term.factor.constant = -term.factor.constant;
      return term;
    };
    if (isa<arith::MulFOp>(op))
      return product(operand(0), operand(1));
    if (isa<arith::AddFOp>(op))
      return sum(operand(0), operand(1));
    if (isa<arith::SubFOp>(op))
      return sum(operand(0), minus(operand(1)));
    if (isa<arith::NegFOp>(op))
      return negated(operand(0));
    if (isa<math::FmaOp>(op))
      return sum(product(operand(0), operand(1)), operand(2));
    if (auto quotient = dyn_cast<arith::DivFOp>(op))
      return quotientOf(quotient);
    if (isa<math::ExpOp>(op)) // what becomes a tanh needs no product of its own
      return isOfLogistic(op) ? Term{{}, op->getResult(0)} : exp(operand(0));
    if (isa<math::Exp2Op>(op))
      return function<math::Exp2Op>(operand(0));
    if (isa<math::ExpM1Op>(op))
      return sum(exp(operand(0)), {Factor::of(-1), {}});
    if (isa<math::LogOp>(op))
      return log(operand(0), kLn2);
    if (isa<math::Log10Op>(op))
      return log(operand(0), kLog10Of2);
    if (isa<math::Log1pOp>(op))
      return log(sum(operand(0), {Factor::of(1), {}}), kLn2);
    if (isa<math::TanhOp>(op))
      return function<math::TanhOp>(operand(0));
    if (isa<math::ErfOp>(op))
      return erf(operand(0));
    if (isa<math::AbsFOp>(op))
      return absolute(operand(0));
    if (isa<arith::MaxNumFOp, arith::MinNumFOp, arith::MaximumFOp, arith::MinimumFOp>(op))
      return extremum(op);
    if (auto bounds = dyn_cast<math::ClampFOp>(op))
      return clamp(bounds);
    if (auto choice = dyn_cast<arith::SelectOp>(op))
      return select(choice);
    return std::nullopt;
  }

  Term minus(Term term) {
    if (isZero(term))
      return term;
    term.factor.constant = -term.factor.constant;
    return term;
  }

  /// What a region yields: with its factor as the last product, or made at once.
  Value root(Value old, bool factorLeaves) {
    Term yielded = term(old);
    // What costs nothing is done at once: the score need not live so long.
    if (!yielded.core || !factorLeaves ||
        terms.cost(yielded.factor, yielded.core) == 0)
      return value(yielded);
    Factor cheap = terms.cheapFactor(yielded.core);
    yielded = {yielded.factor.times(cheap, -1), value({cheap, yielded.core})};
    Factor outside = Factor::of(yielded.factor.constant), inside;
    for (auto entry : yielded.factor.powers)
      (isParameter(entry.first, numLeading) ? outside : inside).powers.push_back(entry);
    Value core = value({inside, yielded.core});
    return outside.isOne() ? core : terms.multiply(core, terms.uniform(outside));
  }

  void eraseDead() {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isOpTriviallyDead(&op))
        op.erase();
  }

  /// y (x + 1) = y x + y, where the sum has no other use and is no multiply-add.
  void distribute() {
    for (Operation &op : llvm::make_early_inc_range(block)) {
      auto product = dyn_cast<arith::MulFOp>(op);
      if (!product || isUniform(product))
        continue;
      for (unsigned index : {0u, 1u}) {
        Value y = product->getOperand(1 - index), sum = product->getOperand(index);
        auto [x, k] = splitSum(sum);
        auto inner = x.getDefiningOp<arith::MulFOp>();
        if (std::fabs(k) != 1 || !sum.hasOneUse() || isUniform(y) ||
            (inner && inner->hasOneUse()))
          continue;
        builder.setInsertionPoint(product);
        terms.loc = product.getLoc();
        Value part = terms.multiply(y, x);
        Value result = k > 0 ? terms.add(part, y)
                             : Value(arith::SubFOp::create(builder, terms.loc, part, y));
        product.replaceAllUsesWith(note(result));
        break;
      }
    }
  }

  /// -(x - y) = y - x
  void negate() {
    for (Operation &op : llvm::make_early_inc_range(block)) {
      auto negation = dyn_cast<arith::NegFOp>(op);
      auto difference = negation
                            ? negation.getOperand().getDefiningOp<arith::SubFOp>()
                            : arith::SubFOp();
      if (!difference || !difference->hasOneUse())
        continue;
      builder.setInsertionPoint(negation);
      negation.replaceAllUsesWith(Value(arith::SubFOp::create(
          builder, negation.getLoc(), difference.getRhs(), difference.getLhs())));
    }
  }

  Block &block;
  unsigned numLeading;
  OpBuilder builder;
  /// The values of the region as it was that are made of a core: the last one.
  DenseMap<Value, Value> owners;
  TermBuilder terms;
  DenseMap<Value, Term> termOf;
  DenseMap<std::pair<Value, Value>, Value> products;
  SmallVector<std::tuple<Value, double, Value>> sums;
  SmallVector<std::tuple<StringRef, Value, Value>> functions;
  /// Comparisons, which change in place: what they compared.
  DenseMap<Operation *, std::pair<Value, Value>> compared;
};

} // namespace

bool gdpa_tile::isParameter(Value value, unsigned numLeading) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return argument.getArgNumber() >= numLeading &&
           isa<FloatType>(argument.getType());
  Operation *op = value.getDefiningOp();
  return isPure(op) && llvm::all_of(op->getOperands(), [&](Value operand) {
           return isParameter(operand, numLeading);
         });
}

void gdpa_tile::foldFactors(Region &region, unsigned numLeading, Value scale,
                            bool factorsLeave) {
  FactorFolder(region, numLeading).run(scale, factorsLeave);
}
