//===- RoleRelations.cpp - What roles say about extents -------------------===//
//
// Extents that must agree although the compiler may have seen only one of them:
// a static one there says nothing about a dynamic one here.
//
//===----------------------------------------------------------------------===//

#include "Description.h"

#include <algorithm>

using namespace gdpa::runtime;

namespace {
struct Relation {
  enum Kind { All, AllButLast, Last, First };
  const char *role;
  const char *otherRole;
  Kind kind;
};
} // namespace

static constexpr Relation relations[] = {
    {"k", "q", Relation::First},
    {"k", "q", Relation::Last},
    {"v", "k", Relation::AllButLast},
    {"o", "q", Relation::AllButLast},
    {"o", "v", Relation::Last},
    {"do", "q", Relation::AllButLast},
    {"do", "v", Relation::Last},
    {"dq", "q", Relation::All},
    {"dk", "k", Relation::All},
    {"dv", "v", Relation::All},
    {"dstats", "stats", Relation::All},
    {"cu_seqlens_k", "cu_seqlens_q", Relation::All}};

static Agreement agree(const Relation &relation, int32_t rank) {
  Agreement agreement;
  agreement.end = rank;
  switch (relation.kind) {
  case Relation::All:
    break;
  case Relation::AllButLast:
    agreement.end = rank - 1;
    break;
  case Relation::Last:
    agreement.begin = std::max(rank - 1, 0);
    break;
  case Relation::First:
    // The batch. Rank 3 is jagged: rows of all sequences, queries and keys
    // each have their own number.
    agreement.end = rank == 4 ? 1 : 0;
    break;
  }
  return agreement;
}

RoleRelations gdpa::runtime::findRoleRelations(const Description &description,
                                               const Entry &entry) {
  auto argumentAt = [&](int32_t position) -> const Argument & {
    return description.arguments[entry.arguments[position]];
  };
  auto find = [&](const char *role) {
    for (size_t i = 0; i < entry.arguments.size(); ++i)
      if (argumentAt(i).role == role)
        return static_cast<int32_t>(i);
    return -1;
  };
  auto sameRank = [&](int32_t position, int32_t other) {
    return position >= 0 && other >= 0 &&
           argumentAt(position).shape.size() == argumentAt(other).shape.size();
  };

  RoleRelations found;
  found.query = find("q");
  found.key = find("k");
  for (const Relation &relation : relations) {
    int32_t position = find(relation.role);
    int32_t other = find(relation.otherRole);
    if (!sameRank(position, other))
      continue;
    found.agreements.push_back(agree(
        relation, static_cast<int32_t>(argumentAt(position).shape.size())));
    found.agreements.back().position = position;
    found.agreements.back().other = other;
  }
  for (size_t i = 0; i < entry.arguments.size(); ++i)
    if (argumentAt(i).role == "capture")
      found.captures.push_back(static_cast<int32_t>(i));
  if (!sameRank(found.query, found.key))
    return found;
  // Static head counts were checked by the compiler; a dynamic one shows in
  // the symbol Hq or Hkv.
  auto hasSymbol = [&](int32_t position, size_t i, const char *name) {
    int32_t symbol = argumentAt(position).shape[i].symbol;
    return symbol >= 0 && description.symbols[symbol].name == name;
  };
  for (size_t i = 0; i < argumentAt(found.query).shape.size(); ++i)
    if (hasSymbol(found.query, i, "Hq") || hasSymbol(found.key, i, "Hkv"))
      found.headDimensions.push_back(static_cast<int32_t>(i));
  return found;
}
