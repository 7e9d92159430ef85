#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> ()>
#map2 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map3 = affine_map<(d0, d1, d2, d3) -> (d2, d3)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
#map6 = affine_map<(d0, d1, d2, d3) -> ()>
module {
  func.func @main(%arg0: tensor<2x4x?x16xf32>, %arg1: tensor<2x4x?x16xf32>, %arg2: tensor<2x4x?x16xf32>, %arg3: tensor<?x?xi1>) -> tensor<2x4x?x16xf32> {
    %c2_i64 = arith.constant 2 : i64
    %c4_i64 = arith.constant 4 : i64
    %c0_i64 = arith.constant 0 : i64
    %c1 = arith.constant 1 : index
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c8_i64 = arith.constant 8 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %true = arith.constant true
    %cst_1 = arith.constant dense<0.000000e+00> : tensor<f32>
    %cst_2 = arith.constant dense<0xFF800000> : tensor<f32>
    %cst_3 = arith.constant 0xFFF0000000000000 : f64
    %cst_4 = arith.constant 5.000000e-01 : f32
    %dim = tensor.dim %arg0, %c2 : tensor<2x4x?x16xf32>
    %0 = arith.index_cast %dim : index to i64
    %dim_5 = tensor.dim %arg3, %c0 : tensor<?x?xi1>
    %dim_6 = tensor.dim %arg3, %c1 : tensor<?x?xi1>
    %1 = tensor.empty(%dim_5, %dim_6) : tensor<?x?xf32>
    %2 = linalg.generic {indexing_maps = [#map, #map1, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%arg3, %cst_1, %cst_2 : tensor<?x?xi1>, tensor<f32>, tensor<f32>) outs(%1 : tensor<?x?xf32>) {
    ^bb0(%in: i1, %in_14: f32, %in_15: f32, %out: f32):
      %37 = arith.select %in, %in_14, %in_15 : f32
      linalg.yield %37 : f32
    } -> tensor<?x?xf32>
    %3 = tensor.empty(%dim) : tensor<2x4x?x16xf32>
    %4 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x4x?x16xf32>) outs(%3 : tensor<2x4x?x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %37 = arith.mulf %in, %cst_4 : f32
      linalg.yield %37 : f32
    } -> tensor<2x4x?x16xf32>
    %dim_7 = tensor.dim %arg1, %c2 : tensor<2x4x?x16xf32>
    %5 = tensor.empty(%dim_7) : tensor<2x4x16x?xf32>
    %transposed = linalg.transpose ins(%arg1 : tensor<2x4x?x16xf32>) outs(%5 : tensor<2x4x16x?xf32>) permutation = [0, 1, 3, 2] 
    %6 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed : tensor<2x4x16x?xf32>) outs(%5 : tensor<2x4x16x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %37 = arith.mulf %in, %cst_4 : f32
      linalg.yield %37 : f32
    } -> tensor<2x4x16x?xf32>
    %collapsed = tensor.collapse_shape %4 [[0, 1], [2], [3]] : tensor<2x4x?x16xf32> into tensor<8x?x16xf32>
    %collapsed_8 = tensor.collapse_shape %6 [[0, 1], [2], [3]] : tensor<2x4x16x?xf32> into tensor<8x16x?xf32>
    %7 = tensor.empty(%dim, %dim_7) : tensor<8x?x?xf32>
    %8 = linalg.fill ins(%cst : f32) outs(%7 : tensor<8x?x?xf32>) -> tensor<8x?x?xf32>
    %9 = linalg.batch_matmul ins(%collapsed, %collapsed_8 : tensor<8x?x16xf32>, tensor<8x16x?xf32>) outs(%8 : tensor<8x?x?xf32>) -> tensor<8x?x?xf32>
    %from_elements = tensor.from_elements %c2_i64, %c4_i64, %0, %0 : tensor<4xi64>
    %reshape = tensor.reshape %9(%from_elements) : (tensor<8x?x?xf32>, tensor<4xi64>) -> tensor<2x4x?x?xf32>
    %10 = tensor.empty(%dim, %dim) : tensor<2x4x?x?xf32>
    %11 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%reshape, %2 : tensor<2x4x?x?xf32>, tensor<?x?xf32>) outs(%10 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %in_14: f32, %out: f32):
      %37 = arith.addf %in, %in_14 : f32
      linalg.yield %37 : f32
    } -> tensor<2x4x?x?xf32>
    %12 = tensor.empty(%dim) : tensor<2x4x?xi64>
    %13 = linalg.fill ins(%c0_i64 : i64) outs(%12 : tensor<2x4x?xi64>) -> tensor<2x4x?xi64>
    %14 = tensor.empty(%dim) : tensor<2x4x?xf32>
    %15 = linalg.fill ins(%cst_0 : f32) outs(%14 : tensor<2x4x?xf32>) -> tensor<2x4x?xf32>
    %16:2 = linalg.generic {indexing_maps = [#map2, #map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%11 : tensor<2x4x?x?xf32>) outs(%15, %13 : tensor<2x4x?xf32>, tensor<2x4x?xi64>) {
    ^bb0(%in: f32, %out: f32, %out_14: i64):
      %37 = linalg.index 3 : index
      %38 = arith.index_cast %37 : index to i64
      %39 = arith.maximumf %in, %out : f32
      %40 = arith.cmpf ogt, %in, %out : f32
      %41 = arith.select %40, %38, %out_14 : i64
      linalg.yield %39, %41 : f32, i64
    } -> (tensor<2x4x?xf32>, tensor<2x4x?xi64>)
    %expanded = tensor.expand_shape %16#0 [[0], [1], [2, 3]] output_shape [2, 4, %dim, 1] : tensor<2x4x?xf32> into tensor<2x4x?x1xf32>
    %17 = linalg.generic {indexing_maps = [#map2, #map5, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%11, %expanded : tensor<2x4x?x?xf32>, tensor<2x4x?x1xf32>) outs(%10 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %in_14: f32, %out: f32):
      %37 = arith.subf %in, %in_14 : f32
      linalg.yield %37 : f32
    } -> tensor<2x4x?x?xf32>
    %18 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%17 : tensor<2x4x?x?xf32>) outs(%10 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %37 = math.exp %in : f32
      linalg.yield %37 : f32
    } -> tensor<2x4x?x?xf32>
    %19 = tensor.empty(%dim) : tensor<2x4x?x1xf32>
    %20 = linalg.fill ins(%cst : f32) outs(%19 : tensor<2x4x?x1xf32>) -> tensor<2x4x?x1xf32>
    %21 = linalg.generic {indexing_maps = [#map2, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%18 : tensor<2x4x?x?xf32>) outs(%20 : tensor<2x4x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %37 = arith.addf %in, %out : f32
      linalg.yield %37 : f32
    } -> tensor<2x4x?x1xf32>
    %22 = linalg.generic {indexing_maps = [#map2, #map5, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%18, %21 : tensor<2x4x?x?xf32>, tensor<2x4x?x1xf32>) outs(%10 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %in_14: f32, %out: f32):
      %37 = arith.divf %in, %in_14 : f32
      linalg.yield %37 : f32
    } -> tensor<2x4x?x?xf32>
    %23 = tensor.empty(%dim, %dim) : tensor<2x4x?x?xi1>
    %24 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%11 : tensor<2x4x?x?xf32>) outs(%23 : tensor<2x4x?x?xi1>) {
    ^bb0(%in: f32, %out: i1):
      %37 = arith.extf %in : f32 to f64
      %38 = arith.cmpf oeq, %37, %cst_3 : f64
      linalg.yield %38 : i1
    } -> tensor<2x4x?x?xi1>
    %25 = tensor.empty(%dim) : tensor<2x4x?x1xi1>
    %26 = linalg.fill ins(%true : i1) outs(%25 : tensor<2x4x?x1xi1>) -> tensor<2x4x?x1xi1>
    %27 = linalg.generic {indexing_maps = [#map2, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%24 : tensor<2x4x?x?xi1>) outs(%26 : tensor<2x4x?x1xi1>) {
    ^bb0(%in: i1, %out: i1):
      %37 = arith.andi %in, %out : i1
      linalg.yield %37 : i1
    } -> tensor<2x4x?x1xi1>
    %28 = tensor.empty(%dim, %dim) : tensor<2x4x?x?xf32>
    %29 = linalg.generic {indexing_maps = [#map6, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_1 : tensor<f32>) outs(%28 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x?x?xf32>
    %30 = tensor.empty(%dim, %dim) : tensor<2x4x?x?xf32>
    %31 = linalg.generic {indexing_maps = [#map5, #map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%27, %29, %22 : tensor<2x4x?x1xi1>, tensor<2x4x?x?xf32>, tensor<2x4x?x?xf32>) outs(%30 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: i1, %in_14: f32, %in_15: f32, %out: f32):
      %37 = arith.select %in, %in_14, %in_15 : f32
      linalg.yield %37 : f32
    } -> tensor<2x4x?x?xf32>
    %from_elements_9 = tensor.from_elements %c8_i64, %0, %0 : tensor<3xi64>
    %reshape_10 = tensor.reshape %31(%from_elements_9) : (tensor<2x4x?x?xf32>, tensor<3xi64>) -> tensor<8x?x?xf32>
    %collapsed_11 = tensor.collapse_shape %arg2 [[0, 1], [2], [3]] : tensor<2x4x?x16xf32> into tensor<8x?x16xf32>
    %dim_12 = tensor.dim %arg2, %c2 : tensor<2x4x?x16xf32>
    %32 = arith.index_cast %dim_12 : index to i64
    %33 = arith.cmpi eq, %0, %32 : i64
    cf.assert %33, "mismatching contracting dimension"
    %34 = tensor.empty(%dim) : tensor<8x?x16xf32>
    %35 = linalg.fill ins(%cst : f32) outs(%34 : tensor<8x?x16xf32>) -> tensor<8x?x16xf32>
    %36 = linalg.batch_matmul ins(%reshape_10, %collapsed_11 : tensor<8x?x?xf32>, tensor<8x?x16xf32>) outs(%35 : tensor<8x?x16xf32>) -> tensor<8x?x16xf32>
    %expanded_13 = tensor.expand_shape %36 [[0, 1], [2], [3]] output_shape [2, 4, %dim, 16] : tensor<8x?x16xf32> into tensor<2x4x?x16xf32>
    return %expanded_13 : tensor<2x4x?x16xf32>
  }
}
