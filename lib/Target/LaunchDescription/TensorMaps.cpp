//===- TensorMaps.cpp - parameters that are tensor maps -------------------===//

#include "TensorMaps.h"
#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;
using namespace mlir::gdpa;
namespace json = llvm::json;

namespace {
/// An element of `gdpa_nv.tensor_maps`.
struct TensorMap {
  int64_t argument, rows, columns, swizzle;
};
} // namespace

static FailureOr<TensorMap> readTensorMap(Operation *function,
                                          Attribute attribute) {
  TensorMap map;
  std::pair<StringRef, int64_t *> members[] = {{"argument", &map.argument},
                                               {"rows", &map.rows},
                                               {"columns", &map.columns},
                                               {"swizzle", &map.swizzle}};
  auto dictionary = dyn_cast<DictionaryAttr>(attribute);
  for (auto &[name, value] : members) {
    auto number = dictionary ? dictionary.getAs<IntegerAttr>(name) : nullptr;
    if (!number)
      return function->emitError("expected an element of gdpa_nv.tensor_maps "
                                 "with the integers argument, rows, columns "
                                 "and swizzle, found ")
             << attribute;
    *value = number.getInt();
  }
  return map;
}

LogicalResult gdpa::describeTensorMaps(Operation *function,
                                       LaunchDescription::Kernel &kernel) {
  auto maps = function->getAttrOfType<ArrayAttr>("gdpa_nv.tensor_maps");
  if (!maps)
    return success();
  for (Attribute attribute : maps) {
    FailureOr<TensorMap> map = readTensorMap(function, attribute);
    if (failed(map))
      return failure();
    if (map->argument < 0 || map->argument >= int64_t(kernel.operands.size()))
      return function->emitError("expected a tensor map of one of the ")
             << kernel.operands.size() << " operands of the launch, found "
             << map->argument;
    const LaunchDescription::Operand &operand = kernel.operands[map->argument];
    if (operand.argument.empty())
      return function->emitError("expected a tensor map of an argument of the "
                                 "entry, found one of operand ")
             << map->argument
             << " of the launch, which is a workspace or a scalar";
    int64_t rank = operand.dims.size();
    if (rank < 2 || rank > 5)
      return function->emitError(
                 "expected a tensor map of a buffer of 2 to 5 dimensions, "
                 "found one of '")
             << operand.argument << "' of " << rank;
    json::Array dims, box{map->columns, map->rows};
    for (int64_t dim : llvm::reverse(operand.dims))
      dims.push_back(dim);
    while (int64_t(box.size()) < rank)
      box.push_back(1);
    kernel.parameters.push_back(json::Object{{"tensor_map", operand.argument},
                                             {"dims", std::move(dims)},
                                             {"box", std::move(box)},
                                             {"swizzle", map->swizzle}});
  }
  return success();
}
