// RUN: gdpa-opt %s --split-input-file --gdpa-prepare-entry --one-shot-bufferize --gdpa-plan="target=cpu" --convert-gdpa-to-tile --canonicalize --cse | FileCheck %s --check-prefix=CPU
// RUN: gdpa-opt %s --split-input-file --gdpa-prepare-entry --one-shot-bufferize --gdpa-plan="target=sm_80" --convert-gdpa-to-tile --canonicalize --cse | FileCheck %s --check-prefix=GPU

// Packed blocks: queries transposed in panels, scaled once; keys and values in groups.

// CPU-DAG: #[[TRANSPOSED:[a-zA-Z0-9_]+]] = affine_map<(d0, d1, d2) -> (0, 0, d0 * 16 + d2, d1)>
// CPU-DAG: #[[GROUPS:[a-zA-Z0-9_]+]] = affine_map<(d0, d1, d2) -> (0, 0, d0 * 4 + d1, d2)>
// CPU: func.func @plain
// CPU: gdpa_tile.launch @plain_forward grid(%{{.*}}, %{{.*}}, %{{.*}})
// CPU: gdpa_tile.program @plain_forward
// CPU-SAME: schedule = #gdpa_cpu.schedule<block_q = 256, block_kv = 128
// CPU: %[[Q:[a-zA-Z0-9_]+]] = gdpa_tile.load %{{.*}} map #[[TRANSPOSED]] {{.*}} -> tensor<?x48x16xf32>
// CPU: linalg.generic {{.*}} outs(%[[Q]] : {{.*}} {gdpa_tile.role = "scale"}
// CPU: scf.for
// CPU:   gdpa_tile.load {{.*}} map #[[GROUPS]] {{.*}} -> tensor<?x4x48xf32>
// CPU:   gdpa_tile.load {{.*}} map #[[GROUPS]] {{.*}} -> tensor<?x4x96xf32>
// CPU:   linalg.contract {{.*}} {gdpa_tile.role = "score"}
// CPU:   linalg.generic {{.*}} {gdpa_tile.role = "activation"}
// CPU-NOT: arith.select
// bf16 is multiplied in f32 there: the weight is rounded in the body.
// CPU:     arith.truncf %{{.*}} : f32 to bf16
// CPU:     arith.extf %{{.*}} : bf16 to f32
// CPU:   linalg.contract {{.*}} {gdpa_tile.role = "stationary"}
// CPU: gdpa_tile.store {{.*}} : tensor<?x16x96xf32>, memref<?x?x?x96xbf16

// Plain blocks: the scale is applied to the score.

// GPU: func.func @plain
// GPU: gdpa_tile.launch @plain_forward
// GPU: gdpa_tile.program @plain_forward
// GPU-SAME: schedule = #gdpa_nv.schedule<
// GPU: gdpa_tile.load %{{.*}} -> tensor<{{[0-9]+}}x48xbf16>
// GPU: scf.for
// GPU:   linalg.contract {{.*}} {gdpa_tile.role = "score"}
// GPU:   ^bb0(%[[S:[a-zA-Z0-9_]+]]: f32, %{{.*}}: bf16):
// GPU:     arith.mulf %[[S]], %{{.*}} : f32
// GPU:     %[[W:[a-zA-Z0-9_]+]] = arith.truncf %{{.*}} : f32 to bf16
// GPU:     linalg.yield %[[W]] : bf16
func.func @plain(%q: tensor<?x?x?x40xbf16>, %k: tensor<?x?x?x40xbf16>, %v: tensor<?x?x?x96xbf16>, %scale: f32, %o0: tensor<?x?x?x96xbf16>) -> tensor<?x?x?x96xbf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<?x?x?x40xbf16>, tensor<?x?x?x40xbf16>, tensor<?x?x?x96xbf16>)
      outs(%o0 : tensor<?x?x?x96xbf16>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.tanh %s : f32
        gdpa.yield %z : f32
      } -> tensor<?x?x?x96xbf16>
  return %o : tensor<?x?x?x96xbf16>
}

// -----

// A mask is a select on the weight, by a gdpa_tile.keep. exp(-log(s)) is not finite where keys are padded with zeros: pairs past the end are
// masked, too.

// CPU: gdpa_tile.program @masked_forward
// GPU: gdpa_tile.program @masked_forward
// GPU: linalg.generic
// GPU:     %[[MASK:[a-zA-Z0-9_]+]] = arith.cmpi sge, %[[I:[a-zA-Z0-9_]+]], %[[J:[a-zA-Z0-9_]+]]
// GPU:     %[[KEEP:[a-zA-Z0-9_]+]] = gdpa_tile.keep mask(%[[MASK]]) query(%[[I]] from %{{.*}} to %{{.*}} by 128) key(%[[J]] from %{{.*}} to %{{.*}} by 64 tail)
// GPU:     arith.select %[[KEEP]], %{{.*}}, %{{.*}} : f32
func.func @masked(%q: tensor<?x?x?x64xf32>, %k: tensor<?x?x?x64xf32>, %v: tensor<?x?x?x64xf32>, %scale: f32, %o0: tensor<?x?x?x64xf32>) -> tensor<?x?x?x64xf32> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>)
      outs(%o0 : tensor<?x?x?x64xf32>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.rsqrt %s : f32
        gdpa.yield %z : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %keep = arith.cmpi sge, %i, %j : index
        gdpa.yield %keep : i1
      } -> tensor<?x?x?x64xf32>
  return %o : tensor<?x?x?x64xf32>
}

// -----

// Captures: uniform ones are scalars before the loop, those indexed by i or j alone are operands (clamped), others gathers with clamped
// indices. scf.if becomes a select.

// GPU: gdpa_tile.program @captures_forward
// GPU: %[[ROWS:[a-zA-Z0-9_]+]] = gdpa_tile.load %{{.*}} clamp : memref<?x?xf32, {{.*}} -> tensor<{{[0-9]+}}xf32>
// GPU: memref.load %{{.*}}[%{{.*}}] : memref<?xf32
// GPU: %[[TABLE:[a-zA-Z0-9_]+]] = bufferization.to_tensor
// GPU: scf.for
// GPU:   %[[COLUMNS:[a-zA-Z0-9_]+]] = gdpa_tile.load %{{.*}} clamp : memref<?x?xf32, {{.*}} -> tensor<{{[0-9]+}}xf32>
// GPU:   linalg.generic {{.*}} ins(%{{.*}}, %[[COLUMNS]], %[[ROWS]]
// GPU:     %[[LOW:[a-zA-Z0-9_]+]] = arith.maxsi
// GPU:     %[[AT:[a-zA-Z0-9_]+]] = arith.minsi %[[LOW]]
// GPU:     tensor.extract %[[TABLE]][%[[AT]]]
// GPU-NOT: scf.if
// GPU:     arith.select
func.func @captures(%q: tensor<?x?x?x64xf32>, %k: tensor<?x?x?x64xf32>, %v: tensor<?x?x?x64xf32>, %scale: f32, %bias: tensor<?x?xf32>, %heads: tensor<?xf32>, %table: tensor<?xf32>, %o0: tensor<?x?x?x64xf32>) -> tensor<?x?x?x64xf32> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>)
      outs(%o0 : tensor<?x?x?x64xf32>) scale(%scale : f32)
      captures(%bias, %heads, %table : tensor<?x?xf32>, tensor<?xf32>, tensor<?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<?x?xf32>, %H: tensor<?xf32>, %T: tensor<?xf32>) {
        %column = tensor.extract %B[%h, %j] : tensor<?x?xf32>
        %row = tensor.extract %B[%h, %i] : tensor<?x?xf32>
        %head = tensor.extract %H[%h] : tensor<?xf32>
        %distance = arith.subi %i, %j : index
        %far = tensor.extract %T[%distance] : tensor<?xf32>
        %x = arith.addf %s, %column : f32
        %y = arith.mulf %x, %row : f32
        %w = arith.mulf %y, %head : f32
        %positive = arith.cmpf ogt, %w, %far : f32
        %z = scf.if %positive -> f32 {
          scf.yield %w : f32
        } else {
          %e = math.exp %w : f32
          scf.yield %e : f32
        }
        gdpa.yield %z : f32
      } -> tensor<?x?x?x64xf32>
  return %o : tensor<?x?x?x64xf32>
}

// -----

// On GPUs the blocks with the most pairs start first, those of all heads taking turns: the last ones of queries, the first ones of keys. A
// mask that keeps as many pairs of early and of late rows changes nothing.

// CPU: gdpa_tile.launch @causal_forward grid(%{{.*}}, %{{.*}}, %{{.*}})
// GPU: %[[BLOCKS:.*]] = arith.ceildivui
// GPU: %[[HEADS:.*]] = arith.muli %{{.*}}, %{{.*}}
// GPU: %[[ALL:.*]] = arith.muli %[[BLOCKS]], %[[HEADS]]
// GPU: gdpa_tile.launch @causal_forward grid(%[[ALL]])
// GPU: gdpa_tile.program @causal_forward
// GPU:   gdpa_tile.program_id 0
// GPU-NOT: gdpa_tile.program_id
// GPU:   gdpa_tile.return
func.func @causal(%q: tensor<?x?x?x64xbf16>, %k: tensor<?x?x?x64xbf16>, %v: tensor<?x?x?x64xbf16>, %scale: f32, %o0: tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>)
      outs(%o0 : tensor<?x?x?x64xbf16>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %keep = arith.cmpi sge, %i, %j : index
        gdpa.yield %keep : i1
      } -> tensor<?x?x?x64xbf16>
  return %o : tensor<?x?x?x64xbf16>
}

// -----

// GPU: gdpa_tile.launch @window_forward grid(%{{.*}}, %{{.*}}, %{{.*}})
func.func @window(%q: tensor<?x?x?x64xbf16>, %k: tensor<?x?x?x64xbf16>, %v: tensor<?x?x?x64xbf16>, %scale: f32, %o0: tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>)
      outs(%o0 : tensor<?x?x?x64xbf16>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %w = arith.constant 70 : index
        %d = arith.subi %i, %j : index
        %a = math.absi %d : index
        %keep = arith.cmpi sle, %a, %w : index
        gdpa.yield %keep : i1
      } -> tensor<?x?x?x64xbf16>
  return %o : tensor<?x?x?x64xbf16>
}

// -----

// A power of two that the weight is multiplied by at last is a factor of the output instead; not for f16, whose range is narrow.

// CPU: gdpa_tile.program @half_forward
// CPU: %[[SUM:.*]] = scf.for
// CPU:   linalg.generic {{.*}} {gdpa_tile.role = "activation"}
// CPU-NOT: arith.mulf
// CPU:     arith.truncf
// CPU: linalg.generic {{.*}} outs(%[[SUM]] : {{.*}} {gdpa_tile.role = "scale"}
// CPU:   arith.mulf %{{.*}}, %cst{{.*}} : f32
// CPU: gdpa_tile.store
// GPU: gdpa_tile.program @half_forward
// GPU: %[[SUM:.*]] = scf.for
// GPU:   math.tanh
// GPU-NOT: arith.mulf
// GPU:   arith.truncf
// GPU: linalg.generic {{.*}} outs(%[[SUM]] : {{.*}} {gdpa_tile.role = "scale"}
func.func @half(%q: tensor<?x?x?x64xbf16>, %k: tensor<?x?x?x64xbf16>, %v: tensor<?x?x?x64xbf16>, %scale: f32, %o0: tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>)
      outs(%o0 : tensor<?x?x?x64xbf16>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %half = arith.constant 0.5 : f32
        %t = math.tanh %s : f32
        %z = arith.mulf %t, %half : f32
        gdpa.yield %z : f32
      } -> tensor<?x?x?x64xbf16>
  return %o : tensor<?x?x?x64xbf16>
}

// -----

// CPU: gdpa_tile.program @half_f16_forward
// CPU: math.tanh
// CPU: arith.mulf %{{.*}}, %cst
// CPU: arith.truncf
func.func @half_f16(%q: tensor<?x?x?x64xf16>, %k: tensor<?x?x?x64xf16>, %v: tensor<?x?x?x64xf16>, %scale: f32, %o0: tensor<?x?x?x64xf16>) -> tensor<?x?x?x64xf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<?x?x?x64xf16>, tensor<?x?x?x64xf16>, tensor<?x?x?x64xf16>)
      outs(%o0 : tensor<?x?x?x64xf16>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %half = arith.constant 0.5 : f32
        %t = math.tanh %s : f32
        %z = arith.mulf %t, %half : f32
        gdpa.yield %z : f32
      } -> tensor<?x?x?x64xf16>
  return %o : tensor<?x?x?x64xf16>
}
