#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map1 = affine_map<(d0, d1, d2, d3) -> (0, d1, d2, d3)>
#map2 = affine_map<(d0, d1) -> (d0, d1)>
#map3 = affine_map<(d0, d1, d2, d3) -> (d2, d3)>
#map4 = affine_map<(d0, d1, d2, d3) -> ()>
module {
  func.func @main(%arg0: tensor<2x4x?x16xf32>, %arg1: tensor<2x4x?x16xf32>, %arg2: tensor<2x4x?x16xf32>, %arg3: tensor<1x4x?x?xf32>, %arg4: tensor<?x?xi1>) -> tensor<2x4x?x16xf32> {
    %c2_i64 = arith.constant 2 : i64
    %c4_i64 = arith.constant 4 : i64
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c1 = arith.constant 1 : index
    %c8_i64 = arith.constant 8 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 1.000000e+00 : f32
    %true = arith.constant true
    %cst_1 = arith.constant dense<0.000000e+00> : tensor<f32>
    %cst_2 = arith.constant 2.500000e-01 : f32
    %dim = tensor.dim %arg0, %c2 : tensor<2x4x?x16xf32>
    %0 = arith.index_cast %dim : index to i64
    %dim_3 = tensor.dim %arg1, %c2 : tensor<2x4x?x16xf32>
    %1 = tensor.empty(%dim_3) : tensor<2x4x16x?xf32>
    %transposed = linalg.transpose ins(%arg1 : tensor<2x4x?x16xf32>) outs(%1 : tensor<2x4x16x?xf32>) permutation = [0, 1, 3, 2] 
    %collapsed = tensor.collapse_shape %arg0 [[0, 1], [2], [3]] : tensor<2x4x?x16xf32> into tensor<8x?x16xf32>
    %collapsed_4 = tensor.collapse_shape %transposed [[0, 1], [2], [3]] : tensor<2x4x16x?xf32> into tensor<8x16x?xf32>
    %2 = tensor.empty(%dim, %dim_3) : tensor<8x?x?xf32>
    %3 = linalg.fill ins(%cst : f32) outs(%2 : tensor<8x?x?xf32>) -> tensor<8x?x?xf32>
    %4 = linalg.batch_matmul ins(%collapsed, %collapsed_4 : tensor<8x?x16xf32>, tensor<8x16x?xf32>) outs(%3 : tensor<8x?x?xf32>) -> tensor<8x?x?xf32>
    %from_elements = tensor.from_elements %c2_i64, %c4_i64, %0, %0 : tensor<4xi64>
    %reshape = tensor.reshape %4(%from_elements) : (tensor<8x?x?xf32>, tensor<4xi64>) -> tensor<2x4x?x?xf32>
    %5 = tensor.empty(%dim, %dim) : tensor<2x4x?x?xf32>
    %6 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%reshape : tensor<2x4x?x?xf32>) outs(%5 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %18 = arith.mulf %in, %cst_2 : f32
      linalg.yield %18 : f32
    } -> tensor<2x4x?x?xf32>
    %7 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%6, %arg3 : tensor<2x4x?x?xf32>, tensor<1x4x?x?xf32>) outs(%5 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %in_11: f32, %out: f32):
      %18 = arith.addf %in, %in_11 : f32
      linalg.yield %18 : f32
    } -> tensor<2x4x?x?xf32>
    %8 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%7 : tensor<2x4x?x?xf32>) outs(%5 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %18 = arith.negf %in : f32
      %19 = math.exp %18 : f32
      %20 = arith.addf %19, %cst_0 : f32
      %21 = arith.divf %cst_0, %20 : f32
      linalg.yield %21 : f32
    } -> tensor<2x4x?x?xf32>
    %dim_5 = tensor.dim %arg4, %c0 : tensor<?x?xi1>
    %dim_6 = tensor.dim %arg4, %c1 : tensor<?x?xi1>
    %9 = tensor.empty(%dim_5, %dim_6) : tensor<?x?xi1>
    %10 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%arg4 : tensor<?x?xi1>) outs(%9 : tensor<?x?xi1>) {
    ^bb0(%in: i1, %out: i1):
      %18 = arith.xori %in, %true : i1
      linalg.yield %18 : i1
    } -> tensor<?x?xi1>
    %11 = tensor.empty(%dim_5, %dim_6) : tensor<2x4x?x?xf32>
    %12 = linalg.generic {indexing_maps = [#map3, #map4, #map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%10, %cst_1, %8 : tensor<?x?xi1>, tensor<f32>, tensor<2x4x?x?xf32>) outs(%11 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: i1, %in_11: f32, %in_12: f32, %out: f32):
      %18 = arith.select %in, %in_11, %in_12 : f32
      linalg.yield %18 : f32
    } -> tensor<2x4x?x?xf32>
    %from_elements_7 = tensor.from_elements %c8_i64, %0, %0 : tensor<3xi64>
    %reshape_8 = tensor.reshape %12(%from_elements_7) : (tensor<2x4x?x?xf32>, tensor<3xi64>) -> tensor<8x?x?xf32>
    %collapsed_9 = tensor.collapse_shape %arg2 [[0, 1], [2], [3]] : tensor<2x4x?x16xf32> into tensor<8x?x16xf32>
    %dim_10 = tensor.dim %arg2, %c2 : tensor<2x4x?x16xf32>
    %13 = arith.index_cast %dim_10 : index to i64
    %14 = arith.cmpi eq, %0, %13 : i64
    cf.assert %14, "mismatching contracting dimension"
    %15 = tensor.empty(%dim) : tensor<8x?x16xf32>
    %16 = linalg.fill ins(%cst : f32) outs(%15 : tensor<8x?x16xf32>) -> tensor<8x?x16xf32>
    %17 = linalg.batch_matmul ins(%reshape_8, %collapsed_9 : tensor<8x?x?xf32>, tensor<8x?x16xf32>) outs(%16 : tensor<8x?x16xf32>) -> tensor<8x?x16xf32>
    %expanded = tensor.expand_shape %17 [[0, 1], [2], [3]] output_shape [2, 4, %dim, 16] : tensor<8x?x16xf32> into tensor<2x4x?x16xf32>
    return %expanded : tensor<2x4x?x16xf32>
  }
}
