// RUN: gdpa-opt %s --split-input-file --verify-diagnostics

// expected-error @below {{expected argument 0 to be a ranked memref or a scalar, found 'tensor<4xf32>'}}
gdpa_tile.program @tensor(%a: tensor<4xf32>) {
  gdpa_tile.return
}

// -----

// expected-note @below {{declared as '(f32) -> ()'}}
gdpa_tile.program @p(%a: f32) {
  gdpa_tile.return
}
func.func @f(%a: i32, %n: index) {
  // expected-error @below {{expected arguments of the types of @p, found ('i32')}}
  gdpa_tile.launch @p grid(%n) (%a) : i32
  return
}

// -----

func.func @f(%n: index) {
  // expected-error @below {{expected the name of a gdpa_tile.program, found @g}}
  gdpa_tile.launch @g grid(%n) ()
  return
}

// -----

gdpa_tile.program @p() {
  gdpa_tile.return
}
func.func @f() {
  // expected-error @below {{expected a grid of 1 to 3 sizes, found 0}}
  gdpa_tile.launch @p grid() ()
  return
}

// -----

func.func @f(%n: index) {
  // expected-error @below {{expected 2 dynamic sizes, found 1}}
  %w = gdpa_tile.workspace(%n) : memref<?x?xf32>
  return
}

// -----

func.func @f(%a: memref<?x?xf32>, %i: index) {
  // expected-error @below {{expected one offset for each of the 2 dimensions of the source, found 1}}
  %b = gdpa_tile.load %a[%i] : memref<?x?xf32> -> tensor<4xf32>
  return
}

// -----

func.func @f(%a: memref<?x?xf32>, %i: index) {
  // expected-error @below {{expected a block of 'f32' or a wider float type, found 'f16'}}
  %b = gdpa_tile.load %a[%i, %i] : memref<?x?xf32> -> tensor<4x4xf16>
  return
}

// -----

func.func @f(%a: memref<?x?xf32>, %i: index) {
  // expected-error @below {{expected a map from 2 positions of the block to 2 offsets, found affine_map<(d0) -> (d0, 0)>}}
  %b = gdpa_tile.load %a[%i, %i] map affine_map<(d) -> (d, 0)> : memref<?x?xf32> -> tensor<4x4xf32>
  return
}

// -----

func.func @f(%a: memref<?x?xf32>, %b: tensor<4x4xf32>) {
  // expected-error @below {{expected the region to yield 2 indices}}
  gdpa_tile.accumulate %b into %a : tensor<4x4xf32>, memref<?x?xf32> {
  ^bb0(%r: index, %c: index):
    gdpa_tile.yield %r : index
  }
  return
}

// -----

func.func @f(%a: memref<?x?xf16>, %b: tensor<4x4xf32>) {
  // expected-error @below {{expected a block of f32 or f64 and a destination of that type or f64, found 'f32' and 'f16'}}
  gdpa_tile.accumulate %b into %a : tensor<4x4xf32>, memref<?x?xf16> {
  ^bb0(%r: index, %c: index):
    gdpa_tile.yield %r, %c : index, index
  }
  return
}

// -----

func.func @f(%a: memref<?xf32>, %b: tensor<4x4xf32>, %i: tensor<4x4xi64>) {
  // expected-error @below {{expected places of i32 in the shape of 'tensor<4x4xf32>', found 'tensor<4x4xi64>'}}
  gdpa_tile.accumulate %b at(%i : tensor<4x4xi64>) into %a : tensor<4x4xf32>, memref<?xf32> {
  ^bb0(%r: index, %c: index, %at: i64):
    gdpa_tile.yield %r : index
  }
  return
}

// -----

func.func @f(%a: memref<?xf32>, %b: tensor<4x4xf32>, %i: tensor<4x4xi32>) {
  // expected-error @below {{expected a region of arguments 'index', 'index', 'i32', found 'index', 'index'}}
  gdpa_tile.accumulate %b at(%i : tensor<4x4xi32>) into %a : tensor<4x4xf32>, memref<?xf32> {
  ^bb0(%r: index, %c: index):
    gdpa_tile.yield %r : index
  }
  return
}

// -----

func.func @f(%a: memref<?x?xf32>, %i: index) {
  // expected-error @below {{expected a block whose extents are at least 1, found 'tensor<4x0xf32>'}}
  %0 = gdpa_tile.load %a[%i, %i] : memref<?x?xf32> -> tensor<4x0xf32>
  return
}

// -----

func.func @f(%i: index) {
  // expected-error @below {{attribute 'query_block' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %a = gdpa_tile.keep query(%i from %i to %i by 0) key(%i from %i to %i by 64)
  return
}

// -----

func.func @keep_bounds(%i: index, %id: i32) {
  // expected-error @below {{expected two bounds for each of 1 values, found 2 and 1}}
  %a = gdpa_tile.keep query(%i from %i to %i by 64) key(%i from %i to %i by 64) where(%id : i32 from %i, %i to %i)
  return
}
