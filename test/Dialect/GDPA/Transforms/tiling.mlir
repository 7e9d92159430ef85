// RUN: gdpa-opt %s --transform-interpreter --canonicalize --cse --split-input-file | FileCheck %s

// Slices of query, key, value and destination; the tile says where it lies, captures and lengths are those of the whole.

// CHECK-LABEL: func @groups
// CHECK-SAME:    %[[Q:.*]]: tensor<1x4x5x8xf32>, %[[K:.*]]: tensor<1x2x7x8xf32>, %[[V:.*]]: tensor<1x2x7x6xf32>
// CHECK-DAG:     %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:     %[[C5:.*]] = arith.constant 5 : index
// CHECK-DAG:     %[[C7:.*]] = arith.constant 7 : index
// CHECK:         scf.forall (%[[G:.*]], %[[ROWS:.*]], %[[COLUMNS:.*]]) in (2, 3, 2)
// CHECK-DAG:       %[[H:.*]] = affine.apply #{{.*}}(%[[G]])
// CHECK-DAG:       %[[I:.*]] = affine.apply #{{.*}}(%[[ROWS]])
// CHECK-DAG:       %[[D:.*]] = affine.apply #{{.*}}(%[[COLUMNS]])
// CHECK-DAG:       %[[NI:.*]] = affine.min #{{.*}}(%[[ROWS]])
// CHECK-DAG:       %[[ND:.*]] = affine.min #{{.*}}(%[[COLUMNS]])
// CHECK-DAG:       %[[QS:.*]] = tensor.extract_slice %[[Q]][0, %[[H]], %[[I]], 0] [1, 2, %[[NI]], 8]
// CHECK-DAG:       %[[KS:.*]] = tensor.extract_slice %[[K]][0, %[[G]], 0, 0] [1, 1, 7, 8]
// CHECK-DAG:       %[[VS:.*]] = tensor.extract_slice %[[V]][0, %[[G]], 0, %[[D]]] [1, 1, 7, %[[ND]]]
// CHECK:           gdpa.attention bhsd none
// CHECK-NEXT:        ins(%[[QS]], %[[KS]], %[[VS]] :
// CHECK:             offsets(%[[C0]], %[[H]], %[[I]], %[[C0]])
// CHECK-NEXT:        lengths(%[[C5]], %[[C7]])
// CHECK:           tensor.parallel_insert_slice %{{.*}}[0, %[[H]], %[[I]], %[[D]]] [1, 2, %[[NI]], %[[ND]]]
func.func @groups(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x6xf32>, %c: f32, %o0: tensor<1x4x5x6xf32>) -> tensor<1x4x5x6xf32> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x6xf32>) outs(%o0 : tensor<1x4x5x6xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %x = arith.addi %i, %nq : index
        %n = arith.index_cast %x : index to i32
        %f = arith.sitofp %n : i32 to f32
        gdpa.yield %f : f32
      }
      -> tensor<1x4x5x6xf32>
  return %o : tensor<1x4x5x6xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %a = transform.structured.match ops{["gdpa.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %t, %l = transform.structured.tile_using_forall %a tile_sizes [0, 2, 2, 4] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// A tile inside a group reads one key head; where the rows are whole, the lengths are the tile's own.

// CHECK-LABEL: func @inside
// CHECK-SAME:    %{{.*}}: tensor<1x8x5x8xf32>, %[[K:.*]]: tensor<1x2x7x8xf32>
// CHECK:         scf.forall (%[[T:.*]]) in (4)
// CHECK:           %[[H:.*]] = affine.apply #{{.*}}(%[[T]])
// CHECK:           %[[G:.*]] = affine.apply #{{.*}}(%[[T]])
// CHECK:           tensor.extract_slice %[[K]][0, %[[G]], 0, 0] [1, 1, 7, 8]
// CHECK:           gdpa.attention
// CHECK-NOT:       offsets
// CHECK-NOT:       lengths
// CHECK:           activation
func.func @inside(%q: tensor<1x8x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x6xf32>, %c: f32, %o0: tensor<1x8x5x6xf32>) -> tensor<1x8x5x6xf32> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x8x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x6xf32>) outs(%o0 : tensor<1x8x5x6xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %x = arith.addi %i, %nq : index
        %n = arith.index_cast %x : index to i32
        %f = arith.sitofp %n : i32 to f32
        gdpa.yield %f : f32
      }
      -> tensor<1x8x5x6xf32>
  return %o : tensor<1x8x5x6xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %a = transform.structured.match ops{["gdpa.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %t, %l = transform.structured.tile_using_forall %a tile_sizes [0, 2] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Heads and columns of a jagged batch.

// CHECK-LABEL: func @jagged
// CHECK:         scf.forall (%[[H:.*]], %{{.*}}) in (4, 2)
// CHECK:           gdpa.attention thd sum
// CHECK-NEXT:        ins({{.*}} : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x3xf32>)
// CHECK-NEXT:        outs({{.*}} : tensor<?x1x3xf32>, tensor<1x?xf32>)
// CHECK:             offsets(%{{.*}}, %[[H]], %{{.*}}, %{{.*}})
// CHECK-NOT:         lengths
func.func @jagged(%q: tensor<?x4x8xf32>, %k: tensor<?x2x8xf32>, %v: tensor<?x2x6xf32>, %cu: tensor<?xi32>, %c: f32, %o0: tensor<?x4x6xf32>,
                  %s0: tensor<4x?xf32>) -> (tensor<?x4x6xf32>, tensor<4x?xf32>) {
  %o, %st = gdpa.attention thd sum
      ins(%q, %k, %v : tensor<?x4x8xf32>, tensor<?x2x8xf32>, tensor<?x2x6xf32>) outs(%o0, %s0 : tensor<?x4x6xf32>, tensor<4x?xf32>) scale(%c : f32)
      cu_seqlens(%cu, %cu : tensor<?xi32>, tensor<?xi32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %n = arith.index_cast %h : index to i32
        %f = arith.sitofp %n : i32 to f32
        gdpa.yield %f : f32
      }
      -> tensor<?x4x6xf32>, tensor<4x?xf32>
  return %o, %st : tensor<?x4x6xf32>, tensor<4x?xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %a = transform.structured.match ops{["gdpa.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %t, %l = transform.structured.tile_using_forall %a tile_sizes [0, 1, 0, 3] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Pieces of the keys in parallel: each continues a state of its own.

// CHECK-LABEL: func @pieces
// CHECK:         %[[START:.*]] = linalg.fill {{.*}} -> tensor<2x1x4x5x6xf32>
// CHECK:         %[[STATES:.*]] = scf.forall (%[[P:.*]]) in (2) shared_outs(%[[ALL:.*]] = %[[START]])
// CHECK:           %[[J:.*]] = affine.apply #{{.*}}(%[[P]])
// CHECK:           %[[STATE:.*]] = tensor.extract_slice %[[ALL]][%[[P]], 0, 0, 0, 0] [1, 1, 4, 5, 6] {{.*}} to tensor<1x4x5x6xf32>
// CHECK:           gdpa.attention_partial bhsd none
// CHECK:             outs(%[[STATE]] :
// CHECK:         gdpa.attention_merge bhsd none
// CHECK-NEXT:      ins(%[[STATES]] : tensor<2x1x4x5x6xf32>)
func.func @pieces(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x6xf32>, %c: f32, %o0: tensor<1x4x5x6xf32>) -> tensor<1x4x5x6xf32> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x6xf32>) outs(%o0 : tensor<1x4x5x6xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %x = arith.addi %i, %nq : index
        %n = arith.index_cast %x : index to i32
        %f = arith.sitofp %n : i32 to f32
        gdpa.yield %f : f32
      }
      -> tensor<1x4x5x6xf32>
  return %o : tensor<1x4x5x6xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %a = transform.structured.match ops{["gdpa.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %f, %t, %m, %l = transform.structured.tile_reduction_using_forall %a by num_threads = [0, 0, 0, 0, 2]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Key heads of a backward with the query heads of their groups.

// CHECK-LABEL: func @backward
// CHECK-SAME:    %[[Q:[a-z0-9]*]]: tensor<2x4x?x8xf32>, %[[K:[a-z0-9]*]]: tensor<2x2x?x8xf32>
// CHECK:         scf.forall (%[[B:.*]], %[[G:.*]]) in (2, 2)
// CHECK:           %[[H:.*]] = affine.apply #{{.*}}(%[[G]])
// CHECK:           tensor.extract_slice %[[Q]][%[[B]], %[[H]], 0, 0] [1, 2, %{{.*}}, 8]
// CHECK:           tensor.extract_slice %[[K]][%[[B]], %[[G]], 0, 0] [1, 1, %{{.*}}, 8]
// CHECK:           gdpa.attention_backward bhsd none
// CHECK:             offsets(%[[B]], %[[H]], %{{.*}}, %{{.*}})
// CHECK-NOT:         lengths
// CHECK:           scf.forall.in_parallel
// CHECK-COUNT-3:     tensor.parallel_insert_slice
func.func @backward(%q: tensor<2x4x?x8xf32>, %k: tensor<2x2x?x8xf32>, %c: f32) -> (tensor<2x4x?x8xf32>, tensor<2x2x?x8xf32>, tensor<2x2x?x8xf32>) {
  %dq, %dk, %dv = gdpa.attention_backward bhsd none
      ins(%q, %k, %k, %q : tensor<2x4x?x8xf32>, tensor<2x2x?x8xf32>, tensor<2x2x?x8xf32>, tensor<2x4x?x8xf32>)
      outs(%q, %k, %k : tensor<2x4x?x8xf32>, tensor<2x2x?x8xf32>, tensor<2x2x?x8xf32>) scale(%c : f32)
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %x = arith.addi %h, %b : index
        %n = arith.index_cast %x : index to i32
        %f = arith.sitofp %n : i32 to f32
        gdpa.yield %f, %ct : f32, f32
      }
      -> tensor<2x4x?x8xf32>, tensor<2x2x?x8xf32>, tensor<2x2x?x8xf32>
  return %dq, %dk, %dv : tensor<2x4x?x8xf32>, tensor<2x2x?x8xf32>, tensor<2x2x?x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %a = transform.structured.match ops{["gdpa.attention_backward"]} in %root : (!transform.any_op) -> !transform.any_op
    %t, %l = transform.structured.tile_using_forall %a tile_sizes [1, 1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// A producer and a consumer in the loop over tiles of the consumer.

// CHECK-LABEL: func @fused
// CHECK-NOT:     gdpa.attention
// CHECK:         scf.forall
// CHECK:           %[[QS:.*]] = linalg.elementwise
// CHECK:           %[[OS:.*]] = gdpa.attention
// CHECK-NEXT:        ins(%[[QS]],
// CHECK:           linalg.elementwise {{.*}} ins(%[[OS]]
// CHECK-NOT:       gdpa.attention
// CHECK:         return
func.func @fused(%x: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %c: f32) -> tensor<1x4x5x8xf32> {
  %e = tensor.empty() : tensor<1x4x5x8xf32>
  %q = linalg.elementwise kind=#linalg.elementwise_kind<tanh> {project} ins(%x : tensor<1x4x5x8xf32>) outs(%e : tensor<1x4x5x8xf32>) -> tensor<1x4x5x8xf32>
  %o = gdpa.attention bhsd none
      ins(%q, %k, %k : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x8xf32>) outs(%e : tensor<1x4x5x8xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
      -> tensor<1x4x5x8xf32>
  %y = linalg.elementwise kind=#linalg.elementwise_kind<exp> {gate} ins(%o : tensor<1x4x5x8xf32>) outs(%e : tensor<1x4x5x8xf32>) -> tensor<1x4x5x8xf32>
  return %y : tensor<1x4x5x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %gate = transform.structured.match attributes {gate} in %root : (!transform.any_op) -> !transform.any_op
    %project = transform.structured.match attributes {project} in %root : (!transform.any_op) -> !transform.any_op
    %attention = transform.structured.match ops{["gdpa.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %t, %l = transform.structured.tile_using_forall %gate tile_sizes [1, 2, 2] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %f, %l1 = transform.structured.fuse_into_containing_op %attention into %l : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    %p, %l2 = transform.structured.fuse_into_containing_op %project into %l1 : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// A gradient of a capture is the sum of those of the pieces; the other results are put together from tiles.

// CHECK-LABEL: func @captures
// CHECK-SAME:    %{{[a-z0-9]*}}: tensor<2x2x4x8xf32>, %{{.*}}: f32, %[[DT:[a-z0-9]*]]: tensor<f32>
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant 0.000000e+00
// CHECK-DAG:     %[[PIECES:.*]] = linalg.fill {{.*}} -> tensor<2x2xf32>
// CHECK:         %[[SUMS:.*]] = scf.forall (%[[B:.*]], %[[H:.*]]) in (2, 2) shared_outs({{.*}} = %[[PIECES]])
// CHECK:           %[[PIECE:.*]] = tensor.extract_slice %{{.*}}[%[[B]], %[[H]]] [1, 1] [1, 1] : tensor<2x2xf32> to tensor<f32>
// CHECK:           %{{.*}}, %{{.*}}, %{{.*}}, %[[G:.*]] = gdpa.attention_backward
// CHECK:           %[[SUM:.*]] = linalg.add ins(%[[PIECE]], %[[G]]
// CHECK:           tensor.parallel_insert_slice %[[SUM]]
// CHECK:         %[[START:.*]] = linalg.fill ins(%[[ZERO]] : f32) outs(%[[DT]] : tensor<f32>)
// CHECK:         linalg.reduce ins(%[[SUMS]] : tensor<2x2xf32>) outs(%[[START]] : tensor<f32>) dimensions = [0, 1]
func.func @captures(%x: tensor<2x2x4x8xf32>, %t: f32, %dt: tensor<f32>, %c: f32) -> tensor<f32> {
  %d:4 = gdpa.attention_backward bhsd none
      ins(%x, %x, %x, %x : tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>)
      outs(%x, %x, %x, %dt : tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>, tensor<f32>) scale(%c : f32)
      captures(%t : f32) wrt [0]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        gdpa.accumulate %ct, %T : f32, f32
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>, tensor<f32>
  return %d#3 : tensor<f32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %a = transform.structured.match ops{["gdpa.attention_backward"]} in %root : (!transform.any_op) -> !transform.any_op
    %f:4, %t, %m, %l = transform.structured.tile_reduction_using_forall %a by tile_sizes = [1, 1] : (!transform.any_op)
        -> (!transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}
