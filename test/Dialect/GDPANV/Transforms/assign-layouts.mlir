// RUN: gdpa-opt %S/Inputs/forward.mlir \
// RUN:   --pass-pipeline="builtin.module(gdpa-nv-create-kernels,gpu.module(gpu.func(gdpa-tile-assign-layouts)))" | FileCheck %s
// RUN: gdpa-opt %S/Inputs/forward.mlir \
// RUN:   --pass-pipeline="builtin.module(gdpa-nv-create-kernels,gpu.module(gpu.func(gdpa-tile-assign-layouts{register-lhs=8})))" | FileCheck %s --check-prefix=NARROW

// The left operand that the loop does not change is read into registers once; one value of zeros became two.
// CHECK: %[[Q:.*]] = gdpa_tile.load {{.*}} -> tensor<16x16xbf16, #gdpa_nv.shared>
// CHECK: linalg.fill {{.*}} -> tensor<16x16xf32, #gdpa_nv.acc<warps = 1, tiles = 1>>
// CHECK: linalg.fill {{.*}} -> tensor<16x16xf32, #gdpa_nv.acc<warps = 1, tiles = 1>>
// CHECK: %[[F:.*]] = gdpa_nv.convert %[[Q]] : {{.*}} -> tensor<16x16xbf16, #gdpa_nv.lhs<warps = 1, tiles = 1>>
// CHECK: scf.for {{.*}} -> (tensor<16x16xf32, #gdpa_nv.acc<warps = 1, tiles = 1>>)
// CHECK: %[[K:.*]] = gdpa_tile.load {{.*}} -> tensor<16x16xbf16, #gdpa_nv.shared>
// CHECK: %[[B:.*]] = gdpa_tile.load {{.*}} -> tensor<16xf32, #gdpa_nv.shared>
// CHECK: %[[S:.*]] = linalg.contract {{.*}} ins(%[[F]], %[[K]] :
// CHECK: %[[C:.*]] = gdpa_nv.convert %[[B]] : {{.*}} -> tensor<16xf32, #gdpa_nv.slice<dim = 1, warps = 1, tiles = 1>>
// CHECK: %[[P:.*]] = linalg.generic {{.*}} ins(%[[S]], %[[C]] :
// CHECK: -> tensor<16x16xbf16, #gdpa_nv.acc<warps = 1, tiles = 1>>
// CHECK: %[[L:.*]] = gdpa_nv.convert %[[P]] : {{.*}} -> tensor<16x16xbf16, #gdpa_nv.lhs<warps = 1, tiles = 1>>
// CHECK: linalg.contract {{.*}} ins(%[[L]], %[[K]] :

// A wide one stays in shared memory.
// NARROW: %[[Q:.*]] = gdpa_tile.load {{.*}} -> tensor<16x16xbf16, #gdpa_nv.shared>
// NARROW-NOT: gdpa_nv.convert %[[Q]]
// NARROW: linalg.contract {{.*}} ins(%[[Q]],
