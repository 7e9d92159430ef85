//===- RuntimeTarget.cpp - the files that the runtime reads ---------------===//
//
// An input is a .npy file where it starts with numpy's magic number, else a
// launch description. Both readers are ours down to the last line: every crash
// is a finding. Without libFuzzer (GDPA_FUZZ_STANDALONE) the files that are
// named are run, and mutations of them:
//
//   gdpa-fuzz-runtime [-runs=N] [-seed=N] FILE...
//
//===----------------------------------------------------------------------===//

#include "Binding.h"
#include "Description.h"
#include "Mutator.h"
#include "Npy.h"
#include "TensorMap.h"
#include "llvm/ADT/StringRef.h"
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sys/mman.h>
#include <unistd.h>

using mlir::gdpa::fuzz::Random;

static void runNpy(const std::string &input) {
  int file = memfd_create("gdpa-fuzz", 0);
  if (file < 0 ||
      write(file, input.data(), input.size()) != ssize_t(input.size()))
    abort();
  std::string path = "/proc/self/fd/" + std::to_string(file);
  {
    gdpa::run::NpyFile npy;
    if (!gdpa::run::NpyFile::open(path, npy).failed()) {
      bool isFloat = npy.type() == GDPA_F64 || npy.type() == GDPA_F32 ||
                     npy.type() == GDPA_F16;
      for (int32_t type :
           isFloat ? std::initializer_list<int32_t>{GDPA_F64, GDPA_F32,
                                                    GDPA_BF16, GDPA_F16}
                   : std::initializer_list<int32_t>{GDPA_I1, GDPA_I8, GDPA_I16,
                                                    GDPA_I32, GDPA_I64}) {
        gdpa::run::HostTensor tensor;
        (void)npy.read(type, tensor);
      }
    }
  }
  close(file);
}

/// Arguments of the declared ranks, with the same small extent everywhere that
/// none is declared.
static void bind(const gdpa::runtime::Description &description,
                 const gdpa::runtime::Entry &entry, int64_t extent) {
  alignas(4096) static char memory[4096];
  std::vector<gdpa_tensor> tensors;
  for (int32_t number : entry.arguments) {
    const gdpa::runtime::Argument &argument = description.arguments[number];
    gdpa_tensor tensor = {};
    tensor.data = memory;
    tensor.dtype = argument.type;
    tensor.rank = int32_t(argument.shape.size());
    for (size_t n = 0; n < argument.shape.size(); ++n) {
      const gdpa::runtime::Dimension &dimension = argument.shape[n];
      tensor.shape[n] = dimension.symbol < 0 ? dimension.size : extent;
      tensor.strides[n] = n + 1 == argument.shape.size() ? 1 : extent;
    }
    tensors.push_back(tensor);
  }
  gdpa::runtime::SymbolValues symbols;
  symbols.multiprocessors = 132;
  if (gdpa::runtime::bindArguments(description, entry, tensors.data(), symbols)
          .isError())
    return;
  gdpa::runtime::WorkspaceLayout layout;
  (void)gdpa::runtime::layOutWorkspace(description, entry, symbols, layout);
  int64_t value = 0;
  for (const gdpa::runtime::Kernel &kernel : entry.kernels) {
    for (const gdpa::runtime::Expression &size : kernel.grid)
      (void)size.evaluate(symbols, value);
    for (const gdpa::runtime::KernelParameter &parameter : kernel.parameters) {
      if (parameter.kind == gdpa::runtime::KernelParameter::Kind::Value)
        (void)parameter.value.evaluate(symbols, value);
      gdpa::runtime::TensorMapGeometry geometry;
      if (parameter.kind == gdpa::runtime::KernelParameter::Kind::TensorMap)
        (void)gdpa::runtime::layOutTensorMap(
            parameter.map, description.arguments[parameter.argument],
            tensors[parameter.position], /*zeros=*/0, geometry);
    }
  }
}

static void runDescription(const std::string &input) {
  gdpa::runtime::Description description;
  if (gdpa::runtime::parseDescription(input, "k.json", description).isError())
    return;
  for (const gdpa::runtime::Entry &entry : description.entries)
    for (int64_t extent : {int64_t(0), int64_t(64), INT64_MAX})
      bind(description, entry, extent);
}

static void runFile(const std::string &input) {
  if (llvm::StringRef(input).starts_with("\x93NUMPY"))
    runNpy(input);
  else
    runDescription(input);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  runFile(std::string(reinterpret_cast<const char *>(data), size));
  return 0;
}

#ifdef GDPA_FUZZ_STANDALONE

/// A few bytes changed, or the end cut off.
static std::string mutateBytes(std::string input, Random &random) {
  for (size_t changes = 1 + random.below(3); changes > 0; --changes) {
    if (input.empty())
      return "\x93NUMPY";
    if (random.oneIn(8))
      input.resize(random.below(input.size()));
    else
      input[random.below(std::min<size_t>(input.size(), 160))] =
          char(random.below(256));
  }
  return input;
}

int main(int argc, char **argv) {
  unsigned runs = 0, seed = 0;
  std::vector<std::string> inputs;
  for (int n = 1; n < argc; ++n) {
    llvm::StringRef argument = argv[n];
    if (argument.consume_front("-runs=") ? !argument.getAsInteger(10, runs)
        : argument.consume_front("-seed=")
            ? !argument.getAsInteger(10, seed)
            : false)
      continue;
    std::ifstream file(argv[n], std::ios::binary);
    if (!file) {
      std::cerr << argv[n] << ": error: cannot read\n";
      return 1;
    }
    inputs.emplace_back(std::istreambuf_iterator<char>(file),
                        std::istreambuf_iterator<char>());
  }
  for (const std::string &input : inputs)
    runFile(input);
  for (unsigned run = 0; run < runs && !inputs.empty(); ++run) {
    Random random((uint64_t(seed) << 32) + run);
    const std::string &input = random.pick(inputs);
    runFile(random.oneIn(2) ? mlir::gdpa::fuzz::mutateText(input, random)
                            : mutateBytes(input, random));
  }
  std::cout << inputs.size() + runs << " inputs\n";
  return 0;
}

#else

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
                                          size_t maxSize, unsigned seed) {
  Random random(seed);
  if (random.oneIn(2))
    return LLVMFuzzerMutate(data, size, maxSize);
  llvm::StringRef input(reinterpret_cast<const char *>(data), size);
  std::string result = mlir::gdpa::fuzz::mutateText(input, random);
  if (result.size() > maxSize)
    result.resize(maxSize);
  memcpy(data, result.data(), result.size());
  return result.size();
}

#endif
