//===- Plan.cpp - Which entries run, on which arguments -------------------===//
//
// See Plan.h.
//
//===----------------------------------------------------------------------===//

#include "Plan.h"
#include "HostTensor.h"

#include <algorithm>
#include <set>

using namespace gdpa::run;

Outcome LoadedArtefact::open(const std::string &path, LoadedArtefact &loaded) {
  loaded.file = path;
  return fromRuntime(gdpa_artefact_open(path.c_str(), &loaded.artefact));
}

gdpa_argument LoadedArtefact::argument(int32_t number) const {
  gdpa_argument argument = {};
  // Numbers come from the artefact itself.
  (void)gdpa_artefact_argument(artefact, number, &argument);
  return argument;
}

std::string LoadedArtefact::role(int32_t number) const {
  gdpa_argument declared = argument(number);
  return *declared.role ? declared.role : declared.name;
}

/// Whether `entry` writes the argument. The forward's results o and stats are
/// declared once, as written, and are read by the backward.
static bool isOutput(const LoadedArtefact &artefact, const std::string &entry,
                     int32_t argument) {
  std::string role = artefact.role(argument);
  if (entry == "backward" && (role == "o" || role == "stats"))
    return false;
  return artefact.argument(argument).written != 0;
}

Outcome gdpa::run::makePlan(const LoadedArtefact &artefact, bool gradient,
                            Plan &plan) {
  plan = Plan();
  std::set<int32_t> known;
  std::vector<std::string> names = {"forward"};
  if (gradient)
    names.push_back("backward");
  for (const std::string &name : names) {
    int32_t entry = gdpa_artefact_find_entry(artefact.get(), name.c_str());
    if (entry < 0 && name == "forward" && gradient)
      continue;
    if (entry < 0)
      return inputError(artefact.path() + ": expected an entry '" + name +
                        "', found none" +
                        (gradient ? " (gdpa-compile --grad makes one)" : ""));
    PlannedEntry planned;
    planned.entry = entry;
    planned.name = name;
    int32_t count = gdpa_entry_argument_count(artefact.get(), entry);
    for (int32_t i = 0; i < count; ++i) {
      int32_t argument = gdpa_entry_argument(artefact.get(), entry, i);
      bool output = isOutput(artefact, name, argument);
      planned.arguments.push_back({argument, output});
      if (known.insert(argument).second && !output)
        plan.inputs.push_back(argument);
    }
    plan.entries.push_back(std::move(planned));
  }
  return {};
}

Outcome Extents::bind(const gdpa_argument &argument,
                      const std::vector<int64_t> &shape,
                      const std::string &source) {
  auto mismatch = [&](const std::string &expected, const std::string &found) {
    return inputError(source + ": expected " + expected + " for argument '" +
                      argument.name + "', found " + found);
  };
  if (static_cast<int32_t>(shape.size()) != argument.rank)
    return mismatch("rank " + std::to_string(argument.rank),
                    "rank " + std::to_string(shape.size()) + " (shape " +
                        formatShape(shape) + ")");
  for (int32_t i = 0; i < argument.rank; ++i) {
    std::string found =
        std::to_string(shape[i]) + " in shape " + formatShape(shape);
    std::string where = " in dimension " + std::to_string(i);
    if (!argument.symbols[i]) {
      if (shape[i] != argument.shape[i])
        return mismatch("extent " + std::to_string(argument.shape[i]) + where,
                        found);
      continue;
    }
    std::string symbol = argument.symbols[i];
    auto [position, inserted] =
        extents.try_emplace(symbol, Extent{shape[i], source});
    if (!inserted && position->second.value != shape[i])
      return mismatch("extent " + std::to_string(position->second.value) +
                          where + " (" + symbol + ", from " +
                          position->second.source + ")",
                      found);
  }
  return {};
}

Outcome Extents::resolve(const gdpa_argument &argument,
                         std::vector<int64_t> &shape) const {
  shape.clear();
  for (int32_t i = 0; i < argument.rank; ++i) {
    if (!argument.symbols[i]) {
      shape.push_back(argument.shape[i]);
      continue;
    }
    auto found = extents.find(argument.symbols[i]);
    if (found == extents.end())
      return inputError("argument '" + std::string(argument.name) +
                        "': no input has the symbol '" + argument.symbols[i] +
                        "' of its shape");
    shape.push_back(found->second.value);
  }
  return {};
}
