// RUN: gdpa-opt %s --split-input-file --gdpa-autodiff --gdpa-prepare-entry --one-shot-bufferize --gdpa-plan="target=cpu" --convert-gdpa-to-tile --canonicalize --cse | FileCheck %s --check-prefix=CPU
// RUN: gdpa-opt %s --split-input-file --gdpa-autodiff --gdpa-prepare-entry --one-shot-bufferize --gdpa-plan="target=sm_80" --convert-gdpa-to-tile --canonicalize --cse | FileCheck %s --check-prefix=GPU

// One key-stationary program for all gradients: dQ of a key range goes to a workspace, gradients of captures to private copies; other
// programs sum both in order.

// CPU: func.func @f_vjp
// CPU: gdpa_tile.workspace(%{{.*}}) : memref<?x?x?x?x64xf32>
// CPU-DAG: gdpa_tile.workspace(%{{.*}}) zero : memref<?xf64>
// CPU-DAG: gdpa_tile.workspace(%{{.*}}) zero : memref<?x?x?xf64>
// CPU: gdpa_tile.launch @f_vjp_backward_dkv
// CPU: gdpa_tile.launch @f_vjp_backward_dq
// CPU-DAG: gdpa_tile.launch @f_vjp_backward_dcapture0
// CPU-DAG: gdpa_tile.launch @f_vjp_backward_dcapture1
// CPU: gdpa_tile.program @f_vjp_backward_dkv
// CPU:   linalg.contract {{.*}} {gdpa_tile.role = "score"}
// CPU:   linalg.contract {{.*}} {gdpa_tile.role = "score"}
// CPU:   %[[JOINT:[0-9]+]]:4 = linalg.generic
// CPU-DAG: linalg.contract {{.*}} {gdpa_tile.role = "stationary"} ins(%[[JOINT]]#1
// CPU-DAG: linalg.contract {{.*}} {gdpa_tile.role = "stationary"} ins(%[[JOINT]]#0
// CPU-DAG: linalg.contract {{.*}} {gdpa_tile.role = "streamed"} ins(%[[JOINT]]#1
// CPU: gdpa_tile.accumulate
// CPU: gdpa_tile.program @f_vjp_backward_dq
// CPU:   linalg.generic {{.*}} {gdpa_tile.role = "add"}
// CPU:   linalg.generic {{.*}} {gdpa_tile.role = "scale"}

// Kernels of their own: dK and dV, dQ with the sums for the temperature (its index depends on no position), the rows of the bias (its index
// depends on the key alone).

// GPU: gdpa_tile.launch @f_vjp_backward_dkv
// GPU: gdpa_tile.launch @f_vjp_backward_dq
// GPU: gdpa_tile.launch @f_vjp_backward_rows
// GPU: gdpa_tile.launch @f_vjp_backward_sum0
// GPU: gdpa_tile.launch @f_vjp_backward_sum1
// GPU: gdpa_tile.launch @f_vjp_backward_dcapture0
// GPU: gdpa_tile.launch @f_vjp_backward_dcapture1
// GPU: gdpa_tile.program @f_vjp_backward_dkv
// The heads of a group are walked by one loop: loads are functions of its induction variable.
// GPU:   scf.for %[[T:[a-z0-9]+]] =
// GPU:     arith.remui %[[T]]
// GPU:     arith.divui %[[T]]
// GPU:     linalg.generic
// GPU:       linalg.yield %{{.*}}, %{{.*}} : bf16, bf16
// GPU: gdpa_tile.program @f_vjp_backward_dq
// GPU:   linalg.generic
// GPU:     linalg.yield %{{.*}}, %{{.*}} : bf16, f32
// GPU: gdpa_tile.program @f_vjp_backward_rows
// GPU:   linalg.generic
// GPU:     linalg.yield %{{.*}} : f32
// GPU: gdpa_tile.program @f_vjp_backward_sum0
// GPU:   gdpa_tile.accumulate %{{.*}} into %{{.*}} :
// GPU: gdpa_tile.program @f_vjp_backward_sum1
// GPU:   gdpa_tile.accumulate %{{.*}} into %{{.*}} distinct :
func.func @f(%q: tensor<?x?x?x64xbf16>, %k: tensor<?x?x?x64xbf16>, %v: tensor<?x?x?x64xbf16>, %scale: f32, %t: f32, %bias: tensor<?x?xf32>, %o0: tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>)
      outs(%o0 : tensor<?x?x?x64xbf16>) scale(%scale : f32) captures(%t, %bias : f32, tensor<?x?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32, %B: tensor<?x?xf32>) {
        %r = tensor.extract %B[%h, %j] : tensor<?x?xf32>
        %x = arith.mulf %s, %T : f32
        %y = arith.addf %x, %r : f32
        %z = math.tanh %y : f32
        gdpa.yield %z : f32
      } -> tensor<?x?x?x64xbf16>
  return %o : tensor<?x?x?x64xbf16>
}

// -----

// An index that depends on both positions: one loop over all heads that the index does not tell apart, sums in copies.

// CPU: gdpa_tile.program @pairs_vjp_backward_dkv
// GPU: gdpa_tile.launch @pairs_vjp_backward_pairs0
// GPU: gdpa_tile.program @pairs_vjp_backward_pairs0
// GPU:   gdpa_tile.accumulate %{{.*}} into %{{.*}} :
// GPU: gdpa_tile.program @pairs_vjp_backward_dcapture0
// GPU:   linalg.generic {{.*}} {gdpa_tile.role = "add"}
func.func @pairs(%q: tensor<?x?x?x64xbf16>, %k: tensor<?x?x?x64xbf16>, %v: tensor<?x?x?x64xbf16>, %scale: f32, %table: tensor<?x?xf32>, %o0: tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>)
      outs(%o0 : tensor<?x?x?x64xbf16>) scale(%scale : f32) captures(%table : tensor<?x?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<?x?xf32>) {
        %d = arith.subi %i, %j : index
        %r = tensor.extract %B[%h, %d] : tensor<?x?xf32>
        %y = arith.addf %s, %r : f32
        gdpa.yield %y : f32
      } -> tensor<?x?x?x64xbf16>
  return %o : tensor<?x?x?x64xbf16>
}
