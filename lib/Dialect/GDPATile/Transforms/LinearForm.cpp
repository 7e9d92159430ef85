//===- LinearForm.cpp - linear forms over the positions of a pair ---------===//

#include "LinearForm.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

static constexpr int64_t kMaxCoefficient = int64_t(1) << 31;
static constexpr int64_t kMaxConstant = int64_t(1) << 62;
static constexpr int64_t kMaxRowFactor = 2;
static constexpr size_t kMaxRowValues = 2;

/// total += value * factor, unless the magnitude would pass `limit`.
static bool accumulate(int64_t &total, int64_t value, int64_t factor,
                       int64_t limit) {
  int64_t product, sum;
  if (llvm::MulOverflow(value, factor, product) ||
      llvm::AddOverflow(total, product, sum) || sum > limit || sum < -limit)
    return false;
  total = sum;
  return true;
}

LinearForm LinearForm::ofConstant(int64_t value) {
  LinearForm form;
  form.constant = value;
  return form;
}

LinearForm LinearForm::ofUniform(Value value) {
  LinearForm form;
  form.uniforms.push_back({value, 1});
  return form;
}

LinearForm LinearForm::ofRowValue(RowValue value) {
  LinearForm form;
  form.rowValues.push_back({value, 1});
  return form;
}

std::optional<LinearForm> LinearForm::plus(const LinearForm &other,
                                           int64_t factor) const {
  LinearForm sum = *this;
  if (!accumulate(sum.constant, other.constant, factor, kMaxConstant) ||
      !accumulate(sum.query, other.query, factor, kMaxCoefficient) ||
      !accumulate(sum.key, other.key, factor, kMaxCoefficient))
    return std::nullopt;
  auto addTerms = [&](auto &terms, const auto &added, auto same,
                      int64_t limit = kMaxCoefficient) {
    for (const auto &term : added) {
      auto found = llvm::find_if(terms, [&](const auto &known) {
        return same(known.first, term.first);
      });
      if (found == terms.end()) {
        terms.push_back({term.first, 0});
        found = std::prev(terms.end());
      }
      if (!accumulate(found->second, term.second, factor, limit))
        return false;
    }
    llvm::erase_if(terms, [](const auto &term) { return term.second == 0; });
    return true;
  };
  if (!addTerms(sum.uniforms, other.uniforms,
                [](Value a, Value b) { return a == b; }) ||
      !addTerms(sum.rowValues, other.rowValues,
                [](const RowValue &a, const RowValue &b) { return a == b; },
                kMaxRowFactor) ||
      sum.rowValues.size() > kMaxRowValues ||
      !addTerms(sum.quotients, other.quotients,
                [](const auto &a, const auto &b) { return *a == *b; }))
    return std::nullopt;
  return sum;
}

std::optional<LinearForm> LinearForm::times(int64_t factor) const {
  return LinearForm().plus(*this, factor);
}

bool LinearForm::operator==(const LinearForm &other) const {
  if (constant != other.constant || query != other.query || key != other.key ||
      uniforms.size() != other.uniforms.size() ||
      rowValues.size() != other.rowValues.size() ||
      quotients.size() != other.quotients.size())
    return false;
  for (const auto &term : uniforms)
    if (!llvm::is_contained(other.uniforms, term))
      return false;
  for (const auto &term : rowValues)
    if (!llvm::is_contained(other.rowValues, term))
      return false;
  for (const auto &term : quotients)
    if (llvm::none_of(other.quotients, [&](const auto &known) {
          return known.second == term.second && *known.first == *term.first;
        }))
      return false;
  return true;
}

LinearForm gdpa_tile::ofQuotient(LinearForm numerator, int64_t divisor,
                                 bool remainder) {
  LinearForm form;
  form.quotients.push_back({std::make_shared<Quotient>(Quotient{
                                std::move(numerator), divisor, remainder}),
                            1});
  return form;
}
