// RUN: gdpa-reduce %s -reduction-tree="traversal-mode=0 test=%S/Inputs/has_no_derivative.sh" 2>/dev/null | FileCheck %s
// RUN: gdpa-reduce %s -reduction-tree="traversal-mode=0 test=%S/Inputs/has_no_derivative.sh" -o %t 2>/dev/null
// RUN: not gdpa-opt --gdpa-autodiff %t 2>&1 | FileCheck %s --check-prefix=STILL

// A module whose activation has an operation without a derivative shrinks to what shows that.

// STILL: error: 'arith.bitcast' op expected a derivative
// CHECK-NOT: @unrelated
// CHECK: gdpa.attention bhsd none
// CHECK: activation(
// CHECK-NEXT: %[[N:.*]] = arith.bitcast %s : f32 to i32
// CHECK-NEXT: %[[Y:.*]] = arith.bitcast %[[N]] : i32 to f32
// CHECK-NEXT: gdpa.yield %[[Y]] : f32
// CHECK-NEXT: }
// CHECK-NEXT: ->
// CHECK-NOT: mask(
func.func @unrelated(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = arith.addf %x, %x : tensor<4xf32>
  %z = arith.mulf %y, %x : tensor<4xf32>
  return %z : tensor<4xf32>
}
!t = tensor<1x2x?x64xf32>
func.func @attention(%q: !t, %k: !t, %v: !t, %o0: !t, %bias: tensor<2xf32>, %c: f32) -> !t {
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32)
      captures(%bias : tensor<2xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<2xf32>) {
        %e = tensor.extract %B[%h] : tensor<2xf32>
        %x = arith.addf %s, %e : f32
        %n = arith.bitcast %x : f32 to i32
        %one = arith.constant 1 : i32
        %m = arith.xori %n, %one : i32
        %y = arith.bitcast %m : i32 to f32
        %t = math.tanh %y : f32
        gdpa.yield %t : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<2xf32>) {
        %keep = arith.cmpi sge, %i, %j : index
        gdpa.yield %keep : i1
      } -> !t
  return %o : !t
}
