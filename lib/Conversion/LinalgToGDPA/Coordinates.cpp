//===- Coordinates.cpp - indices as digits in mixed radix -----------------===//

#include "Coordinates.h"

using namespace mlir;
using namespace mlir::gdpa::raising;

Digits gdpa::raising::flatten(ArrayRef<Digits> place) {
  Digits result;
  for (const Digits &digits : place)
    llvm::append_range(result, digits);
  return result;
}

Atom Coordinates::add(int64_t size) {
  nodes.push_back({size, {}});
  return nodes.size() - 1;
}

void Coordinates::append(Digits &digits, Atom atom) const {
  if (nodes[atom].parts.empty()) {
    digits.push_back(atom);
    return;
  }
  for (Atom part : nodes[atom].parts)
    append(digits, part);
}

Digits Coordinates::loop(Operation *op, unsigned number, int64_t size) {
  if (size == 1)
    return {};
  auto [entry, isNew] = loops.try_emplace({op, number}, 0);
  if (isNew)
    entry->second = add(size);
  Digits digits;
  append(digits, entry->second);
  return digits;
}

int64_t Coordinates::sizeOf(ArrayRef<Atom> digits) const {
  int64_t product = 1;
  for (Atom atom : digits) {
    if (ShapedType::isDynamic(sizeOf(atom)))
      return ShapedType::kDynamic;
    product *= sizeOf(atom);
  }
  return product;
}

void Coordinates::cutAtom(Atom atom, int64_t outer, int64_t inner) {
  Digits parts{add(outer), add(inner)};
  nodes[atom].parts = parts;
  cut = true;
}

bool Coordinates::take(Digits &digits, int64_t size, bool inner,
                       Digits &taken) {
  while (size != 1) {
    if (digits.empty())
      return false;
    Atom atom = inner ? digits.back() : digits.front();
    int64_t extent = sizeOf(atom);
    if (ShapedType::isDynamic(extent)) {
      cutAtom(atom, inner ? ShapedType::kDynamic : size,
              inner ? size : ShapedType::kDynamic);
      return false;
    }
    if (size % extent == 0) {
      digits.erase(inner ? std::prev(digits.end()) : digits.begin());
      taken.insert(inner ? taken.begin() : taken.end(), atom);
      size /= extent;
      continue;
    }
    if (extent % size == 0)
      cutAtom(atom, inner ? extent / size : size, inner ? size : extent / size);
    return false;
  }
  return true;
}

std::optional<SmallVector<Digits>> Coordinates::split(Digits digits,
                                                      ArrayRef<int64_t> sizes) {
  SmallVector<Digits> result(sizes.size());
  if (llvm::count(sizes, ShapedType::kDynamic) > 1 ||
      llvm::is_contained(sizes, 0))
    return std::nullopt;
  const int64_t *dynamic = llvm::find(sizes, ShapedType::kDynamic);
  if (dynamic == sizes.end() && ShapedType::isDynamic(sizeOf(digits))) {
    // A cast forgot a size that is known here.
    int64_t rest = 1, unknown = 0;
    for (int64_t size : sizes)
      rest *= size;
    for (Atom atom : digits)
      ShapedType::isDynamic(sizeOf(atom)) ? unknown += 1 : rest /= sizeOf(atom);
    if (unknown != 1)
      return std::nullopt;
    for (Atom atom : digits)
      if (ShapedType::isDynamic(sizeOf(atom)))
        nodes[atom].size = rest;
  }
  unsigned middle = dynamic - sizes.begin();
  for (unsigned number = sizes.size(); number-- > middle + 1;)
    if (!take(digits, sizes[number], /*inner=*/true, result[number]))
      return std::nullopt;
  for (unsigned number = 0; number < std::min<unsigned>(middle, sizes.size());
       ++number)
    if (!take(digits, sizes[number], /*inner=*/false, result[number]))
      return std::nullopt;
  if (dynamic != sizes.end())
    result[middle] = digits;
  else if (!digits.empty())
    return std::nullopt;
  return result;
}
