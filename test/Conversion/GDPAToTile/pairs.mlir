// RUN: gdpa-opt %s --gdpa-autodiff --gdpa-prepare-entry --one-shot-bufferize --gdpa-plan="target=cpu vector-bits=512 bf16-dot" --convert-gdpa-to-tile --canonicalize --cse | FileCheck %s

// Where one multiply-add takes two neighbours along the summed dimension, they lie beside each other in both operands; the scale
// multiplies scores, not queries that would be rounded again.

// CHECK-DAG: #[[$PANELS:[a-zA-Z0-9_]+]] = affine_map<(d0, d1, d2, d3) -> (0, 0, d0 * 64 + d2, d1 * 2 + d3)>
// CHECK-DAG: #[[$COLUMNS:[a-zA-Z0-9_]+]] = affine_map<(d0, d1, d2, d3, d4) -> (0, 0, d0 * 4 + d1 * 2 + d2, d3 * 2 + d4)>
// CHECK-DAG: #[[$ROWS:[a-zA-Z0-9_]+]] = affine_map<(d0, d1, d2, d3) -> (0, 0, d0 * 4 + d1 * 2 + d3, d2)>
// CHECK-DAG: #[[$PANELROWS:[a-zA-Z0-9_]+]] = affine_map<(d0, d1, d2, d3) -> (0, 0, d0 * 64 + d1 * 2 + d3, d2)>
// CHECK-LABEL: gdpa_tile.program @f_forward
// CHECK: gdpa_tile.load {{.*}} map #[[$PANELS]] {{.*}} -> tensor<?x24x64x2xbf16>
// CHECK-NOT: gdpa_tile.role = "scale"
// CHECK: gdpa_tile.load {{.*}} map #[[$COLUMNS]] {{.*}} -> tensor<?x2x2x24x2xbf16>
// CHECK: gdpa_tile.load {{.*}} map #[[$ROWS]] {{.*}} -> tensor<?x2x48x2xbf16>
// CHECK: linalg.contract {{.*}} {gdpa_tile.role = "score"} ins(%{{.*}}, %{{.*}} : tensor<?x2x2x24x2xbf16>, tensor<?x24x64x2xbf16>) outs(%{{.*}} : tensor<?x?x2x2x64xf32>)
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<?x?x2x64x2xbf16>) attrs =  {gdpa_tile.role = "activation"}
// CHECK:   arith.mulf
// CHECK:   %[[W:.*]] = arith.truncf %{{.*}} : f32 to bf16
// CHECK:   linalg.yield %[[W]] : bf16
// CHECK: linalg.contract {{.*}} {gdpa_tile.role = "stationary"} ins(%{{.*}}, %{{.*}} : tensor<?x?x2x64x2xbf16>, tensor<?x2x48x2xbf16>)

// ds is stored twice: in pairs of queries for dK, as rows of keys for dQ.
// CHECK-LABEL: gdpa_tile.program @f_vjp_backward_dkv
// CHECK: gdpa_tile.load {{.*}} map #[[$PANELROWS]] {{.*}} -> tensor<?x32x48x2xbf16>
// CHECK: %[[DS:.*]]:3 = linalg.generic {{.*}} outs(%{{.*}}, %{{.*}}, %{{.*}} : tensor<?x?x2x64x2xbf16>, tensor<?x?x2x64x2xbf16>, tensor<?x?x2x2x64xbf16>)
// CHECK: tensor.expand_shape %[[DS]]#2 {{.*}} into tensor<?x?x2x2x32x2xbf16>
func.func @f(%q: tensor<?x?x?x40xbf16>, %k: tensor<?x?x?x40xbf16>, %v: tensor<?x?x?x40xbf16>, %scale: f32, %o0: tensor<?x?x?x40xbf16>) -> tensor<?x?x?x40xbf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<?x?x?x40xbf16>, tensor<?x?x?x40xbf16>, tensor<?x?x?x40xbf16>)
      outs(%o0 : tensor<?x?x?x40xbf16>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.tanh %s : f32
        gdpa.yield %z : f32
      } -> tensor<?x?x?x40xbf16>
  return %o : tensor<?x?x?x40xbf16>
}
