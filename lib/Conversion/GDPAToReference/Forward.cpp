//===- Forward.cpp - outputs and statistics in f64 ------------------------===//
//
// A row of weights at a time, then its sum of values.
//
//===----------------------------------------------------------------------===//

#include "EntryBuilder.h"
#include "RegionToF64.h"

using namespace mlir;
using namespace mlir::gdpa;
using namespace mlir::gdpa::reference;

LogicalResult EntryBuilder::buildForward() {
  if (failed(buildRegions(/*withGradients=*/false)))
    return failure();
  std::vector<EntryArgument> arguments = inputs;
  arguments.push_back(
      {"o", "o", true, convertRowsType(op.getOutputInit().getType()), {}});
  if (hasStatistics())
    arguments.push_back({"stats",
                         "stats",
                         true,
                         convertType(op.getStatisticsInit().getType()),
                         {}});
  std::string name = function.getSymName().str();
  if (failed(beginEntry(name, "forward", arguments)))
    return failure();
  Value output = written("o"), statistics = written("stats");
  f.fill(output, f.real(0));
  if (statistics)
    f.fill(statistics, f.real(0));
  Value depth = f.size(value, isJagged() ? 2 : 3);
  forEachHead([&](const Head &head) {
    f.loop(head.lengthQuery, [&](Value i) {
      scoreRow(head, i);
      RowWeights row = weighRow(head);
      if (statistics)
        f.store(row.statistic, statistics, statisticsIndex(head, i));
      f.loop(head.lengthKey, [&](Value j) {
        f.ifTrue(f.logicalAnd(row.hasWeight, f.load(rowKept, j)), [&] {
          Value weight = f.load(rowWeight, j);
          f.loop(depth, [&](Value d) {
            f.addTo(f.mul(weight, f.load(value, keyIndex(head, j, d))), output,
                    queryIndex(head, i, d));
          });
        });
      });
    });
  });
  endEntry();
  return success();
}
