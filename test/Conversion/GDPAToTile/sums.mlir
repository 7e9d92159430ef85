// RUN: gdpa-opt %s --gdpa-autodiff --gdpa-prepare-entry --one-shot-bufferize --gdpa-plan="target=cpu" --convert-gdpa-to-tile --canonicalize --cse | FileCheck %s

// One argument as q and k: its gradients lie in workspaces until a program adds them.

// CHECK: func.func @self_vjp(
// CHECK-SAME: {gdpa.access = "write", gdpa.name = "dv", gdpa.role = "dv"}, %[[DX:[a-z0-9]+]]: memref<{{.*}}> {gdpa.access = "write", gdpa.name = "dq", gdpa.role = "dq"}
// CHECK-DAG: %[[DQ:[0-9]+]] = gdpa_tile.workspace({{.*}}) : memref<?x?x?x64xf32>
// CHECK-DAG: %[[DK:[0-9]+]] = gdpa_tile.workspace({{.*}}) : memref<?x?x?x64xf32>
// CHECK-NOT: memref.alloc
// CHECK: gdpa_tile.launch @self_vjp_sum grid(%{{[0-9]+}}) (%{{[0-9]+}}, %{{[0-9]+}}, %[[DX]])
// CHECK: gdpa_tile.program @self_vjp_sum
// CHECK-COUNT-2: gdpa_tile.load {{.*}} -> tensor<64x64xf32>
// CHECK: arith.addf
// CHECK: gdpa_tile.store
func.func @self(%x: tensor<?x?x?x64xf32>, %v: tensor<?x?x?x64xf32>, %scale: f32, %o0: tensor<?x?x?x64xf32>) -> tensor<?x?x?x64xf32> {
  %o = gdpa.attention bhsd none ins(%x, %x, %v : tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>)
      outs(%o0 : tensor<?x?x?x64xf32>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } -> tensor<?x?x?x64xf32>
  return %o : tensor<?x?x?x64xf32>
}
