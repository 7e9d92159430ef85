// A forward of one warp and a bias for each key: the input of the tests beside this folder.
gdpa_tile.program @forward(%q: memref<?x16xbf16, strided<[?, 1], offset: ?>>, %k: memref<?x16xbf16, strided<[?, 1], offset: ?>>, %bias: memref<?xf32, strided<[1], offset: ?>>, %o: memref<?x16xbf16, strided<[?, 1], offset: ?>>)
    attributes {schedule = #gdpa_nv.schedule<warps = 1, stages = 3>} {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  %block = gdpa_tile.program_id 0
  %i0 = arith.muli %block, %c16 : index
  %nk = memref.dim %k, %c0 : memref<?x16xbf16, strided<[?, 1], offset: ?>>
  %Q = gdpa_tile.load %q[%i0, %c0] : memref<?x16xbf16, strided<[?, 1], offset: ?>> -> tensor<16x16xbf16>
  %e = tensor.empty() : tensor<16x16xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<16x16xf32>) -> tensor<16x16xf32>
  %acc = scf.for %j0 = %c0 to %nk step %c16 iter_args(%a = %z) -> (tensor<16x16xf32>) {
    %K = gdpa_tile.load %k[%j0, %c0] : memref<?x16xbf16, strided<[?, 1], offset: ?>> -> tensor<16x16xbf16>
    %B = gdpa_tile.load %bias[%j0] : memref<?xf32, strided<[1], offset: ?>> -> tensor<16xf32>
    %S = linalg.contract indexing_maps = [affine_map<(i, j, d) -> (i, d)>, affine_map<(i, j, d) -> (j, d)>, affine_map<(i, j, d) -> (i, j)>]
        ins(%Q, %K : tensor<16x16xbf16>, tensor<16x16xbf16>) outs(%z : tensor<16x16xf32>) -> tensor<16x16xf32>
    %pe = tensor.empty() : tensor<16x16xbf16>
    %P = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
        ins(%S, %B : tensor<16x16xf32>, tensor<16xf32>) outs(%pe : tensor<16x16xbf16>) {
    ^bb0(%s: f32, %b: f32, %u: bf16):
      %x = arith.addf %s, %b : f32
      %t = math.tanh %x : f32
      %y = arith.truncf %t : f32 to bf16
      linalg.yield %y : bf16
    } -> tensor<16x16xbf16>
    %n = linalg.contract indexing_maps = [affine_map<(i, e, j) -> (i, j)>, affine_map<(i, e, j) -> (j, e)>, affine_map<(i, e, j) -> (i, e)>]
        ins(%P, %K : tensor<16x16xbf16>, tensor<16x16xbf16>) outs(%a : tensor<16x16xf32>) -> tensor<16x16xf32>
    scf.yield %n : tensor<16x16xf32>
  }
  gdpa_tile.store %acc, %o[%i0, %c0] : tensor<16x16xf32>, memref<?x16xbf16, strided<[?, 1], offset: ?>>
  gdpa_tile.return
}
func.func @attention(%q: memref<?x16xbf16, strided<[?, 1], offset: ?>>, %bias: memref<?xf32, strided<[1], offset: ?>>, %o: memref<?x16xbf16, strided<[?, 1], offset: ?>>) {
  %c1 = arith.constant 1 : index
  gdpa_tile.launch @forward grid(%c1) (%q, %q, %bias, %o) : memref<?x16xbf16, strided<[?, 1], offset: ?>>, memref<?x16xbf16, strided<[?, 1], offset: ?>>, memref<?xf32, strided<[1], offset: ?>>, memref<?x16xbf16, strided<[?, 1], offset: ?>>
  return
}
