#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map1 = affine_map<(d0, d1, d2, d3) -> (0, d1, d2, d3)>
#map2 = affine_map<(d0, d1) -> ()>
#map3 = affine_map<(d0, d1) -> (d0, d1)>
#map4 = affine_map<(d0) -> (d0)>
#map5 = affine_map<(d0, d1) -> (0, d1)>
#map6 = affine_map<(d0, d1) -> (d0, 0)>
#map7 = affine_map<(d0, d1, d2, d3) -> (d2, d3)>
#map8 = affine_map<(d0, d1, d2, d3) -> ()>
module {
  func.func @main(%arg0: tensor<2x4x?x16xf32>, %arg1: tensor<2x4x?x16xf32>, %arg2: tensor<2x4x?x16xf32>, %arg3: tensor<1x4x?x?xf32>) -> tensor<2x4x?x16xf32> {
    %c0_i64 = arith.constant 0 : i64
    %c2_i64 = arith.constant 2 : i64
    %c4_i64 = arith.constant 4 : i64
    %c2 = arith.constant 2 : index
    %c8_i64 = arith.constant 8 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 1.000000e+00 : f32
    %cst_1 = arith.constant dense<0.000000e+00> : tensor<f32>
    %cst_2 = arith.constant dense<true> : tensor<i1>
    %cst_3 = arith.constant 2.500000e-01 : f32
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
      %25 = arith.mulf %in, %cst_3 : f32
      linalg.yield %25 : f32
    } -> tensor<2x4x?x?xf32>
    %7 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%6, %arg3 : tensor<2x4x?x?xf32>, tensor<1x4x?x?xf32>) outs(%5 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %in_12: f32, %out: f32):
      %25 = arith.addf %in, %in_12 : f32
      linalg.yield %25 : f32
    } -> tensor<2x4x?x?xf32>
    %8 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%7 : tensor<2x4x?x?xf32>) outs(%5 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %25 = arith.negf %in : f32
      %26 = math.exp %25 : f32
      %27 = arith.addf %26, %cst_0 : f32
      %28 = arith.divf %cst_0, %27 : f32
      linalg.yield %28 : f32
    } -> tensor<2x4x?x?xf32>
    %9 = tensor.empty(%dim, %dim) : tensor<?x?xi1>
    %10 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["parallel", "parallel"]} ins(%cst_2 : tensor<i1>) outs(%9 : tensor<?x?xi1>) {
    ^bb0(%in: i1, %out: i1):
      linalg.yield %in : i1
    } -> tensor<?x?xi1>
    %11 = tensor.empty(%dim) : tensor<?xi64>
    %12 = linalg.generic {indexing_maps = [#map4], iterator_types = ["parallel"]} outs(%11 : tensor<?xi64>) {
    ^bb0(%out: i64):
      %25 = linalg.index 0 : index
      %26 = arith.index_cast %25 : index to i64
      linalg.yield %26 : i64
    } -> tensor<?xi64>
    %expanded = tensor.expand_shape %12 [[0, 1]] output_shape [1, %dim] : tensor<?xi64> into tensor<1x?xi64>
    %expanded_6 = tensor.expand_shape %12 [[0, 1]] output_shape [%dim, 1] : tensor<?xi64> into tensor<?x1xi64>
    %13 = tensor.empty(%dim, %dim) : tensor<?x?xi64>
    %14 = linalg.generic {indexing_maps = [#map5, #map6, #map3], iterator_types = ["parallel", "parallel"]} ins(%expanded, %expanded_6 : tensor<1x?xi64>, tensor<?x1xi64>) outs(%13 : tensor<?x?xi64>) {
    ^bb0(%in: i64, %in_12: i64, %out: i64):
      %25 = arith.subi %in, %in_12 : i64
      linalg.yield %25 : i64
    } -> tensor<?x?xi64>
    %15 = tensor.empty(%dim, %dim) : tensor<?x?xi1>
    %16 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%14 : tensor<?x?xi64>) outs(%15 : tensor<?x?xi1>) {
    ^bb0(%in: i64, %out: i1):
      %25 = arith.cmpi sle, %in, %c0_i64 : i64
      linalg.yield %25 : i1
    } -> tensor<?x?xi1>
    %17 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%16, %10 : tensor<?x?xi1>, tensor<?x?xi1>) outs(%15 : tensor<?x?xi1>) {
    ^bb0(%in: i1, %in_12: i1, %out: i1):
      %25 = arith.andi %in, %in_12 : i1
      linalg.yield %25 : i1
    } -> tensor<?x?xi1>
    %18 = tensor.empty(%dim, %dim) : tensor<2x4x?x?xf32>
    %19 = linalg.generic {indexing_maps = [#map7, #map, #map8, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%17, %8, %cst_1 : tensor<?x?xi1>, tensor<2x4x?x?xf32>, tensor<f32>) outs(%18 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: i1, %in_12: f32, %in_13: f32, %out: f32):
      %25 = arith.select %in, %in_12, %in_13 : f32
      linalg.yield %25 : f32
    } -> tensor<2x4x?x?xf32>
    %from_elements_7 = tensor.from_elements %c8_i64, %0, %0 : tensor<3xi64>
    %reshape_8 = tensor.reshape %19(%from_elements_7) : (tensor<2x4x?x?xf32>, tensor<3xi64>) -> tensor<8x?x?xf32>
    %collapsed_9 = tensor.collapse_shape %arg2 [[0, 1], [2], [3]] : tensor<2x4x?x16xf32> into tensor<8x?x16xf32>
    %dim_10 = tensor.dim %arg2, %c2 : tensor<2x4x?x16xf32>
    %20 = arith.index_cast %dim_10 : index to i64
    %21 = arith.cmpi eq, %0, %20 : i64
    cf.assert %21, "mismatching contracting dimension"
    %22 = tensor.empty(%dim) : tensor<8x?x16xf32>
    %23 = linalg.fill ins(%cst : f32) outs(%22 : tensor<8x?x16xf32>) -> tensor<8x?x16xf32>
    %24 = linalg.batch_matmul ins(%reshape_8, %collapsed_9 : tensor<8x?x?xf32>, tensor<8x?x16xf32>) outs(%23 : tensor<8x?x16xf32>) -> tensor<8x?x16xf32>
    %expanded_11 = tensor.expand_shape %24 [[0, 1], [2], [3]] output_shape [2, 4, %dim, 16] : tensor<8x?x16xf32> into tensor<2x4x?x16xf32>
    return %expanded_11 : tensor<2x4x?x16xf32>
  }
}
