// RUN: gdpa-opt %s --gdpa-cpu-drop-unit-dims | FileCheck %s

// One unit reduction stays.

// CHECK-LABEL: func.func private @score
// CHECK: linalg.contract {{.*}} ins({{.*}} : tensor<4x1xf32>, tensor<1x16xf32>) outs({{.*}} : tensor<4x16xf32>)
func.func private @score(%K: tensor<1x4x1xf32>, %Q: tensor<1x1x16xf32>, %S: tensor<1x1x4x16xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) -> tensor<1x1x4x16xf32> attributes {gdpa_cpu.program} {
  %r = linalg.contract indexing_maps = [affine_map<(p, t, j, i, d) -> (t, j, d)>, affine_map<(p, t, j, i, d) -> (p, d, i)>, affine_map<(p, t, j, i, d) -> (p, t, j, i)>]
      ins(%K, %Q : tensor<1x4x1xf32>, tensor<1x1x16xf32>) outs(%S : tensor<1x1x4x16xf32>) -> tensor<1x1x4x16xf32>
  return %r : tensor<1x1x4x16xf32>
}

// Where another reduction is left, none stays.

// CHECK-LABEL: func.func private @product
// CHECK: linalg.contract {{.*}} ins({{.*}} : tensor<4x4xf32>, tensor<4x16xf32>) outs({{.*}} : tensor<4x16xf32>)
func.func private @product(%P: tensor<1x1x4x4xf32>, %V: tensor<1x4x16xf32>, %O: tensor<1x4x16xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) -> tensor<1x4x16xf32> attributes {gdpa_cpu.program} {
  %r = linalg.contract indexing_maps = [affine_map<(p, i, e, t, j) -> (p, t, j, i)>, affine_map<(p, i, e, t, j) -> (t, j, e)>, affine_map<(p, i, e, t, j) -> (p, i, e)>]
      ins(%P, %V : tensor<1x1x4x4xf32>, tensor<1x4x16xf32>) outs(%O : tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  return %r : tensor<1x4x16xf32>
}

// CHECK-LABEL: func.func private @clear
// CHECK: linalg.generic {{.*}} outs({{.*}} : tensor<4x16xf32>)
func.func private @clear(%O: tensor<1x4x16xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) -> tensor<1x4x16xf32> attributes {gdpa_cpu.program} {
  %zero = arith.constant 0.0 : f32
  %r = linalg.fill ins(%zero : f32) outs(%O : tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  return %r : tensor<1x4x16xf32>
}
