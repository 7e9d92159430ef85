// RUN: gdpa-opt %s --transform-interpreter --split-input-file --verify-diagnostics

// Tiles that cannot be expressed. (Upstream adds two errors of its own.)

// A tile of 3 heads cuts groups of 2.
func.func @heads(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x6xf32>, %c: f32, %o0: tensor<1x4x5x6xf32>) -> tensor<1x4x5x6xf32> {
  // expected-note@+4 {{when applied to this op}}
  // expected-error@+3 {{expected tiles of heads that hold whole groups of 2 query heads or divide one, found tiles of a size known at run time only}}
  // expected-error@+2 {{faild to tile operation}}
  // expected-error@+1 {{failed to generate tiling loops}}
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
    // expected-error@+1 {{transform.structured.tile_using_forall failed to apply}}
    %t, %l = transform.structured.tile_using_forall %a tile_sizes [0, 3] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// A number of query heads of each key head that is not known.
func.func @unknown(%q: tensor<1x?x5x8xf32>, %k: tensor<1x?x7x8xf32>, %v: tensor<1x?x7x6xf32>, %c: f32, %o0: tensor<1x?x5x6xf32>) -> tensor<1x?x5x6xf32> {
  // expected-note@+4 {{when applied to this op}}
  // expected-error@+3 {{expected tiles of heads that hold whole groups of a number known at run time only of query heads or divide one, found tiles of a size known at run time only}}
  // expected-error@+2 {{faild to tile operation}}
  // expected-error@+1 {{failed to generate tiling loops}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x?x5x8xf32>, tensor<1x?x7x8xf32>, tensor<1x?x7x6xf32>) outs(%o0 : tensor<1x?x5x6xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %x = arith.addi %i, %nq : index
        %n = arith.index_cast %x : index to i32
        %f = arith.sitofp %n : i32 to f32
        gdpa.yield %f : f32
      }
      -> tensor<1x?x5x6xf32>
  return %o : tensor<1x?x5x6xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %a = transform.structured.match ops{["gdpa.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error@+1 {{transform.structured.tile_using_forall failed to apply}}
    %t, %l = transform.structured.tile_using_forall %a tile_sizes [0, 2] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Keys of an operation that overwrites its destination.
func.func @keys(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x6xf32>, %c: f32, %o0: tensor<1x4x5x6xf32>) -> tensor<1x4x5x6xf32> {
  // expected-error@+3 {{expected all keys in a tile, found some: tile the keys as a partial reduction}}
  // expected-error@+2 {{faild to tile operation}}
  // expected-error@+1 {{failed to generate tiling loops}}
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
    %t, %l = transform.structured.tile_using_for %a tile_sizes [0, 0, 0, 0, 3] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Rows of a jagged batch.
func.func @rows(%x: tensor<?x4x8xf32>, %cu: tensor<?xi32>, %c: f32) -> tensor<?x4x8xf32> {
  // expected-note@+4 {{when applied to this op}}
  // expected-error@+3 {{expected tiles of heads and columns in layout thd, whose sequences begin at rows known at run time only, found tiles of its rows}}
  // expected-error@+2 {{faild to tile operation}}
  // expected-error@+1 {{failed to generate tiling loops}}
  %o = gdpa.attention thd none
      ins(%x, %x, %x : tensor<?x4x8xf32>, tensor<?x4x8xf32>, tensor<?x4x8xf32>) outs(%x : tensor<?x4x8xf32>) scale(%c : f32)
      cu_seqlens(%cu, %cu : tensor<?xi32>, tensor<?xi32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
      -> tensor<?x4x8xf32>
  return %o : tensor<?x4x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %a = transform.structured.match ops{["gdpa.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error@+1 {{transform.structured.tile_using_forall failed to apply}}
    %t, %l = transform.structured.tile_using_forall %a tile_sizes [0, 0, 4] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Gradients of captures.
func.func @wrt(%x: tensor<2x2x4x8xf32>, %t: f32, %dt: tensor<f32>, %c: f32) -> tensor<f32> {
  // expected-error@+3 {{expected no gradients of captures in an operation to tile: they are sums over all tiles, which a partial reduction makes (transform.structured.tile_reduction_using_forall), found wrt array<i64: 0>}}
  // expected-error@+2 {{faild to tile operation}}
  // expected-error@+1 {{failed to generate tiling loops}}
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
    %t, %l = transform.structured.tile_using_for %a tile_sizes [1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Gradients of captures that each tile would round.
func.func @narrow(%x: tensor<2x2x4x8xbf16>, %t: bf16, %dt: tensor<bf16>, %c: f32) -> tensor<bf16> {
  // expected-error@+1 {{expected gradients of captures of type 'f32' to add up those of tiles, found 'bf16'}}
  %d:4 = gdpa.attention_backward bhsd none
      ins(%x, %x, %x, %x : tensor<2x2x4x8xbf16>, tensor<2x2x4x8xbf16>, tensor<2x2x4x8xbf16>, tensor<2x2x4x8xbf16>)
      outs(%x, %x, %x, %dt : tensor<2x2x4x8xbf16>, tensor<2x2x4x8xbf16>, tensor<2x2x4x8xbf16>, tensor<bf16>) scale(%c : f32)
      captures(%t : bf16) wrt [0]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: bf16) {
        gdpa.accumulate %ct, %T : f32, bf16
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<2x2x4x8xbf16>, tensor<2x2x4x8xbf16>, tensor<2x2x4x8xbf16>, tensor<bf16>
  return %d#3 : tensor<bf16>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %a = transform.structured.match ops{["gdpa.attention_backward"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error@+1 {{could not tile reduction}}
    %f:4, %t, %m, %l = transform.structured.tile_reduction_using_forall %a by tile_sizes = [1, 1] : (!transform.any_op)
        -> (!transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}
