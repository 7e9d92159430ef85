//===- Plan.h - Which entries run, on which arguments -----------*- C++ -*-===//
//
// What is to be done with an artefact, before any data is read.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_DRIVER_PLAN_H
#define GDPA_LIB_RUNTIME_DRIVER_PLAN_H

#include "Outcome.h"

#include <map>
#include <vector>

namespace gdpa::run {

/// An open artefact.
class LoadedArtefact {
public:
  LoadedArtefact() = default;
  LoadedArtefact(const LoadedArtefact &) = delete;
  LoadedArtefact &operator=(const LoadedArtefact &) = delete;
  ~LoadedArtefact() { gdpa_artefact_close(artefact); }

  static Outcome open(const std::string &path, LoadedArtefact &loaded);

  gdpa_artefact *get() const { return artefact; }
  const std::string &path() const { return file; }
  std::string target() const { return gdpa_artefact_target(artefact); }
  std::string precision() const { return gdpa_artefact_precision(artefact); }
  bool isCuda() const { return gdpa_artefact_is_cuda(artefact) != 0; }
  int32_t argumentCount() const {
    return gdpa_artefact_argument_count(artefact);
  }
  gdpa_argument argument(int32_t number) const;

  /// The argument's role; its name where the description gives none.
  std::string role(int32_t number) const;

private:
  std::string file;
  gdpa_artefact *artefact = nullptr;
};

/// An entry and its arguments in the order of the call.
struct PlannedEntry {
  int32_t entry = 0;
  std::string name;
  struct Use {
    int32_t argument;
    bool isOutput;
  };
  std::vector<Use> arguments;
};

struct Plan {
  /// In the order of running. What one entry computes is an input of the next.
  std::vector<PlannedEntry> entries;
  /// Arguments that come from outside.
  std::vector<int32_t> inputs;
};

/// Plans "forward", and with `gradient` "backward" after it; an artefact may
/// then lack "forward".
Outcome makePlan(const LoadedArtefact &artefact, bool gradient, Plan &plan);

/// The extents behind the symbols of shapes, with where each came from.
class Extents {
public:
  /// Checks `shape` against the argument's declaration and binds its symbols.
  /// `source` names the data in messages.
  Outcome bind(const gdpa_argument &argument, const std::vector<int64_t> &shape,
               const std::string &source);

  /// The shape of an argument whose symbols are all bound.
  Outcome resolve(const gdpa_argument &argument,
                  std::vector<int64_t> &shape) const;

private:
  struct Extent {
    int64_t value;
    std::string source;
  };
  std::map<std::string, Extent> extents;
};

} // namespace gdpa::run

#endif // GDPA_LIB_RUNTIME_DRIVER_PLAN_H
