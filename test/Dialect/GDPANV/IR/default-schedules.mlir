// RUN: gdpa-opt %s --gdpa-plan="target=sm_80" | FileCheck %s

// What is chosen where an operation says nothing: by head dims, by what the region costs, and by whether it looks at positions, whose
// arithmetic takes registers.

// CHECK-LABEL: func.func @cheap
// CHECK: schedule = #gdpa_nv.schedule<block_q = 128, block_kv = 128,
func.func @cheap(%q: tensor<1x2x?x64xbf16>, %scale: f32, %o0: tensor<1x2x?x64xbf16>) -> tensor<1x2x?x64xbf16> {
  %o = gdpa.attention bhsd none ins(%q, %q, %q : tensor<1x2x?x64xbf16>, tensor<1x2x?x64xbf16>, tensor<1x2x?x64xbf16>)
      outs(%o0 : tensor<1x2x?x64xbf16>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } -> tensor<1x2x?x64xbf16>
  return %o : tensor<1x2x?x64xbf16>
}

// CHECK-LABEL: func.func @wide
// CHECK: schedule = #gdpa_nv.schedule<block_q = 128, block_kv = 64,
func.func @wide(%q: tensor<1x2x?x128xbf16>, %scale: f32, %o0: tensor<1x2x?x128xbf16>) -> tensor<1x2x?x128xbf16> {
  %o = gdpa.attention bhsd none ins(%q, %q, %q : tensor<1x2x?x128xbf16>, tensor<1x2x?x128xbf16>, tensor<1x2x?x128xbf16>)
      outs(%o0 : tensor<1x2x?x128xbf16>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } -> tensor<1x2x?x128xbf16>
  return %o : tensor<1x2x?x128xbf16>
}

// CHECK-LABEL: func.func @positions
// CHECK: schedule = #gdpa_nv.schedule<block_q = 128, block_kv = 64,
func.func @positions(%q: tensor<1x2x?x128xbf16>, %scale: f32, %o0: tensor<1x2x?x128xbf16>) -> tensor<1x2x?x128xbf16> {
  %o = gdpa.attention bhsd none ins(%q, %q, %q : tensor<1x2x?x128xbf16>, tensor<1x2x?x128xbf16>, tensor<1x2x?x128xbf16>)
      outs(%o0 : tensor<1x2x?x128xbf16>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %keep = arith.cmpi sge, %i, %j : index
        gdpa.yield %keep : i1
      } -> tensor<1x2x?x128xbf16>
  return %o : tensor<1x2x?x128xbf16>
}

// A longer region leaves fewer registers to the block.
// CHECK-LABEL: func.func @positions_and_more
// CHECK: schedule = #gdpa_nv.schedule<block_q = 128, block_kv = 48,
func.func @positions_and_more(%q: tensor<1x2x?x128xbf16>, %scale: f32, %o0: tensor<1x2x?x128xbf16>) -> tensor<1x2x?x128xbf16> {
  %o = gdpa.attention bhsd none ins(%q, %q, %q : tensor<1x2x?x128xbf16>, tensor<1x2x?x128xbf16>, tensor<1x2x?x128xbf16>)
      outs(%o0 : tensor<1x2x?x128xbf16>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %a = math.exp %s : f32
        %c = math.tanh %a : f32
        %d = math.sqrt %c : f32
        %e = math.exp2 %d : f32
        gdpa.yield %e : f32
      } mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %keep = arith.cmpi sge, %i, %j : index
        gdpa.yield %keep : i1
      } -> tensor<1x2x?x128xbf16>
  return %o : tensor<1x2x?x128xbf16>
}

// CHECK-LABEL: func.func @gathers
// CHECK: schedule = #gdpa_nv.schedule<block_q = 128, block_kv = 32,
func.func @gathers(%q: tensor<1x2x?x128xbf16>, %scale: f32, %table: tensor<?xf32>, %o0: tensor<1x2x?x128xbf16>) -> tensor<1x2x?x128xbf16> {
  %o = gdpa.attention bhsd none ins(%q, %q, %q : tensor<1x2x?x128xbf16>, tensor<1x2x?x128xbf16>, tensor<1x2x?x128xbf16>)
      outs(%o0 : tensor<1x2x?x128xbf16>) scale(%scale : f32) captures(%table : tensor<?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: tensor<?xf32>) {
        %d = arith.maxsi %i, %j : index
        %r = tensor.extract %T[%d] : tensor<?xf32>
        %z = arith.addf %s, %r : f32
        gdpa.yield %z : f32
      } -> tensor<1x2x?x128xbf16>
  return %o : tensor<1x2x?x128xbf16>
}

// A look-up by the score takes the most registers of all.
// CHECK-LABEL: func.func @looks_up
// CHECK: schedule = #gdpa_nv.schedule<block_q = 64, block_kv = 32, dkv_block_q = 16, dkv_block_kv = 64,
func.func @looks_up(%q: tensor<1x2x?x128xbf16>, %scale: f32, %table: tensor<?xf32>, %o0: tensor<1x2x?x128xbf16>) -> tensor<1x2x?x128xbf16> {
  %o = gdpa.attention bhsd none ins(%q, %q, %q : tensor<1x2x?x128xbf16>, tensor<1x2x?x128xbf16>, tensor<1x2x?x128xbf16>)
      outs(%o0 : tensor<1x2x?x128xbf16>) scale(%scale : f32) captures(%table : tensor<?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: tensor<?xf32>) {
        %cell = arith.fptosi %s : f32 to i32
        %place = arith.index_cast %cell : i32 to index
        %r = tensor.extract %T[%place] : tensor<?xf32>
        gdpa.yield %r : f32
      } -> tensor<1x2x?x128xbf16>
  return %o : tensor<1x2x?x128xbf16>
}
