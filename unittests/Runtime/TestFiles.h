//===- TestFiles.h - Temporary files of unit tests --------------*- C++ -*-===//
//
// A directory for each test that needs one.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_UNITTESTS_RUNTIME_TESTFILES_H
#define GDPA_UNITTESTS_RUNTIME_TESTFILES_H

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>

namespace gdpa::test {

class DirectoryTest : public ::testing::Test {
protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "/gdpa-test.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory = pattern;
  }
  void TearDown() override {
    std::string command = "rm -rf '" + directory + "'";
    EXPECT_EQ(std::system(command.c_str()), 0);
  }

  std::string path(const std::string &name) const {
    return directory + "/" + name;
  }
  std::string writeFile(const std::string &name,
                        const std::string &contents) const {
    // A new file: a shared library that is loaded must not change in place.
    std::remove(path(name).c_str());
    std::ofstream(path(name), std::ios::binary) << contents;
    return path(name);
  }
  static std::string readFile(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string directory;
};

} // namespace gdpa::test

#endif // GDPA_UNITTESTS_RUNTIME_TESTFILES_H
