#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map1 = affine_map<(d0, d1) -> ()>
#map2 = affine_map<(d0, d1) -> (d0, d1)>
#map3 = affine_map<(d0) -> (d0)>
#map4 = affine_map<(d0, d1) -> (0, d1)>
#map5 = affine_map<(d0, d1) -> (d0, 0)>
#map6 = affine_map<(d0, d1, d2, d3) -> (d2, d3)>
#map7 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map8 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
#map9 = affine_map<(d0, d1, d2, d3) -> ()>
module {
  func.func @main(%arg0: tensor<2x4x?x16xf32>, %arg1: tensor<2x4x?x16xf32>, %arg2: tensor<2x4x?x16xf32>) -> tensor<2x4x?x16xf32> {
    %c0_i64 = arith.constant 0 : i64
    %c2_i64 = arith.constant 2 : i64
    %c4_i64 = arith.constant 4 : i64
    %c2 = arith.constant 2 : index
    %c8_i64 = arith.constant 8 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %true = arith.constant true
    %cst_1 = arith.constant dense<0.000000e+00> : tensor<f32>
    %cst_2 = arith.constant dense<0xFF800000> : tensor<f32>
    %cst_3 = arith.constant dense<true> : tensor<i1>
    %cst_4 = arith.constant 0xFFF0000000000000 : f64
    %cst_5 = arith.constant 5.000000e-01 : f32
    %dim = tensor.dim %arg0, %c2 : tensor<2x4x?x16xf32>
    %0 = arith.index_cast %dim : index to i64
    %1 = tensor.empty(%dim) : tensor<2x4x?x16xf32>
    %2 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x4x?x16xf32>) outs(%1 : tensor<2x4x?x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %46 = arith.mulf %in, %cst_5 : f32
      linalg.yield %46 : f32
    } -> tensor<2x4x?x16xf32>
    %3 = tensor.empty(%dim, %dim) : tensor<?x?xi1>
    %4 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel"]} ins(%cst_3 : tensor<i1>) outs(%3 : tensor<?x?xi1>) {
    ^bb0(%in: i1, %out: i1):
      linalg.yield %in : i1
    } -> tensor<?x?xi1>
    %5 = tensor.empty(%dim) : tensor<?xi64>
    %6 = linalg.generic {indexing_maps = [#map3], iterator_types = ["parallel"]} outs(%5 : tensor<?xi64>) {
    ^bb0(%out: i64):
      %46 = linalg.index 0 : index
      %47 = arith.index_cast %46 : index to i64
      linalg.yield %47 : i64
    } -> tensor<?xi64>
    %expanded = tensor.expand_shape %6 [[0, 1]] output_shape [1, %dim] : tensor<?xi64> into tensor<1x?xi64>
    %expanded_6 = tensor.expand_shape %6 [[0, 1]] output_shape [%dim, 1] : tensor<?xi64> into tensor<?x1xi64>
    %7 = tensor.empty(%dim, %dim) : tensor<?x?xi64>
    %8 = linalg.generic {indexing_maps = [#map4, #map5, #map2], iterator_types = ["parallel", "parallel"]} ins(%expanded, %expanded_6 : tensor<1x?xi64>, tensor<?x1xi64>) outs(%7 : tensor<?x?xi64>) {
    ^bb0(%in: i64, %in_15: i64, %out: i64):
      %46 = arith.subi %in, %in_15 : i64
      linalg.yield %46 : i64
    } -> tensor<?x?xi64>
    %9 = tensor.empty(%dim, %dim) : tensor<?x?xi1>
    %10 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%8 : tensor<?x?xi64>) outs(%9 : tensor<?x?xi1>) {
    ^bb0(%in: i64, %out: i1):
      %46 = arith.cmpi sle, %in, %c0_i64 : i64
      linalg.yield %46 : i1
    } -> tensor<?x?xi1>
    %11 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%10, %4 : tensor<?x?xi1>, tensor<?x?xi1>) outs(%9 : tensor<?x?xi1>) {
    ^bb0(%in: i1, %in_15: i1, %out: i1):
      %46 = arith.andi %in, %in_15 : i1
      linalg.yield %46 : i1
    } -> tensor<?x?xi1>
    %12 = tensor.empty(%dim, %dim) : tensor<?x?xf32>
    %13 = linalg.generic {indexing_maps = [#map2, #map1, #map1, #map2], iterator_types = ["parallel", "parallel"]} ins(%11, %cst_1, %cst_2 : tensor<?x?xi1>, tensor<f32>, tensor<f32>) outs(%12 : tensor<?x?xf32>) {
    ^bb0(%in: i1, %in_15: f32, %in_16: f32, %out: f32):
      %46 = arith.select %in, %in_15, %in_16 : f32
      linalg.yield %46 : f32
    } -> tensor<?x?xf32>
    %dim_7 = tensor.dim %arg1, %c2 : tensor<2x4x?x16xf32>
    %14 = tensor.empty(%dim_7) : tensor<2x4x16x?xf32>
    %transposed = linalg.transpose ins(%arg1 : tensor<2x4x?x16xf32>) outs(%14 : tensor<2x4x16x?xf32>) permutation = [0, 1, 3, 2] 
    %15 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed : tensor<2x4x16x?xf32>) outs(%14 : tensor<2x4x16x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %46 = arith.mulf %in, %cst_5 : f32
      linalg.yield %46 : f32
    } -> tensor<2x4x16x?xf32>
    %collapsed = tensor.collapse_shape %2 [[0, 1], [2], [3]] : tensor<2x4x?x16xf32> into tensor<8x?x16xf32>
    %collapsed_8 = tensor.collapse_shape %15 [[0, 1], [2], [3]] : tensor<2x4x16x?xf32> into tensor<8x16x?xf32>
    %16 = tensor.empty(%dim, %dim_7) : tensor<8x?x?xf32>
    %17 = linalg.fill ins(%cst : f32) outs(%16 : tensor<8x?x?xf32>) -> tensor<8x?x?xf32>
    %18 = linalg.batch_matmul ins(%collapsed, %collapsed_8 : tensor<8x?x16xf32>, tensor<8x16x?xf32>) outs(%17 : tensor<8x?x?xf32>) -> tensor<8x?x?xf32>
    %from_elements = tensor.from_elements %c2_i64, %c4_i64, %0, %0 : tensor<4xi64>
    %reshape = tensor.reshape %18(%from_elements) : (tensor<8x?x?xf32>, tensor<4xi64>) -> tensor<2x4x?x?xf32>
    %19 = tensor.empty(%dim, %dim) : tensor<2x4x?x?xf32>
    %20 = linalg.generic {indexing_maps = [#map, #map6, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%reshape, %13 : tensor<2x4x?x?xf32>, tensor<?x?xf32>) outs(%19 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %in_15: f32, %out: f32):
      %46 = arith.addf %in, %in_15 : f32
      linalg.yield %46 : f32
    } -> tensor<2x4x?x?xf32>
    %21 = tensor.empty(%dim) : tensor<2x4x?xi64>
    %22 = linalg.fill ins(%c0_i64 : i64) outs(%21 : tensor<2x4x?xi64>) -> tensor<2x4x?xi64>
    %23 = tensor.empty(%dim) : tensor<2x4x?xf32>
    %24 = linalg.fill ins(%cst_0 : f32) outs(%23 : tensor<2x4x?xf32>) -> tensor<2x4x?xf32>
    %25:2 = linalg.generic {indexing_maps = [#map, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%20 : tensor<2x4x?x?xf32>) outs(%24, %22 : tensor<2x4x?xf32>, tensor<2x4x?xi64>) {
    ^bb0(%in: f32, %out: f32, %out_15: i64):
      %46 = linalg.index 3 : index
      %47 = arith.index_cast %46 : index to i64
      %48 = arith.maximumf %in, %out : f32
      %49 = arith.cmpf ogt, %in, %out : f32
      %50 = arith.select %49, %47, %out_15 : i64
      linalg.yield %48, %50 : f32, i64
    } -> (tensor<2x4x?xf32>, tensor<2x4x?xi64>)
    %expanded_9 = tensor.expand_shape %25#0 [[0], [1], [2, 3]] output_shape [2, 4, %dim, 1] : tensor<2x4x?xf32> into tensor<2x4x?x1xf32>
    %26 = linalg.generic {indexing_maps = [#map, #map8, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%20, %expanded_9 : tensor<2x4x?x?xf32>, tensor<2x4x?x1xf32>) outs(%19 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %in_15: f32, %out: f32):
      %46 = arith.subf %in, %in_15 : f32
      linalg.yield %46 : f32
    } -> tensor<2x4x?x?xf32>
    %27 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%26 : tensor<2x4x?x?xf32>) outs(%19 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %46 = math.exp %in : f32
      linalg.yield %46 : f32
    } -> tensor<2x4x?x?xf32>
    %28 = tensor.empty(%dim) : tensor<2x4x?x1xf32>
    %29 = linalg.fill ins(%cst : f32) outs(%28 : tensor<2x4x?x1xf32>) -> tensor<2x4x?x1xf32>
    %30 = linalg.generic {indexing_maps = [#map, #map8], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%27 : tensor<2x4x?x?xf32>) outs(%29 : tensor<2x4x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %46 = arith.addf %in, %out : f32
      linalg.yield %46 : f32
    } -> tensor<2x4x?x1xf32>
    %31 = linalg.generic {indexing_maps = [#map, #map8, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%27, %30 : tensor<2x4x?x?xf32>, tensor<2x4x?x1xf32>) outs(%19 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %in_15: f32, %out: f32):
      %46 = arith.divf %in, %in_15 : f32
      linalg.yield %46 : f32
    } -> tensor<2x4x?x?xf32>
    %32 = tensor.empty(%dim, %dim) : tensor<2x4x?x?xi1>
    %33 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%20 : tensor<2x4x?x?xf32>) outs(%32 : tensor<2x4x?x?xi1>) {
    ^bb0(%in: f32, %out: i1):
      %46 = arith.extf %in : f32 to f64
      %47 = arith.cmpf oeq, %46, %cst_4 : f64
      linalg.yield %47 : i1
    } -> tensor<2x4x?x?xi1>
    %34 = tensor.empty(%dim) : tensor<2x4x?x1xi1>
    %35 = linalg.fill ins(%true : i1) outs(%34 : tensor<2x4x?x1xi1>) -> tensor<2x4x?x1xi1>
    %36 = linalg.generic {indexing_maps = [#map, #map8], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%33 : tensor<2x4x?x?xi1>) outs(%35 : tensor<2x4x?x1xi1>) {
    ^bb0(%in: i1, %out: i1):
      %46 = arith.andi %in, %out : i1
      linalg.yield %46 : i1
    } -> tensor<2x4x?x1xi1>
    %37 = tensor.empty(%dim, %dim) : tensor<2x4x?x?xf32>
    %38 = linalg.generic {indexing_maps = [#map9, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_1 : tensor<f32>) outs(%37 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x?x?xf32>
    %39 = tensor.empty(%dim, %dim) : tensor<2x4x?x?xf32>
    %40 = linalg.generic {indexing_maps = [#map8, #map, #map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%36, %38, %31 : tensor<2x4x?x1xi1>, tensor<2x4x?x?xf32>, tensor<2x4x?x?xf32>) outs(%39 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: i1, %in_15: f32, %in_16: f32, %out: f32):
      %46 = arith.select %in, %in_15, %in_16 : f32
      linalg.yield %46 : f32
    } -> tensor<2x4x?x?xf32>
    %from_elements_10 = tensor.from_elements %c8_i64, %0, %0 : tensor<3xi64>
    %reshape_11 = tensor.reshape %40(%from_elements_10) : (tensor<2x4x?x?xf32>, tensor<3xi64>) -> tensor<8x?x?xf32>
    %collapsed_12 = tensor.collapse_shape %arg2 [[0, 1], [2], [3]] : tensor<2x4x?x16xf32> into tensor<8x?x16xf32>
    %dim_13 = tensor.dim %arg2, %c2 : tensor<2x4x?x16xf32>
    %41 = arith.index_cast %dim_13 : index to i64
    %42 = arith.cmpi eq, %0, %41 : i64
    cf.assert %42, "mismatching contracting dimension"
    %43 = tensor.empty(%dim) : tensor<8x?x16xf32>
    %44 = linalg.fill ins(%cst : f32) outs(%43 : tensor<8x?x16xf32>) -> tensor<8x?x16xf32>
    %45 = linalg.batch_matmul ins(%reshape_11, %collapsed_12 : tensor<8x?x?xf32>, tensor<8x?x16xf32>) outs(%44 : tensor<8x?x16xf32>) -> tensor<8x?x16xf32>
    %expanded_14 = tensor.expand_shape %45 [[0, 1], [2], [3]] output_shape [2, 4, %dim, 16] : tensor<8x?x16xf32> into tensor<2x4x?x16xf32>
    return %expanded_14 : tensor<2x4x?x16xf32>
  }
}
