// RUN: gdpa-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{expected 128 rows, found 64}}
func.func private @rows(tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 2>>)

// -----

// expected-error@+1 {{expected a multiple of 16 columns, found 24}}
func.func private @columns(tensor<64x24xbf16, #gdpa_nv.lhs<warps = 4, tiles = 1>>)

// -----

// expected-error@+1 {{expected a block of rank 2 and static shape, found rank 1}}
func.func private @rank(tensor<64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>)

// -----

// expected-error@+1 {{expected 2-byte elements in a shared block of rank 2, found 'f32'}}
func.func private @element(tensor<64x64xf32, #gdpa_nv.shared>)

// -----

// expected-error@+1 {{expected dim 0 (rows) or 1 (columns), found 2}}
func.func private @slice(tensor<64xf32, #gdpa_nv.slice<dim = 2, warps = 4, tiles = 1>>)

// -----

func.func @view(%at: i32) {
  // expected-error@+1 {{expected a block in shared memory}}
  %v = gdpa_nv.view %at : tensor<64x64xbf16>
  return
}

// -----

func.func @convert(%l: tensor<64x64xbf16, #gdpa_nv.lhs<warps = 4, tiles = 1>>) {
  // expected-error@+1 {{expected layouts with a conversion}}
  %a = gdpa_nv.convert %l : tensor<64x64xbf16, #gdpa_nv.lhs<warps = 4, tiles = 1>> -> tensor<64x64xbf16, #gdpa_nv.acc<warps = 4, tiles = 1>>
  return
}

// -----

func.func @shape(%l: tensor<64x64xbf16, #gdpa_nv.acc<warps = 4, tiles = 1>>) {
  // expected-error@+1 {{expected the source's shape and element type}}
  %a = gdpa_nv.convert %l : tensor<64x64xbf16, #gdpa_nv.acc<warps = 4, tiles = 1>> -> tensor<64x32xbf16, #gdpa_nv.lhs<warps = 4, tiles = 1>>
  return
}

// -----

func.func @copy(%k: memref<?x64xbf16>, %j: index, %at: i32) {
  // expected-error@+1 {{expected one offset for each dimension}}
  gdpa_nv.copy_async %k[%j] map affine_map<(r, c) -> (r, c)> to %at : memref<?x64xbf16> as tensor<64x64xbf16, #gdpa_nv.shared>
  return
}

// -----

func.func @launch(%n: index) {
  // expected-error@+1 {{expected the name of a kernel, found @kernels::@absent}}
  gdpa_nv.launch @kernels::@absent grid(%n) ()
  return
}

// -----

// expected-error@+1 {{expected 1 to 32 warps, found 0}}
func.func private @no_warps(tensor<64x64xf32, #gdpa_nv.acc<warps = 0, tiles = 1>>)

// -----

// expected-error@+1 {{expected 1 to 65536 tiles, found -1}}
func.func private @no_tiles(tensor<64xf32, #gdpa_nv.slice<dim = 1, warps = 4, tiles = -1>>)

// -----

// expected-error@+1 {{expected extents of at least 1, found 0}}
func.func private @no_columns(tensor<64x0xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>)
