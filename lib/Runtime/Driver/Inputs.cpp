//===- Inputs.cpp - The arguments that come from outside ------------------===//
//
// See Inputs.h.
//
//===----------------------------------------------------------------------===//

#include "Inputs.h"
#include "../DataType.h"
#include "Npy.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>

using namespace gdpa::run;
using namespace gdpa::runtime;

static std::string quote(const std::string &name) { return "'" + name + "'"; }

/// "'q', 'k'"
static std::string listNames(const LoadedArtefact &artefact,
                             const std::vector<int32_t> &arguments) {
  std::string text;
  for (int32_t argument : arguments)
    text +=
        (text.empty() ? "" : ", ") + quote(artefact.argument(argument).name);
  return text.empty() ? "none" : text;
}

static bool contains(const LoadedArtefact &artefact,
                     const std::vector<int32_t> &arguments,
                     const std::string &name) {
  return std::any_of(arguments.begin(), arguments.end(), [&](int32_t argument) {
    return name == artefact.argument(argument).name;
  });
}

/// A remark where the name belongs to an argument that this run does not have.
static std::string explainName(const LoadedArtefact &artefact,
                               const std::string &name) {
  for (int32_t i = 0; i < artefact.argumentCount(); ++i)
    if (name == artefact.argument(i).name)
      return artefact.argument(i).written
                 ? " (" + quote(name) + " is a result)"
                 : " (" + quote(name) + " needs --grad)";
  return "";
}

Outcome gdpa::run::checkNames(const LoadedArtefact &artefact, const Plan &plan,
                              const Options &options) {
  for (const NamedValue &value : options.arguments)
    if (!contains(artefact, plan.inputs, value.name))
      return usageError("--arg: expected the name of an argument (" +
                        listNames(artefact, plan.inputs) + "), found " +
                        quote(value.name) + explainName(artefact, value.name));
  for (int32_t input : plan.inputs) {
    std::string name = artefact.argument(input).name;
    bool given = std::any_of(
        options.arguments.begin(), options.arguments.end(),
        [&](const NamedValue &value) { return value.name == name; });
    if (!given && artefact.role(input) != "dstats")
      return usageError("missing --arg " + name + "=...");
  }
  std::vector<int32_t> results;
  for (const PlannedEntry &entry : plan.entries)
    for (const PlannedEntry::Use &use : entry.arguments)
      if (use.isOutput)
        results.push_back(use.argument);
  for (const NamedValue &output : options.outputs)
    if (!contains(artefact, results, output.name))
      return usageError("--out: expected the name of a result (" +
                        listNames(artefact, results) + "), found " +
                        quote(output.name));
  return {};
}

static std::string kindOf(int32_t type) {
  return type == GDPA_I1 ? "booleans"
         : isFloat(type) ? "floating-point numbers"
                         : "integers";
}

static Outcome readFileInput(const gdpa_argument &argument,
                             const std::string &path, Inputs &inputs,
                             HostTensor &tensor) {
  NpyFile file;
  if (Outcome outcome = NpyFile::open(path, file); outcome.failed())
    return outcome;
  if (kindOf(file.type()) != kindOf(argument.dtype))
    return inputError(quote(path) + ": expected " + kindOf(argument.dtype) +
                      " for argument " + quote(argument.name) + " of type " +
                      gdpa_dtype_name(argument.dtype) + ", found " +
                      gdpa_dtype_name(file.type()));
  if (Outcome outcome =
          inputs.extents.bind(argument, file.shape(), quote(path));
      outcome.failed())
    return outcome;
  return file.read(argument.dtype, tensor);
}

static Outcome readNumber(const gdpa_argument &argument,
                          const std::string &text, HostTensor &tensor) {
  if (argument.rank != 0)
    return inputError("--arg " + std::string(argument.name) +
                      ": expected a .npy file with a tensor of rank " +
                      std::to_string(argument.rank) + ", found the number " +
                      text);
  if (Outcome outcome = HostTensor::allocate(argument.dtype, {}, tensor);
      outcome.failed())
    return outcome;
  if (isFloat(argument.dtype)) {
    double value = 0;
    parseNumber(text, value);
    storeFloat(argument.dtype, tensor.data(), 0, value);
    return {};
  }
  // As an integer: a double cannot hold every one of 64 bits.
  char *end = nullptr;
  errno = 0;
  int64_t value = std::strtoll(text.c_str(), &end, 10);
  if (*end || errno != 0 ||
      !storeInteger(argument.dtype, tensor.data(), 0, value))
    return inputError("--arg " + std::string(argument.name) +
                      ": expected an integer that fits " +
                      gdpa_dtype_name(argument.dtype) + ", found " + text);
  return {};
}

static Outcome makeZeros(const gdpa_argument &argument, const Inputs &inputs,
                         HostTensor &tensor) {
  std::vector<int64_t> shape;
  if (Outcome outcome = inputs.extents.resolve(argument, shape);
      outcome.failed())
    return outcome;
  if (Outcome outcome =
          HostTensor::allocate(argument.dtype, std::move(shape), tensor);
      outcome.failed())
    return outcome;
  std::memset(tensor.data(), 0, static_cast<size_t>(tensor.bytes()));
  return {};
}

Outcome gdpa::run::readInputs(const LoadedArtefact &artefact, const Plan &plan,
                              const std::vector<NamedValue> &values,
                              Inputs &inputs) {
  std::vector<int32_t> absent;
  for (int32_t input : plan.inputs) {
    gdpa_argument argument = artefact.argument(input);
    auto value = std::find_if(
        values.begin(), values.end(),
        [&](const NamedValue &given) { return given.name == argument.name; });
    if (value == values.end()) {
      absent.push_back(input);
      continue;
    }
    HostTensor &tensor = inputs.tensors[input];
    Outcome outcome =
        endsWith(value->value, ".npy")
            ? readFileInput(argument, value->value, inputs, tensor)
            : readNumber(argument, value->value, tensor);
    if (outcome.failed())
      return outcome;
  }
  // Last: their shapes follow from the others'.
  for (int32_t input : absent)
    if (Outcome outcome =
            makeZeros(artefact.argument(input), inputs, inputs.tensors[input]);
        outcome.failed())
      return outcome;
  return {};
}

static Outcome convertTensor(const HostTensor &tensor, HostTensor &converted) {
  if (!isFloat(tensor.type()))
    return tensor.clone(converted);
  if (Outcome outcome =
          HostTensor::allocate(GDPA_F64, tensor.shape(), converted);
      outcome.failed())
    return outcome;
  auto *numbers = static_cast<double *>(converted.data());
  for (int64_t i = 0; i < tensor.elements(); ++i)
    numbers[i] = loadElement(tensor.type(), tensor.data(), i);
  return {};
}

Outcome gdpa::run::convertInputs(const LoadedArtefact &kernel,
                                 const Inputs &inputs,
                                 const LoadedArtefact &reference,
                                 const Plan &plan, Inputs &converted) {
  for (int32_t input : plan.inputs) {
    gdpa_argument argument = reference.argument(input);
    const HostTensor *source = nullptr;
    for (const auto &[number, tensor] : inputs.tensors)
      if (kernel.argument(number).name == std::string(argument.name))
        source = &tensor;
    std::string where =
        reference.path() + ": argument " + quote(argument.name) + ": ";
    if (!source)
      return inputError(where + "expected an argument of '" + kernel.path() +
                        "', which has none of this name");
    int32_t expected =
        isFloat(source->type()) ? int32_t(GDPA_F64) : source->type();
    if (argument.dtype != expected)
      return inputError(where + "expected type " + gdpa_dtype_name(expected) +
                        " in the reference, found " +
                        gdpa_dtype_name(argument.dtype));
    if (Outcome outcome =
            converted.extents.bind(argument, source->shape(), where + "shape");
        outcome.failed())
      return outcome;
    if (Outcome outcome = convertTensor(*source, converted.tensors[input]);
        outcome.failed())
      return outcome;
  }
  return {};
}
