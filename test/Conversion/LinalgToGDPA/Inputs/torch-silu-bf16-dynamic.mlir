#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
module {
  func.func @main(%arg0: tensor<2x4x?x16xbf16>, %arg1: tensor<2x4x?x16xbf16>, %arg2: tensor<2x4x?x16xbf16>) -> tensor<2x4x?x16xbf16> {
    %c2_i64 = arith.constant 2 : i64
    %c4_i64 = arith.constant 4 : i64
    %c2 = arith.constant 2 : index
    %c8_i64 = arith.constant 8 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 1.000000e+00 : f32
    %cst_1 = arith.constant 2.500000e-01 : bf16
    %dim = tensor.dim %arg0, %c2 : tensor<2x4x?x16xbf16>
    %0 = arith.index_cast %dim : index to i64
    %dim_2 = tensor.dim %arg1, %c2 : tensor<2x4x?x16xbf16>
    %1 = tensor.empty(%dim_2) : tensor<2x4x16x?xbf16>
    %transposed = linalg.transpose ins(%arg1 : tensor<2x4x?x16xbf16>) outs(%1 : tensor<2x4x16x?xbf16>) permutation = [0, 1, 3, 2] 
    %collapsed = tensor.collapse_shape %arg0 [[0, 1], [2], [3]] : tensor<2x4x?x16xbf16> into tensor<8x?x16xbf16>
    %collapsed_3 = tensor.collapse_shape %transposed [[0, 1], [2], [3]] : tensor<2x4x16x?xbf16> into tensor<8x16x?xbf16>
    %2 = tensor.empty(%dim, %dim_2) : tensor<8x?x?xf32>
    %3 = linalg.fill ins(%cst : f32) outs(%2 : tensor<8x?x?xf32>) -> tensor<8x?x?xf32>
    %4 = linalg.batch_matmul ins(%collapsed, %collapsed_3 : tensor<8x?x16xbf16>, tensor<8x16x?xbf16>) outs(%3 : tensor<8x?x?xf32>) -> tensor<8x?x?xf32>
    %5 = tensor.empty(%dim, %dim_2) : tensor<8x?x?xbf16>
    %6 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%4 : tensor<8x?x?xf32>) outs(%5 : tensor<8x?x?xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %21 = arith.truncf %in : f32 to bf16
      linalg.yield %21 : bf16
    } -> tensor<8x?x?xbf16>
    %from_elements = tensor.from_elements %c2_i64, %c4_i64, %0, %0 : tensor<4xi64>
    %reshape = tensor.reshape %6(%from_elements) : (tensor<8x?x?xbf16>, tensor<4xi64>) -> tensor<2x4x?x?xbf16>
    %7 = tensor.empty(%dim, %dim) : tensor<2x4x?x?xbf16>
    %8 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%reshape : tensor<2x4x?x?xbf16>) outs(%7 : tensor<2x4x?x?xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %21 = arith.mulf %in, %cst_1 : bf16
      linalg.yield %21 : bf16
    } -> tensor<2x4x?x?xbf16>
    %9 = tensor.empty(%dim, %dim) : tensor<2x4x?x?xf32>
    %10 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%8 : tensor<2x4x?x?xbf16>) outs(%9 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %21 = arith.extf %in : bf16 to f32
      linalg.yield %21 : f32
    } -> tensor<2x4x?x?xf32>
    %11 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%10 : tensor<2x4x?x?xf32>) outs(%9 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %21 = arith.negf %in : f32
      %22 = math.exp %21 : f32
      %23 = arith.addf %22, %cst_0 : f32
      %24 = arith.divf %cst_0, %23 : f32
      linalg.yield %24 : f32
    } -> tensor<2x4x?x?xf32>
    %12 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%10, %11 : tensor<2x4x?x?xf32>, tensor<2x4x?x?xf32>) outs(%9 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %in_8: f32, %out: f32):
      %21 = arith.mulf %in, %in_8 : f32
      linalg.yield %21 : f32
    } -> tensor<2x4x?x?xf32>
    %13 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%12 : tensor<2x4x?x?xf32>) outs(%7 : tensor<2x4x?x?xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %21 = arith.truncf %in : f32 to bf16
      linalg.yield %21 : bf16
    } -> tensor<2x4x?x?xbf16>
    %from_elements_4 = tensor.from_elements %c8_i64, %0, %0 : tensor<3xi64>
    %reshape_5 = tensor.reshape %13(%from_elements_4) : (tensor<2x4x?x?xbf16>, tensor<3xi64>) -> tensor<8x?x?xbf16>
    %collapsed_6 = tensor.collapse_shape %arg2 [[0, 1], [2], [3]] : tensor<2x4x?x16xbf16> into tensor<8x?x16xbf16>
    %dim_7 = tensor.dim %arg2, %c2 : tensor<2x4x?x16xbf16>
    %14 = arith.index_cast %dim_7 : index to i64
    %15 = arith.cmpi eq, %0, %14 : i64
    cf.assert %15, "mismatching contracting dimension"
    %16 = tensor.empty(%dim) : tensor<8x?x16xf32>
    %17 = linalg.fill ins(%cst : f32) outs(%16 : tensor<8x?x16xf32>) -> tensor<8x?x16xf32>
    %18 = linalg.batch_matmul ins(%reshape_5, %collapsed_6 : tensor<8x?x?xbf16>, tensor<8x?x16xbf16>) outs(%17 : tensor<8x?x16xf32>) -> tensor<8x?x16xf32>
    %19 = tensor.empty(%dim) : tensor<8x?x16xbf16>
    %20 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%18 : tensor<8x?x16xf32>) outs(%19 : tensor<8x?x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %21 = arith.truncf %in : f32 to bf16
      linalg.yield %21 : bf16
    } -> tensor<8x?x16xbf16>
    %expanded = tensor.expand_shape %20 [[0, 1], [2], [3]] output_shape [2, 4, %dim, 16] : tensor<8x?x16xbf16> into tensor<2x4x?x16xbf16>
    return %expanded : tensor<2x4x?x16xbf16>
  }
}
