#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map1 = affine_map<(d0, d1, d2, d3) -> ()>
#map2 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
module {
  func.func @main(%arg0: tensor<2x4x?x16xf32>, %arg1: tensor<2x4x?x16xf32>, %arg2: tensor<2x4x?x16xf32>) -> tensor<2x4x?x16xf32> {
    %c2_i64 = arith.constant 2 : i64
    %c4_i64 = arith.constant 4 : i64
    %c2 = arith.constant 2 : index
    %c8_i64 = arith.constant 8 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant dense<0.000000e+00> : tensor<f32>
    %cst_1 = arith.constant 2.500000e-01 : f32
    %cst_2 = arith.constant 1.000000e+00 : f32
    %cst_3 = arith.constant 1.500000e+00 : f32
    %dim = tensor.dim %arg0, %c2 : tensor<2x4x?x16xf32>
    %0 = arith.index_cast %dim : index to i64
    %dim_4 = tensor.dim %arg1, %c2 : tensor<2x4x?x16xf32>
    %1 = tensor.empty(%dim_4) : tensor<2x4x16x?xf32>
    %transposed = linalg.transpose ins(%arg1 : tensor<2x4x?x16xf32>) outs(%1 : tensor<2x4x16x?xf32>) permutation = [0, 1, 3, 2] 
    %collapsed = tensor.collapse_shape %arg0 [[0, 1], [2], [3]] : tensor<2x4x?x16xf32> into tensor<8x?x16xf32>
    %collapsed_5 = tensor.collapse_shape %transposed [[0, 1], [2], [3]] : tensor<2x4x16x?xf32> into tensor<8x16x?xf32>
    %2 = tensor.empty(%dim, %dim_4) : tensor<8x?x?xf32>
    %3 = linalg.fill ins(%cst : f32) outs(%2 : tensor<8x?x?xf32>) -> tensor<8x?x?xf32>
    %4 = linalg.batch_matmul ins(%collapsed, %collapsed_5 : tensor<8x?x16xf32>, tensor<8x16x?xf32>) outs(%3 : tensor<8x?x?xf32>) -> tensor<8x?x?xf32>
    %from_elements = tensor.from_elements %c2_i64, %c4_i64, %0, %0 : tensor<4xi64>
    %reshape = tensor.reshape %4(%from_elements) : (tensor<8x?x?xf32>, tensor<4xi64>) -> tensor<2x4x?x?xf32>
    %5 = tensor.empty(%dim, %dim) : tensor<2x4x?x?xf32>
    %6 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%reshape : tensor<2x4x?x?xf32>) outs(%5 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %22 = arith.mulf %in, %cst_1 : f32
      linalg.yield %22 : f32
    } -> tensor<2x4x?x?xf32>
    %7 = linalg.generic {indexing_maps = [#map1, #map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_0, %6 : tensor<f32>, tensor<2x4x?x?xf32>) outs(%5 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %in_10: f32, %out: f32):
      %22 = arith.cmpf ogt, %in, %in_10 : f32
      %23 = arith.select %22, %in, %in_10 : f32
      linalg.yield %23 : f32
    } -> tensor<2x4x?x?xf32>
    %8 = linalg.generic {indexing_maps = [#map1, #map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_0, %6 : tensor<f32>, tensor<2x4x?x?xf32>) outs(%5 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %in_10: f32, %out: f32):
      %22 = arith.cmpf olt, %in, %in_10 : f32
      %23 = arith.select %22, %in, %in_10 : f32
      linalg.yield %23 : f32
    } -> tensor<2x4x?x?xf32>
    %9 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%8 : tensor<2x4x?x?xf32>) outs(%5 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %22 = math.exp %in : f32
      linalg.yield %22 : f32
    } -> tensor<2x4x?x?xf32>
    %10 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%9 : tensor<2x4x?x?xf32>) outs(%5 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %22 = arith.subf %in, %cst_2 : f32
      linalg.yield %22 : f32
    } -> tensor<2x4x?x?xf32>
    %11 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%7, %10 : tensor<2x4x?x?xf32>, tensor<2x4x?x?xf32>) outs(%5 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %in_10: f32, %out: f32):
      %22 = arith.addf %in, %in_10 : f32
      linalg.yield %22 : f32
    } -> tensor<2x4x?x?xf32>
    %12 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%11 : tensor<2x4x?x?xf32>) outs(%5 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %22 = arith.addf %in, %cst_3 : f32
      linalg.yield %22 : f32
    } -> tensor<2x4x?x?xf32>
    %13 = tensor.empty(%dim) : tensor<2x4x?x1xf32>
    %14 = linalg.fill ins(%cst : f32) outs(%13 : tensor<2x4x?x1xf32>) -> tensor<2x4x?x1xf32>
    %15 = linalg.generic {indexing_maps = [#map, #map2], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%12 : tensor<2x4x?x?xf32>) outs(%14 : tensor<2x4x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %22 = arith.addf %in, %out : f32
      linalg.yield %22 : f32
    } -> tensor<2x4x?x1xf32>
    %16 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%12, %15 : tensor<2x4x?x?xf32>, tensor<2x4x?x1xf32>) outs(%5 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %in_10: f32, %out: f32):
      %22 = arith.divf %in, %in_10 : f32
      linalg.yield %22 : f32
    } -> tensor<2x4x?x?xf32>
    %from_elements_6 = tensor.from_elements %c8_i64, %0, %0 : tensor<3xi64>
    %reshape_7 = tensor.reshape %16(%from_elements_6) : (tensor<2x4x?x?xf32>, tensor<3xi64>) -> tensor<8x?x?xf32>
    %collapsed_8 = tensor.collapse_shape %arg2 [[0, 1], [2], [3]] : tensor<2x4x?x16xf32> into tensor<8x?x16xf32>
    %dim_9 = tensor.dim %arg2, %c2 : tensor<2x4x?x16xf32>
    %17 = arith.index_cast %dim_9 : index to i64
    %18 = arith.cmpi eq, %0, %17 : i64
    cf.assert %18, "mismatching contracting dimension"
    %19 = tensor.empty(%dim) : tensor<8x?x16xf32>
    %20 = linalg.fill ins(%cst : f32) outs(%19 : tensor<8x?x16xf32>) -> tensor<8x?x16xf32>
    %21 = linalg.batch_matmul ins(%reshape_7, %collapsed_8 : tensor<8x?x?xf32>, tensor<8x?x16xf32>) outs(%20 : tensor<8x?x16xf32>) -> tensor<8x?x16xf32>
    %expanded = tensor.expand_shape %21 [[0, 1], [2], [3]] output_shape [2, 4, %dim, 16] : tensor<8x?x16xf32> into tensor<2x4x?x16xf32>
    return %expanded : tensor<2x4x?x16xf32>
  }
}
