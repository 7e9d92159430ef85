#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map2 = affine_map<(d0, d1, d2) -> (d2)>
#map3 = affine_map<()[s0] -> (s0 * 2)>
#map4 = affine_map<(d0, d1) -> (d0, d1)>
#map5 = affine_map<(d0, d1) -> (d1)>
#map6 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map7 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map8 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
module {
  func.func @main(%arg0: tensor<2x?x32xf32>, %arg1: tensor<32xf32>, %arg2: tensor<32xf32>, %arg3: tensor<96x32xf32>, %arg4: tensor<96xf32>, %arg5: tensor<32x32xf32>, %arg6: tensor<32xf32>, %arg7: tensor<32xf32>, %arg8: tensor<32xf32>, %arg9: tensor<64x32xf32>, %arg10: tensor<64xf32>, %arg11: tensor<32x64xf32>, %arg12: tensor<32xf32>) -> tensor<2x?x32xf32> {
    %c0_i64 = arith.constant 0 : i64
    %c3_i64 = arith.constant 3 : i64
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %cst = arith.constant 0.000000e+00 : f64
    %cst_0 = arith.constant 0.000000e+00 : f32
    %c2_i64 = arith.constant 2 : i64
    %c4_i64 = arith.constant 4 : i64
    %c8_i64 = arith.constant 8 : i64
    %cst_1 = arith.constant 0xFF800000 : f32
    %cst_2 = arith.constant 4.471500e-02 : f32
    %cst_3 = arith.constant 7.977240e-01 : f32
    %cst_4 = arith.constant 1.000000e+00 : f32
    %cst_5 = arith.constant 5.000000e-01 : f32
    %cst_6 = arith.constant 0.35355339059327379 : f64
    %cst_7 = arith.constant 1.000000e-05 : f64
    %cst_8 = arith.constant 3.200000e+01 : f64
    %cst_9 = arith.constant 3.200000e+01 : f32
    %dim = tensor.dim %arg0, %c1 : tensor<2x?x32xf32>
    %0 = arith.index_cast %dim : index to i64
    %1 = tensor.empty(%dim) : tensor<2x?x32xf64>
    %2 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x?x32xf32>) outs(%1 : tensor<2x?x32xf64>) {
    ^bb0(%in: f32, %out: f64):
      %93 = arith.extf %in : f32 to f64
      linalg.yield %93 : f64
    } -> tensor<2x?x32xf64>
    %3 = tensor.empty(%dim) : tensor<2x?x1xf64>
    %4 = linalg.fill ins(%cst : f64) outs(%3 : tensor<2x?x1xf64>) -> tensor<2x?x1xf64>
    %5 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%2 : tensor<2x?x32xf64>) outs(%4 : tensor<2x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %93 = arith.addf %in, %out : f64
      linalg.yield %93 : f64
    } -> tensor<2x?x1xf64>
    %6 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%5 : tensor<2x?x1xf64>) outs(%3 : tensor<2x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %93 = arith.divf %in, %cst_8 : f64
      linalg.yield %93 : f64
    } -> tensor<2x?x1xf64>
    %7 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%2, %6 : tensor<2x?x32xf64>, tensor<2x?x1xf64>) outs(%1 : tensor<2x?x32xf64>) {
    ^bb0(%in: f64, %in_35: f64, %out: f64):
      %93 = arith.subf %in, %in_35 : f64
      linalg.yield %93 : f64
    } -> tensor<2x?x32xf64>
    %8 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%7, %7 : tensor<2x?x32xf64>, tensor<2x?x32xf64>) outs(%1 : tensor<2x?x32xf64>) {
    ^bb0(%in: f64, %in_35: f64, %out: f64):
      %93 = arith.mulf %in, %in_35 : f64
      linalg.yield %93 : f64
    } -> tensor<2x?x32xf64>
    %9 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%8 : tensor<2x?x32xf64>) outs(%4 : tensor<2x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %93 = arith.addf %in, %out : f64
      linalg.yield %93 : f64
    } -> tensor<2x?x1xf64>
    %10 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%9 : tensor<2x?x1xf64>) outs(%3 : tensor<2x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %93 = arith.divf %in, %cst_8 : f64
      linalg.yield %93 : f64
    } -> tensor<2x?x1xf64>
    %11 = tensor.empty(%dim) : tensor<2x?x1xf32>
    %12 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%10 : tensor<2x?x1xf64>) outs(%11 : tensor<2x?x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %93 = arith.truncf %in : f64 to f32
      linalg.yield %93 : f32
    } -> tensor<2x?x1xf32>
    %13 = linalg.fill ins(%cst_0 : f32) outs(%11 : tensor<2x?x1xf32>) -> tensor<2x?x1xf32>
    %14 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0 : tensor<2x?x32xf32>) outs(%13 : tensor<2x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %93 = arith.addf %in, %out : f32
      linalg.yield %93 : f32
    } -> tensor<2x?x1xf32>
    %15 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%14 : tensor<2x?x1xf32>) outs(%11 : tensor<2x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %93 = arith.divf %in, %cst_9 : f32
      linalg.yield %93 : f32
    } -> tensor<2x?x1xf32>
    %16 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%12 : tensor<2x?x1xf32>) outs(%11 : tensor<2x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %93 = arith.truncf %cst_7 : f64 to f32
      %94 = arith.addf %in, %93 : f32
      linalg.yield %94 : f32
    } -> tensor<2x?x1xf32>
    %17 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%16 : tensor<2x?x1xf32>) outs(%11 : tensor<2x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %93 = math.rsqrt %in : f32
      linalg.yield %93 : f32
    } -> tensor<2x?x1xf32>
    %18 = tensor.empty(%dim) : tensor<2x?x32xf32>
    %19 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0, %15 : tensor<2x?x32xf32>, tensor<2x?x1xf32>) outs(%18 : tensor<2x?x32xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %93 = arith.subf %in, %in_35 : f32
      linalg.yield %93 : f32
    } -> tensor<2x?x32xf32>
    %20 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%19, %17 : tensor<2x?x32xf32>, tensor<2x?x1xf32>) outs(%18 : tensor<2x?x32xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %93 = arith.mulf %in, %in_35 : f32
      linalg.yield %93 : f32
    } -> tensor<2x?x32xf32>
    %21 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%20, %arg1 : tensor<2x?x32xf32>, tensor<32xf32>) outs(%18 : tensor<2x?x32xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %93 = arith.mulf %in, %in_35 : f32
      linalg.yield %93 : f32
    } -> tensor<2x?x32xf32>
    %22 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%21, %arg2 : tensor<2x?x32xf32>, tensor<32xf32>) outs(%18 : tensor<2x?x32xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %93 = arith.addf %in, %in_35 : f32
      linalg.yield %93 : f32
    } -> tensor<2x?x32xf32>
    %collapsed = tensor.collapse_shape %22 [[0, 1], [2]] : tensor<2x?x32xf32> into tensor<?x32xf32>
    %23 = tensor.empty() : tensor<32x96xf32>
    %transposed = linalg.transpose ins(%arg3 : tensor<96x32xf32>) outs(%23 : tensor<32x96xf32>) permutation = [1, 0] 
    %24 = affine.apply #map3()[%dim]
    %25 = tensor.empty(%24) : tensor<?x96xf32>
    %26 = linalg.fill ins(%cst_0 : f32) outs(%25 : tensor<?x96xf32>) -> tensor<?x96xf32>
    %27 = linalg.matmul ins(%collapsed, %transposed : tensor<?x32xf32>, tensor<32x96xf32>) outs(%26 : tensor<?x96xf32>) -> tensor<?x96xf32>
    %28 = linalg.generic {indexing_maps = [#map4, #map5, #map4], iterator_types = ["parallel", "parallel"]} ins(%27, %arg4 : tensor<?x96xf32>, tensor<96xf32>) outs(%25 : tensor<?x96xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %93 = arith.addf %in, %in_35 : f32
      linalg.yield %93 : f32
    } -> tensor<?x96xf32>
    %29 = arith.divsi %24, %c2 : index
    %expanded = tensor.expand_shape %28 [[0, 1], [2]] output_shape [2, %29, 96] : tensor<?x96xf32> into tensor<2x?x96xf32>
    %extracted_slice = tensor.extract_slice %expanded[0, 0, 0] [2, %29, 32] [1, 1, 1] : tensor<2x?x96xf32> to tensor<2x?x32xf32>
    %extracted_slice_10 = tensor.extract_slice %expanded[0, 0, 32] [2, %29, 32] [1, 1, 1] : tensor<2x?x96xf32> to tensor<2x?x32xf32>
    %extracted_slice_11 = tensor.extract_slice %expanded[0, 0, 64] [2, %29, 32] [1, 1, 1] : tensor<2x?x96xf32> to tensor<2x?x32xf32>
    %expanded_12 = tensor.expand_shape %extracted_slice [[0], [1], [2, 3]] output_shape [2, %29, 4, 8] : tensor<2x?x32xf32> into tensor<2x?x4x8xf32>
    %30 = tensor.empty(%29) : tensor<2x4x?x8xf32>
    %transposed_13 = linalg.transpose ins(%expanded_12 : tensor<2x?x4x8xf32>) outs(%30 : tensor<2x4x?x8xf32>) permutation = [0, 2, 1, 3] 
    %expanded_14 = tensor.expand_shape %extracted_slice_10 [[0], [1], [2, 3]] output_shape [2, %29, 4, 8] : tensor<2x?x32xf32> into tensor<2x?x4x8xf32>
    %expanded_15 = tensor.expand_shape %extracted_slice_11 [[0], [1], [2, 3]] output_shape [2, %29, 4, 8] : tensor<2x?x32xf32> into tensor<2x?x4x8xf32>
    %transposed_16 = linalg.transpose ins(%expanded_15 : tensor<2x?x4x8xf32>) outs(%30 : tensor<2x4x?x8xf32>) permutation = [0, 2, 1, 3] 
    %31 = tensor.empty(%29) : tensor<2x4x8x?xf32>
    %transposed_17 = linalg.transpose ins(%expanded_14 : tensor<2x?x4x8xf32>) outs(%31 : tensor<2x4x8x?xf32>) permutation = [0, 2, 3, 1] 
    %collapsed_18 = tensor.collapse_shape %transposed_13 [[0, 1], [2], [3]] : tensor<2x4x?x8xf32> into tensor<8x?x8xf32>
    %collapsed_19 = tensor.collapse_shape %transposed_17 [[0, 1], [2], [3]] : tensor<2x4x8x?xf32> into tensor<8x8x?xf32>
    %32 = tensor.empty(%29, %29) : tensor<8x?x?xf32>
    %33 = linalg.fill ins(%cst_0 : f32) outs(%32 : tensor<8x?x?xf32>) -> tensor<8x?x?xf32>
    %34 = linalg.batch_matmul ins(%collapsed_18, %collapsed_19 : tensor<8x?x8xf32>, tensor<8x8x?xf32>) outs(%33 : tensor<8x?x?xf32>) -> tensor<8x?x?xf32>
    %from_elements = tensor.from_elements %c2_i64, %c4_i64, %0, %0 : tensor<4xi64>
    %reshape = tensor.reshape %34(%from_elements) : (tensor<8x?x?xf32>, tensor<4xi64>) -> tensor<2x4x?x?xf32>
    %35 = tensor.empty(%dim, %dim) : tensor<2x4x?x?xf32>
    %36 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%reshape : tensor<2x4x?x?xf32>) outs(%35 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %93 = arith.truncf %cst_6 : f64 to f32
      %94 = arith.mulf %in, %93 : f32
      linalg.yield %94 : f32
    } -> tensor<2x4x?x?xf32>
    %37 = tensor.empty(%dim) : tensor<2x4x?xi64>
    %38 = linalg.fill ins(%c0_i64 : i64) outs(%37 : tensor<2x4x?xi64>) -> tensor<2x4x?xi64>
    %39 = tensor.empty(%dim) : tensor<2x4x?xf32>
    %40 = linalg.fill ins(%cst_1 : f32) outs(%39 : tensor<2x4x?xf32>) -> tensor<2x4x?xf32>
    %41:2 = linalg.generic {indexing_maps = [#map6, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%36 : tensor<2x4x?x?xf32>) outs(%40, %38 : tensor<2x4x?xf32>, tensor<2x4x?xi64>) {
    ^bb0(%in: f32, %out: f32, %out_35: i64):
      %93 = linalg.index 3 : index
      %94 = arith.index_cast %93 : index to i64
      %95 = arith.maximumf %in, %out : f32
      %96 = arith.cmpf ogt, %in, %out : f32
      %97 = arith.select %96, %94, %out_35 : i64
      linalg.yield %95, %97 : f32, i64
    } -> (tensor<2x4x?xf32>, tensor<2x4x?xi64>)
    %expanded_20 = tensor.expand_shape %41#0 [[0], [1], [2, 3]] output_shape [2, 4, %dim, 1] : tensor<2x4x?xf32> into tensor<2x4x?x1xf32>
    %42 = linalg.generic {indexing_maps = [#map6, #map8, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%36, %expanded_20 : tensor<2x4x?x?xf32>, tensor<2x4x?x1xf32>) outs(%35 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %93 = arith.subf %in, %in_35 : f32
      linalg.yield %93 : f32
    } -> tensor<2x4x?x?xf32>
    %43 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%42 : tensor<2x4x?x?xf32>) outs(%35 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %93 = math.exp %in : f32
      linalg.yield %93 : f32
    } -> tensor<2x4x?x?xf32>
    %44 = tensor.empty(%dim) : tensor<2x4x?x1xf32>
    %45 = linalg.fill ins(%cst_0 : f32) outs(%44 : tensor<2x4x?x1xf32>) -> tensor<2x4x?x1xf32>
    %46 = linalg.generic {indexing_maps = [#map6, #map8], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%43 : tensor<2x4x?x?xf32>) outs(%45 : tensor<2x4x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %93 = arith.addf %in, %out : f32
      linalg.yield %93 : f32
    } -> tensor<2x4x?x1xf32>
    %47 = linalg.generic {indexing_maps = [#map6, #map8, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%43, %46 : tensor<2x4x?x?xf32>, tensor<2x4x?x1xf32>) outs(%35 : tensor<2x4x?x?xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %93 = arith.divf %in, %in_35 : f32
      linalg.yield %93 : f32
    } -> tensor<2x4x?x?xf32>
    %from_elements_21 = tensor.from_elements %c8_i64, %0, %0 : tensor<3xi64>
    %reshape_22 = tensor.reshape %47(%from_elements_21) : (tensor<2x4x?x?xf32>, tensor<3xi64>) -> tensor<8x?x?xf32>
    %collapsed_23 = tensor.collapse_shape %transposed_16 [[0, 1], [2], [3]] : tensor<2x4x?x8xf32> into tensor<8x?x8xf32>
    %48 = arith.index_cast %29 : index to i64
    %49 = arith.cmpi eq, %0, %48 : i64
    cf.assert %49, "mismatching contracting dimension"
    %50 = tensor.empty(%dim) : tensor<8x?x8xf32>
    %51 = linalg.fill ins(%cst_0 : f32) outs(%50 : tensor<8x?x8xf32>) -> tensor<8x?x8xf32>
    %52 = linalg.batch_matmul ins(%reshape_22, %collapsed_23 : tensor<8x?x?xf32>, tensor<8x?x8xf32>) outs(%51 : tensor<8x?x8xf32>) -> tensor<8x?x8xf32>
    %expanded_24 = tensor.expand_shape %52 [[0, 1], [2], [3]] output_shape [2, 4, %dim, 8] : tensor<8x?x8xf32> into tensor<2x4x?x8xf32>
    %53 = tensor.empty(%dim) : tensor<2x?x4x8xf32>
    %transposed_25 = linalg.transpose ins(%expanded_24 : tensor<2x4x?x8xf32>) outs(%53 : tensor<2x?x4x8xf32>) permutation = [0, 2, 1, 3] 
    %collapsed_26 = tensor.collapse_shape %transposed_25 [[0, 1], [2, 3]] : tensor<2x?x4x8xf32> into tensor<?x32xf32>
    %54 = tensor.empty() : tensor<32x32xf32>
    %transposed_27 = linalg.transpose ins(%arg5 : tensor<32x32xf32>) outs(%54 : tensor<32x32xf32>) permutation = [1, 0] 
    %55 = affine.apply #map3()[%dim]
    %56 = tensor.empty(%55) : tensor<?x32xf32>
    %57 = linalg.fill ins(%cst_0 : f32) outs(%56 : tensor<?x32xf32>) -> tensor<?x32xf32>
    %58 = linalg.matmul ins(%collapsed_26, %transposed_27 : tensor<?x32xf32>, tensor<32x32xf32>) outs(%57 : tensor<?x32xf32>) -> tensor<?x32xf32>
    %59 = linalg.generic {indexing_maps = [#map4, #map5, #map4], iterator_types = ["parallel", "parallel"]} ins(%58, %arg6 : tensor<?x32xf32>, tensor<32xf32>) outs(%56 : tensor<?x32xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %93 = arith.addf %in, %in_35 : f32
      linalg.yield %93 : f32
    } -> tensor<?x32xf32>
    %60 = arith.divsi %55, %c2 : index
    %expanded_28 = tensor.expand_shape %59 [[0, 1], [2]] output_shape [2, %60, 32] : tensor<?x32xf32> into tensor<2x?x32xf32>
    %61 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0, %expanded_28 : tensor<2x?x32xf32>, tensor<2x?x32xf32>) outs(%18 : tensor<2x?x32xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %93 = arith.addf %in, %in_35 : f32
      linalg.yield %93 : f32
    } -> tensor<2x?x32xf32>
    %62 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%61 : tensor<2x?x32xf32>) outs(%1 : tensor<2x?x32xf64>) {
    ^bb0(%in: f32, %out: f64):
      %93 = arith.extf %in : f32 to f64
      linalg.yield %93 : f64
    } -> tensor<2x?x32xf64>
    %63 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%62 : tensor<2x?x32xf64>) outs(%4 : tensor<2x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %93 = arith.addf %in, %out : f64
      linalg.yield %93 : f64
    } -> tensor<2x?x1xf64>
    %64 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%63 : tensor<2x?x1xf64>) outs(%3 : tensor<2x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %93 = arith.divf %in, %cst_8 : f64
      linalg.yield %93 : f64
    } -> tensor<2x?x1xf64>
    %65 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%62, %64 : tensor<2x?x32xf64>, tensor<2x?x1xf64>) outs(%1 : tensor<2x?x32xf64>) {
    ^bb0(%in: f64, %in_35: f64, %out: f64):
      %93 = arith.subf %in, %in_35 : f64
      linalg.yield %93 : f64
    } -> tensor<2x?x32xf64>
    %66 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%65, %65 : tensor<2x?x32xf64>, tensor<2x?x32xf64>) outs(%1 : tensor<2x?x32xf64>) {
    ^bb0(%in: f64, %in_35: f64, %out: f64):
      %93 = arith.mulf %in, %in_35 : f64
      linalg.yield %93 : f64
    } -> tensor<2x?x32xf64>
    %67 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%66 : tensor<2x?x32xf64>) outs(%4 : tensor<2x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %93 = arith.addf %in, %out : f64
      linalg.yield %93 : f64
    } -> tensor<2x?x1xf64>
    %68 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%67 : tensor<2x?x1xf64>) outs(%3 : tensor<2x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %93 = arith.divf %in, %cst_8 : f64
      linalg.yield %93 : f64
    } -> tensor<2x?x1xf64>
    %69 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%68 : tensor<2x?x1xf64>) outs(%11 : tensor<2x?x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %93 = arith.truncf %in : f64 to f32
      linalg.yield %93 : f32
    } -> tensor<2x?x1xf32>
    %70 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%61 : tensor<2x?x32xf32>) outs(%13 : tensor<2x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %93 = arith.addf %in, %out : f32
      linalg.yield %93 : f32
    } -> tensor<2x?x1xf32>
    %71 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%70 : tensor<2x?x1xf32>) outs(%11 : tensor<2x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %93 = arith.divf %in, %cst_9 : f32
      linalg.yield %93 : f32
    } -> tensor<2x?x1xf32>
    %72 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%69 : tensor<2x?x1xf32>) outs(%11 : tensor<2x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %93 = arith.truncf %cst_7 : f64 to f32
      %94 = arith.addf %in, %93 : f32
      linalg.yield %94 : f32
    } -> tensor<2x?x1xf32>
    %73 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%72 : tensor<2x?x1xf32>) outs(%11 : tensor<2x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %93 = math.rsqrt %in : f32
      linalg.yield %93 : f32
    } -> tensor<2x?x1xf32>
    %74 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%61, %71 : tensor<2x?x32xf32>, tensor<2x?x1xf32>) outs(%18 : tensor<2x?x32xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %93 = arith.subf %in, %in_35 : f32
      linalg.yield %93 : f32
    } -> tensor<2x?x32xf32>
    %75 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%74, %73 : tensor<2x?x32xf32>, tensor<2x?x1xf32>) outs(%18 : tensor<2x?x32xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %93 = arith.mulf %in, %in_35 : f32
      linalg.yield %93 : f32
    } -> tensor<2x?x32xf32>
    %76 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%75, %arg7 : tensor<2x?x32xf32>, tensor<32xf32>) outs(%18 : tensor<2x?x32xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %93 = arith.mulf %in, %in_35 : f32
      linalg.yield %93 : f32
    } -> tensor<2x?x32xf32>
    %77 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%76, %arg8 : tensor<2x?x32xf32>, tensor<32xf32>) outs(%18 : tensor<2x?x32xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %93 = arith.addf %in, %in_35 : f32
      linalg.yield %93 : f32
    } -> tensor<2x?x32xf32>
    %collapsed_29 = tensor.collapse_shape %77 [[0, 1], [2]] : tensor<2x?x32xf32> into tensor<?x32xf32>
    %78 = tensor.empty() : tensor<32x64xf32>
    %transposed_30 = linalg.transpose ins(%arg9 : tensor<64x32xf32>) outs(%78 : tensor<32x64xf32>) permutation = [1, 0] 
    %79 = tensor.empty(%24) : tensor<?x64xf32>
    %80 = linalg.fill ins(%cst_0 : f32) outs(%79 : tensor<?x64xf32>) -> tensor<?x64xf32>
    %81 = linalg.matmul ins(%collapsed_29, %transposed_30 : tensor<?x32xf32>, tensor<32x64xf32>) outs(%80 : tensor<?x64xf32>) -> tensor<?x64xf32>
    %82 = linalg.generic {indexing_maps = [#map4, #map5, #map4], iterator_types = ["parallel", "parallel"]} ins(%81, %arg10 : tensor<?x64xf32>, tensor<64xf32>) outs(%79 : tensor<?x64xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %93 = arith.addf %in, %in_35 : f32
      linalg.yield %93 : f32
    } -> tensor<?x64xf32>
    %expanded_31 = tensor.expand_shape %82 [[0, 1], [2]] output_shape [2, %29, 64] : tensor<?x64xf32> into tensor<2x?x64xf32>
    %83 = tensor.empty(%29) : tensor<2x?x64xf32>
    %84 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_31 : tensor<2x?x64xf32>) outs(%83 : tensor<2x?x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %93 = math.fpowi %in, %c3_i64 : f32, i64
      %94 = arith.mulf %93, %cst_2 : f32
      %95 = arith.addf %in, %94 : f32
      %96 = arith.mulf %95, %cst_3 : f32
      %97 = math.tanh %96 : f32
      %98 = arith.addf %97, %cst_4 : f32
      %99 = arith.mulf %98, %cst_5 : f32
      %100 = arith.mulf %in, %99 : f32
      linalg.yield %100 : f32
    } -> tensor<2x?x64xf32>
    %collapsed_32 = tensor.collapse_shape %84 [[0, 1], [2]] : tensor<2x?x64xf32> into tensor<?x64xf32>
    %85 = tensor.empty() : tensor<64x32xf32>
    %transposed_33 = linalg.transpose ins(%arg11 : tensor<32x64xf32>) outs(%85 : tensor<64x32xf32>) permutation = [1, 0] 
    %86 = affine.apply #map3()[%29]
    %87 = tensor.empty(%86) : tensor<?x32xf32>
    %88 = linalg.fill ins(%cst_0 : f32) outs(%87 : tensor<?x32xf32>) -> tensor<?x32xf32>
    %89 = linalg.matmul ins(%collapsed_32, %transposed_33 : tensor<?x64xf32>, tensor<64x32xf32>) outs(%88 : tensor<?x32xf32>) -> tensor<?x32xf32>
    %90 = linalg.generic {indexing_maps = [#map4, #map5, #map4], iterator_types = ["parallel", "parallel"]} ins(%89, %arg12 : tensor<?x32xf32>, tensor<32xf32>) outs(%87 : tensor<?x32xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %93 = arith.addf %in, %in_35 : f32
      linalg.yield %93 : f32
    } -> tensor<?x32xf32>
    %91 = arith.divsi %86, %c2 : index
    %expanded_34 = tensor.expand_shape %90 [[0, 1], [2]] output_shape [2, %91, 32] : tensor<?x32xf32> into tensor<2x?x32xf32>
    %92 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%61, %expanded_34 : tensor<2x?x32xf32>, tensor<2x?x32xf32>) outs(%18 : tensor<2x?x32xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %93 = arith.addf %in, %in_35 : f32
      linalg.yield %93 : f32
    } -> tensor<2x?x32xf32>
    return %92 : tensor<2x?x32xf32>
  }
}
