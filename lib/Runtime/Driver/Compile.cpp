//===- Compile.cpp - Calls gdpa-compile -----------------------------------===//
//
// Its messages go to our standard error; its standard output, too, since ours
// is for results.
//
//===----------------------------------------------------------------------===//

#include "Compile.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace gdpa::run;

static Outcome systemError(const std::string &what) {
  return inputError(what + ": " + std::strerror(errno));
}

Outcome TemporaryDirectory::create() {
  const char *parent = std::getenv("TMPDIR");
  std::string pattern =
      std::string(parent && *parent ? parent : "/tmp") + "/gdpa-run.XXXXXX";
  if (!mkdtemp(pattern.data()))
    return systemError("cannot make a temporary directory '" + pattern + "'");
  directory = pattern;
  return {};
}

TemporaryDirectory::~TemporaryDirectory() {
  if (directory.empty())
    return;
  // gdpa-compile writes files only.
  if (DIR *listing = opendir(directory.c_str())) {
    while (const dirent *item = readdir(listing))
      unlink((directory + "/" + item->d_name).c_str());
    closedir(listing);
  }
  rmdir(directory.c_str());
}

static Outcome copyStandardInput(const std::string &path) {
  FILE *file = std::fopen(path.c_str(), "we");
  if (!file)
    return systemError("cannot write '" + path + "'");
  char buffer[1 << 16];
  bool written = true;
  while (size_t got = std::fread(buffer, 1, sizeof(buffer), stdin))
    written &= std::fwrite(buffer, 1, got, file) == got;
  written &= std::fclose(file) == 0;
  if (std::ferror(stdin))
    return systemError("cannot read standard input");
  return written ? Outcome() : systemError("cannot write '" + path + "'");
}

/// gdpa-compile in the directory of the running program.
static Outcome findCompiler(std::string &program) {
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  if (length <= 0 || length == static_cast<ssize_t>(sizeof(path)))
    return systemError("cannot find this program's directory");
  std::string self(path, static_cast<size_t>(length));
  program = self.substr(0, self.rfind('/')) + "/gdpa-compile";
  if (access(program.c_str(), X_OK) != 0)
    return systemError("compiling a module needs '" + program + "'");
  return {};
}

Outcome Compiler::prepare(const Options &options) {
  input = options.input;
  gradient = options.gradient;
  if (input != "-" && access(input.c_str(), R_OK) != 0)
    return systemError("cannot read '" + input + "'");
  if (Outcome outcome = findCompiler(program); outcome.failed())
    return outcome;
  if (Outcome outcome = directory.create(); outcome.failed())
    return outcome;
  if (input != "-")
    return {};
  standardInput = directory.path() + "/input";
  return copyStandardInput(standardInput);
}

/// Runs `words` with standard input from `input` ("": none).
static Outcome execute(const std::vector<std::string> &words,
                       const std::string &input) {
  std::vector<char *> arguments;
  for (const std::string &word : words)
    arguments.push_back(const_cast<char *>(word.c_str()));
  arguments.push_back(nullptr);
  const char *source = input.empty() ? "/dev/null" : input.c_str();
  pid_t child = fork();
  if (child < 0)
    return systemError("cannot start '" + words[0] + "'");
  if (child == 0) {
    int descriptor = open(source, O_RDONLY);
    if (descriptor >= 0 && dup2(descriptor, STDIN_FILENO) >= 0 &&
        dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
      execv(arguments[0], arguments.data());
    _exit(127);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      return systemError("cannot wait for '" + words[0] + "'");
  if (WIFSIGNALED(status))
    return inputError("'" + words[0] + "' was stopped by signal " +
                      std::to_string(WTERMSIG(status)));
  int exitStatus = WEXITSTATUS(status);
  if (exitStatus == 127)
    return inputError("cannot start '" + words[0] + "'");
  return exitStatus == 0 ? Outcome() : Outcome(exitStatus, "");
}

Outcome Compiler::compile(const std::string &target,
                          const std::string &precision, const std::string &name,
                          std::string &description) {
  bool isCuda = target.compare(0, 3, "sm_") == 0;
  std::string base = directory.path() + "/" + name;
  std::vector<std::string> words = {program, input, "--target=" + target};
  if (gradient)
    words.push_back("--grad");
  if (!precision.empty())
    words.push_back("--precision=" + precision);
  words.push_back("-o");
  words.push_back(base + (isCuda ? ".ptx" : ".so"));
  description = base + ".json";
  return execute(words, standardInput);
}
