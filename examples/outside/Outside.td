//===- Outside.td - a dialect of another project ----------*- tablegen -*-===//
//
// One operation that activations of gdpa.attention may use: it brings its
// derivative rule with it.
//
//===----------------------------------------------------------------------===//

#ifndef OUTSIDE_TD
#define OUTSIDE_TD

include "gdpa/Dialect/GDPA/IR/GDPAInterfaces.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Outside_Dialect : Dialect {
  let name = "outside";
  let cppNamespace = "::outside";
}

def Outside_SquareplusOp : Op<Outside_Dialect, "squareplus", [
    Pure, SameOperandsAndResultType,
    DeclareOpInterfaceMethods<GDPA_DifferentiableOpInterface>]> {
  let summary = "(x + sqrt(x * x + b)) / 2";
  let description = [{
    A smooth relu without exponentials; the smaller b > 0, the sharper its bend.

    ```mlir
    %y = outside.squareplus %x, %b : f32
    ```
  }];
  let arguments = (ins AnyFloat:$x, AnyFloat:$b);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = "$x `,` $b attr-dict `:` type($result)";
}

#endif // OUTSIDE_TD
