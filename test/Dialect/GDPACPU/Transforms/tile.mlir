// RUN: gdpa-opt %s --gdpa-cpu-tile | FileCheck %s

#k = affine_map<(p, t, j, i, d) -> (t, j, d)>
#q = affine_map<(p, t, j, i, d) -> (p, d, i)>
#s = affine_map<(p, t, j, i, d) -> (p, t, j, i)>
#op = affine_map<(p, i, e, t, j) -> (p, t, j, i)>
#ov = affine_map<(p, i, e, t, j) -> (t, j, e)>
#oo = affine_map<(p, i, e, t, j) -> (p, i, e)>
#id = affine_map<(p, t, j, i) -> (p, t, j, i)>

// The activation is tiled to 4 x 16 and the scores computed in its tile, four steps of
// the reduction at a time.

// CHECK-LABEL: func.func private @forward
// CHECK: scf.for
// CHECK:   scf.for
// CHECK:     linalg.fill {{.*}} : tensor<1x1x4x16xf32>
// CHECK:     scf.for
// CHECK:       linalg.contract {{.*}} ins({{.*}} : tensor<1x4x4xf32>, tensor<1x4x16xf32>) outs({{.*}} : tensor<1x1x4x16xf32>)
// CHECK:     linalg.generic {{.*}} outs({{.*}} : tensor<1x1x4x16xf32>)
// CHECK:       math.exp

// The product with the values: 4 rows of a panel, 16 columns, one group of keys; columns
// outside rows.

// CHECK: scf.for %{{.*}} = %c0 to %{{.*}} step %c1
// CHECK:   scf.for %{{.*}} = %c0 to %c64 step %c16
// CHECK:     scf.for %{{.*}} = %c0 to %c16 step %c4
// CHECK:       scf.for
// CHECK:         linalg.contract {{.*}} ins({{.*}} : tensor<1x1x4x4xf32>, tensor<1x4x16xf32>) outs({{.*}} : tensor<1x4x16xf32>)
func.func private @forward(%K: tensor<?x4x64xf32>, %Q: tensor<?x64x16xf32>, %V: tensor<?x4x64xf32>, %P: tensor<?x?x4x16xf32>, %O: tensor<?x16x64xf32>,
    %np: index, %nt: index, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) -> tensor<?x16x64xf32>
    attributes {gdpa_cpu.program, schedule = #gdpa_cpu.schedule<panel = 16, group = 4, tile = 16>} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%np, %nt) : tensor<?x?x4x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x?x4x16xf32>) -> tensor<?x?x4x16xf32>
  %S = linalg.contract indexing_maps = [#k, #q, #s] {gdpa_tile.role = "score"} ins(%K, %Q : tensor<?x4x64xf32>, tensor<?x64x16xf32>) outs(%f : tensor<?x?x4x16xf32>) -> tensor<?x?x4x16xf32>
  %A = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%S : tensor<?x?x4x16xf32>) outs(%P : tensor<?x?x4x16xf32>) attrs = {gdpa_tile.role = "activation"} {
  ^bb0(%s: f32, %u: f32):
    %r = math.exp %s : f32
    linalg.yield %r : f32
  } -> tensor<?x?x4x16xf32>
  %R = linalg.contract indexing_maps = [#op, #ov, #oo] {gdpa_tile.role = "stationary"} ins(%A, %V : tensor<?x?x4x16xf32>, tensor<?x4x64xf32>) outs(%O : tensor<?x16x64xf32>) -> tensor<?x16x64xf32>
  return %R : tensor<?x16x64xf32>
}

// Scores that something else than an activation reads are tiled alike.

// CHECK-LABEL: func.func private @identity
// CHECK: scf.for
// CHECK:   scf.for
// CHECK:     linalg.fill {{.*}} : tensor<1x1x4x16xf32>
// CHECK:     scf.for
// CHECK:       linalg.contract {{.*}} outs({{.*}} : tensor<1x1x4x16xf32>)
func.func private @identity(%K: tensor<?x4x64xf32>, %Q: tensor<?x64x16xf32>, %S: tensor<?x?x4x16xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) -> tensor<?x?x4x16xf32>
    attributes {gdpa_cpu.program, schedule = #gdpa_cpu.schedule<panel = 16, group = 4, tile = 16>} {
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%S : tensor<?x?x4x16xf32>) -> tensor<?x?x4x16xf32>
  %R = linalg.contract indexing_maps = [#k, #q, #s] {gdpa_tile.role = "score"} ins(%K, %Q : tensor<?x4x64xf32>, tensor<?x64x16xf32>) outs(%f : tensor<?x?x4x16xf32>) -> tensor<?x?x4x16xf32>
  return %R : tensor<?x?x4x16xf32>
}

// A block that is reduced over rows of the streamed side is computed in the tile of the reduction, with the scores that it is computed from;
// it stays a result. The rows of a group are reduced one after the other.

// CHECK-LABEL: func.func private @reduced
// CHECK: %[[R:.*]]:2 = scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}) -> (tensor<?x16xf32>, tensor<?x?x4x16xf32>)
// CHECK:   scf.for
// CHECK:     linalg.contract {{.*}} outs({{.*}} : tensor<1x1x4x16xf32>)
// CHECK:     linalg.generic {{.*}} outs({{.*}} : tensor<1x1x4x16xf32>) attrs = {gdpa_tile.role = "activation"}
// CHECK-COUNT-4: linalg.generic {{.*}} ins({{.*}} : tensor<1x1x1x16xf32>) outs({{.*}} : tensor<1x16xf32>) attrs = {gdpa_tile.role = "reduce"}
// CHECK-NOT: scf.for
// CHECK: return %[[R]]#1, %[[R]]#0
func.func private @reduced(%K: tensor<?x4x64xf32>, %Q: tensor<?x64x16xf32>, %P: tensor<?x?x4x16xf32>, %M: tensor<?x16xf32>,
    %np: index, %nt: index, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) -> (tensor<?x?x4x16xf32>, tensor<?x16xf32>)
    attributes {gdpa_cpu.program, schedule = #gdpa_cpu.schedule<panel = 16, group = 4, tile = 16>} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%np, %nt) : tensor<?x?x4x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x?x4x16xf32>) -> tensor<?x?x4x16xf32>
  %S = linalg.contract indexing_maps = [#k, #q, #s] {gdpa_tile.role = "score"} ins(%K, %Q : tensor<?x4x64xf32>, tensor<?x64x16xf32>) outs(%f : tensor<?x?x4x16xf32>) -> tensor<?x?x4x16xf32>
  %A = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%S : tensor<?x?x4x16xf32>) outs(%P : tensor<?x?x4x16xf32>) attrs = {gdpa_tile.role = "activation"} {
  ^bb0(%s: f32, %u: f32):
    %r = math.exp %s : f32
    linalg.yield %r : f32
  } -> tensor<?x?x4x16xf32>
  %R = linalg.generic {indexing_maps = [affine_map<(p, i, t, j) -> (p, t, j, i)>, affine_map<(p, i, t, j) -> (p, i)>], iterator_types = ["parallel", "parallel", "reduction", "reduction"]} ins(%A : tensor<?x?x4x16xf32>) outs(%M : tensor<?x16xf32>) attrs = {gdpa_tile.role = "reduce"} {
  ^bb0(%a: f32, %m: f32):
    %r = arith.addf %a, %m : f32
    linalg.yield %r : f32
  } -> tensor<?x16xf32>
  return %A, %R : tensor<?x?x4x16xf32>, tensor<?x16xf32>
}
