// RUN: gdpa-opt %S/Inputs/forward.mlir --gdpa-nv-create-kernels | FileCheck %s

// CHECK: module attributes {gpu.container_module}
// CHECK-NOT: gdpa_tile.program
// CHECK: func.func @attention
// CHECK: gdpa_nv.launch @kernels::@forward grid(%{{.*}}) (%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}})
// CHECK: gpu.module @kernels
// CHECK: gpu.func @forward({{.*}}) kernel attributes {known_block_size = array<i32: 32, 1, 1>, schedule = #gdpa_nv.schedule<warps = 1, stages = 3>}
// CHECK: gpu.block_id {{ *}}x
// CHECK: gpu.return
