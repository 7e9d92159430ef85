//===- LaunchDescriptionTest.cpp - host code as a launch description ------===//

#include "gdpa/Target/LaunchDescription.h"
#include "gdpa/InitAll.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace mlir::gdpa;

namespace {

class LaunchDescriptionTest : public ::testing::Test {
protected:
  LaunchDescriptionTest() {
    DialectRegistry registry;
    registerUpstreamDialects(registry);
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
  }

  FailureOr<LaunchDescription> describe(StringRef text, StringRef target) {
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      messages += diagnostic.str() + "\n";
      return success();
    });
    module = parseSourceString<ModuleOp>(text, ParserConfig(&context));
    if (!module)
      return failure();
    return describeEntries(*module, target);
  }
  /// A host function over q with `body`, which launches @kernel.
  static std::string host(StringRef body) {
    return (R"(
      gdpa_tile.program @kernel(%a: memref<?x4x?x16xbf16, strided<[?, ?, ?, 1], offset: ?>>, %s: f32, %n: index, %w: memref<?x8xf32>) {
        gdpa_tile.return
      }
      func.func @f(%q: memref<?x4x?x16xbf16, strided<[?, ?, ?, 1], offset: ?>>
                       {gdpa.name = "query", gdpa.role = "q", gdpa.access = "read", gdpa.stride_multiple_bytes = 16 : i64},
                   %s: f32 {gdpa.name = "scale", gdpa.role = "scale", gdpa.access = "read"},
                   %o: memref<?x4x?x8xbf16, strided<[?, ?, ?, 1], offset: ?>> {gdpa.name = "o", gdpa.role = "o", gdpa.access = "write"}) {
        %c0 = arith.constant 0 : index
        %c1 = arith.constant 1 : index
        %c2 = arith.constant 2 : index
        %c128 = arith.constant 128 : index
        %b = memref.dim %q, %c0 : memref<?x4x?x16xbf16, strided<[?, ?, ?, 1], offset: ?>>
        %h = memref.dim %q, %c1 : memref<?x4x?x16xbf16, strided<[?, ?, ?, 1], offset: ?>>
        %n = memref.dim %q, %c2 : memref<?x4x?x16xbf16, strided<[?, ?, ?, 1], offset: ?>>
        )" + body +
            R"(
        return
      })")
        .str();
  }
  static std::string launch(StringRef value) {
    return host((value + R"(
        %ws = gdpa_tile.workspace(%x) zero : memref<?x8xf32>
        gdpa_tile.launch @kernel grid(%x, %h, %b) (%q, %s, %x, %ws)
            : memref<?x4x?x16xbf16, strided<[?, ?, ?, 1], offset: ?>>, f32, index, memref<?x8xf32>)")
                    .str());
  }
  /// The parameters of a kernel whose code lists `maps`; the kernel takes a
  /// transposed view of q, a scalar, a workspace and the statistics' vector.
  std::string tensorMaps(StringRef maps) {
    std::string kernels = (R"(
      gpu.module @kernels {
        llvm.func @kernel() attributes {nvvm.reqntid = array<i32: 384>, gdpa_nv.tensor_maps = )" +
                           maps + R"(} {
          llvm.return
        }
      })")
                              .str();
    FailureOr<LaunchDescription> description = describe(R"(
      gdpa_tile.program @kernel(%a: memref<?x?x?x16xbf16, strided<[?, ?, ?, 1], offset: ?>>, %s: f32, %w: memref<4x8xf32>, %r: memref<?xf32>) {
        gdpa_tile.return
      }
      func.func @f(%q: memref<?x?x?x16xbf16, strided<[?, ?, ?, 1], offset: ?>> {gdpa.name = "query", gdpa.role = "q", gdpa.access = "read"},
                   %s: f32 {gdpa.name = "scale", gdpa.role = "scale", gdpa.access = "read"},
                   %r: memref<?xf32> {gdpa.name = "slope", gdpa.role = "capture", gdpa.access = "read"}) {
        %c1 = arith.constant 1 : index
        %ws = gdpa_tile.workspace() : memref<4x8xf32>
        %view = memref.transpose %q (a, b, c, d) -> (b, c, a, d)
            : memref<?x?x?x16xbf16, strided<[?, ?, ?, 1], offset: ?>> to memref<?x?x?x16xbf16, strided<[?, ?, ?, 1], offset: ?>>
        gdpa_tile.launch @kernel grid(%c1) (%view, %s, %ws, %r)
            : memref<?x?x?x16xbf16, strided<[?, ?, ?, 1], offset: ?>>, f32, memref<4x8xf32>, memref<?xf32>
        return
      })" + kernels,
                                                        "sm_90a");
    if (failed(description))
      return "failed: " + messages;
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      messages += diagnostic.str();
      return success();
    });
    if (failed(describeKernels(*module, *description)))
      return messages;
    const LaunchDescription::Kernel &kernel =
        description->entries[0].kernels[0];
    EXPECT_EQ(kernel.block, (std::vector<int64_t>{384, 1, 1}));
    llvm::json::Array last;
    for (const llvm::json::Value &parameter : kernel.parameters)
      if (last.size() || parameter.getAsObject()->get("tensor_map"))
        last.push_back(parameter);
    return text(std::move(last));
  }
  static std::string text(const llvm::json::Value &value) {
    std::string result;
    llvm::raw_string_ostream(result) << value;
    return result;
  }
  /// The expression that the description gives for %x.
  std::string expressionOf(StringRef value) {
    FailureOr<LaunchDescription> description = describe(launch(value), "sm_80");
    if (failed(description))
      return "failed: " + messages;
    return text(description->entries[0].kernels[0].grid[0]);
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::string messages;
};

TEST_F(LaunchDescriptionTest, DescribesAKernel) {
  FailureOr<LaunchDescription> description =
      describe(launch("%x = arith.ceildivui %n, %c128 : index"), "sm_80");
  ASSERT_TRUE(succeeded(description)) << messages;
  ASSERT_EQ(description->arguments.size(), 3u);
  EXPECT_EQ(description->arguments[0].name, "query");
  EXPECT_EQ(description->arguments[0].type, "bf16");
  EXPECT_EQ(description->arguments[0].strideMultipleBytes, 16);
  EXPECT_EQ(description->symbols.at("Sq"),
            std::make_pair(std::string("query"), int64_t(2)));
  EXPECT_EQ(description->symbols.count("Hq"), 0u) << "4 heads are static";

  const LaunchDescription::Entry &entry = description->entries[0];
  EXPECT_EQ(entry.kind, "forward");
  EXPECT_EQ(entry.symbol, "");
  ASSERT_EQ(entry.workspaces.size(), 1u);
  EXPECT_TRUE(entry.workspaces[0].isZero);
  EXPECT_EQ(text(entry.workspaces[0].bytes),
            R"(["mul",32,["ceildiv","Sq",128]])");
  ASSERT_EQ(entry.kernels.size(), 1u);
  const LaunchDescription::Kernel &kernel = entry.kernels[0];
  EXPECT_EQ(kernel.symbol, "kernel");
  EXPECT_EQ(text(kernel.grid[1]), "4");
  EXPECT_EQ(text(kernel.grid[2]), R"("B")");
  // Pointer, dynamic sizes, dynamic strides; the last stride is known.
  EXPECT_EQ(
      text(llvm::json::Array(kernel.parameters)),
      R"([{"pointer":"query"},{"size":["query",0]},{"size":["query",2]},)"
      R"({"stride":["query",0]},{"stride":["query",1]},{"stride":["query",2]},)"
      R"({"scalar":"scale"},{"type":"i64","value":["ceildiv","Sq",128]},)"
      R"({"workspace":"ws0"},{"type":"i64","value":["ceildiv","Sq",128]}])");
}

TEST_F(LaunchDescriptionTest, ACPUEntryHasASymbol) {
  FailureOr<LaunchDescription> description =
      describe(launch("%x = arith.ceildivui %n, %c128 : index"), "cpu");
  ASSERT_TRUE(succeeded(description)) << messages;
  EXPECT_EQ(description->entries[0].symbol, "f");
  EXPECT_TRUE(description->entries[0].kernels.empty());
  EXPECT_EQ(description->entries[0].workspaces.size(), 1u);
}

TEST_F(LaunchDescriptionTest, ExpressesIndexArithmetic) {
  EXPECT_EQ(expressionOf("%x = arith.addi %n, %b : index"),
            R"(["add","Sq","B"])");
  EXPECT_EQ(expressionOf("%x = arith.subi %n, %c1 : index"),
            R"(["sub","Sq",1])");
  EXPECT_EQ(expressionOf("%x = arith.minsi %n, %c128 : index"),
            R"(["min","Sq",128])");
  EXPECT_EQ(expressionOf("%x = arith.maxui %n, %c128 : index"),
            R"(["max","Sq",128])");
  EXPECT_EQ(expressionOf("%x = arith.floordivsi %n, %c128 : index"),
            R"(["floordiv","Sq",128])");
  EXPECT_EQ(
      expressionOf(
          "%x = affine.apply affine_map<(m)[s] -> (m ceildiv 64 + s)>(%n)[%b]"),
      R"(["add",["ceildiv","Sq",64],"B"])");
  EXPECT_EQ(expressionOf("%x = affine.apply affine_map<(m) -> (m mod 8)>(%n)"),
            R"(["sub","Sq",["mul",8,["floordiv","Sq",8]]])");
}

TEST_F(LaunchDescriptionTest, RefusesOtherArithmetic) {
  EXPECT_NE(expressionOf("%x = arith.remui %n, %c128 : index")
                .find("expected index arithmetic that a launch description can "
                      "express, found arith.remui"),
            std::string::npos)
      << messages;
}

TEST_F(LaunchDescriptionTest, RefusesArgumentsWithoutNames) {
  EXPECT_TRUE(
      failed(describe("func.func @f(%q: memref<4xf32>) { return }", "cpu")));
  EXPECT_NE(messages.find("expected argument 0 of an entry to have gdpa.name "
                          "and gdpa.role"),
            std::string::npos)
      << messages;
}

TEST_F(LaunchDescriptionTest, NamesDimensionsByRole) {
  FailureOr<LaunchDescription> description = describe(
      R"(func.func @f(%k: memref<?x?x?xf64> {gdpa.name = "k", gdpa.role = "k", gdpa.access = "read"},
                      %c: memref<?x3xf64> {gdpa.name = "bias", gdpa.role = "capture", gdpa.access = "read"},
                      %st: memref<?x?xf64> {gdpa.name = "stats", gdpa.role = "stats", gdpa.access = "read"},
                      %dq: memref<?x?x?xf64> {gdpa.name = "dq", gdpa.role = "dq", gdpa.access = "write"},
                      %d: memref<?x3xf64> {gdpa.name = "d_bias", gdpa.role = "dcapture", gdpa.access = "write"},
                      %w: memref<?x3xi8> {gdpa.name = "d_bias.valid", gdpa.role = "valid", gdpa.access = "write"})
             attributes {gdpa.layout = "thd"} { return })",
      "reference");
  ASSERT_TRUE(succeeded(description)) << messages;
  auto shape = [&](unsigned number) {
    return text(llvm::json::Array(description->arguments[number].shape));
  };
  EXPECT_EQ(shape(0), R"(["Tk","Hkv","D"])");
  EXPECT_EQ(shape(1), R"(["bias.0",3])");
  EXPECT_EQ(shape(2), R"(["Hq","Tq"])");
  EXPECT_EQ(shape(3), R"(["Tq","Hq","D"])");
  // A gradient and its companion have the shape of the capture.
  EXPECT_EQ(shape(4), R"(["bias.0",3])");
  EXPECT_EQ(shape(5), R"(["bias.0",3])");
  EXPECT_EQ(description->arguments[5].role, "");
  EXPECT_EQ(description->entries[0].kind, "backward");
  // Symbols are read from what the caller hands in.
  EXPECT_EQ(description->symbols.at("bias.0").first, "bias");
}

TEST_F(LaunchDescriptionTest, TensorMapsFollowTheOtherParameters) {
  EXPECT_EQ(
      tensorMaps("[{argument = 0 : i64, rows = 128 : i64, columns = 64 : i64, "
                 "swizzle = 128 : i64}, {argument = 0 : i64, rows = 64 : i64, "
                 "columns = 16 : i64, swizzle = 0 : i64}]"),
      R"([{"box":[64,128,1,1],"dims":[3,0,2,1],"swizzle":128,"tensor_map":"query"},)"
      R"({"box":[16,64,1,1],"dims":[3,0,2,1],"swizzle":0,"tensor_map":"query"}])");
  EXPECT_EQ(tensorMaps("[]"), "[]");
}

TEST_F(LaunchDescriptionTest, RefusesOtherTensorMaps) {
  auto of = [&](StringRef argument) {
    messages.clear();
    return tensorMaps(("[{argument = " + argument +
                       " : i64, rows = 8 : i64, columns = 8 : i64, "
                       "swizzle = 0 : i64}]")
                          .str());
  };
  EXPECT_EQ(of("1"), "expected a tensor map of an argument of the entry, found "
                     "one of operand 1 of the launch, which is a workspace or "
                     "a scalar");
  EXPECT_EQ(of("2"), "expected a tensor map of an argument of the entry, found "
                     "one of operand 2 of the launch, which is a workspace or "
                     "a scalar");
  EXPECT_EQ(of("3"), "expected a tensor map of a buffer of 2 to 5 dimensions, "
                     "found one of 'slope' of 1");
  EXPECT_EQ(of("4"), "expected a tensor map of one of the 4 operands of the "
                     "launch, found 4");
  EXPECT_EQ(of("-1"), "expected a tensor map of one of the 4 operands of the "
                      "launch, found -1");
  messages.clear();
  EXPECT_EQ(tensorMaps("[{argument = 0 : i64}]"),
            "expected an element of gdpa_nv.tensor_maps with the integers "
            "argument, rows, columns and swizzle, found {argument = 0 : i64}");
  messages.clear();
  EXPECT_EQ(tensorMaps("[7]").find("expected an element of"), 0u);
}

} // namespace
