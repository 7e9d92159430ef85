// RUN: gdpa-opt %s --split-input-file --gdpa-prepare-entry | FileCheck %s

// Results become destinations, a destination argument disappears, names come from the source or from the role.

// CHECK-LABEL: func.func @forward(
// CHECK-SAME: %{{.*}}: memref<?x?x?x64xf32, strided<[?, ?, ?, 1], offset: ?>> {gdpa.access = "read", gdpa.name = "queries", gdpa.role = "q"}
// CHECK-SAME: gdpa.name = "k", gdpa.role = "k"
// CHECK-SAME: gdpa.name = "v", gdpa.role = "v"
// CHECK-SAME: f32 {gdpa.access = "read", gdpa.name = "scale", gdpa.role = "scale"}
// CHECK-SAME: memref<?xf32, strided<[1], offset: ?>> {gdpa.access = "read", gdpa.name = "c0", gdpa.role = "capture"}
// CHECK-SAME: %[[O:.+]]: memref<?x?x?x64xf32, strided<[?, ?, ?, 1], offset: ?>> {gdpa.access = "write", gdpa.name = "o", gdpa.role = "o"})
// CHECK: %[[DESTINATION:.+]] = bufferization.to_tensor %[[O]] restrict writable
// CHECK: %[[RESULT:.+]] = gdpa.attention
// CHECK: outs(%[[DESTINATION]] :
// CHECK: bufferization.materialize_in_destination %[[RESULT]] in restrict writable %[[O]]
// CHECK: return{{$}}
func.func @forward(%q: tensor<?x?x?x64xf32> {gdpa.name = "queries"}, %k: tensor<?x?x?x64xf32>, %v: tensor<?x?x?x64xf32>, %scale: f32, %o0: tensor<?x?x?x64xf32>, %c: tensor<?xf32>) -> tensor<?x?x?x64xf32> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>)
      outs(%o0 : tensor<?x?x?x64xf32>) scale(%scale : f32) captures(%c : tensor<?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C: tensor<?xf32>) {
        %r = tensor.extract %C[%h] : tensor<?xf32>
        %z = arith.addf %s, %r : f32
        gdpa.yield %z : f32
      } -> tensor<?x?x?x64xf32>
  return %o : tensor<?x?x?x64xf32>
}

// -----

// The gradient of a scalar capture is extracted by the source; the entry writes its buffer.

// CHECK-LABEL: func.func @backward(
// CHECK-SAME: gdpa.name = "t", gdpa.role = "capture"
// CHECK-SAME: gdpa.name = "do", gdpa.role = "do"
// CHECK-SAME: gdpa.name = "dq", gdpa.role = "dq"
// CHECK-SAME: gdpa.name = "dk", gdpa.role = "dk"
// CHECK-SAME: gdpa.name = "dv", gdpa.role = "dv"
// CHECK-SAME: memref<f32, strided<[], offset: ?>> {gdpa.access = "write", gdpa.name = "d_t", gdpa.role = "dcapture"}
// CHECK-NOT: tensor.extract
func.func @backward(%q: tensor<1x2x?x8xf32>, %scale: f32, %t: f32 {gdpa.name = "t"}, %do: tensor<1x2x?x8xf32>) -> (tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, f32) {
  %c2 = arith.constant 2 : index
  %n = tensor.dim %q, %c2 : tensor<1x2x?x8xf32>
  %e = tensor.empty(%n) : tensor<1x2x?x8xf32>
  %s0 = tensor.empty() : tensor<f32>
  %dq, %dk, %dv, %dt = gdpa.attention_backward bhsd none
      ins(%q, %q, %q, %do : tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>)
      outs(%e, %e, %e, %s0 : tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<f32>) scale(%scale : f32)
      captures(%t : f32) wrt [0]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %z = arith.mulf %s, %T : f32
        %ds = arith.mulf %ct, %T : f32
        %g = arith.mulf %ct, %s : f32
        gdpa.accumulate %g, %T : f32, f32
        gdpa.yield %z, %ds : f32, f32
      } -> tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<f32>
  %x = tensor.extract %dt[] : tensor<f32>
  return %dq, %dk, %dv, %x : tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, f32
}
