// RUN: gdpa-opt %s | gdpa-opt | FileCheck %s

gpu.module @kernels {
  gpu.func @k() kernel { gpu.return }
}

// CHECK-LABEL: func @layouts
// CHECK-SAME: tensor<128x64xf32, #gdpa_nv.acc<warps = 4, tiles = 2>>
// CHECK-SAME: tensor<64xf32, #gdpa_nv.slice<dim = 1, warps = 4, tiles = 2>>
func.func @layouts(%a: tensor<128x64xf32, #gdpa_nv.acc<warps = 4, tiles = 2>>,
                   %s: tensor<64xf32, #gdpa_nv.slice<dim = 1, warps = 4, tiles = 2>>,
                   %p: tensor<128x64xbf16, #gdpa_nv.acc<warps = 4, tiles = 2>>) {
  // CHECK: gdpa_nv.convert %{{.*}} : tensor<128x64xbf16, #gdpa_nv.acc<warps = 4, tiles = 2>> -> tensor<128x64xbf16, #gdpa_nv.lhs<warps = 4, tiles = 2>>
  %l = gdpa_nv.convert %p : tensor<128x64xbf16, #gdpa_nv.acc<warps = 4, tiles = 2>> -> tensor<128x64xbf16, #gdpa_nv.lhs<warps = 4, tiles = 2>>
  return
}

// CHECK-LABEL: func @memory
func.func @memory(%k: memref<?x?x64xbf16>, %b: index, %j: index, %at: i32, %active: i1) {
  %c0 = arith.constant 0 : index
  // CHECK: gdpa_nv.pointer %{{.*}} : memref<?x?x64xbf16> -> !llvm.ptr<1>
  %p = gdpa_nv.pointer %k : memref<?x?x64xbf16> -> !llvm.ptr<1>
  // CHECK: gdpa_nv.copy_async %{{.*}}[%{{.*}}] map #{{.*}} to %{{.*}} if %{{.*}} : memref<?x?x64xbf16> as tensor<64x64xbf16, #gdpa_nv.shared>
  gdpa_nv.copy_async %k[%b, %j, %c0] map affine_map<(r, c) -> (0, r, c)> to %at if %active : memref<?x?x64xbf16> as tensor<64x64xbf16, #gdpa_nv.shared>
  // CHECK: gdpa_nv.view %{{.*}} : tensor<64x64xbf16, #gdpa_nv.shared>
  %v = gdpa_nv.view %at : tensor<64x64xbf16, #gdpa_nv.shared>
  // CHECK: gdpa_nv.convert
  %l = gdpa_nv.convert %v : tensor<64x64xbf16, #gdpa_nv.shared> -> tensor<64x64xbf16, #gdpa_nv.lhs<warps = 4, tiles = 1>>
  // CHECK: gdpa_nv.launch @kernels::@k grid(%{{.*}}, %{{.*}}) (%{{.*}}) : memref<?x?x64xbf16>
  gdpa_nv.launch @kernels::@k grid(%b, %j) (%k) : memref<?x?x64xbf16>
  return
}
