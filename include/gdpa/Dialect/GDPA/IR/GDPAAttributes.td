//===- GDPAAttributes.td - attributes of the gdpa dialect -*- tablegen -*-===//

#ifndef GDPA_DIALECT_GDPA_IR_GDPAATTRIBUTES_TD
#define GDPA_DIALECT_GDPA_IR_GDPAATTRIBUTES_TD

include "gdpa/Dialect/GDPA/IR/GDPADialect.td"

def GDPA_Layout : I32EnumAttr<"Layout", "order of the dimensions of query, key, value and output", [
  I32EnumAttrCase<"BHSD", 0, "bhsd">,
  I32EnumAttrCase<"BSHD", 1, "bshd">,
  I32EnumAttrCase<"THD", 2, "thd">
]> {
  let cppNamespace = "::mlir::gdpa";
  let genSpecializedAttr = 0;
}
def GDPA_LayoutAttr : EnumAttr<GDPA_Dialect, GDPA_Layout, "layout"> {
  let assemblyFormat = "`<` $value `>`";
}

def GDPA_Normalizer : I32EnumAttr<"Normalizer", "what divides the weights of a row", [
  I32EnumAttrCase<"None", 0, "none">,
  I32EnumAttrCase<"Sum", 1, "sum">,
  I32EnumAttrCase<"Softmax", 2, "softmax">
]> {
  let cppNamespace = "::mlir::gdpa";
  let genSpecializedAttr = 0;
}
def GDPA_NormalizerAttr : EnumAttr<GDPA_Dialect, GDPA_Normalizer, "normalizer"> {
  let assemblyFormat = "`<` $value `>`";
}

def GDPA_Precision : I32EnumAttr<"Precision", "accuracy of elementary functions", [
  I32EnumAttrCase<"Exact", 0, "exact">,
  I32EnumAttrCase<"Fast", 1, "fast">
]> {
  let cppNamespace = "::mlir::gdpa";
  let genSpecializedAttr = 0;
}
def GDPA_PrecisionAttr : EnumAttr<GDPA_Dialect, GDPA_Precision, "precision"> {
  let summary = "exact: elementary functions within 2 ulp of f32; fast: hardware approximations with a stated bound";
  let assemblyFormat = "`<` $value `>`";
}

#endif // GDPA_DIALECT_GDPA_IR_GDPAATTRIBUTES_TD
