//===- ArtefactTest.cpp - Unit tests of the C interface -------------------===//
//
// Opens and runs artefacts on the CPU, whose code is written by hand
// (test/Runtime/Inputs/toy_kernels.c).
//
//===----------------------------------------------------------------------===//

#include "Sha256.h"
#include "TestFiles.h"
#include "gdpa-runtime/gdpa_runtime.h"

#include <cstring>
#include <thread>

namespace {
class ArtefactTest : public gdpa::test::DirectoryTest {
protected:
  void TearDown() override {
    gdpa_artefact_close(artefact);
    gdpa_runtime_destroy(runtime);
    DirectoryTest::TearDown();
  }

  /// Writes an artefact with this entry on vectors q and o of f32.
  gdpa_status open(const std::string &entry) {
    std::string code = readFile(GDPA_TOY_KERNELS);
    writeFile("k.so", code);
    std::string json =
        writeFile("k.json",
                  R"({"gdpa_launch": 1, "target": "cpu", "precision": "exact",
            "symbols": {"n": ["q", 0]},
            "arguments": [
              {"name": "q", "type": "f32", "shape": ["n"], "access": "read",
               "role": "capture"},
              {"name": "o", "type": "f32", "shape": ["n"], "access": "write"},
              {"name": "t", "type": "i64", "shape": [2, "n"],
               "access": "read", "stride_multiple_bytes": 32}],
            "entries": {"forward": )" +
                      entry + R"(}, "code": {"file": "k.so", "sha256": ")" +
                      gdpa::runtime::sha256(code.data(), code.size()) + "\"}}");
    return gdpa_artefact_open(json.c_str(), &artefact);
  }

  static gdpa_tensor makeVector(std::vector<float> &values) {
    gdpa_tensor tensor = {};
    tensor.data = values.data();
    tensor.dtype = GDPA_F32;
    tensor.rank = 1;
    tensor.shape[0] = static_cast<int64_t>(values.size());
    tensor.strides[0] = 1;
    return tensor;
  }

  gdpa_artefact *artefact = nullptr;
  gdpa_runtime *runtime = gdpa_runtime_create(2);
};
} // namespace

static const char *copyEntry =
    R"({"arguments": ["q", "o"], "symbol": "toy_copy"})";

TEST_F(ArtefactTest, Queries) {
  ASSERT_EQ(open(copyEntry), GDPA_OK) << gdpa_last_error();
  EXPECT_STREQ(gdpa_artefact_target(artefact), "cpu");
  EXPECT_STREQ(gdpa_artefact_precision(artefact), "exact");
  EXPECT_EQ(gdpa_artefact_is_cuda(artefact), 0);
  ASSERT_EQ(gdpa_artefact_argument_count(artefact), 3);
  gdpa_argument argument;
  ASSERT_EQ(gdpa_artefact_argument(artefact, 2, &argument), GDPA_OK);
  EXPECT_STREQ(argument.name, "t");
  EXPECT_STREQ(argument.role, "");
  EXPECT_EQ(argument.dtype, GDPA_I64);
  EXPECT_EQ(argument.rank, 2);
  EXPECT_EQ(argument.shape[0], 2);
  EXPECT_EQ(argument.symbols[0], nullptr);
  EXPECT_EQ(argument.shape[1], -1);
  EXPECT_STREQ(argument.symbols[1], "n");
  EXPECT_EQ(argument.written, 0);
  EXPECT_EQ(argument.by_value, 0);
  EXPECT_EQ(argument.stride_multiple_bytes, 32);
  EXPECT_EQ(gdpa_artefact_argument(artefact, 3, &argument),
            GDPA_INVALID_ARGUMENT);
  ASSERT_EQ(gdpa_artefact_argument(artefact, 0, &argument), GDPA_OK);
  EXPECT_STREQ(argument.role, "capture");

  EXPECT_EQ(gdpa_artefact_entry_count(artefact), 1);
  EXPECT_STREQ(gdpa_artefact_entry_name(artefact, 0), "forward");
  EXPECT_EQ(gdpa_artefact_entry_name(artefact, 1), nullptr);
  EXPECT_EQ(gdpa_artefact_find_entry(artefact, "forward"), 0);
  EXPECT_EQ(gdpa_artefact_find_entry(artefact, "backward"), -1);
  EXPECT_EQ(gdpa_entry_argument_count(artefact, 0), 2);
  EXPECT_EQ(gdpa_entry_argument_count(artefact, -1), -1);
  EXPECT_EQ(gdpa_entry_argument(artefact, 0, 1), 1);
  EXPECT_EQ(gdpa_entry_argument(artefact, 0, 2), -1);
}

TEST_F(ArtefactTest, Runs) {
  ASSERT_EQ(open(copyEntry), GDPA_OK) << gdpa_last_error();
  std::vector<float> q = {1, 2, 3}, o(3);
  gdpa_tensor args[] = {makeVector(q), makeVector(o)};
  EXPECT_EQ(gdpa_entry_check(artefact, 0, args), GDPA_OK);
  EXPECT_EQ(gdpa_entry_run(artefact, 0, args, nullptr, runtime), GDPA_OK);
  EXPECT_EQ(o, q);
}

TEST_F(ArtefactTest, Misuse) {
  ASSERT_EQ(open(copyEntry), GDPA_OK) << gdpa_last_error();
  std::vector<float> q = {1, 2, 3}, o(2);
  gdpa_tensor args[] = {makeVector(q), makeVector(o)};
  EXPECT_EQ(gdpa_entry_run(artefact, 0, args, nullptr, runtime),
            GDPA_INVALID_ARGUMENT);
  EXPECT_STREQ(gdpa_last_error(),
               "argument 'o', dimension 0: expected 3 (n, from 'q'), found 2");
  EXPECT_EQ(gdpa_entry_run(artefact, 7, args, nullptr, runtime),
            GDPA_INVALID_ARGUMENT);
  EXPECT_EQ(gdpa_entry_run(artefact, 0, nullptr, nullptr, runtime),
            GDPA_INVALID_ARGUMENT);
  EXPECT_EQ(gdpa_entry_run(artefact, 0, args, nullptr, nullptr),
            GDPA_INVALID_ARGUMENT);
  EXPECT_EQ(gdpa_entry_run(nullptr, 0, args, nullptr, runtime),
            GDPA_INVALID_ARGUMENT);
  gdpa_artefact_close(nullptr);
}

// The message belongs to the thread whose call failed.
TEST_F(ArtefactTest, ErrorsAreEachThreadsOwn) {
  gdpa_artefact *none = nullptr;
  EXPECT_EQ(gdpa_artefact_open("none.json", &none), GDPA_FILE_ERROR);
  std::string mine = gdpa_last_error();
  EXPECT_EQ(mine, "cannot read 'none.json': No such file or directory");
  std::thread([] { EXPECT_STREQ(gdpa_last_error(), ""); }).join();
  EXPECT_EQ(gdpa_last_error(), mine);
}

TEST_F(ArtefactTest, KernelErrors) {
  ASSERT_EQ(open(R"({"arguments": ["q", "o"], "symbol": "toy_failing"})"),
            GDPA_OK);
  std::vector<float> q = {1}, o(1);
  gdpa_tensor args[] = {makeVector(q), makeVector(o)};
  EXPECT_EQ(gdpa_entry_run(artefact, 0, args, nullptr, runtime),
            GDPA_KERNEL_ERROR);
  EXPECT_STREQ(gdpa_last_error(), "entry 'forward' returned 7, expected 0");
}

TEST_F(ArtefactTest, Workspace) {
  ASSERT_EQ(open(R"({"arguments": ["q", "o"], "symbol": "toy_copy",
      "workspace": [{"name": "a", "bytes": ["mul", "n", 100], "init": "zero"},
                    {"name": "b", "bytes": 1, "init": "none"}]})"),
            GDPA_OK)
      << gdpa_last_error();
  std::vector<float> q = {1, 2, 3}, o(3);
  gdpa_tensor args[] = {makeVector(q), makeVector(o)};
  int64_t bytes = 0;
  ASSERT_EQ(gdpa_entry_workspace(artefact, 0, args, &bytes), GDPA_OK);
  EXPECT_EQ(bytes, 512 + 256);
  std::vector<char> workspace(bytes, 'x');
  ASSERT_EQ(gdpa_entry_run(artefact, 0, args, workspace.data(), runtime),
            GDPA_OK);
  EXPECT_EQ(std::string(workspace.data(), 300), std::string(300, '\0'));
  EXPECT_EQ(workspace[300], 'x');
  EXPECT_EQ(workspace[512], 'x');
}

// A host with threads of its own fills the struct itself.
TEST_F(ArtefactTest, ForeignRuntime) {
  gdpa_runtime serial = {
      nullptr, [](void *, int64_t count, int64_t scratchBytes, gdpa_task task,
                  void *context) {
        std::vector<char> scratch(scratchBytes + 64);
        auto address = reinterpret_cast<uintptr_t>(scratch.data());
        task(context, 0, count,
             reinterpret_cast<void *>((address + 63) / 64 * 64));
      }};
  ASSERT_EQ(open(copyEntry), GDPA_OK);
  std::vector<float> q = {1, 2, 3}, o(3);
  gdpa_tensor args[] = {makeVector(q), makeVector(o)};
  EXPECT_EQ(gdpa_entry_run(artefact, 0, args, nullptr, &serial), GDPA_OK);
  EXPECT_EQ(gdpa_runtime_threads(&serial), 0);
}

// A byte of the code was changed after the description was written.
TEST_F(ArtefactTest, CodeOfAnotherHash) {
  ASSERT_EQ(open(copyEntry), GDPA_OK);
  gdpa_artefact_close(artefact);
  artefact = nullptr;
  std::string code = readFile(path("k.so"));
  code.back() ^= 1;
  writeFile("k.so", code);
  EXPECT_EQ(gdpa_artefact_open(path("k.json").c_str(), &artefact),
            GDPA_FORMAT_ERROR);
  EXPECT_EQ(artefact, nullptr);
  EXPECT_NE(std::string(gdpa_last_error()).find("code.sha256: expected"),
            std::string::npos);
}
