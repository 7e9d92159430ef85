#map = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>
module {
  func.func @main(%arg0: tensor<2x4x24x16xf32>, %arg1: tensor<2x2x24x16xf32>, %arg2: tensor<2x2x24x16xf32>) -> tensor<2x4x24x16xf32> {
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 1.000000e+00 : f32
    %cst_1 = arith.constant 2.500000e-01 : f32
    %expanded = tensor.expand_shape %arg0 [[0], [1, 2], [3], [4, 5]] output_shape [2, 2, 2, 24, 16, 1] : tensor<2x4x24x16xf32> into tensor<2x2x2x24x16x1xf32>
    %expanded_2 = tensor.expand_shape %arg1 [[0], [1], [2], [3, 4, 5]] output_shape [2, 2, 24, 16, 1, 1] : tensor<2x2x24x16xf32> into tensor<2x2x24x16x1x1xf32>
    %collapsed = tensor.collapse_shape %expanded [[0, 1], [2, 3], [4, 5]] : tensor<2x2x2x24x16x1xf32> into tensor<4x48x16xf32>
    %0 = tensor.empty() : tensor<2x2x16x24x1x1xf32>
    %transposed = linalg.transpose ins(%expanded_2 : tensor<2x2x24x16x1x1xf32>) outs(%0 : tensor<2x2x16x24x1x1xf32>) permutation = [0, 1, 3, 2, 4, 5] 
    %collapsed_3 = tensor.collapse_shape %transposed [[0, 1], [2], [3, 4, 5]] : tensor<2x2x16x24x1x1xf32> into tensor<4x16x24xf32>
    %1 = tensor.empty() : tensor<4x48x24xf32>
    %2 = linalg.fill ins(%cst : f32) outs(%1 : tensor<4x48x24xf32>) -> tensor<4x48x24xf32>
    %3 = linalg.batch_matmul ins(%collapsed, %collapsed_3 : tensor<4x48x16xf32>, tensor<4x16x24xf32>) outs(%2 : tensor<4x48x24xf32>) -> tensor<4x48x24xf32>
    %expanded_4 = tensor.expand_shape %3 [[0, 1], [2, 3], [4, 5]] output_shape [2, 2, 2, 24, 1, 24] : tensor<4x48x24xf32> into tensor<2x2x2x24x1x24xf32>
    %4 = tensor.empty() : tensor<2x2x2x24x24x1xf32>
    %transposed_5 = linalg.transpose ins(%expanded_4 : tensor<2x2x2x24x1x24xf32>) outs(%4 : tensor<2x2x2x24x24x1xf32>) permutation = [0, 1, 2, 3, 5, 4] 
    %collapsed_6 = tensor.collapse_shape %transposed_5 [[0], [1], [2], [3], [4, 5]] : tensor<2x2x2x24x24x1xf32> into tensor<2x2x2x24x24xf32>
    %5 = tensor.empty() : tensor<2x2x2x24x24xf32>
    %6 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%collapsed_6 : tensor<2x2x2x24x24xf32>) outs(%5 : tensor<2x2x2x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %13 = arith.mulf %in, %cst_1 : f32
      linalg.yield %13 : f32
    } -> tensor<2x2x2x24x24xf32>
    %7 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%6 : tensor<2x2x2x24x24xf32>) outs(%5 : tensor<2x2x2x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %13 = arith.negf %in : f32
      %14 = math.exp %13 : f32
      %15 = arith.addf %14, %cst_0 : f32
      %16 = arith.divf %cst_0, %15 : f32
      linalg.yield %16 : f32
    } -> tensor<2x2x2x24x24xf32>
    %8 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%6, %7 : tensor<2x2x2x24x24xf32>, tensor<2x2x2x24x24xf32>) outs(%5 : tensor<2x2x2x24x24xf32>) {
    ^bb0(%in: f32, %in_12: f32, %out: f32):
      %13 = arith.mulf %in, %in_12 : f32
      linalg.yield %13 : f32
    } -> tensor<2x2x2x24x24xf32>
    %collapsed_7 = tensor.collapse_shape %8 [[0, 1], [2, 3], [4]] : tensor<2x2x2x24x24xf32> into tensor<4x48x24xf32>
    %collapsed_8 = tensor.collapse_shape %arg2 [[0, 1], [2], [3]] : tensor<2x2x24x16xf32> into tensor<4x24x16xf32>
    %9 = tensor.empty() : tensor<4x48x16xf32>
    %10 = linalg.fill ins(%cst : f32) outs(%9 : tensor<4x48x16xf32>) -> tensor<4x48x16xf32>
    %11 = linalg.batch_matmul ins(%collapsed_7, %collapsed_8 : tensor<4x48x24xf32>, tensor<4x24x16xf32>) outs(%10 : tensor<4x48x16xf32>) -> tensor<4x48x16xf32>
    %expanded_9 = tensor.expand_shape %11 [[0, 1], [2, 3], [4, 5]] output_shape [2, 2, 2, 24, 1, 16] : tensor<4x48x16xf32> into tensor<2x2x2x24x1x16xf32>
    %12 = tensor.empty() : tensor<2x2x2x24x16x1xf32>
    %transposed_10 = linalg.transpose ins(%expanded_9 : tensor<2x2x2x24x1x16xf32>) outs(%12 : tensor<2x2x2x24x16x1xf32>) permutation = [0, 1, 2, 3, 5, 4] 
    %collapsed_11 = tensor.collapse_shape %transposed_10 [[0], [1, 2], [3], [4, 5]] : tensor<2x2x2x24x16x1xf32> into tensor<2x4x24x16xf32>
    return %collapsed_11 : tensor<2x4x24x16xf32>
  }
}
