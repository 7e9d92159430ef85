#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
module {
  func.func @main(%arg0: tensor<2x4x?x16xf32>, %arg1: tensor<2x4x?x16xf32>, %arg2: tensor<2x4x?x16xf32>) -> tensor<2x4x?x16xf32> {
    %c2_i64 = arith.constant 2 : i64
    %c4_i64 = arith.constant 4 : i64
    %c2 = arith.constant 2 : index
    %c8_i64 = arith.constant 8 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 1.000000e+00 : f32
    %cst_1 = arith.constant 2.500000e-01 : f32
    %dim = tensor.dim %arg0, %c2 : tensor<2x4x?x16xf32>
    %0 = arith.index_cast %dim : index to i64
    %dim_2 = tensor.dim %arg1, %c2 : tensor<2x4x?x16xf32>
    %1 = tensor.empty(%dim_2) : tensor<2x4x16x?xf32>
    %transposed = linalg.transpose ins(%arg1 : tensor<2x4x?x16xf32>) outs(%1 : tensor<2x4x16x?xf32>) permutation = [0, 1, 3, 2] 
    %collapsed = tensor.collapse_shape %arg0 [[0, 1], [2], [3]] : tensor<2x4x?x16xf32> into tensor<8x?x16xf32>
    %collapsed_3 = tensor.collapse_shape %transposed [[0, 1], [2], [3]] : tensor<2x4x16x?xf32> into tensor<8x16x?xf32>
    %2 = tensor.empty(%dim, %dim_2) : tensor<8x?x?xf32>
    %3 = linalg.fill ins(%cst : f32) outs(%2 : tensor<8x?x?xf32>) -> tensor<8x?x?xf32>
    %4 = linalg.batch_matmul ins(%collapsed, %collapsed_3 : tensor<8x?x16xf32>, tensor<8x16x?xf32>) outs(%3 : tensor<8x?x?xf32>) -> tensor<8x?x?xf32>
    %from_elements = tensor.from_elements %c2_i64, %c4_i64, %0, %0 : tensor<4xi64>
    %reshape = tensor.reshape %4(%from_elements) : (tensor<8x?x?xf32>, tensor<4xi64>) -> tensor<2x4x?x?xf32>
    %5 = tensor.empty(%dim, %dim) : tensor<2x4x?x?xf32>
    %6 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%reshape : tensor<2x4x?x?xf32>) outs(%5 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %14 = arith.mulf %in, %cst_1 : f32
      linalg.yield %14 : f32
    } -> tensor<2x4x?x?xf32>
    %7 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%6 : tensor<2x4x?x?xf32>) outs(%5 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %14 = arith.negf %in : f32
      %15 = math.exp %14 : f32
      %16 = arith.addf %15, %cst_0 : f32
      %17 = arith.divf %cst_0, %16 : f32
      linalg.yield %17 : f32
    } -> tensor<2x4x?x?xf32>
    %8 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%6, %7 : tensor<2x4x?x?xf32>, tensor<2x4x?x?xf32>) outs(%5 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %in_8: f32, %out: f32):
      %14 = arith.mulf %in, %in_8 : f32
      linalg.yield %14 : f32
    } -> tensor<2x4x?x?xf32>
    %from_elements_4 = tensor.from_elements %c8_i64, %0, %0 : tensor<3xi64>
    %reshape_5 = tensor.reshape %8(%from_elements_4) : (tensor<2x4x?x?xf32>, tensor<3xi64>) -> tensor<8x?x?xf32>
    %collapsed_6 = tensor.collapse_shape %arg2 [[0, 1], [2], [3]] : tensor<2x4x?x16xf32> into tensor<8x?x16xf32>
    %dim_7 = tensor.dim %arg2, %c2 : tensor<2x4x?x16xf32>
    %9 = arith.index_cast %dim_7 : index to i64
    %10 = arith.cmpi eq, %0, %9 : i64
    cf.assert %10, "mismatching contracting dimension"
    %11 = tensor.empty(%dim) : tensor<8x?x16xf32>
    %12 = linalg.fill ins(%cst : f32) outs(%11 : tensor<8x?x16xf32>) -> tensor<8x?x16xf32>
    %13 = linalg.batch_matmul ins(%reshape_5, %collapsed_6 : tensor<8x?x?xf32>, tensor<8x?x16xf32>) outs(%12 : tensor<8x?x16xf32>) -> tensor<8x?x16xf32>
    %expanded = tensor.expand_shape %13 [[0, 1], [2], [3]] output_shape [2, 4, %dim, 16] : tensor<8x?x16xf32> into tensor<2x4x?x16xf32>
    return %expanded : tensor<2x4x?x16xf32>
  }
}
