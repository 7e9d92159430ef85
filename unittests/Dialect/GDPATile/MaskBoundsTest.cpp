//===- MaskBoundsTest.cpp - visited blocks against the exact minimum ------===//
//
// Every kernel of forward and backward, on CPU and NVIDIA schedules, visits the
// blocks that hold a kept pair and no other, and looks at positions only in
// those that hold a dropped one as well. What they should be is counted pair by
// pair.
//
//===----------------------------------------------------------------------===//

#include "ProgramWalker.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "gdpa/InitAll.h"
#include "gdpa/Pipelines/Pipelines.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringMap.h"
#include "gtest/gtest.h"
#include <functional>

using namespace mlir;
using namespace gdpa_test;

namespace {

/// Integers that the mask captures, one for each position.
using Ids = std::vector<int64_t>;

struct Pair {
  int64_t h, i, j, nq, nk;
  const Ids &ids;
  int64_t of(int64_t position) const {
    return ids[std::min<int64_t>(position, ids.size() - 1)];
  }
};

struct Mask {
  const char *name;
  const char *text; // defines %keep
  std::function<bool(Pair)> kept;
  /// Whether every visited block holds a kept pair, and every block of kept
  /// pairs alone is known to be one.
  bool isExact = true;
};

int64_t floorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0); }

std::vector<Mask> masks() {
  return {
      {"everything", "%keep = arith.constant true", [](Pair) { return true; }},
      {"nothing", "%keep = arith.constant false", [](Pair) { return false; }},
      {"causal", "%keep = arith.cmpi sge, %i, %j : index",
       [](Pair p) { return p.i >= p.j; }},
      {"causal to the last corner", R"(
        %offset = arith.subi %nk, %nq : index
        %last = arith.addi %i, %offset : index
        %keep = arith.cmpi sle, %j, %last : index)",
       [](Pair p) { return p.j <= p.i + p.nk - p.nq; }},
      {"sliding window", R"(
        %w = arith.constant 100 : index
        %d = arith.subi %i, %j : index
        %keep = arith.cmpi ult, %d, %w : index)",
       [](Pair p) { return p.i >= p.j && p.i - p.j < 100; }},
      {"window to both sides", R"(
        %w = arith.constant 70 : index
        %d = arith.subi %i, %j : index
        %a = math.absi %d : index
        %keep = arith.cmpi sle, %a, %w : index)",
       [](Pair p) { return std::abs(p.i - p.j) <= 70; }},
      {"not in a window", R"(
        %w = arith.constant 170 : index
        %d = arith.subi %i, %j : index
        %a = math.absi %d : index
        %inside = arith.cmpi sle, %a, %w : index
        %true = arith.constant true
        %keep = arith.xori %inside, %true : i1)",
       [](Pair p) { return std::abs(p.i - p.j) > 170; }},
      {"prefix or causal", R"(
        %prefix = arith.constant 90 : index
        %a = arith.cmpi slt, %j, %prefix : index
        %y = arith.cmpi sle, %j, %i : index
        %keep = arith.ori %a, %y : i1)",
       [](Pair p) { return p.j < 90 || p.j <= p.i; }},
      {"prefix or window", R"(
        %prefix = arith.constant 64 : index
        %w = arith.constant 50 : index
        %d = arith.subi %i, %j : index
        %a = arith.cmpi ult, %j, %prefix : index
        %y = arith.cmpi ult, %d, %w : index
        %keep = arith.ori %a, %y : i1)",
       [](Pair p) { return p.j < 64 || (p.j <= p.i && p.i - p.j < 50); }},
      {"dilated", R"(
        %stride = arith.constant 500 : index
        %three = arith.constant 3 : index
        %d = arith.subi %i, %j : index
        %r = arith.remsi %d, %stride : index
        %a = arith.cmpi sge, %i, %j : index
        %y = arith.cmpi slt, %r, %three : index
        %keep = arith.andi %a, %y : i1)",
       [](Pair p) { return p.i >= p.j && (p.i - p.j) % 500 < 3; }},
      {"block-diagonal", R"(
        %size = arith.constant 96 : index
        %a = arith.floordivsi %i, %size : index
        %y = arith.floordivsi %j, %size : index
        %keep = arith.cmpi eq, %a, %y : index)",
       [](Pair p) { return p.i / 96 == p.j / 96; }},
      {"block-diagonal and causal", R"(
        %size = arith.constant 128 : index
        %a = arith.divui %i, %size : index
        %y = arith.divui %j, %size : index
        %same = arith.cmpi eq, %a, %y : index
        %causal = arith.cmpi uge, %i, %j : index
        %keep = arith.andi %same, %causal : i1)",
       [](Pair p) { return p.i / 128 == p.j / 128 && p.i >= p.j; }},
      {"causal or block-diagonal, not both", R"(
        %size = arith.constant 96 : index
        %a = arith.divsi %i, %size : index
        %y = arith.divsi %j, %size : index
        %same = arith.cmpi eq, %a, %y : index
        %causal = arith.cmpi sge, %i, %j : index
        %keep = arith.xori %same, %causal : i1)",
       [](Pair p) { return (p.i / 96 == p.j / 96) != (p.i >= p.j); }},
      {"limits of lengths", R"(
        %first = arith.constant 20 : index
        %cut = arith.constant 50 : index
        %end = arith.subi %nk, %cut : index
        %a = arith.cmpi slt, %j, %end : index
        %y = arith.cmpi sge, %i, %first : index
        %keep = arith.andi %a, %y : i1)",
       [](Pair p) { return p.j < p.nk - 50 && p.i >= 20; }},
      {"causal in the direction of the longer side", R"(
        %wide = arith.cmpi sgt, %nk, %nq : index
        %a = arith.cmpi sle, %j, %i : index
        %y = arith.cmpi sge, %j, %i : index
        %keep = arith.select %wide, %a, %y : i1)",
       [](Pair p) { return p.nk > p.nq ? p.j <= p.i : p.j >= p.i; }},
      {"clamped bounds", R"(
        %c300 = arith.constant 300 : index
        %c200 = arith.constant 200 : index
        %c10 = arith.constant 10 : index
        %before = arith.subi %i, %c200 : index
        %low = arith.maxsi %before, %c10 : index
        %high = arith.minsi %i, %c300 : index
        %a = arith.cmpi sle, %j, %high : index
        %y = arith.cmpi sge, %j, %low : index
        %keep = arith.andi %a, %y : i1)",
       [](Pair p) {
         return p.j <= std::min<int64_t>(p.i, 300) &&
                p.j >= std::max<int64_t>(p.i - 200, 10);
       }},
      {"window in 32 bits", R"(
        %w = arith.constant 100 : i32
        %i32 = arith.index_cast %i : index to i32
        %j32 = arith.index_cast %j : index to i32
        %d = arith.subi %i32, %j32 : i32
        %zero = arith.constant 0 : i32
        %a = arith.cmpi sge, %d, %zero : i32
        %y = arith.cmpi slt, %d, %w : i32
        %keep = arith.andi %a, %y : i1)",
       [](Pair p) { return p.i >= p.j && p.i - p.j < 100; }},
      {"columns at a distance or a window", R"(
        %stride = arith.constant 512 : index
        %eight = arith.constant 8 : index
        %w = arith.constant 30 : index
        %r = arith.remui %j, %stride : index
        %a = arith.cmpi ult, %r, %eight : index
        %d = arith.subi %i, %j : index
        %y = arith.cmpi ult, %d, %w : index
        %keep = arith.ori %a, %y : i1)",
       [](Pair p) { return p.j % 512 < 8 || (p.j <= p.i && p.i - p.j < 30); }},
      {"equal remainders", R"(
        %stride = arith.constant 2 : index
        %a = arith.remsi %i, %stride : index
        %y = arith.remsi %j, %stride : index
        %keep = arith.cmpi eq, %a, %y : index)",
       [](Pair p) { return p.i % 2 == p.j % 2; }},
      {"steep", R"(
        %two = arith.constant 2 : index
        %double = arith.muli %i, %two : index
        %keep = arith.cmpi sle, %j, %double : index)",
       [](Pair p) { return p.j <= 2 * p.i; }},
      {"both or neither", R"(
        %w = arith.constant 150 : index
        %d = arith.subi %i, %j : index
        %x = arith.cmpi sge, %d, %w : index
        %first = arith.cmpi slt, %j, %w : index
        %keep = arith.cmpi eq, %x, %first : i1)",
       [](Pair p) { return (p.i - p.j >= 150) == (p.j < 150); }},
      {"causal for one head, a window for the other", R"(
        %w = arith.constant 100 : index
        %zero = arith.constant 0 : index
        %d = arith.subi %i, %j : index
        %x = arith.cmpi sge, %d, %zero : index
        %y = arith.cmpi ult, %d, %w : index
        %first = arith.cmpi eq, %h, %zero : index
        %keep = arith.select %first, %x, %y : i1)",
       [](Pair p) { return p.i >= p.j && (p.h == 0 || p.i - p.j < 100); }},
      {"quotient of a difference", R"(
        %size = arith.constant 64 : index
        %one = arith.constant 1 : index
        %d = arith.subi %i, %j : index
        %q = arith.floordivsi %d, %size : index
        %keep = arith.cmpi eq, %q, %one : index)",
       [](Pair p) { return floorDiv(p.i - p.j, 64) == 1; }},
      {"the same id", R"(
        %x = tensor.extract %ids[%b, %i] : tensor<?x?xi32>
        %y = tensor.extract %ids[%b, %j] : tensor<?x?xi32>
        %keep = arith.cmpi eq, %x, %y : i32)",
       [](Pair p) { return p.of(p.i) == p.of(p.j); }},
      {"the same id and causal", R"(
        %x = tensor.extract %ids[%b, %i] : tensor<?x?xi32>
        %y = tensor.extract %ids[%b, %j] : tensor<?x?xi32>
        %same = arith.cmpi eq, %x, %y : i32
        %causal = arith.cmpi sge, %i, %j : index
        %keep = arith.andi %same, %causal : i1)",
       [](Pair p) { return p.of(p.i) == p.of(p.j) && p.i >= p.j; },
       /*isExact=*/false},
      {"an id that is not greater", R"(
        %x = tensor.extract %ids[%b, %i] : tensor<?x?xi32>
        %y = tensor.extract %ids[%b, %j] : tensor<?x?xi32>
        %keep = arith.cmpi sle, %x, %y : i32)",
       [](Pair p) { return p.of(p.i) <= p.of(p.j); }},
      {"a key's id above 2", R"(
        %two = arith.constant 2 : i32
        %y = tensor.extract %ids[%b, %j] : tensor<?x?xi32>
        %keep = arith.cmpi sgt, %y, %two : i32)",
       [](Pair p) { return p.of(p.j) > 2; }},
      {"positions up to 100 times an id", R"(
        %hundred = arith.constant 100 : index
        %x = tensor.extract %ids[%b, %i] : tensor<?x?xi32>
        %wide = arith.index_cast %x : i32 to index
        %r = arith.divui %j, %hundred : index
        %keep = arith.cmpi sle, %r, %wide : index)",
       [](Pair p) { return p.j / 100 <= p.of(p.i); }},
  };
}

/// Sorted ids, which are told apart exactly; others, and fewer ones, for which blocks that
/// need not be visited may be.
std::vector<std::pair<Ids, bool>> idsOf(const Mask &mask, int64_t length) {
  if (!StringRef(mask.text).contains("%ids"))
    return {{{0}, true}};
  Ids sorted, unsorted, shorter;
  for (int64_t at = 0; at < length; ++at) {
    sorted.push_back(at < 130 ? -3 : at < 400 ? 1 : at / 150);
    unsorted.push_back((at * 7919 / 100) % 5 - 1);
  }
  shorter.assign(sorted.begin(), sorted.begin() + (length + 1) / 2);
  return {{sorted, true}, {unsorted, false}, {shorter, false}};
}

std::string program(const Mask &mask) {
  return std::string(R"(
    func.func @f(%q: tensor<?x?x?x64xbf16>, %k: tensor<?x?x?x64xbf16>,
                 %v: tensor<?x?x?x64xbf16>, %scale: f32, %ids: tensor<?x?xi32>,
                 %o0: tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16> {
      %o = gdpa.attention bhsd none
          ins(%q, %k, %v : tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>)
          outs(%o0 : tensor<?x?x?x64xbf16>) scale(%scale : f32) captures(%ids : tensor<?x?xi32>)
          activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %ids: tensor<?x?xi32>) {
            %z = arith.mulf %s, %s : f32
            gdpa.yield %z : f32
          }
          mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %ids: tensor<?x?xi32>) {)") +
         mask.text + R"(
            gdpa.yield %keep : i1
          } -> tensor<?x?x?x64xbf16>
      return %o : tensor<?x?x?x64xbf16>
    })";
}

class MaskBounds : public ::testing::TestWithParam<const char *> {
protected:
  MaskBounds() {
    DialectRegistry registry;
    gdpa::registerAllDialects(registry);
    gdpa::registerAllExtensions(registry);
    gdpa::registerUpstreamDialects(registry);
    context.appendDialectRegistry(registry);
    context.disableMultithreading();
  }

  OwningOpRef<ModuleOp> compile(const Mask &mask, StringRef target) {
    auto module = parseSourceString<ModuleOp>(program(mask), &context);
    PassManager manager(&context);
    if (target == "cpu") {
      gdpa::CPUPipelineOptions options;
      options.gradients = true;
      gdpa::buildCPUHostPipeline(manager, options);
    } else {
      gdpa::NVVMPipelineOptions options;
      options.gradients = true;
      options.chip = target.str();
      gdpa::buildNVVMHostPipeline(manager, options);
    }
    if (!module || failed(manager.run(*module)))
      return nullptr;
    return module;
  }

  MLIRContext context;
};

constexpr int64_t kHeads = 2, kKeyHeads = 1;

/// Whether the heads are on the first dimension of the grid, too.
bool hasOneId(gdpa_tile::ProgramOp op) {
  return !op.walk([](gdpa_tile::ProgramIdOp id) {
              return id.getDimension() ? WalkResult::interrupt()
                                       : WalkResult::advance();
            })
              .wasInterrupted();
}

/// Runs all points of the grid of one kernel. `ranges`: elements of the buffers
/// that programs ahead of it have filled, by host value.
Visits run(gdpa_tile::LaunchOp launch, gdpa_tile::ProgramOp op, int64_t nq,
           int64_t nk, int64_t keyRanges, const Ids &ids,
           const llvm::DenseMap<Value, Argument> &ranges,
           std::array<int64_t, 2> grid) {
  Arguments arguments;
  for (auto [number, type] : llvm::enumerate(op.getArgumentTypes())) {
    auto buffer = dyn_cast<MemRefType>(type);
    if (!buffer) {
      arguments.push_back({});
    } else if (buffer.getElementType().isInteger(64)) {
      arguments.push_back(ranges.lookup(launch.getArguments()[number]));
    } else if (buffer.getElementType().isInteger(32)) {
      arguments.push_back({{1, int64_t(ids.size())}, ids});
    } else if (buffer.getRank() == 5) { // workspace of dq
      arguments.push_back({{keyRanges, 1, kHeads, nq, 64}, {}});
    } else {
      // q, k, v, then do or o in all kernels; dk, dv behind.
      bool key = number == 1 || number == 2;
      arguments.push_back(
          {{1, key ? kKeyHeads : kHeads, key ? nk : nq, 64}, {}});
    }
  }
  Visits sum;
  for (int64_t x = 0; x < grid[0]; ++x)
    for (int64_t y = 0; y < grid[1]; ++y) {
      Visits visits = walk(op, arguments, {x, y, 0});
      sum.blocks += visits.blocks;
      sum.full += visits.full;
      sum.error += visits.error;
    }
  return sum;
}

/// What the programs that look for ranges of ids write, by host value.
llvm::DenseMap<Value, Argument> findRanges(ModuleOp module, const Ids &ids,
                                           int64_t nq, int64_t nk) {
  llvm::DenseMap<Value, Argument> ranges;
  module.walk([&](gdpa_tile::LaunchOp launch) {
    if (!launch.getProgram().contains("_ranges"))
      return;
    auto op = module.lookupSymbol<gdpa_tile::ProgramOp>(launch.getProgram());
    // The rows of a block are the step by which the program's place begins.
    int64_t rows = 0;
    op.walk([&](arith::MulIOp product) {
      if (auto factor = product.getRhs().getDefiningOp<arith::ConstantIndexOp>())
        rows = factor.value();
    });
    ASSERT_GT(rows, 0);
    int64_t blocks = std::max<int64_t>((ids.size() + rows - 1) / rows, 1);
    auto length = launch.getArguments()[2].getDefiningOp<memref::DimOp>();
    auto side = cast<BlockArgument>(length.getSource());
    Arguments arguments = {{{1, int64_t(ids.size())}, ids},
                           {{2, 1, blocks}, Ids(2 * blocks, 12345)},
                           {{}, {side.getArgNumber() == 0 ? nq : nk}}};
    for (int64_t x = 0; x < blocks; ++x)
      EXPECT_EQ(walk(op, arguments, {x, 0, 0}).error, "");
    ranges[launch.getArguments()[1]] = arguments[1];
  });
  return ranges;
}

/// Counts pair by pair.
Visits expected(const Mask &mask, int64_t nq, int64_t nk, int64_t queryBlock,
                int64_t keyBlock, const Ids &ids) {
  Visits visits;
  for (int64_t h = 0; h < kHeads; ++h)
    for (int64_t i0 = 0; i0 < nq; i0 += queryBlock)
      for (int64_t j0 = 0; j0 < nk; j0 += keyBlock) {
        bool any = false, all = true;
        for (int64_t i = i0; i < std::min(nq, i0 + queryBlock); ++i)
          for (int64_t j = j0; j < std::min(nk, j0 + keyBlock); ++j) {
            bool kept = mask.kept({h, i, j, nq, nk, ids});
            any |= kept;
            all &= kept;
          }
        visits.blocks += any;
        visits.full += all;
      }
  return visits;
}

TEST_P(MaskBounds, VisitsExactlyTheKeptBlocks) {
  const std::pair<int64_t, int64_t> lengths[] = {
      {1, 1}, {64, 64}, {300, 517}, {1000, 129}, {129, 1000}, {1024, 1024}};
  StringRef target = GetParam();
  for (const Mask &mask : masks()) {
    auto module = compile(mask, target);
    ASSERT_TRUE(module) << mask.name;
    unsigned kernels = 0;
    llvm::StringMap<gdpa_tile::LaunchOp> launches;
    module->walk([&](gdpa_tile::LaunchOp launch) {
      launches[launch.getProgram()] = launch;
    });
    for (auto op : module->getOps<gdpa_tile::ProgramOp>()) {
      StringRef name = op.getSymName();
      bool forward = name.ends_with("_forward"), keys = name.ends_with("_dkv");
      bool queries = name.ends_with("_dq") && target != "cpu";
      if (!forward && !keys && !queries)
        continue;
      ++kernels;
      auto schedule =
          cast<gdpa::ScheduleAttrInterface>(op->getAttr("schedule"));
      gdpa::KernelBlocks blocks =
          schedule.getBlocks(forward ? gdpa::KernelKind::Forward
                             : keys  ? gdpa::KernelKind::KeyStationary
                                     : gdpa::KernelKind::QueryStationary);
      for (auto [nq, nk] : lengths) {
        int64_t queryBlocks = (nq + blocks.query - 1) / blocks.query;
        int64_t keyBlocks = (nk + blocks.key - 1) / blocks.key;
        int64_t ranges = std::min<int64_t>(2, keyBlocks);
        std::array<int64_t, 2> grid = {keys ? keyBlocks : queryBlocks,
                                       keys ? kKeyHeads : kHeads};
        if (keys && target == "cpu")
          grid = {ranges * kKeyHeads, 1};
        else if (hasOneId(op))
          grid = {grid[0] * grid[1], 1};
        for (auto &[ids, sorted] : idsOf(mask, std::max(nq, nk))) {
          Visits found = run(launches.lookup(name), op, nq, nk, ranges, ids,
                             findRanges(*module, ids, nq, nk), grid);
          Visits wanted = expected(mask, nq, nk, blocks.query, blocks.key, ids);
          std::string where = (target + ", " + mask.name + ", " + name + ", " +
                               std::to_string(nq) + " x " + std::to_string(nk) +
                               (sorted ? "" : ", unsorted or few"))
                                  .str();
          EXPECT_EQ(found.error, "") << where;
          if (mask.isExact && sorted) {
            EXPECT_EQ(found.blocks, wanted.blocks) << where;
            EXPECT_EQ(found.full, wanted.full) << where;
          } else {
            EXPECT_GE(found.blocks, wanted.blocks) << where;
            EXPECT_LE(found.full, wanted.full) << where;
          }
        }
      }
    }
    EXPECT_EQ(kernels, target == "cpu" ? 2u : 3u) << mask.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, MaskBounds,
                         ::testing::Values("cpu", "sm_80"));

} // namespace
