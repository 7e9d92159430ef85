// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gdpa_tile.program(gdpa-tile-mask-bounds,canonicalize,cse))" --split-input-file | FileCheck %s

// Causal: the loop ends after the block of the last query. A block is full where its last key is not behind the first query: one comparison in
// the loop. Masked elements compare places inside the block.

// CHECK-LABEL: gdpa_tile.program @causal
// CHECK-DAG: %[[BASE:.*]] = arith.muli %{{.*}}, %c128
// CHECK-DAG: %[[LAST:.*]] = arith.addi %[[BASE]], %c127
// CHECK: %[[QUERIES:.*]] = arith.minsi %[[LAST]], %{{.*}}
// CHECK: %[[HIGH:.*]] = arith.addi %{{.*}}, %c1
// CHECK: %[[END:.*]] = arith.minsi %[[HIGH]], %{{.*}} : index
// CHECK: scf.for %[[J:.*]] = %c0 to %[[END]] step %c64
// CHECK:   gdpa_tile.load
// CHECK-NOT: scf.if
// CHECK:   %[[PARTIAL:.*]] = arith.cmpi sle, %[[FIRST:.*]], %[[J]] : index
// CHECK:   scf.if %[[PARTIAL]]
// CHECK:     %[[BOUND:.*]] = arith.index_cast %{{.*}} : index to i32
// CHECK:     linalg.generic
// CHECK:       linalg.index 0
// CHECK:       linalg.index 1
// CHECK:       %[[KEEP:.*]] = arith.cmpi {{.*}} : i32
// CHECK:       arith.select %[[KEEP]]
// CHECK:   } else {
// CHECK:     linalg.generic
// CHECK-NOT:   arith.select
// CHECK:     scf.yield
// CHECK-NOT: gdpa_tile.keep
gdpa_tile.program @causal(%k: memref<?x64xf32>, %o: memref<?x64xf32>, %nq: index, %nk: index) {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c128 = arith.constant 128 : index
  %zero = arith.constant 0.0 : f32
  %block = gdpa_tile.program_id 0
  %i0 = arith.muli %block, %c128 : index
  %init = tensor.empty() : tensor<128x64xf32>
  %sum = scf.for %j0 = %c0 to %nk step %c64 iter_args(%acc = %init) -> (tensor<128x64xf32>) {
    %s = gdpa_tile.load %k[%j0, %c0] : memref<?x64xf32> -> tensor<128x64xf32>
    %w = linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r, c)>], iterator_types = ["parallel", "parallel"]}
        ins(%s : tensor<128x64xf32>) outs(%acc : tensor<128x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %r = linalg.index 0 : index
      %c = linalg.index 1 : index
      %i = arith.addi %i0, %r : index
      %j = arith.addi %j0, %c : index
      %mask = arith.cmpi sge, %i, %j : index
      %keep = gdpa_tile.keep mask(%mask) query(%i from %i0 to %nq by 128) key(%j from %j0 to %nk by 64)
      %y = arith.addf %in, %in : f32
      %x = arith.select %keep, %y, %zero : f32
      linalg.yield %x : f32
    } -> tensor<128x64xf32>
    scf.yield %w : tensor<128x64xf32>
  }
  gdpa_tile.store %sum, %o[%i0, %c0] : tensor<128x64xf32>, memref<?x64xf32>
  gdpa_tile.return
}

// -----

// The first keys for all, a window behind: between them are empty blocks, which are not loaded.

// CHECK-LABEL: gdpa_tile.program @prefix_or_window
// CHECK: scf.for %[[J:.*]] = %{{.*}} to %{{.*}} step %c64 iter_args(%[[ACC:.*]] = %{{.*}})
// CHECK-NOT: gdpa_tile.load
// CHECK:   %[[ANY:.*]] = arith.ori
// CHECK:   scf.if %[[ANY]]
// CHECK:     gdpa_tile.load
// CHECK:     scf.if
// CHECK:   } else {
// CHECK:     linalg.generic
// CHECK:   } else {
// CHECK-NEXT: scf.yield %[[ACC]]
gdpa_tile.program @prefix_or_window(%k: memref<?x64xf32>, %o: memref<?x64xf32>, %nq: index, %nk: index) {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c100 = arith.constant 100 : index
  %c128 = arith.constant 128 : index
  %zero = arith.constant 0.0 : f32
  %block = gdpa_tile.program_id 0
  %i0 = arith.muli %block, %c128 : index
  %init = tensor.empty() : tensor<128x64xf32>
  %sum = scf.for %j0 = %c0 to %nk step %c64 iter_args(%acc = %init) -> (tensor<128x64xf32>) {
    %s = gdpa_tile.load %k[%j0, %c0] : memref<?x64xf32> -> tensor<128x64xf32>
    %w = linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r, c)>], iterator_types = ["parallel", "parallel"]}
        ins(%s : tensor<128x64xf32>) outs(%acc : tensor<128x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %r = linalg.index 0 : index
      %c = linalg.index 1 : index
      %i = arith.addi %i0, %r : index
      %j = arith.addi %j0, %c : index
      %prefix = arith.cmpi slt, %j, %c64 : index
      %distance = arith.subi %i, %j : index
      %window = arith.cmpi ult, %distance, %c100 : index
      %mask = arith.ori %prefix, %window : i1
      %keep = gdpa_tile.keep mask(%mask) query(%i from %i0 to %nq by 128) key(%j from %j0 to %nk by 64)
      %y = arith.addf %in, %in : f32
      %x = arith.select %keep, %y, %zero : f32
      linalg.yield %x : f32
    } -> tensor<128x64xf32>
    scf.yield %w : tensor<128x64xf32>
  }
  gdpa_tile.store %sum, %o[%i0, %c0] : tensor<128x64xf32>, memref<?x64xf32>
  gdpa_tile.return
}

// -----

// No mask but the end of the keys: all blocks are visited, those before the last without a select.

// CHECK-LABEL: gdpa_tile.program @tail
// CHECK: scf.for %[[J:.*]] = %c0 to %arg{{[0-9]+}} step %c64
// CHECK:   %[[FULL:.*]] = arith.cmpi sle, %[[J]], %{{.*}} : index
// CHECK:   scf.if %[[FULL]]
// CHECK-NOT: arith.select
// CHECK:   } else {
// CHECK:     arith.select
gdpa_tile.program @tail(%k: memref<?x64xf32>, %o: memref<?x64xf32>, %nq: index, %nk: index) {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  %init = tensor.empty() : tensor<128x64xf32>
  %sum = scf.for %j0 = %c0 to %nk step %c64 iter_args(%acc = %init) -> (tensor<128x64xf32>) {
    %s = gdpa_tile.load %k[%j0, %c0] : memref<?x64xf32> -> tensor<128x64xf32>
    %w = linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r, c)>], iterator_types = ["parallel", "parallel"]}
        ins(%s : tensor<128x64xf32>) outs(%acc : tensor<128x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %i = linalg.index 0 : index
      %c = linalg.index 1 : index
      %j = arith.addi %j0, %c : index
      %keep = gdpa_tile.keep query(%i from %c0 to %nq by 128) key(%j from %j0 to %nk by 64 tail)
      %y = arith.addf %in, %in : f32
      %x = arith.select %keep, %y, %zero : f32
      linalg.yield %x : f32
    } -> tensor<128x64xf32>
    scf.yield %w : tensor<128x64xf32>
  }
  gdpa_tile.store %sum, %o[%c0, %c0] : tensor<128x64xf32>, memref<?x64xf32>
  gdpa_tile.return
}

// -----

// What a capture says is not known: every block is visited, every element tested.

// CHECK-LABEL: gdpa_tile.program @documents
// CHECK: scf.for %[[J:.*]] = %c0 to %arg{{[0-9]+}} step %c64
// CHECK-NOT: scf.if
// CHECK: %[[MASK:.*]] = arith.cmpi eq, %in
// CHECK: arith.select %[[MASK]]
// CHECK-NOT: scf.if
// CHECK: gdpa_tile.return
gdpa_tile.program @documents(%k: memref<?x64xi32>, %o: memref<?x64xi32>, %nq: index, %nk: index) {
  %c0 = arith.constant 0 : index
  %c7 = arith.constant 7 : i32
  %c64 = arith.constant 64 : index
  %init = tensor.empty() : tensor<128x64xi32>
  %sum = scf.for %j0 = %c0 to %nk step %c64 iter_args(%acc = %init) -> (tensor<128x64xi32>) {
    %s = gdpa_tile.load %k[%j0, %c0] : memref<?x64xi32> -> tensor<128x64xi32>
    %w = linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r, c)>], iterator_types = ["parallel", "parallel"]}
        ins(%s : tensor<128x64xi32>) outs(%acc : tensor<128x64xi32>) {
    ^bb0(%in: i32, %out: i32):
      %i = linalg.index 0 : index
      %c = linalg.index 1 : index
      %j = arith.addi %j0, %c : index
      %mask = arith.cmpi eq, %in, %c7 : i32
      %keep = gdpa_tile.keep mask(%mask) query(%i from %c0 to %nq by 128) key(%j from %j0 to %nk by 64)
      %x = arith.select %keep, %c7, %out : i32
      linalg.yield %x : i32
    } -> tensor<128x64xi32>
    scf.yield %w : tensor<128x64xi32>
  }
  gdpa_tile.store %sum, %o[%c0, %c0] : tensor<128x64xi32>, memref<?x64xi32>
  gdpa_tile.return
}

// -----

// One loop over the query blocks of all heads of a group: it counts the blocks that are left, and starts at the first of them. No division by
// zero where none is left.

// CHECK-LABEL: gdpa_tile.program @group
// CHECK: %[[LEFT:.*]] = arith.subi
// CHECK: %[[COUNT:.*]] = arith.maxsi %[[LEFT]], %c0
// CHECK: %[[DIVISOR:.*]] = arith.maxsi %[[COUNT]], %c1
// CHECK: %[[END:.*]] = arith.muli %[[COUNT]], %{{.*}} : index
// CHECK: scf.for %[[T:.*]] = %c0 to %[[END]] step %c1
// CHECK:   %[[WITHIN:.*]] = arith.remui %[[T]], %[[DIVISOR]]
// CHECK:   %[[AT:.*]] = arith.addi %[[WITHIN]], %{{.*}}
// CHECK:   %[[MEMBER:.*]] = arith.divui %[[T]], %[[DIVISOR]]
// CHECK:   arith.muli %[[AT]], %c64
gdpa_tile.program @group(%q: memref<?x?x64xf32>, %o: memref<?x64xf32>, %nq: index, %nk: index, %count: index, %ratio: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %c128 = arith.constant 128 : index
  %zero = arith.constant 0.0 : f32
  %block = gdpa_tile.program_id 0
  %j0 = arith.muli %block, %c128 : index
  %init = tensor.empty() : tensor<128x64xf32>
  %steps = arith.muli %count, %ratio : index
  %sum = scf.for %t = %c0 to %steps step %c1 iter_args(%acc = %init) -> (tensor<128x64xf32>) {
    %within = arith.remui %t, %count : index
    %member = arith.divui %t, %count : index
    %i0 = arith.muli %within, %c64 : index
    %s = gdpa_tile.load %q[%member, %i0, %c0] : memref<?x?x64xf32> -> tensor<128x64xf32>
    %w = linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r, c)>], iterator_types = ["parallel", "parallel"]}
        ins(%s : tensor<128x64xf32>) outs(%acc : tensor<128x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %r = linalg.index 0 : index
      %c = linalg.index 1 : index
      %j = arith.addi %j0, %r : index
      %i = arith.addi %i0, %c : index
      %mask = arith.cmpi sge, %i, %j : index
      %keep = gdpa_tile.keep mask(%mask) query(%i from %i0 to %nq by 64) key(%j from %j0 to %nk by 128)
      %y = arith.addf %in, %in : f32
      %x = arith.select %keep, %y, %zero : f32
      linalg.yield %x : f32
    } -> tensor<128x64xf32>
    scf.yield %w : tensor<128x64xf32>
  }
  gdpa_tile.store %sum, %o[%j0, %c0] : tensor<128x64xf32>, memref<?x64xf32>
  gdpa_tile.return
}

// -----

// Captured integers of both rows, of which the bounds in each block are known: blocks whose ranges do not meet are left out, those of one and the
// same integer are full.

// CHECK-LABEL: gdpa_tile.program @documents
// CHECK-SAME: %[[LOWI:[a-z0-9]+]]: index, %[[HIGHI:[a-z0-9]+]]: index, %[[RANGES:[a-z0-9]+]]: memref<2x?xindex>
// CHECK: %[[SCAN:.*]]:2 = scf.for %[[AT:.*]] = %c0 to %[[NK:.*]] step %c64 iter_args(%[[FIRST:.*]] = %[[NK]], %[[LAST:.*]] = %c0) -> (index, index)
// CHECK:   memref.load
// CHECK:   memref.load
// CHECK:   %[[HOLDS:.*]] = arith.andi
// CHECK:   %[[EARLIER:.*]] = arith.minsi %[[FIRST]], %[[AT]]
// CHECK:   %[[NEXT:.*]] = arith.addi %[[AT]], %c64
// CHECK:   arith.select %[[HOLDS]], %[[EARLIER]], %[[FIRST]]
// CHECK:   arith.select %[[HOLDS]], %[[NEXT]], %[[LAST]]
// CHECK: %[[END:.*]] = arith.minsi %[[SCAN]]#1, %[[NK]]
// CHECK: scf.for %{{.*}} = %[[SCAN]]#0 to %[[END]] step %c64
// CHECK:   %[[LOWJ:.*]] = memref.load %[[RANGES]][%c0,
// CHECK:   %[[HIGHJ:.*]] = memref.load %[[RANGES]][%c1,
// CHECK:   arith.subi %[[HIGHJ]], %[[LOWI]]
// CHECK:   arith.subi %{{.*}}, %[[LOWJ]]
// CHECK:   %[[MEET:.*]] = arith.andi
// CHECK:   scf.if %[[MEET]]
// CHECK:     scf.if
// CHECK:       linalg.generic
// CHECK:         arith.cmpi eq, %{{.*}}, %{{.*}} : i32
// CHECK:     } else {
// CHECK:       linalg.generic
// CHECK-NOT:     arith.cmpi
// CHECK:       scf.yield
// CHECK-NOT: gdpa_tile.keep
gdpa_tile.program @documents(%k: memref<?x64xf32>, %ids: memref<?xi32>, %o: memref<?x64xf32>, %nq: index, %nk: index, %lowi: index, %highi: index, %ranges: memref<2x?xindex>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %c128 = arith.constant 128 : index
  %zero = arith.constant 0.0 : f32
  %block = gdpa_tile.program_id 0
  %i0 = arith.muli %block, %c128 : index
  %init = tensor.empty() : tensor<128x64xf32>
  %ofi = gdpa_tile.load %ids[%i0] : memref<?xi32> -> tensor<128xi32>
  %sum = scf.for %j0 = %c0 to %nk step %c64 iter_args(%acc = %init) -> (tensor<128x64xf32>) {
    %s = gdpa_tile.load %k[%j0, %c0] : memref<?x64xf32> -> tensor<128x64xf32>
    %ofj = gdpa_tile.load %ids[%j0] : memref<?xi32> -> tensor<64xi32>
    %at = arith.divui %j0, %c64 : index
    %lowj = memref.load %ranges[%c0, %at] : memref<2x?xindex>
    %highj = memref.load %ranges[%c1, %at] : memref<2x?xindex>
    %w = linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r)>, affine_map<(r, c) -> (c)>, affine_map<(r, c) -> (r, c)>], iterator_types = ["parallel", "parallel"]}
        ins(%s, %ofi, %ofj : tensor<128x64xf32>, tensor<128xi32>, tensor<64xi32>) outs(%acc : tensor<128x64xf32>) {
    ^bb0(%in: f32, %x: i32, %y: i32, %out: f32):
      %r = linalg.index 0 : index
      %c = linalg.index 1 : index
      %i = arith.addi %i0, %r : index
      %j = arith.addi %j0, %c : index
      %mask = arith.cmpi eq, %x, %y : i32
      %keep = gdpa_tile.keep mask(%mask) query(%i from %i0 to %nq by 128) key(%j from %j0 to %nk by 64) where(%x, %y : i32, i32 from %lowi, %lowj to %highi, %highj)
      %z = arith.select %keep, %in, %zero : f32
      linalg.yield %z : f32
    } -> tensor<128x64xf32>
    scf.yield %w : tensor<128x64xf32>
  }
  gdpa_tile.store %sum, %o[%i0, %c0] : tensor<128x64xf32>, memref<?x64xf32>
  gdpa_tile.return
}
