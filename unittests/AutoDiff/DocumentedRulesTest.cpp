//===- DocumentedRulesTest.cpp - docs/derivatives.md against the rules ----===//
//
// The table of derivatives is written by hand, so that it can say what happens at
// kinks; here it is held against the registered rules, op by op, both ways, and the
// tests that it names against the test files.
//
//===----------------------------------------------------------------------===//

#include "Differentiated.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

using namespace mlir;
using namespace gdpa_test;

namespace {

std::string read(const std::string &path) {
  std::ifstream file(std::string(GDPA_SOURCE_DIR) + "/" + path);
  EXPECT_TRUE(file.good()) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// What stands in backquotes in `text`.
std::set<std::string> findQuoted(const std::string &text) {
  static const std::regex pattern("`([A-Za-z0-9_.]+)`");
  std::set<std::string> words;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it)
    words.insert((*it)[1]);
  return words;
}

struct Row {
  std::set<std::string> operations, tests;
  bool isError;
};

/// The rows of the tables under the headings of `page`; `dialect` of a heading is empty
/// where operations are written in full.
std::vector<std::pair<std::string, Row>> readRows(const std::string &page) {
  std::vector<std::pair<std::string, Row>> rows;
  std::istringstream lines(page);
  std::string dialect;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("## ", 0) == 0)
      dialect = line.substr(3);
    if (line.rfind("| `", 0) != 0)
      continue;
    size_t first = line.find('|', 1), last = line.rfind('|', line.size() - 2);
    std::string operation = line.substr(1, first - 1);
    // Operands and exceptions stand behind the names.
    rows.push_back({dialect, Row{findQuoted(operation), findQuoted(line.substr(last)),
                                 line.find("an error") != std::string::npos}});
  }
  return rows;
}

TEST(DocumentedRules, EveryRuleHasARow) {
  std::set<std::string> documented;
  for (auto &[dialect, row] : readRows(read("docs/derivatives.md")))
    for (const std::string &operation : row.operations)
      documented.insert(dialect == "arith" || dialect == "math" ? dialect + "." + operation
                                                               : operation);
  int count = 0;
  for (RegisteredOperationName name : getContext().getRegisteredOperations()) {
    if (!name.hasInterface<gdpa::DifferentiableOpInterface>())
      continue;
    ++count;
    EXPECT_TRUE(documented.count(name.getStringRef().str()))
        << name.getStringRef().str() << " has a rule and no row in docs/derivatives.md";
  }
  EXPECT_GT(count, 50);
}

TEST(DocumentedRules, EveryRowHasARule) {
  for (auto &[dialect, row] : readRows(read("docs/derivatives.md"))) {
    if ((dialect != "arith" && dialect != "math") || row.isError)
      continue;
    for (const std::string &operation : row.operations) {
      auto name = RegisteredOperationName::lookup(dialect + "." + operation, &getContext());
      ASSERT_TRUE(name) << dialect << "." << operation;
      // Without a float operand there is nothing to differentiate.
      if (operation == "sitofp" || operation == "uitofp" || operation == "constant")
        continue;
      EXPECT_TRUE(name->hasInterface<gdpa::DifferentiableOpInterface>())
          << dialect << "." << operation << " has a row and no rule";
    }
  }
}

TEST(DocumentedRules, EveryNamedTestExists) {
  std::string tests;
  for (const char *file :
       {"unittests/AutoDiff/DerivativeTest.cpp", "unittests/AutoDiff/KinkTest.cpp",
        "test/AutoDiff/arith.mlir", "test/AutoDiff/captures.mlir", "test/AutoDiff/errors.mlir",
        "test/AutoDiff/kinks.mlir", "test/AutoDiff/math.mlir", "test/AutoDiff/scf.mlir"})
    tests += read(file);
  int count = 0;
  for (auto &[dialect, row] : readRows(read("docs/derivatives.md")))
    for (const std::string &test : row.tests) {
      ++count;
      bool found = tests.find("\"" + test + "\"") != std::string::npos ||
                   tests.find(", " + test + ")") != std::string::npos ||
                   tests.find("@" + test + "(") != std::string::npos;
      EXPECT_TRUE(found) << "no test is called " << test;
    }
  EXPECT_GT(count, 50);
}

} // namespace
