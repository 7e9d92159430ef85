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
// Rows past the capture's extent name its last element: a program of their own adds them.
// GPU: gdpa_tile.launch @f_vjp_backward_sum1_tail
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
// GPU: gdpa_tile.program @f_vjp_backward_sum1_tail
// GPU:   gdpa_tile.accumulate %{{.*}} into %{{[^ ]*}} :
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
        %d = arith.maxsi %i, %j : index
        %r = tensor.extract %B[%h, %d] : tensor<?x?xf32>
        %y = arith.addf %s, %r : f32
        gdpa.yield %y : f32
      } -> tensor<?x?x?x64xbf16>
  return %o : tensor<?x?x?x64xbf16>
}

// -----

// An index of i - j alone, whatever becomes of it: sums along diagonals for 32 groups of keys, those of the groups, then the place of each
// diagonal. On CPUs as any other.

// CPU: gdpa_tile.program @relative_vjp_backward_dkv
// GPU: %[[COUNT:.*]] = arith.addi %{{.*}}, %{{.*}} : index
// GPU: %[[PARTIAL:.*]] = gdpa_tile.workspace(%{{.*}}, %[[COUNT]]) zero : memref<32x?x?xf32>
// GPU: %[[TOTAL:.*]] = gdpa_tile.workspace(%{{.*}}, %[[COUNT]]) : memref<?x?xf32>
// GPU: gdpa_tile.launch @relative_vjp_backward_diagonal0_pairs grid(%c32,
// GPU: gdpa_tile.program @relative_vjp_backward_diagonal0_pairs
// GPU:   gdpa_tile.accumulate %{{.*}} into %{{.*}} : {{.*}}, memref<32x?x?xf32> {
// GPU:   ^bb0(%[[KEY:.*]]: index, %[[QUERY:.*]]: index):
// GPU:     %[[SUM:.*]] = arith.addi %{{.*}}, %[[QUERY]] : index
// GPU:     %[[AT:.*]] = arith.subi %[[SUM]], %[[KEY]] : index
// GPU:     gdpa_tile.yield %{{.*}}, %{{.*}}, %[[AT]]
// GPU: gdpa_tile.program @relative_vjp_backward_diagonal0_groups
// GPU:   scf.for
// GPU:     linalg.generic {{.*}} {gdpa_tile.role = "add"}
// GPU: gdpa_tile.program @relative_vjp_backward_diagonal0_places
// GPU:   gdpa_tile.accumulate
func.func @relative(%q: tensor<?x?x?x64xbf16>, %k: tensor<?x?x?x64xbf16>, %v: tensor<?x?x?x64xbf16>, %scale: f32, %table: tensor<?x?xf32>, %o0: tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>)
      outs(%o0 : tensor<?x?x?x64xbf16>) scale(%scale : f32) captures(%table : tensor<?x?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<?x?xf32>) {
        %d = arith.subi %i, %j : index
        %zero = arith.constant 0 : index
        %positive = arith.maxsi %d, %zero : index
        %negative = arith.subi %zero, %d : index
        %distance = arith.maxsi %positive, %negative : index
        %r = tensor.extract %B[%h, %distance] : tensor<?x?xf32>
        %y = arith.addf %s, %r : f32
        gdpa.yield %y : f32
      } -> tensor<?x?x?x64xbf16>
  return %o : tensor<?x?x?x64xbf16>
}

// -----

// i + j, in integers.

// CPU: gdpa_tile.program @antidiagonal_vjp_backward_dkv
// GPU: gdpa_tile.program @antidiagonal_vjp_backward_diagonal0_pairs
// GPU:   gdpa_tile.accumulate
// GPU:   ^bb0(%[[KEY:.*]]: index, %[[QUERY:.*]]: index):
// GPU:     %[[SUM:.*]] = arith.addi %{{.*}}, %[[QUERY]] : index
// GPU:     arith.addi %[[SUM]], %[[KEY]] : index
func.func @antidiagonal(%q: tensor<?x?x?x64xbf16>, %k: tensor<?x?x?x64xbf16>, %v: tensor<?x?x?x64xbf16>, %scale: f32, %table: tensor<?x?xf32>, %o0: tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>)
      outs(%o0 : tensor<?x?x?x64xbf16>) scale(%scale : f32) captures(%table : tensor<?x?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<?x?xf32>) {
        %i32 = arith.index_cast %i : index to i32
        %j32 = arith.index_cast %j : index to i32
        %d32 = arith.addi %i32, %j32 : i32
        %d = arith.index_cast %d32 : i32 to index
        %r = tensor.extract %B[%h, %d] : tensor<?x?xf32>
        %y = arith.addf %s, %r : f32
        gdpa.yield %y : f32
      } -> tensor<?x?x?x64xbf16>
  return %o : tensor<?x?x?x64xbf16>
}

// -----

// Not a function of one diagonal: twice the query less the key.

// CPU: gdpa_tile.program @skewed_vjp_backward_dkv
// GPU: gdpa_tile.program @skewed_vjp_backward_pairs0
func.func @skewed(%q: tensor<?x?x?x64xbf16>, %k: tensor<?x?x?x64xbf16>, %v: tensor<?x?x?x64xbf16>, %scale: f32, %table: tensor<?x?xf32>, %o0: tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>)
      outs(%o0 : tensor<?x?x?x64xbf16>) scale(%scale : f32) captures(%table : tensor<?x?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<?x?xf32>) {
        %d = arith.subi %i, %j : index
        %e = arith.addi %d, %i : index
        %r = tensor.extract %B[%h, %e] : tensor<?x?xf32>
        %y = arith.addf %s, %r : f32
        gdpa.yield %y : f32
      } -> tensor<?x?x?x64xbf16>
  return %o : tensor<?x?x?x64xbf16>
}

// -----

// Another batch entry's diagonal is another place.

// CPU: gdpa_tile.program @batched_vjp_backward_dkv
// GPU: gdpa_tile.program @batched_vjp_backward_pairs0
func.func @batched(%q: tensor<?x?x?x64xbf16>, %k: tensor<?x?x?x64xbf16>, %v: tensor<?x?x?x64xbf16>, %scale: f32, %table: tensor<?x?xf32>, %o0: tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>)
      outs(%o0 : tensor<?x?x?x64xbf16>) scale(%scale : f32) captures(%table : tensor<?x?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<?x?xf32>) {
        %d = arith.subi %i, %j : index
        %r = tensor.extract %B[%b, %d] : tensor<?x?xf32>
        %y = arith.addf %s, %r : f32
        gdpa.yield %y : f32
      } -> tensor<?x?x?x64xbf16>
  return %o : tensor<?x?x?x64xbf16>
}

// -----

// Positions that are indices tell elements apart inside the capture only: a second program adds everything in order where there are more
// positions, and walks the keys by itself; either one has nothing to do.

// GPU: gdpa_tile.launch @positions_vjp_backward_pairs0 grid(%{{.*}}, %{{.*}})
// GPU: gdpa_tile.launch @positions_vjp_backward_pairs0_in_order grid(%c1{{.*}}, %{{.*}})
// GPU-LABEL: gdpa_tile.program @positions_vjp_backward_pairs0(
// GPU:   %[[FITS:.*]] = arith.andi
// GPU:   arith.select %[[FITS]], %{{.*}}, %c0
// GPU:   gdpa_tile.accumulate %{{.*}} into %{{.*}} distinct :
// GPU-LABEL: gdpa_tile.program @positions_vjp_backward_pairs0_in_order(
// GPU:   %[[FITS:.*]] = arith.andi
// GPU:   arith.select %[[FITS]], %c0{{.*}}, %{{.*}}
// GPU:   gdpa_tile.accumulate %{{.*}} into %{{[^ ]*}} :
func.func @positions(%q: tensor<?x?x?x64xbf16>, %k: tensor<?x?x?x64xbf16>, %v: tensor<?x?x?x64xbf16>, %scale: f32, %table: tensor<?x?x?xf32>, %o0: tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>)
      outs(%o0 : tensor<?x?x?x64xbf16>) scale(%scale : f32) captures(%table : tensor<?x?x?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<?x?x?xf32>) {
        %r = tensor.extract %B[%h, %i, %j] : tensor<?x?x?xf32>
        %y = arith.addf %s, %r : f32
        gdpa.yield %y : f32
      } -> tensor<?x?x?x64xbf16>
  return %o : tensor<?x?x?x64xbf16>
}
