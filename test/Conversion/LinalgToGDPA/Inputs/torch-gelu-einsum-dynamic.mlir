#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
module {
  func.func @main(%arg0: tensor<2x4x?x16xf32>, %arg1: tensor<2x4x?x16xf32>, %arg2: tensor<2x4x?x16xf32>) -> tensor<2x4x?x16xf32> {
    %c2_i64 = arith.constant 2 : i64
    %c4_i64 = arith.constant 4 : i64
    %c2 = arith.constant 2 : index
    %c8_i64 = arith.constant 8 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %c1_i64 = arith.constant 1 : i64
    %c3_i64 = arith.constant 3 : i64
    %cst_0 = arith.constant 4.471500e-02 : f32
    %cst_1 = arith.constant 7.977240e-01 : f32
    %cst_2 = arith.constant 1.000000e+00 : f32
    %cst_3 = arith.constant 5.000000e-01 : f32
    %cst_4 = arith.constant 2.500000e-01 : f32
    %dim = tensor.dim %arg0, %c2 : tensor<2x4x?x16xf32>
    %0 = arith.index_cast %dim : index to i64
    %1 = tensor.empty(%dim) : tensor<2x4x?x16xf32>
    %2 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x4x?x16xf32>) outs(%1 : tensor<2x4x?x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %16 = arith.mulf %in, %cst_4 : f32
      linalg.yield %16 : f32
    } -> tensor<2x4x?x16xf32>
    %dim_5 = tensor.dim %arg1, %c2 : tensor<2x4x?x16xf32>
    %expanded = tensor.expand_shape %arg1 [[0], [1], [2], [3, 4]] output_shape [2, 4, %dim_5, 16, 1] : tensor<2x4x?x16xf32> into tensor<2x4x?x16x1xf32>
    %collapsed = tensor.collapse_shape %2 [[0, 1], [2], [3]] : tensor<2x4x?x16xf32> into tensor<8x?x16xf32>
    %3 = tensor.empty(%dim_5) : tensor<2x4x16x?x1xf32>
    %transposed = linalg.transpose ins(%expanded : tensor<2x4x?x16x1xf32>) outs(%3 : tensor<2x4x16x?x1xf32>) permutation = [0, 1, 3, 2, 4] 
    %collapsed_6 = tensor.collapse_shape %transposed [[0, 1], [2], [3, 4]] : tensor<2x4x16x?x1xf32> into tensor<8x16x?xf32>
    %4 = tensor.empty(%dim, %dim_5) : tensor<8x?x?xf32>
    %5 = linalg.fill ins(%cst : f32) outs(%4 : tensor<8x?x?xf32>) -> tensor<8x?x?xf32>
    %6 = linalg.batch_matmul ins(%collapsed, %collapsed_6 : tensor<8x?x16xf32>, tensor<8x16x?xf32>) outs(%5 : tensor<8x?x?xf32>) -> tensor<8x?x?xf32>
    %from_elements = tensor.from_elements %c2_i64, %c4_i64, %0, %c1_i64, %0 : tensor<5xi64>
    %reshape = tensor.reshape %6(%from_elements) : (tensor<8x?x?xf32>, tensor<5xi64>) -> tensor<2x4x?x1x?xf32>
    %7 = tensor.empty(%dim, %dim) : tensor<2x4x?x?x1xf32>
    %transposed_7 = linalg.transpose ins(%reshape : tensor<2x4x?x1x?xf32>) outs(%7 : tensor<2x4x?x?x1xf32>) permutation = [0, 1, 2, 4, 3] 
    %from_elements_8 = tensor.from_elements %c2_i64, %c4_i64, %0, %0 : tensor<4xi64>
    %reshape_9 = tensor.reshape %transposed_7(%from_elements_8) : (tensor<2x4x?x?x1xf32>, tensor<4xi64>) -> tensor<2x4x?x?xf32>
    %8 = tensor.empty(%dim, %dim) : tensor<2x4x?x?xf32>
    %9 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%reshape_9 : tensor<2x4x?x?xf32>) outs(%8 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %16 = math.fpowi %in, %c3_i64 : f32, i64
      %17 = arith.mulf %16, %cst_0 : f32
      %18 = arith.addf %in, %17 : f32
      %19 = arith.mulf %18, %cst_1 : f32
      %20 = math.tanh %19 : f32
      %21 = arith.addf %20, %cst_2 : f32
      %22 = arith.mulf %21, %cst_3 : f32
      %23 = arith.mulf %in, %22 : f32
      linalg.yield %23 : f32
    } -> tensor<2x4x?x?xf32>
    %expanded_10 = tensor.expand_shape %9 [[0], [1], [2], [3, 4]] output_shape [2, 4, %dim, %dim, 1] : tensor<2x4x?x?xf32> into tensor<2x4x?x?x1xf32>
    %from_elements_11 = tensor.from_elements %c8_i64, %0, %0 : tensor<3xi64>
    %reshape_12 = tensor.reshape %expanded_10(%from_elements_11) : (tensor<2x4x?x?x1xf32>, tensor<3xi64>) -> tensor<8x?x?xf32>
    %collapsed_13 = tensor.collapse_shape %arg2 [[0, 1], [2], [3]] : tensor<2x4x?x16xf32> into tensor<8x?x16xf32>
    %dim_14 = tensor.dim %arg2, %c2 : tensor<2x4x?x16xf32>
    %10 = arith.index_cast %dim_14 : index to i64
    %11 = arith.cmpi eq, %0, %10 : i64
    cf.assert %11, "mismatching contracting dimension"
    %12 = tensor.empty(%dim) : tensor<8x?x16xf32>
    %13 = linalg.fill ins(%cst : f32) outs(%12 : tensor<8x?x16xf32>) -> tensor<8x?x16xf32>
    %14 = linalg.batch_matmul ins(%reshape_12, %collapsed_13 : tensor<8x?x?xf32>, tensor<8x?x16xf32>) outs(%13 : tensor<8x?x16xf32>) -> tensor<8x?x16xf32>
    %expanded_15 = tensor.expand_shape %14 [[0, 1], [2], [3, 4]] output_shape [2, 4, %dim, 1, 16] : tensor<8x?x16xf32> into tensor<2x4x?x1x16xf32>
    %15 = tensor.empty(%dim) : tensor<2x4x?x16x1xf32>
    %transposed_16 = linalg.transpose ins(%expanded_15 : tensor<2x4x?x1x16xf32>) outs(%15 : tensor<2x4x?x16x1xf32>) permutation = [0, 1, 2, 4, 3] 
    %collapsed_17 = tensor.collapse_shape %transposed_16 [[0], [1], [2], [3, 4]] : tensor<2x4x?x16x1xf32> into tensor<2x4x?x16xf32>
    return %collapsed_17 : tensor<2x4x?x16xf32>
  }
}
