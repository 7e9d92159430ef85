#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
module {
  func.func @main(%arg0: tensor<2x?x4x16xf32>, %arg1: tensor<2x?x4x16xf32>, %arg2: tensor<2x?x4x16xf32>) -> tensor<2x?x4x16xf32> {
    %c4_i64 = arith.constant 4 : i64
    %c1 = arith.constant 1 : index
    %c2_i64 = arith.constant 2 : i64
    %c8_i64 = arith.constant 8 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 1.000000e+00 : f32
    %cst_1 = arith.constant 2.500000e-01 : f32
    %dim = tensor.dim %arg1, %c1 : tensor<2x?x4x16xf32>
    %0 = arith.index_cast %dim : index to i64
    %dim_2 = tensor.dim %arg0, %c1 : tensor<2x?x4x16xf32>
    %1 = tensor.empty(%dim_2) : tensor<2x4x?x16xf32>
    %transposed = linalg.transpose ins(%arg0 : tensor<2x?x4x16xf32>) outs(%1 : tensor<2x4x?x16xf32>) permutation = [0, 2, 1, 3] 
    %dim_3 = tensor.dim %arg2, %c1 : tensor<2x?x4x16xf32>
    %2 = tensor.empty(%dim_3) : tensor<2x4x?x16xf32>
    %transposed_4 = linalg.transpose ins(%arg2 : tensor<2x?x4x16xf32>) outs(%2 : tensor<2x4x?x16xf32>) permutation = [0, 2, 1, 3] 
    %3 = tensor.empty(%dim) : tensor<2x4x16x?xf32>
    %transposed_5 = linalg.transpose ins(%arg1 : tensor<2x?x4x16xf32>) outs(%3 : tensor<2x4x16x?xf32>) permutation = [0, 2, 3, 1] 
    %collapsed = tensor.collapse_shape %transposed [[0, 1], [2], [3]] : tensor<2x4x?x16xf32> into tensor<8x?x16xf32>
    %collapsed_6 = tensor.collapse_shape %transposed_5 [[0, 1], [2], [3]] : tensor<2x4x16x?xf32> into tensor<8x16x?xf32>
    %4 = tensor.empty(%dim_2, %dim) : tensor<8x?x?xf32>
    %5 = linalg.fill ins(%cst : f32) outs(%4 : tensor<8x?x?xf32>) -> tensor<8x?x?xf32>
    %6 = linalg.batch_matmul ins(%collapsed, %collapsed_6 : tensor<8x?x16xf32>, tensor<8x16x?xf32>) outs(%5 : tensor<8x?x?xf32>) -> tensor<8x?x?xf32>
    %from_elements = tensor.from_elements %c2_i64, %c4_i64, %0, %0 : tensor<4xi64>
    %reshape = tensor.reshape %6(%from_elements) : (tensor<8x?x?xf32>, tensor<4xi64>) -> tensor<2x4x?x?xf32>
    %7 = tensor.empty(%dim, %dim) : tensor<2x4x?x?xf32>
    %8 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%reshape : tensor<2x4x?x?xf32>) outs(%7 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %17 = arith.mulf %in, %cst_1 : f32
      linalg.yield %17 : f32
    } -> tensor<2x4x?x?xf32>
    %9 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%8 : tensor<2x4x?x?xf32>) outs(%7 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %17 = arith.negf %in : f32
      %18 = math.exp %17 : f32
      %19 = arith.addf %18, %cst_0 : f32
      %20 = arith.divf %cst_0, %19 : f32
      linalg.yield %20 : f32
    } -> tensor<2x4x?x?xf32>
    %10 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%8, %9 : tensor<2x4x?x?xf32>, tensor<2x4x?x?xf32>) outs(%7 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %in_11: f32, %out: f32):
      %17 = arith.mulf %in, %in_11 : f32
      linalg.yield %17 : f32
    } -> tensor<2x4x?x?xf32>
    %from_elements_7 = tensor.from_elements %c8_i64, %0, %0 : tensor<3xi64>
    %reshape_8 = tensor.reshape %10(%from_elements_7) : (tensor<2x4x?x?xf32>, tensor<3xi64>) -> tensor<8x?x?xf32>
    %collapsed_9 = tensor.collapse_shape %transposed_4 [[0, 1], [2], [3]] : tensor<2x4x?x16xf32> into tensor<8x?x16xf32>
    %11 = arith.index_cast %dim_3 : index to i64
    %12 = arith.cmpi eq, %0, %11 : i64
    cf.assert %12, "mismatching contracting dimension"
    %13 = tensor.empty(%dim) : tensor<8x?x16xf32>
    %14 = linalg.fill ins(%cst : f32) outs(%13 : tensor<8x?x16xf32>) -> tensor<8x?x16xf32>
    %15 = linalg.batch_matmul ins(%reshape_8, %collapsed_9 : tensor<8x?x?xf32>, tensor<8x?x16xf32>) outs(%14 : tensor<8x?x16xf32>) -> tensor<8x?x16xf32>
    %expanded = tensor.expand_shape %15 [[0, 1], [2], [3]] output_shape [2, 4, %dim, 16] : tensor<8x?x16xf32> into tensor<2x4x?x16xf32>
    %16 = tensor.empty(%dim) : tensor<2x?x4x16xf32>
    %transposed_10 = linalg.transpose ins(%expanded : tensor<2x4x?x16xf32>) outs(%16 : tensor<2x?x4x16xf32>) permutation = [0, 2, 1, 3] 
    return %transposed_10 : tensor<2x?x4x16xf32>
  }
}
