// RUN: gdpa-opt %s --split-input-file --gdpa-autodiff --gdpa-prepare-entry --one-shot-bufferize --gdpa-plan="target=cpu" --convert-gdpa-to-tile --canonicalize --cse | FileCheck %s --check-prefixes=ALL,CPU
// RUN: gdpa-opt %s --split-input-file --gdpa-autodiff --gdpa-prepare-entry --one-shot-bufferize --gdpa-plan="target=sm_80" --convert-gdpa-to-tile --canonicalize --cse | FileCheck %s --check-prefixes=ALL,GPU

// softmax: the loop over keys carries the output, the running maximum and the running sum. Keys past the end count as masked: -inf.

// ALL: gdpa_tile.program @softmax_forward
// ALL: scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}, %[[M:[a-zA-Z0-9_]+]] = %{{.*}}, %[[L:[a-zA-Z0-9_]+]] = %{{.*}})
// ALL:   linalg.contract {{.*}} {gdpa_tile.role = "score"}
// ALL:   linalg.generic {{.*}} {gdpa_tile.role = "activation"}
// ALL:     gdpa_tile.keep
// ALL:     arith.select %{{.*}}, %{{.*}}, %{{.*}} : f32
// The block's largest logit.
// ALL:   linalg.generic {{.*}} {gdpa_tile.role = "reduce"}
// CPU:     arith.cmpf ogt
// GPU:     arith.maxnumf
// The old statistics are rescaled by exp(m - m'), the logits become exp(z - m'); fast, the default on NVIDIA, by 2^(z log2 e - m').
// ALL:   linalg.generic {{.*}} ins(%[[M]], %{{.*}} {gdpa_tile.role = "map"}
// CPU:     math.exp %
// GPU:     math.fma
// GPU:     math.exp2
// ALL:   linalg.generic {{.*}} {gdpa_tile.role = "map"}
// CPU:     math.exp %
// GPU:     math.fma
// GPU:     math.exp2
// ALL:   linalg.generic {{.*}} outs(%[[L]] {{.*}} {gdpa_tile.role = "map"}
// ALL:   linalg.generic {{.*}} {gdpa_tile.role = "reduce"}
// ALL:     arith.addf
// ALL:   linalg.contract {{.*}} {gdpa_tile.role = "stationary"}
// ALL:   scf.yield %{{.*}}, %{{.*}}, %{{.*}}
// After the loop: o = acc / l where l is not zero, lse = m + log l.
// ALL: arith.divf
// ALL: math.log
// ALL: gdpa_tile.store {{.*}} memref<?x?x?xf32
// ALL: gdpa_tile.store {{.*}} memref<?x?x?x64xbf16

// The backward: a program of the row terms, lse (+inf for a row without weight) and dlse - dO . o; then kernels that read them like captures.

// ALL: gdpa_tile.program @softmax_vjp_backward_rowterms
// ALL:   linalg.generic {{.*}} {gdpa_tile.role = "reduce"}
// ALL:   arith.cmpf une
// ALL: gdpa_tile.program @softmax_vjp_backward_dkv
// ALL:   linalg.generic {{.*}} {gdpa_tile.role = "activation"}
// CPU:     %[[D:[a-zA-Z0-9_]+]] = arith.subf
// CPU:     %[[W:[a-zA-Z0-9_]+]] = math.exp %[[D]]
// GPU:     %[[M:[a-zA-Z0-9_]+]] = arith.mulf
// GPU:     %[[D:[a-zA-Z0-9_]+]] = arith.addf %[[M]]
// GPU:     %[[W:[a-zA-Z0-9_]+]] = math.exp2 %[[D]]
// ALL:     %[[LIVE:[a-zA-Z0-9_]+]] = arith.cmpf une, %[[W]], %{{.*}} : f32
// ALL:     %[[SUM:[a-zA-Z0-9_]+]] = arith.addf
// ALL:     %[[CT:[a-zA-Z0-9_]+]] = arith.mulf %[[W]], %[[SUM]]
// ALL:     arith.select %[[LIVE]], %[[CT]], %{{.*}} : f32
func.func @softmax(%q: tensor<?x?x?x64xbf16>, %k: tensor<?x?x?x64xbf16>, %v: tensor<?x?x?x64xbf16>, %scale: f32, %o0: tensor<?x?x?x64xbf16>, %st0: tensor<?x?x?xf32>) -> (tensor<?x?x?x64xbf16>, tensor<?x?x?xf32>) {
  %o, %st = gdpa.attention bhsd softmax
      ins(%q, %k, %v : tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>)
      outs(%o0, %st0 : tensor<?x?x?x64xbf16>, tensor<?x?x?xf32>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } -> tensor<?x?x?x64xbf16>, tensor<?x?x?xf32>
  return %o, %st : tensor<?x?x?x64xbf16>, tensor<?x?x?xf32>
}

// -----

// sum: r sums unrounded values, the product takes rounded ones; its row terms are 1/r and dr - delta/r, both 0 where r = 0.

// ALL: gdpa_tile.program @sum_forward
// ALL: scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}, %[[R:[a-zA-Z0-9_]+]] = %{{.*}})
// ALL:   %[[Z:[a-zA-Z0-9_]+]]:2 = linalg.generic {{.*}} {gdpa_tile.role = "activation"}
// ALL:   linalg.generic {{.*}} ins(%[[Z]]#1 {{.*}} outs(%[[R]] {{.*}} {gdpa_tile.role = "reduce"}
// ALL:   linalg.contract {{.*}} ins(%[[Z]]#0
// ALL: gdpa_tile.program @sum_vjp_backward_rowterms
// ALL:   arith.divf
// ALL: gdpa_tile.program @sum_vjp_backward_dkv
// ALL:   linalg.generic {{.*}} {gdpa_tile.role = "activation"}
// ALL:     %[[LIVE:[a-zA-Z0-9_]+]] = arith.cmpf une
// ALL:     arith.mulf
// ALL:     arith.select %[[LIVE]], %{{.*}}, %{{.*}} : f32
func.func @sum(%q: tensor<?x?x?x64xbf16>, %k: tensor<?x?x?x64xbf16>, %v: tensor<?x?x?x64xbf16>, %scale: f32, %o0: tensor<?x?x?x64xbf16>, %st0: tensor<?x?x?xf32>) -> (tensor<?x?x?x64xbf16>, tensor<?x?x?xf32>) {
  %o, %st = gdpa.attention bhsd sum
      ins(%q, %k, %v : tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>)
      outs(%o0, %st0 : tensor<?x?x?x64xbf16>, tensor<?x?x?xf32>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.exp %s : f32
        gdpa.yield %z : f32
      } -> tensor<?x?x?x64xbf16>, tensor<?x?x?xf32>
  return %o, %st : tensor<?x?x?x64xbf16>, tensor<?x?x?xf32>
}

// -----

// A vjp region is the backward's derivative; the forward ignores it. A capture that it does not accumulate into gets zero.

// ALL: gdpa_tile.program @straight_forward
// ALL-NOT: math.absf
// ALL: gdpa_tile.program @straight_vjp_backward_dkv
// ALL: gdpa_tile.program @straight_vjp_backward_dcapture0
// ALL-NOT: gdpa_tile.load
// CPU: memref.store %{{.*}}, %{{.*}}[%{{.*}}] : memref<?xf32
// GPU: gdpa_tile.store %{{.*}} : tensor<64x8xf32>, memref<?xf32
func.func @straight(%q: tensor<?x?x?x64xbf16>, %k: tensor<?x?x?x64xbf16>, %v: tensor<?x?x?x64xbf16>, %bias: tensor<?xf32>, %scale: f32, %o0: tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>)
      outs(%o0 : tensor<?x?x?x64xbf16>) scale(%scale : f32) captures(%bias : tensor<?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<?xf32>) {
        %x = tensor.extract %B[%h] : tensor<?xf32>
        %z = math.round %s : f32
        %y = arith.addf %z, %x : f32
        gdpa.yield %y : f32
      }
      vjp(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<?xf32>) {
        %a = math.absf %s : f32
        %ds = arith.mulf %a, %ct : f32
        gdpa.yield %ds : f32
      } -> tensor<?x?x?x64xbf16>
  return %o : tensor<?x?x?x64xbf16>
}
