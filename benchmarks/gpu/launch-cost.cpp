//===- launch-cost.cpp - What a launch costs the host ---------------------===//
//
// usage: launch-cost OUT.json SYMBOL=SIZE ... [--launches=N] [--rounds=N]
//
// Calls gdpa_cuda_run for every entry of an artefact of a CUDA target, with the
// sizes given for the symbols of its shapes, and prints a line of JSON for each
// entry: microseconds of the host a call, and allocations of memory a call.
// --launches says how many calls follow each other before the device is waited
// for (100: more than the driver's queue holds would measure the device). The
// sequences of a jagged batch have equal lengths.
//
// With test/Runtime/Inputs/idle_cuda.c in the place of the driver, no GPU is
// needed and what remains is the runtime's own share.
//
//===----------------------------------------------------------------------===//

#include "gdpa-runtime/gdpa_runtime.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <string>
#include <vector>

/// Counted: of this program and of the runtime, which is linked into it.
static std::atomic<long> allocations;

void *operator new(std::size_t size) {
  ++allocations;
  if (void *memory = std::malloc(size ? size : 1))
    return memory;
  std::abort();
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, std::size_t) noexcept { std::free(memory); }

static void check(gdpa_status status) {
  if (status == GDPA_OK)
    return;
  std::fprintf(stderr, "launch-cost: error: %s\n", gdpa_last_error());
  std::exit(1);
}

namespace {
struct Options {
  const char *path = nullptr;
  std::map<std::string, int64_t> sizes;
  int launches = 100;
  int rounds = 15;
};

/// Tensors of an artefact on the device.
class Arguments {
public:
  Arguments(const gdpa_artefact *artefact, gdpa_cuda *cuda,
            const Options &options);

  /// Those of an entry, in its order.
  std::vector<gdpa_tensor> of(int32_t entry) const;

private:
  void fillBounds(gdpa_tensor &tensor, int64_t rows);

  const gdpa_artefact *artefact;
  gdpa_cuda *cuda;
  std::vector<gdpa_tensor> tensors;
  double scalar = 0;
};
} // namespace

static Options parse(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    size_t equals = word.find('=');
    std::string name = word.substr(0, equals);
    int64_t value =
        equals == std::string::npos ? 0 : std::atoll(argv[i] + equals + 1);
    if (equals == std::string::npos && !options.path)
      options.path = argv[i];
    else if (name == "--launches")
      options.launches = std::max<int>(1, static_cast<int>(value));
    else if (name == "--rounds")
      options.rounds = std::max<int>(1, static_cast<int>(value));
    else
      options.sizes[name] = value;
  }
  if (!options.path) {
    std::fprintf(stderr, "usage: launch-cost OUT.json SYMBOL=SIZE ... "
                         "[--launches=N] [--rounds=N]\n");
    std::exit(2);
  }
  return options;
}

Arguments::Arguments(const gdpa_artefact *artefact, gdpa_cuda *cuda,
                     const Options &options)
    : artefact(artefact), cuda(cuda) {
  std::map<std::string, int64_t> rows;
  int32_t count = gdpa_artefact_argument_count(artefact);
  for (int32_t number = 0; number < count; ++number) {
    gdpa_argument declared;
    check(gdpa_artefact_argument(artefact, number, &declared));
    gdpa_tensor tensor = {};
    tensor.dtype = declared.dtype;
    tensor.rank = declared.rank;
    int64_t elements = 1;
    for (int32_t i = declared.rank - 1; i >= 0; --i) {
      tensor.shape[i] = declared.shape[i];
      if (const char *symbol = declared.symbols[i]) {
        auto size = options.sizes.find(symbol);
        if (size == options.sizes.end()) {
          std::fprintf(stderr,
                       "launch-cost: error: expected %s=SIZE, a size of '%s'\n",
                       symbol, declared.name);
          std::exit(2);
        }
        tensor.shape[i] = size->second;
      }
      tensor.strides[i] = elements;
      elements *= tensor.shape[i];
    }
    if (declared.by_value) {
      tensor.data = &scalar;
    } else {
      int64_t bytes = elements * gdpa_dtype_size(declared.dtype);
      check(
          gdpa_cuda_allocate(cuda, std::max<int64_t>(bytes, 16), &tensor.data));
      check(gdpa_cuda_fill(cuda, tensor.data, 0, bytes));
    }
    std::string role = declared.role;
    if (role == "q" || role == "k")
      rows[role] = tensor.shape[0];
    if (role.rfind("cu_seqlens_", 0) == 0)
      fillBounds(tensor, rows[role.substr(strlen("cu_seqlens_"))]);
    tensors.push_back(tensor);
  }
}

/// Sequences of equal lengths, but for the rounding.
void Arguments::fillBounds(gdpa_tensor &tensor, int64_t rows) {
  int64_t count = tensor.shape[0];
  int64_t size = gdpa_dtype_size(tensor.dtype);
  std::vector<char> bytes(count * size);
  for (int64_t i = 0; i < count; ++i) {
    int64_t bound = rows * i / std::max<int64_t>(count - 1, 1);
    std::memcpy(&bytes[i * size], &bound, size); // little endian
  }
  check(gdpa_cuda_upload(cuda, tensor.data, bytes.data(), bytes.size()));
}

std::vector<gdpa_tensor> Arguments::of(int32_t entry) const {
  std::vector<gdpa_tensor> result;
  int32_t count = gdpa_entry_argument_count(artefact, entry);
  for (int32_t i = 0; i < count; ++i)
    result.push_back(tensors[gdpa_entry_argument(artefact, entry, i)]);
  return result;
}

/// Microseconds a call of `function`, one number a round; sorted.
template <typename Function>
static std::vector<double> measure(const Options &options, gdpa_cuda *cuda,
                                   Function function) {
  std::vector<double> times;
  for (int round = -1; round < options.rounds; ++round) {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < options.launches; ++i)
      function();
    std::chrono::duration<double, std::micro> taken =
        std::chrono::steady_clock::now() - start;
    check(gdpa_cuda_synchronize(cuda));
    // The first round warms up.
    if (round >= 0)
      times.push_back(taken.count() / options.launches);
  }
  std::sort(times.begin(), times.end());
  return times;
}

static void printTimes(const char *name, const std::vector<double> &times) {
  std::printf("\"%s\":{\"median\":%.3f,\"min\":%.3f,\"max\":%.3f}", name,
              times[times.size() / 2], times.front(), times.back());
}

int main(int argc, char **argv) {
  Options options = parse(argc, argv);
  gdpa_artefact *artefact = nullptr;
  check(gdpa_artefact_open(options.path, &artefact));
  gdpa_cuda *cuda = nullptr;
  check(gdpa_cuda_open(0, &cuda));
  check(gdpa_cuda_load(artefact, cuda));
  Arguments arguments(artefact, cuda, options);
  for (int32_t entry = 0; entry < gdpa_artefact_entry_count(artefact);
       ++entry) {
    std::vector<gdpa_tensor> tensors = arguments.of(entry);
    int64_t bytes = 0;
    check(gdpa_cuda_workspace(artefact, entry, cuda, tensors.data(), &bytes));
    void *workspace = nullptr;
    check(gdpa_cuda_allocate(cuda, bytes, &workspace));

    std::printf("{\"entry\":\"%s\",\"device\":\"%s\",\"workspace_bytes\":%lld,",
                gdpa_artefact_entry_name(artefact, entry), gdpa_cuda_name(cuda),
                static_cast<long long>(bytes));
    printTimes("check_us", measure(options, cuda, [&] {
                 check(gdpa_entry_check(artefact, entry, tensors.data()));
               }));
    std::printf(",");
    auto run = [&](void *memory) {
      check(gdpa_cuda_run(artefact, entry, cuda, tensors.data(), memory,
                          /*stream=*/nullptr));
    };
    printTimes("run_us", measure(options, cuda, [&] { run(workspace); }));
    if (bytes > 0) {
      std::printf(",");
      printTimes("run_allocating_us",
                 measure(options, cuda, [&] { run(nullptr); }));
    }
    long before = allocations;
    run(workspace);
    long made = allocations - before;
    check(gdpa_cuda_synchronize(cuda));
    std::printf(",\"allocations\":%ld}\n", made);
    gdpa_cuda_free(cuda, workspace);
  }
  gdpa_artefact_close(artefact);
  gdpa_cuda_close(cuda);
  return 0;
}
