// RUN: gdpa-opt %S/Inputs/forward.mlir \
// RUN:   --pass-pipeline="builtin.module(gdpa-nv-create-kernels,gpu.module(gpu.func(gdpa-tile-assign-layouts,gdpa-tile-stage-shared,gdpa-tile-distribute,canonicalize,cse)))" | FileCheck %s
// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-tile-distribute,canonicalize,cse)))" | FileCheck %s --check-prefix=REGION

// Sixteen bytes a thread, none where the row is past the end.
// CHECK: %[[BYTES:.*]] = arith.select %{{.*}}, %c16_i32, %c0_i32
// CHECK: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 16, cache =  cg, %[[BYTES]]
// CHECK: nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<row>, num = 4
// CHECK: scf.for {{.*}} -> (vector<1x2x2x2xf32>, i32)
// CHECK: nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<row>, num = 4
// CHECK-COUNT-2: nvvm.mma.sync
// The bias of two neighbouring columns, repeated over the rows.
// CHECK: llvm.load {{.*}} : !llvm.ptr<3> -> vector<2xf32>
// CHECK: vector.shape_cast {{.*}} : vector<2x2xf32> to vector<1x2x1x2xf32>
// CHECK: %[[T:.*]] = math.tanh %{{.*}} : vector<1x2x2x2xf32>
// CHECK: arith.truncf %[[T]] : vector<1x2x2x2xf32> to vector<1x2x2x2xbf16>
// Rows of keys read as rows of values: transposed.
// CHECK: nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<col>, num = 4
// CHECK-COUNT-2: nvvm.mma.sync
// CHECK: scf.if
// CHECK: llvm.store {{.*}} {alignment = 4 : i64} : vector<2xbf16>, !llvm.ptr<1>
// CHECK-NOT: tensor<

#id = affine_map<(i, j) -> (i, j)>
#acc = #gdpa_nv.acc<warps = 1, tiles = 1>
gpu.module @m {
  // Coordinates: a thread's base and constants, in i32 where the ranges allow it; a product of positions needs i64.
  // REGION-LABEL: gpu.func @coordinates
  // REGION-DAG: %[[COLUMNS:.*]] = arith.constant dense<{{.*}}> : vector<1x1x2x2xi32>
  // REGION: vector.broadcast %{{.*}} : i32 to vector<1x1x2x2xi32>
  // REGION: arith.cmpi sge, %{{.*}}, %{{.*}} : vector<1x1x2x2xi32>
  // REGION: arith.muli %{{.*}}, %{{.*}} : vector<1x1x2x2xi64>
  // REGION: arith.select
  gpu.func @coordinates(%o: memref<?x8xf32>, %n: memref<?xf32>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %c0 = arith.constant 0 : index
    %size = memref.dim %n, %c0 : memref<?xf32>
    %e = tensor.empty() : tensor<16x8xf32, #acc>
    %x = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x8xf32, #acc>) {
    ^bb0(%u: f32):
      %i = linalg.index 0 : index
      %j = linalg.index 1 : index
      %k = arith.cmpi sge, %i, %j : index
      %p = arith.muli %i, %size : index
      %q = arith.muli %p, %size : index
      %w = arith.index_cast %q : index to i64
      %f = arith.sitofp %w : i64 to f32
      %z = arith.constant 0.0 : f32
      %y = arith.select %k, %f, %z : f32
      linalg.yield %y : f32
    } -> tensor<16x8xf32, #acc>
    gdpa_tile.store %x, %o[%c0, %c0] : tensor<16x8xf32, #acc>, memref<?x8xf32>
    gpu.return
  }

  // Positions are compared by one number of the thread and constants, whatever the blocks' bases; with a number of 64 bits, which
  // is brought next to the positions' range.
  // REGION-LABEL: gpu.func @compare
  // REGION-DAG: %[[FROM:.*]] = arith.constant dense<{{\[\[\[\[}}0, 1], [-8, -7]]]]> : vector<1x1x2x2xi32>
  // REGION-DAG: %[[LEAST:.*]] = arith.constant -8 : index
  // REGION-DAG: %[[MOST:.*]] = arith.constant 2147482639 : index
  // REGION: %[[DIFFERENCE:.*]] = arith.subi %{{.*}}, %{{.*}} : i32
  // REGION: %[[BASE:.*]] = vector.broadcast %[[DIFFERENCE]] : i32 to vector<1x1x2x2xi32>
  // REGION: arith.cmpi sge, %[[BASE]], %[[FROM]] : vector<1x1x2x2xi32>
  // REGION: %[[ABOVE:.*]] = arith.maxsi %{{.*}}, %[[LEAST]] : index
  // REGION: arith.minsi %[[ABOVE]], %[[MOST]] : index
  // REGION: arith.cmpi slt, %{{.*}} : vector<1x1x2x2xi32>
  // REGION-NOT: i64>
  // REGION: gpu.return
  gpu.func @compare(%o: memref<?x8xf32>, %window: index) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %length = memref.dim %o, %c0 : memref<?x8xf32>
    scf.for %base = %c0 to %length step %c16 {
      %e = tensor.empty() : tensor<16x8xf32, #acc>
      %x = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x8xf32, #acc>) {
      ^bb0(%u: f32):
        %row = linalg.index 0 : index
        %j = linalg.index 1 : index
        %i = arith.addi %row, %base : index
        %causal = arith.cmpi sge, %i, %j : index
        %distance = arith.subi %i, %j : index
        %near = arith.cmpi slt, %distance, %window : index
        %k = arith.andi %causal, %near : i1
        %z = arith.constant 0.0 : f32
        %one = arith.constant 1.0 : f32
        %y = arith.select %k, %one, %z : f32
        linalg.yield %y : f32
      } -> tensor<16x8xf32, #acc>
      gdpa_tile.store %x, %o[%base, %c0] : tensor<16x8xf32, #acc>, memref<?x8xf32>
    }
    gpu.return
  }

  // 48 rows of three chunks, 32 rows at a time with four threads each: the second time half of the threads copy. The fourth chunk of a row is
  // past the buffer's columns: zero.
  // REGION-LABEL: gpu.func @rest_of_rows
  // REGION: %[[INSIDE:.*]] = arith.cmpi slt, %{{.*}}, %{{.*}} : i32
  // REGION: %[[COLUMNS:.*]] = arith.cmpi slt, %{{.*}}, %c3_i32 : i32
  // REGION: arith.andi %[[INSIDE]], %[[COLUMNS]]
  // REGION: nvvm.cp.async.shared.global
  // REGION: %[[FEWER:.*]] = arith.cmpi slt, %{{.*}}, %c16_i32 : i32
  // REGION: scf.if %[[FEWER]] {
  // REGION: nvvm.cp.async.shared.global
  // REGION-NOT: nvvm.cp.async.shared.global
  // REGION: gpu.return
  gpu.func @rest_of_rows(%k: memref<?x24xbf16>, %row: index) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %c0 = arith.constant 0 : index
    %at = arith.constant 0 : i32
    gdpa_nv.copy_async %k[%row, %c0] map affine_map<(r, c) -> (r, c)> to %at : memref<?x24xbf16> as tensor<48x32xbf16, #gdpa_nv.shared>
    gpu.return
  }

  // A gather reads one element after the other; a row sum ends with two shuffles a row.
  // REGION-LABEL: gpu.func @gather
  // REGION-COUNT-4: llvm.load %{{.*}} invariant {alignment = 4 : i64} : !llvm.ptr<1> -> f32
  // REGION: gpu.shuffle  xor
  // REGION: gpu.shuffle  xor
  // REGION: llvm.store
  gpu.func @gather(%t: memref<?xf32>, %o: memref<?xf32>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %c0 = arith.constant 0 : index
    %table = bufferization.to_tensor %t restrict : memref<?xf32> to tensor<?xf32>
    %e = tensor.empty() : tensor<16x8xf32, #acc>
    %x = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x8xf32, #acc>) {
    ^bb0(%u: f32):
      %i = linalg.index 0 : index
      %j = linalg.index 1 : index
      %d = arith.minsi %i, %j : index
      %y = tensor.extract %table[%d] : tensor<?xf32>
      linalg.yield %y : f32
    } -> tensor<16x8xf32, #acc>
    %z = arith.constant dense<0.0> : tensor<16xf32, #gdpa_nv.slice<dim = 0, warps = 1, tiles = 1>>
    %s = linalg.reduce ins(%x : tensor<16x8xf32, #acc>) outs(%z : tensor<16xf32, #gdpa_nv.slice<dim = 0, warps = 1, tiles = 1>>) dimensions = [1]
      (%a: f32, %b: f32) { %r = arith.addf %a, %b : f32 linalg.yield %r : f32 }
    gdpa_tile.store %s, %o[%c0] : tensor<16xf32, #gdpa_nv.slice<dim = 0, warps = 1, tiles = 1>>, memref<?xf32>
    gpu.return
  }
}
