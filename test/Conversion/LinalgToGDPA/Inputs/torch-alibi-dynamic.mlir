#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map2 = affine_map<(d0, d1) -> (0, d1)>
#map3 = affine_map<(d0, d1) -> (d0, 0)>
#map4 = affine_map<(d0, d1) -> (d0, d1)>
#map5 = affine_map<(d0, d1, d2) -> (d0, 0, 0)>
#map6 = affine_map<(d0, d1, d2) -> (d1, d2)>
#map7 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map8 = affine_map<(d0, d1, d2, d3) -> (d1, d2, d3)>
module {
  func.func @main(%arg0: tensor<2x4x?x16xf32>, %arg1: tensor<2x4x?x16xf32>, %arg2: tensor<2x4x?x16xf32>, %arg3: tensor<4xf32>) -> tensor<2x4x?x16xf32> {
    %c2_i64 = arith.constant 2 : i64
    %c4_i64 = arith.constant 4 : i64
    %c2 = arith.constant 2 : index
    %c8_i64 = arith.constant 8 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 2.500000e-01 : f32
    %dim = tensor.dim %arg0, %c2 : tensor<2x4x?x16xf32>
    %0 = arith.index_cast %dim : index to i64
    %1 = tensor.empty(%dim) : tensor<?xi64>
    %2 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%1 : tensor<?xi64>) {
    ^bb0(%out: i64):
      %21 = linalg.index 0 : index
      %22 = arith.index_cast %21 : index to i64
      linalg.yield %22 : i64
    } -> tensor<?xi64>
    %expanded = tensor.expand_shape %2 [[0, 1]] output_shape [%dim, 1] : tensor<?xi64> into tensor<?x1xi64>
    %expanded_1 = tensor.expand_shape %2 [[0, 1]] output_shape [1, %dim] : tensor<?xi64> into tensor<1x?xi64>
    %dim_2 = tensor.dim %arg1, %c2 : tensor<2x4x?x16xf32>
    %3 = tensor.empty(%dim_2) : tensor<2x4x16x?xf32>
    %transposed = linalg.transpose ins(%arg1 : tensor<2x4x?x16xf32>) outs(%3 : tensor<2x4x16x?xf32>) permutation = [0, 1, 3, 2] 
    %collapsed = tensor.collapse_shape %arg0 [[0, 1], [2], [3]] : tensor<2x4x?x16xf32> into tensor<8x?x16xf32>
    %collapsed_3 = tensor.collapse_shape %transposed [[0, 1], [2], [3]] : tensor<2x4x16x?xf32> into tensor<8x16x?xf32>
    %4 = tensor.empty(%dim, %dim_2) : tensor<8x?x?xf32>
    %5 = linalg.fill ins(%cst : f32) outs(%4 : tensor<8x?x?xf32>) -> tensor<8x?x?xf32>
    %6 = linalg.batch_matmul ins(%collapsed, %collapsed_3 : tensor<8x?x16xf32>, tensor<8x16x?xf32>) outs(%5 : tensor<8x?x?xf32>) -> tensor<8x?x?xf32>
    %from_elements = tensor.from_elements %c2_i64, %c4_i64, %0, %0 : tensor<4xi64>
    %reshape = tensor.reshape %6(%from_elements) : (tensor<8x?x?xf32>, tensor<4xi64>) -> tensor<2x4x?x?xf32>
    %7 = tensor.empty(%dim, %dim) : tensor<2x4x?x?xf32>
    %8 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%reshape : tensor<2x4x?x?xf32>) outs(%7 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %21 = arith.mulf %in, %cst_0 : f32
      linalg.yield %21 : f32
    } -> tensor<2x4x?x?xf32>
    %expanded_4 = tensor.expand_shape %arg3 [[0, 1, 2]] output_shape [4, 1, 1] : tensor<4xf32> into tensor<4x1x1xf32>
    %9 = tensor.empty(%dim, %dim) : tensor<?x?xi64>
    %10 = linalg.generic {indexing_maps = [#map2, #map3, #map4], iterator_types = ["parallel", "parallel"]} ins(%expanded_1, %expanded : tensor<1x?xi64>, tensor<?x1xi64>) outs(%9 : tensor<?x?xi64>) {
    ^bb0(%in: i64, %in_10: i64, %out: i64):
      %21 = arith.subi %in, %in_10 : i64
      linalg.yield %21 : i64
    } -> tensor<?x?xi64>
    %11 = tensor.empty(%dim, %dim) : tensor<4x?x?xf32>
    %12 = linalg.generic {indexing_maps = [#map5, #map6, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_4, %10 : tensor<4x1x1xf32>, tensor<?x?xi64>) outs(%11 : tensor<4x?x?xf32>) {
    ^bb0(%in: f32, %in_10: i64, %out: f32):
      %21 = arith.sitofp %in_10 : i64 to f32
      %22 = arith.mulf %in, %21 : f32
      linalg.yield %22 : f32
    } -> tensor<4x?x?xf32>
    %13 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%8, %12 : tensor<2x4x?x?xf32>, tensor<4x?x?xf32>) outs(%7 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %in_10: f32, %out: f32):
      %21 = arith.addf %in, %in_10 : f32
      linalg.yield %21 : f32
    } -> tensor<2x4x?x?xf32>
    %14 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%13 : tensor<2x4x?x?xf32>) outs(%7 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %21 = arith.cmpf ugt, %in, %cst : f32
      %22 = arith.select %21, %in, %cst : f32
      linalg.yield %22 : f32
    } -> tensor<2x4x?x?xf32>
    %15 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%14 : tensor<2x4x?x?xf32>) outs(%7 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %21 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %21 : f32
    } -> tensor<2x4x?x?xf32>
    %from_elements_5 = tensor.from_elements %c8_i64, %0, %0 : tensor<3xi64>
    %reshape_6 = tensor.reshape %15(%from_elements_5) : (tensor<2x4x?x?xf32>, tensor<3xi64>) -> tensor<8x?x?xf32>
    %collapsed_7 = tensor.collapse_shape %arg2 [[0, 1], [2], [3]] : tensor<2x4x?x16xf32> into tensor<8x?x16xf32>
    %dim_8 = tensor.dim %arg2, %c2 : tensor<2x4x?x16xf32>
    %16 = arith.index_cast %dim_8 : index to i64
    %17 = arith.cmpi eq, %0, %16 : i64
    cf.assert %17, "mismatching contracting dimension"
    %18 = tensor.empty(%dim) : tensor<8x?x16xf32>
    %19 = linalg.fill ins(%cst : f32) outs(%18 : tensor<8x?x16xf32>) -> tensor<8x?x16xf32>
    %20 = linalg.batch_matmul ins(%reshape_6, %collapsed_7 : tensor<8x?x?xf32>, tensor<8x?x16xf32>) outs(%19 : tensor<8x?x16xf32>) -> tensor<8x?x16xf32>
    %expanded_9 = tensor.expand_shape %20 [[0, 1], [2], [3]] output_shape [2, 4, %dim, 16] : tensor<8x?x16xf32> into tensor<2x4x?x16xf32>
    return %expanded_9 : tensor<2x4x?x16xf32>
  }
}
