#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
module {
  func.func @main(%arg0: tensor<2x4x24x16xf32>, %arg1: tensor<2x4x24x16xf32>, %arg2: tensor<2x4x24x16xf32>) -> tensor<2x4x24x16xf32> {
    %cst = arith.constant 0.000000e+00 : f32
    %c3_i64 = arith.constant 3 : i64
    %cst_0 = arith.constant 4.471500e-02 : f32
    %cst_1 = arith.constant 7.977240e-01 : f32
    %cst_2 = arith.constant 1.000000e+00 : f32
    %cst_3 = arith.constant 5.000000e-01 : f32
    %cst_4 = arith.constant 2.500000e-01 : f32
    %0 = tensor.empty() : tensor<2x4x24x16xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x4x24x16xf32>) outs(%0 : tensor<2x4x24x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %13 = arith.mulf %in, %cst_4 : f32
      linalg.yield %13 : f32
    } -> tensor<2x4x24x16xf32>
    %expanded = tensor.expand_shape %arg1 [[0], [1], [2], [3, 4]] output_shape [2, 4, 24, 16, 1] : tensor<2x4x24x16xf32> into tensor<2x4x24x16x1xf32>
    %collapsed = tensor.collapse_shape %1 [[0, 1], [2], [3]] : tensor<2x4x24x16xf32> into tensor<8x24x16xf32>
    %2 = tensor.empty() : tensor<2x4x16x24x1xf32>
    %transposed = linalg.transpose ins(%expanded : tensor<2x4x24x16x1xf32>) outs(%2 : tensor<2x4x16x24x1xf32>) permutation = [0, 1, 3, 2, 4] 
    %collapsed_5 = tensor.collapse_shape %transposed [[0, 1], [2], [3, 4]] : tensor<2x4x16x24x1xf32> into tensor<8x16x24xf32>
    %3 = tensor.empty() : tensor<8x24x24xf32>
    %4 = linalg.fill ins(%cst : f32) outs(%3 : tensor<8x24x24xf32>) -> tensor<8x24x24xf32>
    %5 = linalg.batch_matmul ins(%collapsed, %collapsed_5 : tensor<8x24x16xf32>, tensor<8x16x24xf32>) outs(%4 : tensor<8x24x24xf32>) -> tensor<8x24x24xf32>
    %expanded_6 = tensor.expand_shape %5 [[0, 1], [2], [3, 4]] output_shape [2, 4, 24, 1, 24] : tensor<8x24x24xf32> into tensor<2x4x24x1x24xf32>
    %6 = tensor.empty() : tensor<2x4x24x24x1xf32>
    %transposed_7 = linalg.transpose ins(%expanded_6 : tensor<2x4x24x1x24xf32>) outs(%6 : tensor<2x4x24x24x1xf32>) permutation = [0, 1, 2, 4, 3] 
    %collapsed_8 = tensor.collapse_shape %transposed_7 [[0], [1], [2], [3, 4]] : tensor<2x4x24x24x1xf32> into tensor<2x4x24x24xf32>
    %7 = tensor.empty() : tensor<2x4x24x24xf32>
    %8 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%collapsed_8 : tensor<2x4x24x24xf32>) outs(%7 : tensor<2x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %13 = math.fpowi %in, %c3_i64 : f32, i64
      %14 = arith.mulf %13, %cst_0 : f32
      %15 = arith.addf %in, %14 : f32
      %16 = arith.mulf %15, %cst_1 : f32
      %17 = math.tanh %16 : f32
      %18 = arith.addf %17, %cst_2 : f32
      %19 = arith.mulf %18, %cst_3 : f32
      %20 = arith.mulf %in, %19 : f32
      linalg.yield %20 : f32
    } -> tensor<2x4x24x24xf32>
    %collapsed_9 = tensor.collapse_shape %8 [[0, 1], [2], [3]] : tensor<2x4x24x24xf32> into tensor<8x24x24xf32>
    %collapsed_10 = tensor.collapse_shape %arg2 [[0, 1], [2], [3]] : tensor<2x4x24x16xf32> into tensor<8x24x16xf32>
    %9 = tensor.empty() : tensor<8x24x16xf32>
    %10 = linalg.fill ins(%cst : f32) outs(%9 : tensor<8x24x16xf32>) -> tensor<8x24x16xf32>
    %11 = linalg.batch_matmul ins(%collapsed_9, %collapsed_10 : tensor<8x24x24xf32>, tensor<8x24x16xf32>) outs(%10 : tensor<8x24x16xf32>) -> tensor<8x24x16xf32>
    %expanded_11 = tensor.expand_shape %11 [[0, 1], [2], [3, 4]] output_shape [2, 4, 24, 1, 16] : tensor<8x24x16xf32> into tensor<2x4x24x1x16xf32>
    %12 = tensor.empty() : tensor<2x4x24x16x1xf32>
    %transposed_12 = linalg.transpose ins(%expanded_11 : tensor<2x4x24x1x16xf32>) outs(%12 : tensor<2x4x24x16x1xf32>) permutation = [0, 1, 2, 4, 3] 
    %collapsed_13 = tensor.collapse_shape %transposed_12 [[0], [1], [2], [3, 4]] : tensor<2x4x24x16x1xf32> into tensor<2x4x24x16xf32>
    return %collapsed_13 : tensor<2x4x24x16xf32>
  }
}
