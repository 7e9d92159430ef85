// RUN: gdpa-opt %s --split-input-file --gdpa-autodiff --gdpa-prepare-entry --one-shot-bufferize --gdpa-plan="target=cpu" --convert-gdpa-to-tile --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,CPU
// RUN: gdpa-opt %s --split-input-file --gdpa-autodiff --gdpa-prepare-entry --one-shot-bufferize --gdpa-plan="target=sm_80" --convert-gdpa-to-tile --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,GPU

// A table read at an index that depends on the score: the index of each pair is a result beside the gradient, inside the table.

// CPU: gdpa_tile.program @lookup_vjp_backward_dkv
// GPU: gdpa_tile.program @lookup_vjp_backward_pairs0
// CHECK: %[[BLOCKS:[0-9]+]]:{{[24]}} = linalg.generic
// CHECK:   %[[LOW:[0-9]+]] = arith.maxsi %{{.*}}, %c0
// CHECK:   %[[PLACE:[0-9]+]] = arith.minsi %[[LOW]], %{{.*}} : index
// CHECK:   %[[I:[0-9]+]] = arith.index_cast %[[PLACE]] : index to i32
// CHECK:   linalg.yield {{.*}}%[[I]]
// CHECK: gdpa_tile.accumulate %[[BLOCKS]]#{{[02]}} at(%[[BLOCKS]]#{{[13]}} : tensor<{{.*}}xi32>) into %{{.*}} : tensor<{{.*}}xf32>
// CHECK: ^bb0({{.*}}, %[[AT:[a-z0-9_]+]]: i32):
// CHECK: %[[INDEX:[0-9]+]] = arith.index_cast %[[AT]] : i32 to index
// CHECK: gdpa_tile.yield %{{[a-z0-9]+}}, %[[INDEX]] : index, index
func.func @lookup(%q: tensor<?x?x?x64xbf16>, %k: tensor<?x?x?x64xbf16>, %v: tensor<?x?x?x64xbf16>, %t: tensor<?xf32>, %scale: f32, %o0: tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>)
      outs(%o0 : tensor<?x?x?x64xbf16>) scale(%scale : f32) captures(%t : tensor<?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: tensor<?xf32>) {
        %n = arith.fptosi %s : f32 to i32
        %at = arith.index_cast %n : i32 to index
        %z = tensor.extract %T[%at] : tensor<?xf32>
        gdpa.yield %z : f32
      } -> tensor<?x?x?x64xbf16>
  return %o : tensor<?x?x?x64xbf16>
}

// -----

// Booleans are read as bytes.

// CHECK: func.func @booleans({{.*}} %[[KEEP:[a-z0-9]+]]: memref<?xi1, strided<[1], offset: ?>> {gdpa.access = "read", gdpa.name = "c0"
// CHECK: unrealized_conversion_cast %[[KEEP]] : memref<?xi1, strided<[1], offset: ?>> to memref<?xi8, strided<[1], offset: ?>>
// CHECK: gdpa_tile.program @booleans_forward
// CHECK: gdpa_tile.load {{.*}} clamp : memref<?xi8
// CHECK: ^bb0(%{{.*}}: f32, %[[BYTE:[a-z0-9_]+]]: i8
// CHECK: arith.cmpi ne, %[[BYTE]], %{{.*}} : i8
func.func @booleans(%q: tensor<?x?x?x64xbf16>, %k: tensor<?x?x?x64xbf16>, %v: tensor<?x?x?x64xbf16>, %keep: tensor<?xi1>, %scale: f32, %o0: tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>)
      outs(%o0 : tensor<?x?x?x64xbf16>) scale(%scale : f32) captures(%keep : tensor<?xi1>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %K: tensor<?xi1>) {
        gdpa.yield %s : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %K: tensor<?xi1>) {
        %x = tensor.extract %K[%j] : tensor<?xi1>
        gdpa.yield %x : i1
      } -> tensor<?x?x?x64xbf16>
  return %o : tensor<?x?x?x64xbf16>
}

// -----

// A mask of captured integers: a program ahead of each kernel finds their bounds in blocks of queries and in blocks of keys (once where these are
// alike).

// CHECK: gdpa_tile.launch @documents_forward_ranges0
// CHECK: gdpa_tile.launch @documents_forward_ranges1
// CHECK: gdpa_tile.launch @documents_forward grid(
// CPU: gdpa_tile.program @documents_forward_ranges0(
// CPU:   scf.for {{.*}} -> (index, index)
// CPU:   memref.store %{{.*}}, %{{.*}}[%c0,
// CPU:   memref.store %{{.*}}, %{{.*}}[%c1,
// CPU: gdpa_tile.program @documents_forward(
// CPU:   memref.load %{{.*}} : memref<2x?x?xi64>
// CPU:   scf.for
// CPU:     memref.load %{{.*}} : memref<2x?x?xi64>
// CPU:     gdpa_tile.keep mask(%{{.*}}) {{.*}} where(%{{.*}}, %{{.*}} : i32, i32 from %{{.*}}, %{{.*}} to %{{.*}}, %{{.*}})
func.func @documents(%q: tensor<?x?x?x64xbf16>, %k: tensor<?x?x?x64xbf16>, %v: tensor<?x?x?x64xbf16>, %ids: tensor<?x?xi32>, %scale: f32, %o0: tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>)
      outs(%o0 : tensor<?x?x?x64xbf16>) scale(%scale : f32) captures(%ids : tensor<?x?xi32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %ids: tensor<?x?xi32>) {
        gdpa.yield %s : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %ids: tensor<?x?xi32>) {
        %x = tensor.extract %ids[%b, %i] : tensor<?x?xi32>
        %y = tensor.extract %ids[%b, %j] : tensor<?x?xi32>
        %keep = arith.cmpi eq, %x, %y : i32
        gdpa.yield %keep : i1
      } -> tensor<?x?x?x64xbf16>
  return %o : tensor<?x?x?x64xbf16>
}
