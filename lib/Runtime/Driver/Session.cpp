//===- Session.cpp - Runs a plan ------------------------------------------===//
//
// See Session.h.
//
//===----------------------------------------------------------------------===//

#include "Session.h"

#include <algorithm>
#include <cstring>

using namespace gdpa::run;

namespace {
/// One entry being run.
class EntryRun {
public:
  EntryRun(const LoadedArtefact &artefact, const PlannedEntry &entry,
           Backend &backend)
      : artefact(artefact), entry(entry), backend(backend) {}

  /// Allocates outputs and workspace; `addresses` holds the inputs' and
  /// receives the outputs'.
  Outcome prepare(const Inputs &inputs,
                  const std::map<int32_t, gdpa_tensor> &available);
  Outcome runPoisoned();
  Outcome repeat(int64_t repeats);
  Outcome measure();

  /// The outputs, by argument, as later entries take them.
  void addAvailable(std::map<int32_t, gdpa_tensor> &available) const;
  void moveResults(std::vector<Result> &results);

private:
  struct Output {
    int32_t argument;
    void *address;
    HostTensor tensor;
    bool identical = true;
  };
  const LoadedArtefact &artefact;
  const PlannedEntry &entry;
  Backend &backend;
  std::vector<gdpa_tensor> args;
  std::vector<Output> outputs;
  void *workspace = nullptr;
  int64_t workspaceBytes = 0;
  std::optional<Timing> timing;
};
} // namespace

Outcome EntryRun::prepare(const Inputs &inputs,
                          const std::map<int32_t, gdpa_tensor> &available) {
  for (const PlannedEntry::Use &use : entry.arguments) {
    if (!use.isOutput) {
      args.push_back(available.at(use.argument));
      continue;
    }
    gdpa_argument argument = artefact.argument(use.argument);
    std::vector<int64_t> shape;
    if (Outcome outcome = inputs.extents.resolve(argument, shape);
        outcome.failed())
      return outcome;
    Output output = {use.argument, nullptr, HostTensor()};
    if (Outcome outcome = HostTensor::allocate(argument.dtype, std::move(shape),
                                               output.tensor);
        outcome.failed())
      return outcome;
    if (Outcome outcome = backend.place(output.tensor, false, output.address);
        outcome.failed())
      return outcome;
    args.push_back(output.tensor.describe(output.address));
    outputs.push_back(std::move(output));
  }
  if (Outcome outcome = backend.workspaceBytes(artefact, entry.entry,
                                               args.data(), workspaceBytes);
      outcome.failed())
    return outcome;
  return backend.allocate(workspaceBytes, workspace);
}

Outcome EntryRun::runPoisoned() {
  if (Outcome outcome = backend.poison(workspace, workspaceBytes);
      outcome.failed())
    return outcome;
  for (Output &output : outputs)
    if (Outcome outcome = backend.poison(output.address, output.tensor.bytes());
        outcome.failed())
      return outcome;
  double ignored = 0;
  if (Outcome outcome =
          backend.run(artefact, entry.entry, args.data(), workspace, ignored);
      outcome.failed())
    return outcome;
  for (Output &output : outputs)
    if (Outcome outcome = backend.fetch(output.tensor, output.address);
        outcome.failed())
      return outcome;
  return {};
}

Outcome EntryRun::repeat(int64_t repeats) {
  std::vector<HostTensor> first(repeats > 1 ? outputs.size() : 0);
  for (int64_t i = 0; i < repeats; ++i) {
    if (Outcome outcome = runPoisoned(); outcome.failed())
      return outcome;
    for (size_t j = 0; j < first.size(); ++j) {
      const HostTensor &tensor = outputs[j].tensor;
      if (i > 0)
        outputs[j].identical &=
            std::memcmp(tensor.data(), first[j].data(),
                        static_cast<size_t>(tensor.bytes())) == 0;
      else if (Outcome outcome = tensor.clone(first[j]); outcome.failed())
        return outcome;
    }
  }
  return {};
}

Outcome EntryRun::measure() {
  constexpr size_t leastRuns = 7, mostRuns = 1000;
  constexpr double warmUpMilliseconds = 100, measuredMilliseconds = 300;
  double elapsed = 0;
  auto runOnce = [&](double &milliseconds) {
    return backend.run(artefact, entry.entry, args.data(), workspace,
                       milliseconds);
  };
  for (size_t i = 0; i < mostRuns && elapsed < warmUpMilliseconds; ++i) {
    double milliseconds = 0;
    if (Outcome outcome = runOnce(milliseconds); outcome.failed())
      return outcome;
    elapsed += milliseconds;
  }
  std::vector<double> times;
  elapsed = 0;
  while (times.size() < leastRuns ||
         (times.size() < mostRuns && elapsed < measuredMilliseconds)) {
    times.push_back(0);
    if (Outcome outcome = runOnce(times.back()); outcome.failed())
      return outcome;
    elapsed += times.back();
  }
  std::sort(times.begin(), times.end());
  size_t middle = times.size() / 2;
  double median = times.size() % 2 ? times[middle]
                                   : (times[middle - 1] + times[middle]) / 2;
  timing = Timing{median, times.front(), times.back(),
                  static_cast<int64_t>(times.size())};
  return {};
}

void EntryRun::addAvailable(std::map<int32_t, gdpa_tensor> &available) const {
  for (const Output &output : outputs)
    available[output.argument] = output.tensor.describe(output.address);
}

void EntryRun::moveResults(std::vector<Result> &results) {
  for (Output &output : outputs) {
    Result result;
    result.name = artefact.argument(output.argument).name;
    result.entry = entry.name;
    result.tensor = std::move(output.tensor);
    result.workspaceBytes = workspaceBytes;
    result.identical = output.identical;
    result.timing = timing;
    results.push_back(std::move(result));
  }
}

Outcome gdpa::run::runPlan(const LoadedArtefact &artefact, const Plan &plan,
                           const Inputs &inputs, Backend &backend,
                           const SessionOptions &options,
                           std::vector<Result> &results) {
  std::map<int32_t, gdpa_tensor> available;
  for (const auto &[number, tensor] : inputs.tensors) {
    void *address = nullptr;
    bool byValue = artefact.argument(number).by_value != 0;
    if (Outcome outcome = backend.place(tensor, byValue, address);
        outcome.failed())
      return outcome;
    available[number] = tensor.describe(address);
  }
  for (const PlannedEntry &entry : plan.entries) {
    EntryRun run(artefact, entry, backend);
    if (Outcome outcome = run.prepare(inputs, available); outcome.failed())
      return outcome;
    if (Outcome outcome = run.repeat(options.repeats); outcome.failed())
      return outcome;
    if (options.time)
      if (Outcome outcome = run.measure(); outcome.failed())
        return outcome;
    run.addAvailable(available);
    run.moveResults(results);
  }
  return {};
}
