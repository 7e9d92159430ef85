//===- EntryBuilder.h - entries of the reference target ---------*- C++ -*-===//
//
// Writes the definition of the operation down, pair by pair, in double
// precision.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_CONVERSION_GDPATOREFERENCE_ENTRYBUILDER_H
#define GDPA_LIB_CONVERSION_GDPATOREFERENCE_ENTRYBUILDER_H

#include "ScalarLoops.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "llvm/ADT/StringMap.h"

namespace mlir::gdpa::reference {

/// An argument of an entry.
struct EntryArgument {
  std::string name, role;
  bool isWritten;
  Type type;
  /// The function's argument that it stands for; null for a result.
  BlockArgument source;
};

/// Whether `value`, a scalar or a tensor, holds floats.
bool isFloatCapture(Value value);

/// Writes the entries of one function.
class EntryBuilder {
public:
  EntryBuilder(func::FuncOp function, AttentionOp op)
      : function(function), op(op), builder(function), f(builder, op.getLoc()) {
  }

  LogicalResult collect();
  LogicalResult buildForward();
  LogicalResult buildBackward();

private:
  /// Where one head of one sequence lies.
  struct Head {
    Value b, h, g, lengthQuery, lengthKey, baseQuery, baseKey;
  };
  /// A row's weights; its statistic (r, or the log of the sum of exponentials).
  struct RowWeights {
    Value statistic, hasWeight;
  };
  /// A derivative by central differences; whether it can be trusted.
  struct Difference {
    Value slope, isSmooth, magnitude;
  };

  bool isJagged() { return op.getLayout() == Layout::THD; }
  bool hasStatistics() { return op.getNormalizer() != Normalizer::None; }
  std::string nameOfCapture(unsigned number);

  LogicalResult beginEntry(StringRef name, StringRef kind,
                           ArrayRef<EntryArgument> arguments);
  void endEntry();
  Value written(StringRef name) { return outputs.lookup(name); }
  LogicalResult buildRegions(bool withGradients);

  void forEachHead(llvm::function_ref<void(const Head &)> body);
  SmallVector<Value> rowIndex(const Head &head, bool isKey, Value h, Value row,
                              Value column);
  SmallVector<Value> queryIndex(const Head &head, Value i, Value d) {
    return rowIndex(head, false, head.h, i, d);
  }
  SmallVector<Value> keyIndex(const Head &head, Value j, Value d) {
    return rowIndex(head, true, head.g, j, d);
  }
  SmallVector<Value> statisticsIndex(const Head &head, Value i);
  SmallVector<Value> regionArguments(ArrayRef<Value> leading, const Head &head,
                                     Value i, Value j);

  void scoreRow(const Head &head, Value i);
  RowWeights weighRow(const Head &head);
  Difference difference(Value x, Value center,
                        llvm::function_ref<Value(Value)> evaluate);
  void differentiatePair(const Head &head, Value i, Value j, Value ct);
  void accumulateCaptures(ArrayRef<Value> arguments, Value ct, Value isSmooth);

  func::FuncOp function;
  AttentionOp op;
  OpBuilder builder;
  ScalarLoops f;

  std::vector<EntryArgument> inputs;
  /// Float arguments that the operation does not read: inputs of the backward,
  /// scalars of both entries.
  std::vector<EntryArgument> unread;
  func::FuncOp activation, mask, probe, vjp;

  // Of the entry being written.
  func::FuncOp entry;
  llvm::StringMap<Value> outputs;
  Value query, key, value, scale, cuQuery, cuKey;
  SmallVector<Value> captures;
  Value rowScore, rowLogit, rowWeight, rowProduct, rowKept;
  Value probeFields, probeValue;
  /// By capture: sum of what pairs at kinks contribute; null for integers.
  SmallVector<Value> kinkSums;
  /// By capture: gradient and sum of absolute terms; null for integers.
  SmallVector<std::pair<Value, Value>> gradients;
};

} // namespace mlir::gdpa::reference

#endif // GDPA_LIB_CONVERSION_GDPATOREFERENCE_ENTRYBUILDER_H
