//===- StandaloneMain.cpp - inputs and mutations, each in its own process -===//
//
// The fuzzer without libFuzzer: no coverage, but any build has it, the same
// seed gives the same inputs, and a crash ends one child alone. It also tells
// what libFuzzer found apart. `make test` runs it for some seconds.
//
//===----------------------------------------------------------------------===//

#include "Crash.h"
#include "Mutator.h"
#include "Target.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <fcntl.h>
#include <map>
#include <sys/wait.h>
#include <unistd.h>

using namespace mlir::gdpa::fuzz;
namespace cl = llvm::cl;
using llvm::StringRef;

static cl::list<std::string> paths(cl::Positional, cl::desc("FILE|FOLDER..."));
static cl::opt<bool> listPipelines("list-pipelines",
                                   cl::desc("Print the pipelines and stop"));
static cl::opt<bool> everyPipeline(
    "every-pipeline",
    cl::desc("Give each input to each pipeline, not to its own alone"));
static cl::opt<unsigned>
    runs("runs", cl::desc("Number of mutated inputs to run after them"));
static cl::opt<unsigned> seed("seed", cl::desc("Chooses the mutations"));
static cl::opt<unsigned> timeout("timeout", cl::init(60),
                                 cl::desc("Seconds an input may take"));
static cl::opt<std::string>
    findings("findings", cl::init("fuzz-findings"),
             cl::desc("Folder for inputs that crash and their stacks"));

namespace {

/// Runs inputs in children; keeps one input for each place that crashes.
class Runner {
public:
  /// Runs what `make` makes in a child; `make` too may crash.
  void run(llvm::function_ref<std::string()> make);
  /// Prints what was found; the process's exit status.
  int report();

private:
  struct Finding {
    ExitStatus status;
    std::string path;
    unsigned count = 0;
  };
  std::string getPath(StringRef name) {
    llvm::SmallString<128> path(findings);
    llvm::sys::path::append(path, name);
    return path.str().str();
  }
  /// A crash's place: the innermost frames, those of ours first.
  static std::string getPlace(StringRef stack);
  void keep(ExitStatus status);

  unsigned inputs = 0;
  /// Inputs that did not crash, by how far they got.
  unsigned counts[3] = {};
  std::map<std::string, Finding> found;
};

} // namespace

void Runner::run(llvm::function_ref<std::string()> make) {
  ++inputs;
  std::string inputPath = getPath("current.mlir");
  std::string stackPath = getPath("current.txt");
  llvm::sys::fs::remove(inputPath);
  llvm::outs().flush();
  pid_t child = fork();
  if (child < 0) {
    llvm::errs() << "gdpa-fuzz: error: cannot start a process\n";
    exit(1);
  }
  if (child == 0) {
    int stack = open(stackPath.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    dup2(stack, STDERR_FILENO);
    dup2(stack, STDOUT_FILENO);
    classifyCrashes(timeout);
    std::string input = make();
    std::error_code error;
    llvm::raw_fd_ostream(inputPath, error) << input;
    _exit(int(runInput(input)));
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status))
    keep(ourCrash); // killed: nothing is known about it
  else if (WEXITSTATUS(status) < 3)
    ++counts[WEXITSTATUS(status)];
  else
    keep(WEXITSTATUS(status) == upstreamCrash ? upstreamCrash : ourCrash);
}

std::string Runner::getPlace(StringRef stack) {
  llvm::SmallVector<StringRef> lines, ours, others;
  stack.rsplit("crash: ").first.split(lines, '\n');
  for (StringRef line : lines) {
    if (!line.starts_with("  "))
      continue;
    StringRef frame = line.trim().rsplit(" +0x").first;
    if (frame.starts_with("libGDPA"))
      ours.push_back(frame);
    else if (frame.starts_with("libMLIR") || frame.starts_with("libLLVM"))
      others.push_back(frame);
  }
  auto &frames = ours.empty() ? others : ours;
  frames.truncate(std::min<size_t>(frames.size(), ours.empty() ? 4 : 2));
  return frames.empty() ? stack.take_back(400).str()
                        : llvm::join(frames, "\n    ");
}

void Runner::keep(ExitStatus status) {
  if (!llvm::sys::fs::exists(getPath("current.mlir")))
    return; // making the input crashed
  auto stack = llvm::MemoryBuffer::getFile(getPath("current.txt"));
  std::string place = stack ? getPlace((*stack)->getBuffer()) : "";
  Finding &finding = found[place];
  ++finding.count;
  if (finding.count > 1)
    return;
  finding.status = status;
  std::string name = (status == ourCrash ? "ours-" : "upstream-") +
                     llvm::utostr(found.size());
  finding.path = getPath(name + ".mlir");
  llvm::sys::fs::rename(getPath("current.mlir"), finding.path);
  llvm::sys::fs::rename(getPath("current.txt"), getPath(name + ".txt"));
}

int Runner::report() {
  unsigned ours = 0, upstream = 0;
  for (const auto &[place, finding] : found) {
    bool isOurs = finding.status == ourCrash;
    (isOurs ? ours : upstream) += 1;
    llvm::outs() << (isOurs ? "ours: " : "upstream's: ") << finding.path << " ("
                 << finding.count << " inputs)\n    " << place << "\n";
  }
  llvm::outs() << inputs << " inputs: " << counts[0] << " not well-formed, "
               << counts[1] << " refused by a pass, " << counts[2]
               << " through; places that crash: " << ours
               << " of ours, " << upstream << " of upstream's\n";
  return ours == 0 ? 0 : 3;
}

static bool readInputs(std::vector<std::string> &inputs) {
  std::vector<std::string> files;
  for (const std::string &path : paths) {
    if (!llvm::sys::fs::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    std::error_code error;
    for (llvm::sys::fs::recursive_directory_iterator it(path, error), end;
         it != end && !error; it.increment(error))
      if (!llvm::sys::fs::is_directory(it->path()))
        files.push_back(it->path());
  }
  llvm::sort(files); // the file system's order is nobody's
  for (const std::string &file : files) {
    auto buffer = llvm::MemoryBuffer::getFile(file);
    if (!buffer) {
      llvm::errs() << file << ": error: " << buffer.getError().message()
                   << "\n";
      return false;
    }
    inputs.push_back((*buffer)->getBuffer().str());
  }
  return true;
}

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(
      argc, argv, "Runs modules through parser, printers and passes\n");
  if (listPipelines) {
    for (StringRef pipeline : getPipelines())
      llvm::outs() << pipeline << "\n";
    return 0;
  }
  std::vector<std::string> inputs;
  if (!readInputs(inputs))
    return 1;
  if (std::error_code error = llvm::sys::fs::create_directories(findings)) {
    llvm::errs() << findings << ": error: " << error.message() << "\n";
    return 1;
  }
  initialize();
  // Children start with what one run leaves behind: loaded tables, caches.
  runInput("module {}");

  Runner runner;
  for (const std::string &input : inputs) {
    runner.run([&] { return input; });
    if (everyPipeline)
      for (StringRef pipeline : getPipelines())
        runner.run([&] { return withPipeline(input, pipeline); });
  }
  for (unsigned run = 0; run < runs && !inputs.empty(); ++run) {
    runner.run([&] {
      Random random((uint64_t(seed) << 32) + run);
      const std::string &input = random.pick(inputs);
      return mutate(input, random.pick(inputs), random);
    });
  }
  return runner.report();
}
