#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
module {
  func.func @main(%arg0: tensor<2x24x4x16xf32>, %arg1: tensor<2x24x4x16xf32>, %arg2: tensor<2x24x4x16xf32>) -> tensor<2x24x4x16xf32> {
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 1.000000e+00 : f32
    %cst_1 = arith.constant 2.500000e-01 : f32
    %0 = tensor.empty() : tensor<2x4x24x16xf32>
    %transposed = linalg.transpose ins(%arg0 : tensor<2x24x4x16xf32>) outs(%0 : tensor<2x4x24x16xf32>) permutation = [0, 2, 1, 3] 
    %transposed_2 = linalg.transpose ins(%arg2 : tensor<2x24x4x16xf32>) outs(%0 : tensor<2x4x24x16xf32>) permutation = [0, 2, 1, 3] 
    %1 = tensor.empty() : tensor<2x4x16x24xf32>
    %transposed_3 = linalg.transpose ins(%arg1 : tensor<2x24x4x16xf32>) outs(%1 : tensor<2x4x16x24xf32>) permutation = [0, 2, 3, 1] 
    %collapsed = tensor.collapse_shape %transposed [[0, 1], [2], [3]] : tensor<2x4x24x16xf32> into tensor<8x24x16xf32>
    %collapsed_4 = tensor.collapse_shape %transposed_3 [[0, 1], [2], [3]] : tensor<2x4x16x24xf32> into tensor<8x16x24xf32>
    %2 = tensor.empty() : tensor<8x24x24xf32>
    %3 = linalg.fill ins(%cst : f32) outs(%2 : tensor<8x24x24xf32>) -> tensor<8x24x24xf32>
    %4 = linalg.batch_matmul ins(%collapsed, %collapsed_4 : tensor<8x24x16xf32>, tensor<8x16x24xf32>) outs(%3 : tensor<8x24x24xf32>) -> tensor<8x24x24xf32>
    %expanded = tensor.expand_shape %4 [[0, 1], [2], [3]] output_shape [2, 4, 24, 24] : tensor<8x24x24xf32> into tensor<2x4x24x24xf32>
    %5 = tensor.empty() : tensor<2x4x24x24xf32>
    %6 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded : tensor<2x4x24x24xf32>) outs(%5 : tensor<2x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %13 = arith.mulf %in, %cst_1 : f32
      linalg.yield %13 : f32
    } -> tensor<2x4x24x24xf32>
    %7 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%6 : tensor<2x4x24x24xf32>) outs(%5 : tensor<2x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %13 = arith.negf %in : f32
      %14 = math.exp %13 : f32
      %15 = arith.addf %14, %cst_0 : f32
      %16 = arith.divf %cst_0, %15 : f32
      linalg.yield %16 : f32
    } -> tensor<2x4x24x24xf32>
    %8 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%6, %7 : tensor<2x4x24x24xf32>, tensor<2x4x24x24xf32>) outs(%5 : tensor<2x4x24x24xf32>) {
    ^bb0(%in: f32, %in_9: f32, %out: f32):
      %13 = arith.mulf %in, %in_9 : f32
      linalg.yield %13 : f32
    } -> tensor<2x4x24x24xf32>
    %collapsed_5 = tensor.collapse_shape %8 [[0, 1], [2], [3]] : tensor<2x4x24x24xf32> into tensor<8x24x24xf32>
    %collapsed_6 = tensor.collapse_shape %transposed_2 [[0, 1], [2], [3]] : tensor<2x4x24x16xf32> into tensor<8x24x16xf32>
    %9 = tensor.empty() : tensor<8x24x16xf32>
    %10 = linalg.fill ins(%cst : f32) outs(%9 : tensor<8x24x16xf32>) -> tensor<8x24x16xf32>
    %11 = linalg.batch_matmul ins(%collapsed_5, %collapsed_6 : tensor<8x24x24xf32>, tensor<8x24x16xf32>) outs(%10 : tensor<8x24x16xf32>) -> tensor<8x24x16xf32>
    %expanded_7 = tensor.expand_shape %11 [[0, 1], [2], [3]] output_shape [2, 4, 24, 16] : tensor<8x24x16xf32> into tensor<2x4x24x16xf32>
    %12 = tensor.empty() : tensor<2x24x4x16xf32>
    %transposed_8 = linalg.transpose ins(%expanded_7 : tensor<2x4x24x16xf32>) outs(%12 : tensor<2x24x4x16xf32>) permutation = [0, 2, 1, 3] 
    return %transposed_8 : tensor<2x24x4x16xf32>
  }
}
