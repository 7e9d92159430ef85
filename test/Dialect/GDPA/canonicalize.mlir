// RUN: gdpa-opt %s --canonicalize --split-input-file | FileCheck %s
// RUN: gdpa-opt %s --canonicalize --canonicalize --split-input-file | FileCheck %s

// Casts of inputs fold into the operation.

// CHECK-LABEL: func.func @input_casts
// CHECK-SAME:    %[[Q:[a-z0-9]+]]: tensor<1x2x4x8xf32>
// CHECK-NOT:     tensor.cast
// CHECK:         ins(%[[Q]], %[[Q]], %[[Q]] : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
// CHECK-NEXT:    outs(%{{.*}} : tensor<1x2x?x8xf32>)
func.func @input_casts(%q: tensor<1x2x4x8xf32>, %o0: tensor<1x2x?x8xf32>, %c: f32) -> tensor<1x2x?x8xf32> {
  %x = tensor.cast %q : tensor<1x2x4x8xf32> to tensor<1x2x?x8xf32>
  %o = gdpa.attention bhsd none
      ins(%x, %x, %x : tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>)
      outs(%o0 : tensor<1x2x?x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x2x?x8xf32>
  return %o : tensor<1x2x?x8xf32>
}

// -----

// A cast that adds a claim about sizes is not forgotten.

// CHECK-LABEL: func.func @claiming_cast
// CHECK:         %[[CAST:.*]] = tensor.cast
// CHECK:         ins(%[[CAST]], %[[CAST]], %[[CAST]] :
func.func @claiming_cast(%q: tensor<1x2x?x8xf32>, %o0: tensor<1x2x4x8xf32>, %c: f32) -> tensor<1x2x4x8xf32> {
  %x = tensor.cast %q : tensor<1x2x?x8xf32> to tensor<1x2x4x8xf32>
  %o = gdpa.attention bhsd none
      ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%o0 : tensor<1x2x4x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x2x4x8xf32>
  return %o : tensor<1x2x4x8xf32>
}

// -----

// A destination's cast folds too: the result is cast instead.

// CHECK-LABEL: func.func @destination_cast
// CHECK-SAME:    %[[O0:[a-z0-9]+]]: tensor<1x2x4x8xf32>
// CHECK:         %[[O:.*]] = gdpa.attention
// CHECK:           outs(%[[O0]] : tensor<1x2x4x8xf32>)
// CHECK:           -> tensor<1x2x4x8xf32>
// CHECK-NEXT:    %[[CAST:.*]] = tensor.cast %[[O]] : tensor<1x2x4x8xf32> to tensor<1x2x?x8xf32>
// CHECK-NEXT:    return %[[CAST]]
func.func @destination_cast(%q: tensor<1x2x?x8xf32>, %o0: tensor<1x2x4x8xf32>, %c: f32) -> tensor<1x2x?x8xf32> {
  %y = tensor.cast %o0 : tensor<1x2x4x8xf32> to tensor<1x2x?x8xf32>
  %o = gdpa.attention bhsd none
      ins(%q, %q, %q : tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>)
      outs(%y : tensor<1x2x?x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x2x?x8xf32>
  return %o : tensor<1x2x?x8xf32>
}

// -----

// A result that is only cast to a more static type gets that type.

// CHECK-LABEL: func.func @result_cast
// CHECK:         %[[O0:.*]] = tensor.empty() : tensor<1x2x4x8xf32>
// CHECK:         %[[O:.*]] = gdpa.attention
// CHECK:           outs(%[[O0]] : tensor<1x2x4x8xf32>)
// CHECK:           -> tensor<1x2x4x8xf32>
// CHECK-NEXT:    return %[[O]]
func.func @result_cast(%q: tensor<1x2x?x8xf32>, %c: f32) -> tensor<1x2x4x8xf32> {
  %c4 = arith.constant 4 : index
  %o0 = tensor.empty(%c4) : tensor<1x2x?x8xf32>
  %o = gdpa.attention bhsd none
      ins(%q, %q, %q : tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>)
      outs(%o0 : tensor<1x2x?x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x2x?x8xf32>
  %r = tensor.cast %o : tensor<1x2x?x8xf32> to tensor<1x2x4x8xf32>
  return %r : tensor<1x2x4x8xf32>
}

// -----

// A capture's cast changes the arguments of every region.

// CHECK-LABEL: func.func @capture_cast
// CHECK-SAME:    %[[B:[a-z0-9]+]]: tensor<2x4xf32>
// CHECK-NOT:     tensor.cast
// CHECK:         captures(%[[B]] : tensor<2x4xf32>) wrt [0]
// CHECK-NEXT:    joint({{.*}}, %c0: tensor<2x4xf32>) {
// CHECK-NEXT:      tensor.extract %c0[%h, %j] : tensor<2x4xf32>
// CHECK:           gdpa.accumulate %{{.*}}, %c0[%h, %j] : f32, tensor<2x4xf32>
// CHECK:         mask({{.*}}, %c0: tensor<2x4xf32>) {
// CHECK:           tensor.extract %c0[%h, %i] : tensor<2x4xf32>
func.func @capture_cast(%x: tensor<1x2x?x8xf32>, %bias: tensor<2x4xf32>, %db0: tensor<2x?xf32>, %c: f32)
    -> (tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<2x?xf32>) {
  %B = tensor.cast %bias : tensor<2x4xf32> to tensor<2x?xf32>
  %dq, %dk, %dv, %db = gdpa.attention_backward bhsd none
      ins(%x, %x, %x, %x : tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>)
      outs(%x, %x, %x, %db0 : tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<2x?xf32>)
      scale(%c : f32)
      captures(%B : tensor<2x?xf32>) wrt [0]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C: tensor<2x?xf32>) {
        %r = tensor.extract %C[%h, %j] : tensor<2x?xf32>
        %z = arith.mulf %s, %r : f32
        %ds = arith.mulf %ct, %r : f32
        %g = arith.mulf %ct, %s : f32
        gdpa.accumulate %g, %C[%h, %j] : f32, tensor<2x?xf32>
        gdpa.yield %z, %ds : f32, f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C: tensor<2x?xf32>) {
        %r = tensor.extract %C[%h, %i] : tensor<2x?xf32>
        %k = arith.cmpf ogt, %r, %r : f32
        gdpa.yield %k : i1
      }
      -> tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<2x?xf32>
  return %dq, %dk, %dv, %db : tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<2x?xf32>
}

// -----

// A user of a capture that needs the old type keeps it through a cast (which
// upstream moves past to_buffer here).

// CHECK-LABEL: func.func @capture_cast_other_user
// CHECK-SAME:    %[[B:[a-z0-9]+]]: tensor<4xf32>
// CHECK:         captures(%[[B]] : tensor<4xf32>)
// CHECK-NEXT:    activation({{.*}}, %c0: tensor<4xf32>) {
// CHECK-NEXT:      %[[BUFFER:.*]] = bufferization.to_buffer %c0 : tensor<4xf32> to memref<4xf32, strided<[1]>>
// CHECK-NEXT:      memref.cast %[[BUFFER]] : memref<4xf32, strided<[1]>> to memref<?xf32, strided<[1]>>
func.func @capture_cast_other_user(%q: tensor<1x2x4x8xf32>, %o0: tensor<1x2x4x8xf32>, %bias: tensor<4xf32>, %c: f32) -> tensor<1x2x4x8xf32> {
  %B = tensor.cast %bias : tensor<4xf32> to tensor<?xf32>
  %o = gdpa.attention bhsd none
      ins(%q, %q, %q : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%o0 : tensor<1x2x4x8xf32>)
      scale(%c : f32)
      captures(%B : tensor<?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C: tensor<?xf32>) {
        %m = bufferization.to_buffer %C : tensor<?xf32> to memref<?xf32, strided<[1]>>
        %n = memref.dim %m, %b : memref<?xf32, strided<[1]>>
        %z = arith.index_cast %n : index to i32
        %f = arith.sitofp %z : i32 to f32
        gdpa.yield %f : f32
      }
      -> tensor<1x2x4x8xf32>
  return %o : tensor<1x2x4x8xf32>
}

// -----

// The same with memrefs: inputs, destinations and captures.

// CHECK-LABEL: func.func @memref_casts
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<1x2x4x8xf32>, %[[B:[a-z0-9]+]]: memref<4xf32>
// CHECK-NOT:     memref.cast
// CHECK:         ins(%[[X]], %[[X]], %[[X]] : memref<1x2x4x8xf32>,
// CHECK-NEXT:    outs(%[[X]] : memref<1x2x4x8xf32>)
// CHECK-NEXT:    scale(
// CHECK-NEXT:    captures(%[[B]] : memref<4xf32>)
// CHECK-NEXT:    activation({{.*}}, %c0: memref<4xf32>) {
// CHECK-NEXT:      memref.load %c0[%j] : memref<4xf32>
func.func @memref_casts(%x: memref<1x2x4x8xf32>, %bias: memref<4xf32>, %c: f32) {
  %y = memref.cast %x : memref<1x2x4x8xf32> to memref<1x2x?x8xf32, strided<[?, ?, ?, 1], offset: ?>>
  %B = memref.cast %bias : memref<4xf32> to memref<?xf32>
  gdpa.attention bhsd none
      ins(%y, %y, %y : memref<1x2x?x8xf32, strided<[?, ?, ?, 1], offset: ?>>, memref<1x2x?x8xf32, strided<[?, ?, ?, 1], offset: ?>>, memref<1x2x?x8xf32, strided<[?, ?, ?, 1], offset: ?>>)
      outs(%y : memref<1x2x?x8xf32, strided<[?, ?, ?, 1], offset: ?>>)
      scale(%c : f32)
      captures(%B : memref<?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C: memref<?xf32>) {
        %r = memref.load %C[%j] : memref<?xf32>
        gdpa.yield %r : f32
      }
  return
}

// -----

// Captures that no region uses go, with their region arguments.

// CHECK-LABEL: func.func @unused_captures
// CHECK-SAME:    %[[A:[a-z0-9]+]]: f32, %[[B:[a-z0-9]+]]: f32, %[[C:[a-z0-9]+]]: f32)
// CHECK:         captures(%[[B]] : f32)
// CHECK-NEXT:    activation(%s: f32, {{.*}}, %nk: index, %c0: f32) {
// CHECK-NEXT:      arith.addf %s, %c0
// CHECK:         mask({{.*}}, %nk: index, %c0: f32) {
func.func @unused_captures(%q: tensor<1x2x4x8xf32>, %o0: tensor<1x2x4x8xf32>, %a: f32, %b: f32, %c: f32) -> tensor<1x2x4x8xf32> {
  %o = gdpa.attention bhsd none
      ins(%q, %q, %q : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%o0 : tensor<1x2x4x8xf32>)
      scale(%c : f32)
      captures(%a, %b, %c : f32, f32, f32)
      activation(%s: f32, %b0: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %A: f32, %B: f32, %C: f32) {
        %z = arith.addf %s, %B : f32
        gdpa.yield %z : f32
      }
      mask(%b0: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %A: f32, %B: f32, %C: f32) {
        %k = arith.cmpi sge, %i, %j : index
        gdpa.yield %k : i1
      }
      -> tensor<1x2x4x8xf32>
  return %o : tensor<1x2x4x8xf32>
}

// -----

// Backward: a capture that wrt names stays though no region uses it (its gradient
// is zero); wrt counts anew.

// CHECK-LABEL: func.func @unused_captures_wrt
// CHECK-SAME:    %[[A:[a-z0-9]+]]: f32, %[[B:[a-z0-9]+]]: f32, %[[C:[a-z0-9]+]]: f32, %[[D:[a-z0-9]+]]: f32)
// CHECK:         outs(%{{.*}} : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<f32>, tensor<f32>)
// CHECK:         captures(%[[B]], %[[D]] : f32, f32) wrt [0, 1]
// CHECK-NEXT:    joint(%s: f32, %ct: f32, {{.*}}, %nk: index, %c0: f32, %c1: f32) {
// CHECK-NEXT:      gdpa.accumulate %ct, %c1 : f32, f32
func.func @unused_captures_wrt(%x: tensor<1x2x4x8xf32>, %g0: tensor<f32>, %g1: tensor<f32>, %a: f32, %b: f32, %c: f32, %d: f32)
    -> (tensor<1x2x4x8xf32>, tensor<f32>, tensor<f32>) {
  %dq, %dk, %dv, %db, %dd = gdpa.attention_backward bhsd none
      ins(%x, %x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%x, %x, %x, %g0, %g1 : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<f32>, tensor<f32>)
      scale(%c : f32)
      captures(%a, %b, %c, %d : f32, f32, f32, f32) wrt [1, 3]
      joint(%s: f32, %ct: f32, %b0: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %A: f32, %B: f32, %C: f32, %D: f32) {
        gdpa.accumulate %ct, %D : f32, f32
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<f32>, tensor<f32>
  return %dq, %db, %dd : tensor<1x2x4x8xf32>, tensor<f32>, tensor<f32>
}

// -----

// A mask that keeps everything goes, also where folding finds that out; one that
// keeps nothing stays. A destination of statistics stays.

// CHECK-LABEL: func.func @full_mask
// CHECK:         %[[O:.*]], %{{.*}} = gdpa.attention bhsd sum
// CHECK-NOT:     mask
// CHECK:         -> tensor<1x2x4x8xf32>, tensor<1x2x4xf32>
// CHECK:         gdpa.attention bhsd none
// CHECK:         mask(
// CHECK-NEXT:      %[[FALSE:.*]] = arith.constant false
// CHECK-NEXT:      gdpa.yield %[[FALSE]] : i1
func.func @full_mask(%q: tensor<1x2x4x8xf32>, %st0: tensor<1x2x4xf32>, %c: f32) -> tensor<1x2x4x8xf32> {
  %o0 = tensor.empty() : tensor<1x2x4x8xf32>
  %o, %st = gdpa.attention bhsd sum
      ins(%q, %q, %q : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%o0, %st0 : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %k = arith.cmpi eq, %i, %i : index
        gdpa.yield %k : i1
      }
      -> tensor<1x2x4x8xf32>, tensor<1x2x4xf32>
  %p = gdpa.attention bhsd none
      ins(%o, %q, %q : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%o0 : tensor<1x2x4x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %k = arith.constant false
        gdpa.yield %k : i1
      }
      -> tensor<1x2x4x8xf32>
  return %p : tensor<1x2x4x8xf32>
}

// -----

// On tensors an operation without users goes; on memrefs it writes. A gradient's
// accumulation is never dead.

// CHECK-LABEL: func.func @dead
// CHECK-SAME:    %[[Q:[a-z0-9]+]]: tensor
// CHECK-NEXT:    gdpa.attention_backward bhsd none
// CHECK-NEXT:      ins(%{{.*}} : memref
// CHECK:           gdpa.accumulate
// CHECK:         return
// CHECK-NOT:     gdpa.attention
func.func @dead(%q: tensor<1x2x4x8xf32>, %m: memref<1x2x4x8xf32>, %w: memref<1x2x4x8xf32>, %g: memref<f32>, %c: f32) {
  %o = gdpa.attention bhsd none
      ins(%q, %q, %q : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%q : tensor<1x2x4x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x2x4x8xf32>
  gdpa.attention_backward bhsd none
      ins(%m, %m, %m, %m : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
      outs(%w, %w, %w, %g : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<f32>)
      scale(%c : f32)
      captures(%c : f32) wrt [0]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        gdpa.accumulate %ct, %T : f32, f32
        gdpa.yield %s, %ct : f32, f32
      }
  return
}
