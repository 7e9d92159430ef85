// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gdpa_tile.program(gdpa-tile-hoist-uniform))" --split-input-file | FileCheck %s
// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gdpa_tile.program(gdpa-tile-hoist-uniform{min-weight=100}))" --split-input-file | FileCheck %s --check-prefix=DEAR

// tanh of what is read at i leaves the loop; the logarithm of j and the gather at j are computed once for a key. The sum of two rows is cheap and
// stays, and so does what both sides enter.

// CHECK-LABEL: gdpa_tile.program @both_sides
// CHECK: %[[BI:.*]] = gdpa_tile.load %{{.*}} -> tensor<128xf32>
// CHECK: %[[ROWS:.*]] = linalg.generic {{.*}} ins(%[[BI]] : tensor<128xf32>) outs(%{{.*}} : tensor<128xf32>) attrs = {gdpa_tile.role = "rows"}
// CHECK:   math.tanh
// CHECK: scf.for %[[J:.*]] = %c0
// CHECK:   %[[BJ:.*]] = gdpa_tile.load %{{.*}}[%[[J]]] : memref<?xf32> -> tensor<64xf32>
// CHECK:   %[[COLUMNS:.*]]:2 = linalg.generic {{.*}} outs(%{{.*}}, %{{.*}} : tensor<64xf32>, tensor<64xf32>) attrs = {gdpa_tile.role = "rows"}
// CHECK:     linalg.index 0
// CHECK:     math.log
// CHECK:     tensor.extract
// CHECK:   linalg.generic {indexing_maps = [#[[ALL:.*]], #[[ONJ:.*]], #[[ONI:.*]], #[[ONJ]], #[[ONJ]], #[[ALL]]], {{.*}} ins(%{{.*}}, %[[BJ]], %[[ROWS]], %[[COLUMNS]]#0, %[[COLUMNS]]#1 :
// CHECK-NOT: math
// CHECK-NOT: tensor.extract
// CHECK:     arith.addf
// CHECK:     arith.divf
// CHECK:     linalg.yield

// DEAR-NOT: "rows"
gdpa_tile.program @both_sides(%q: memref<?x64xf32>, %k: memref<?x64xf32>, %bi: memref<?xf32>, %bj: memref<?xf32>, %values: memref<8xf32>, %o: memref<?x64xf32>, %nk: index) {
  %c0 = arith.constant 0 : index
  %c7 = arith.constant 7 : index
  %c64 = arith.constant 64 : index
  %c128 = arith.constant 128 : index
  %one = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %table = bufferization.to_tensor %values restrict : memref<8xf32> to tensor<8xf32>
  %block = gdpa_tile.program_id 0
  %i0 = arith.muli %block, %c128 : index
  %queries = gdpa_tile.load %q[%i0, %c0] : memref<?x64xf32> -> tensor<128x64xf32>
  %x = gdpa_tile.load %bi[%i0] : memref<?xf32> -> tensor<128xf32>
  %init = tensor.empty() : tensor<128x64xf32>
  %sum = scf.for %j0 = %c0 to %nk step %c64 iter_args(%acc = %init) -> (tensor<128x64xf32>) {
    %keys = gdpa_tile.load %k[%j0, %c0] : memref<?x64xf32> -> tensor<64x64xf32>
    %y = gdpa_tile.load %bj[%j0] : memref<?xf32> -> tensor<64xf32>
    %empty = tensor.empty() : tensor<128x64xf32>
    %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<128x64xf32>) -> tensor<128x64xf32>
    %s = linalg.contract indexing_maps = [affine_map<(i, j, d) -> (i, d)>, affine_map<(i, j, d) -> (j, d)>, affine_map<(i, j, d) -> (i, j)>] {gdpa_tile.role = "score"}
        ins(%queries, %keys : tensor<128x64xf32>, tensor<64x64xf32>) outs(%zeros : tensor<128x64xf32>) -> tensor<128x64xf32>
    %w = linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r)>, affine_map<(r, c) -> (c)>, affine_map<(r, c) -> (r, c)>], iterator_types = ["parallel", "parallel"]}
        ins(%s, %x, %y : tensor<128x64xf32>, tensor<128xf32>, tensor<64xf32>) outs(%empty : tensor<128x64xf32>) attrs = {gdpa_tile.role = "activation"} {
    ^bb0(%in: f32, %xi: f32, %yj: f32, %out: f32):
      %t = math.tanh %xi : f32
      %c = linalg.index 1 : index
      %j = arith.addi %j0, %c : index
      %small = arith.minsi %j, %c7 : index
      %g = tensor.extract %table[%small] : tensor<8xf32>
      %i32 = arith.index_cast %j : index to i32
      %f = arith.sitofp %i32 : i32 to f32
      %f1 = arith.addf %f, %one : f32
      %l = math.log %f1 : f32
      %cheap = arith.addf %yj, %one : f32
      %a = arith.mulf %in, %t : f32
      %b = arith.mulf %a, %l : f32
      %d = arith.mulf %b, %g : f32
      %both = arith.divf %cheap, %in : f32
      %z = arith.addf %d, %both : f32
      linalg.yield %z : f32
    } -> tensor<128x64xf32>
    scf.yield %w : tensor<128x64xf32>
  }
  gdpa_tile.store %sum, %o[%i0, %c0] : tensor<128x64xf32>, memref<?x64xf32>
  gdpa_tile.return
}

// -----

// A division that may trap is made only where there are pairs.

// CHECK-LABEL: gdpa_tile.program @may_trap
// CHECK-NOT: "rows"
gdpa_tile.program @may_trap(%q: memref<?x64xf32>, %k: memref<?x64xf32>, %o: memref<?x64xf32>, %nk: index) {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  %queries = gdpa_tile.load %q[%c0, %c0] : memref<?x64xf32> -> tensor<128x64xf32>
  %init = tensor.empty() : tensor<128x64xf32>
  %sum = scf.for %j0 = %c0 to %nk step %c64 iter_args(%acc = %init) -> (tensor<128x64xf32>) {
    %keys = gdpa_tile.load %k[%j0, %c0] : memref<?x64xf32> -> tensor<64x64xf32>
    %empty = tensor.empty() : tensor<128x64xf32>
    %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<128x64xf32>) -> tensor<128x64xf32>
    %s = linalg.contract indexing_maps = [affine_map<(i, j, d) -> (i, d)>, affine_map<(i, j, d) -> (j, d)>, affine_map<(i, j, d) -> (i, j)>] {gdpa_tile.role = "score"}
        ins(%queries, %keys : tensor<128x64xf32>, tensor<64x64xf32>) outs(%zeros : tensor<128x64xf32>) -> tensor<128x64xf32>
    %w = linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r, c)>], iterator_types = ["parallel", "parallel"]}
        ins(%s : tensor<128x64xf32>) outs(%empty : tensor<128x64xf32>) attrs = {gdpa_tile.role = "activation"} {
    ^bb0(%in: f32, %out: f32):
      %i = linalg.index 0 : index
      %r = arith.divsi %i, %nk : index
      %i32 = arith.index_cast %r : index to i32
      %f = arith.sitofp %i32 : i32 to f32
      %e = math.exp %f : f32
      %z = arith.mulf %in, %e : f32
      linalg.yield %z : f32
    } -> tensor<128x64xf32>
    scf.yield %w : tensor<128x64xf32>
  }
  gdpa_tile.store %sum, %o[%c0, %c0] : tensor<128x64xf32>, memref<?x64xf32>
  gdpa_tile.return
}
