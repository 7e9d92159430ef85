#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map2 = affine_map<(d0, d1, d2) -> (d2)>
#map3 = affine_map<(d0, d1) -> (d0, d1)>
#map4 = affine_map<(d0, d1) -> (d1)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map6 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map7 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
module {
  func.func @main(%arg0: tensor<1x1234x512xf32>, %arg1: tensor<512xf32>, %arg2: tensor<512xf32>, %arg3: tensor<1536x512xf32>, %arg4: tensor<1536xf32>, %arg5: tensor<512x512xf32>, %arg6: tensor<512xf32>, %arg7: tensor<512xf32>, %arg8: tensor<512xf32>, %arg9: tensor<2048x512xf32>, %arg10: tensor<2048xf32>, %arg11: tensor<512x2048xf32>, %arg12: tensor<512xf32>) -> tensor<1x1234x512xf32> {
    %c0_i64 = arith.constant 0 : i64
    %cst = arith.constant 0.000000e+00 : f64
    %cst_0 = arith.constant 0.000000e+00 : f32
    %cst_1 = arith.constant 0xFF800000 : f32
    %c3_i64 = arith.constant 3 : i64
    %cst_2 = arith.constant 4.471500e-02 : f32
    %cst_3 = arith.constant 7.977240e-01 : f32
    %cst_4 = arith.constant 1.000000e+00 : f32
    %cst_5 = arith.constant 5.000000e-01 : f32
    %cst_6 = arith.constant 1.000000e-05 : f64
    %cst_7 = arith.constant 5.120000e+02 : f64
    %cst_8 = arith.constant 5.120000e+02 : f32
    %cst_9 = arith.constant 1.250000e-01 : f32
    %0 = tensor.empty() : tensor<1x1234x512xf64>
    %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<1x1234x512xf32>) outs(%0 : tensor<1x1234x512xf64>) {
    ^bb0(%in: f32, %out: f64):
      %82 = arith.extf %in : f32 to f64
      linalg.yield %82 : f64
    } -> tensor<1x1234x512xf64>
    %2 = tensor.empty() : tensor<1x1234x1xf64>
    %3 = linalg.fill ins(%cst : f64) outs(%2 : tensor<1x1234x1xf64>) -> tensor<1x1234x1xf64>
    %4 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%1 : tensor<1x1234x512xf64>) outs(%3 : tensor<1x1234x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %82 = arith.addf %in, %out : f64
      linalg.yield %82 : f64
    } -> tensor<1x1234x1xf64>
    %5 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%4 : tensor<1x1234x1xf64>) outs(%2 : tensor<1x1234x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %82 = arith.divf %in, %cst_7 : f64
      linalg.yield %82 : f64
    } -> tensor<1x1234x1xf64>
    %6 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1, %5 : tensor<1x1234x512xf64>, tensor<1x1234x1xf64>) outs(%0 : tensor<1x1234x512xf64>) {
    ^bb0(%in: f64, %in_35: f64, %out: f64):
      %82 = arith.subf %in, %in_35 : f64
      linalg.yield %82 : f64
    } -> tensor<1x1234x512xf64>
    %7 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%6, %6 : tensor<1x1234x512xf64>, tensor<1x1234x512xf64>) outs(%0 : tensor<1x1234x512xf64>) {
    ^bb0(%in: f64, %in_35: f64, %out: f64):
      %82 = arith.mulf %in, %in_35 : f64
      linalg.yield %82 : f64
    } -> tensor<1x1234x512xf64>
    %8 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%7 : tensor<1x1234x512xf64>) outs(%3 : tensor<1x1234x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %82 = arith.addf %in, %out : f64
      linalg.yield %82 : f64
    } -> tensor<1x1234x1xf64>
    %9 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%8 : tensor<1x1234x1xf64>) outs(%2 : tensor<1x1234x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %82 = arith.divf %in, %cst_7 : f64
      linalg.yield %82 : f64
    } -> tensor<1x1234x1xf64>
    %10 = tensor.empty() : tensor<1x1234x1xf32>
    %11 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%9 : tensor<1x1234x1xf64>) outs(%10 : tensor<1x1234x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %82 = arith.truncf %in : f64 to f32
      linalg.yield %82 : f32
    } -> tensor<1x1234x1xf32>
    %12 = linalg.fill ins(%cst_0 : f32) outs(%10 : tensor<1x1234x1xf32>) -> tensor<1x1234x1xf32>
    %13 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0 : tensor<1x1234x512xf32>) outs(%12 : tensor<1x1234x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %82 = arith.addf %in, %out : f32
      linalg.yield %82 : f32
    } -> tensor<1x1234x1xf32>
    %14 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%13 : tensor<1x1234x1xf32>) outs(%10 : tensor<1x1234x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %82 = arith.divf %in, %cst_8 : f32
      linalg.yield %82 : f32
    } -> tensor<1x1234x1xf32>
    %15 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%11 : tensor<1x1234x1xf32>) outs(%10 : tensor<1x1234x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %82 = arith.truncf %cst_6 : f64 to f32
      %83 = arith.addf %in, %82 : f32
      linalg.yield %83 : f32
    } -> tensor<1x1234x1xf32>
    %16 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%15 : tensor<1x1234x1xf32>) outs(%10 : tensor<1x1234x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %82 = math.rsqrt %in : f32
      linalg.yield %82 : f32
    } -> tensor<1x1234x1xf32>
    %17 = tensor.empty() : tensor<1x1234x512xf32>
    %18 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0, %14 : tensor<1x1234x512xf32>, tensor<1x1234x1xf32>) outs(%17 : tensor<1x1234x512xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %82 = arith.subf %in, %in_35 : f32
      linalg.yield %82 : f32
    } -> tensor<1x1234x512xf32>
    %19 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%18, %16 : tensor<1x1234x512xf32>, tensor<1x1234x1xf32>) outs(%17 : tensor<1x1234x512xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %82 = arith.mulf %in, %in_35 : f32
      linalg.yield %82 : f32
    } -> tensor<1x1234x512xf32>
    %20 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%19, %arg1 : tensor<1x1234x512xf32>, tensor<512xf32>) outs(%17 : tensor<1x1234x512xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %82 = arith.mulf %in, %in_35 : f32
      linalg.yield %82 : f32
    } -> tensor<1x1234x512xf32>
    %21 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%20, %arg2 : tensor<1x1234x512xf32>, tensor<512xf32>) outs(%17 : tensor<1x1234x512xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %82 = arith.addf %in, %in_35 : f32
      linalg.yield %82 : f32
    } -> tensor<1x1234x512xf32>
    %collapsed = tensor.collapse_shape %21 [[0, 1], [2]] : tensor<1x1234x512xf32> into tensor<1234x512xf32>
    %22 = tensor.empty() : tensor<512x1536xf32>
    %transposed = linalg.transpose ins(%arg3 : tensor<1536x512xf32>) outs(%22 : tensor<512x1536xf32>) permutation = [1, 0] 
    %23 = tensor.empty() : tensor<1234x1536xf32>
    %24 = linalg.fill ins(%cst_0 : f32) outs(%23 : tensor<1234x1536xf32>) -> tensor<1234x1536xf32>
    %25 = linalg.matmul ins(%collapsed, %transposed : tensor<1234x512xf32>, tensor<512x1536xf32>) outs(%24 : tensor<1234x1536xf32>) -> tensor<1234x1536xf32>
    %26 = linalg.generic {indexing_maps = [#map3, #map4, #map3], iterator_types = ["parallel", "parallel"]} ins(%25, %arg4 : tensor<1234x1536xf32>, tensor<1536xf32>) outs(%23 : tensor<1234x1536xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %82 = arith.addf %in, %in_35 : f32
      linalg.yield %82 : f32
    } -> tensor<1234x1536xf32>
    %expanded = tensor.expand_shape %26 [[0, 1], [2]] output_shape [1, 1234, 1536] : tensor<1234x1536xf32> into tensor<1x1234x1536xf32>
    %extracted_slice = tensor.extract_slice %expanded[0, 0, 0] [1, 1234, 512] [1, 1, 1] : tensor<1x1234x1536xf32> to tensor<1x1234x512xf32>
    %extracted_slice_10 = tensor.extract_slice %expanded[0, 0, 512] [1, 1234, 512] [1, 1, 1] : tensor<1x1234x1536xf32> to tensor<1x1234x512xf32>
    %extracted_slice_11 = tensor.extract_slice %expanded[0, 0, 1024] [1, 1234, 512] [1, 1, 1] : tensor<1x1234x1536xf32> to tensor<1x1234x512xf32>
    %expanded_12 = tensor.expand_shape %extracted_slice [[0], [1], [2, 3]] output_shape [1, 1234, 8, 64] : tensor<1x1234x512xf32> into tensor<1x1234x8x64xf32>
    %27 = tensor.empty() : tensor<1x8x1234x64xf32>
    %transposed_13 = linalg.transpose ins(%expanded_12 : tensor<1x1234x8x64xf32>) outs(%27 : tensor<1x8x1234x64xf32>) permutation = [0, 2, 1, 3] 
    %expanded_14 = tensor.expand_shape %extracted_slice_10 [[0], [1], [2, 3]] output_shape [1, 1234, 8, 64] : tensor<1x1234x512xf32> into tensor<1x1234x8x64xf32>
    %expanded_15 = tensor.expand_shape %extracted_slice_11 [[0], [1], [2, 3]] output_shape [1, 1234, 8, 64] : tensor<1x1234x512xf32> into tensor<1x1234x8x64xf32>
    %transposed_16 = linalg.transpose ins(%expanded_15 : tensor<1x1234x8x64xf32>) outs(%27 : tensor<1x8x1234x64xf32>) permutation = [0, 2, 1, 3] 
    %28 = tensor.empty() : tensor<1x8x64x1234xf32>
    %transposed_17 = linalg.transpose ins(%expanded_14 : tensor<1x1234x8x64xf32>) outs(%28 : tensor<1x8x64x1234xf32>) permutation = [0, 2, 3, 1] 
    %collapsed_18 = tensor.collapse_shape %transposed_13 [[0, 1], [2], [3]] : tensor<1x8x1234x64xf32> into tensor<8x1234x64xf32>
    %collapsed_19 = tensor.collapse_shape %transposed_17 [[0, 1], [2], [3]] : tensor<1x8x64x1234xf32> into tensor<8x64x1234xf32>
    %29 = tensor.empty() : tensor<8x1234x1234xf32>
    %30 = linalg.fill ins(%cst_0 : f32) outs(%29 : tensor<8x1234x1234xf32>) -> tensor<8x1234x1234xf32>
    %31 = linalg.batch_matmul ins(%collapsed_18, %collapsed_19 : tensor<8x1234x64xf32>, tensor<8x64x1234xf32>) outs(%30 : tensor<8x1234x1234xf32>) -> tensor<8x1234x1234xf32>
    %expanded_20 = tensor.expand_shape %31 [[0, 1], [2], [3]] output_shape [1, 8, 1234, 1234] : tensor<8x1234x1234xf32> into tensor<1x8x1234x1234xf32>
    %32 = tensor.empty() : tensor<1x8x1234x1234xf32>
    %33 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_20 : tensor<1x8x1234x1234xf32>) outs(%32 : tensor<1x8x1234x1234xf32>) {
    ^bb0(%in: f32, %out: f32):
      %82 = arith.mulf %in, %cst_9 : f32
      linalg.yield %82 : f32
    } -> tensor<1x8x1234x1234xf32>
    %34 = tensor.empty() : tensor<1x8x1234xi64>
    %35 = linalg.fill ins(%c0_i64 : i64) outs(%34 : tensor<1x8x1234xi64>) -> tensor<1x8x1234xi64>
    %36 = tensor.empty() : tensor<1x8x1234xf32>
    %37 = linalg.fill ins(%cst_1 : f32) outs(%36 : tensor<1x8x1234xf32>) -> tensor<1x8x1234xf32>
    %38:2 = linalg.generic {indexing_maps = [#map5, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%33 : tensor<1x8x1234x1234xf32>) outs(%37, %35 : tensor<1x8x1234xf32>, tensor<1x8x1234xi64>) {
    ^bb0(%in: f32, %out: f32, %out_35: i64):
      %82 = linalg.index 3 : index
      %83 = arith.index_cast %82 : index to i64
      %84 = arith.maximumf %in, %out : f32
      %85 = arith.cmpf ogt, %in, %out : f32
      %86 = arith.select %85, %83, %out_35 : i64
      linalg.yield %84, %86 : f32, i64
    } -> (tensor<1x8x1234xf32>, tensor<1x8x1234xi64>)
    %expanded_21 = tensor.expand_shape %38#0 [[0], [1], [2, 3]] output_shape [1, 8, 1234, 1] : tensor<1x8x1234xf32> into tensor<1x8x1234x1xf32>
    %39 = linalg.generic {indexing_maps = [#map5, #map7, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%33, %expanded_21 : tensor<1x8x1234x1234xf32>, tensor<1x8x1234x1xf32>) outs(%32 : tensor<1x8x1234x1234xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %82 = arith.subf %in, %in_35 : f32
      linalg.yield %82 : f32
    } -> tensor<1x8x1234x1234xf32>
    %40 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%39 : tensor<1x8x1234x1234xf32>) outs(%32 : tensor<1x8x1234x1234xf32>) {
    ^bb0(%in: f32, %out: f32):
      %82 = math.exp %in : f32
      linalg.yield %82 : f32
    } -> tensor<1x8x1234x1234xf32>
    %41 = tensor.empty() : tensor<1x8x1234x1xf32>
    %42 = linalg.fill ins(%cst_0 : f32) outs(%41 : tensor<1x8x1234x1xf32>) -> tensor<1x8x1234x1xf32>
    %43 = linalg.generic {indexing_maps = [#map5, #map7], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%40 : tensor<1x8x1234x1234xf32>) outs(%42 : tensor<1x8x1234x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %82 = arith.addf %in, %out : f32
      linalg.yield %82 : f32
    } -> tensor<1x8x1234x1xf32>
    %44 = linalg.generic {indexing_maps = [#map5, #map7, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%40, %43 : tensor<1x8x1234x1234xf32>, tensor<1x8x1234x1xf32>) outs(%32 : tensor<1x8x1234x1234xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %82 = arith.divf %in, %in_35 : f32
      linalg.yield %82 : f32
    } -> tensor<1x8x1234x1234xf32>
    %collapsed_22 = tensor.collapse_shape %44 [[0, 1], [2], [3]] : tensor<1x8x1234x1234xf32> into tensor<8x1234x1234xf32>
    %collapsed_23 = tensor.collapse_shape %transposed_16 [[0, 1], [2], [3]] : tensor<1x8x1234x64xf32> into tensor<8x1234x64xf32>
    %45 = tensor.empty() : tensor<8x1234x64xf32>
    %46 = linalg.fill ins(%cst_0 : f32) outs(%45 : tensor<8x1234x64xf32>) -> tensor<8x1234x64xf32>
    %47 = linalg.batch_matmul ins(%collapsed_22, %collapsed_23 : tensor<8x1234x1234xf32>, tensor<8x1234x64xf32>) outs(%46 : tensor<8x1234x64xf32>) -> tensor<8x1234x64xf32>
    %expanded_24 = tensor.expand_shape %47 [[0, 1], [2], [3]] output_shape [1, 8, 1234, 64] : tensor<8x1234x64xf32> into tensor<1x8x1234x64xf32>
    %48 = tensor.empty() : tensor<1x1234x8x64xf32>
    %transposed_25 = linalg.transpose ins(%expanded_24 : tensor<1x8x1234x64xf32>) outs(%48 : tensor<1x1234x8x64xf32>) permutation = [0, 2, 1, 3] 
    %collapsed_26 = tensor.collapse_shape %transposed_25 [[0, 1], [2, 3]] : tensor<1x1234x8x64xf32> into tensor<1234x512xf32>
    %49 = tensor.empty() : tensor<512x512xf32>
    %transposed_27 = linalg.transpose ins(%arg5 : tensor<512x512xf32>) outs(%49 : tensor<512x512xf32>) permutation = [1, 0] 
    %50 = tensor.empty() : tensor<1234x512xf32>
    %51 = linalg.fill ins(%cst_0 : f32) outs(%50 : tensor<1234x512xf32>) -> tensor<1234x512xf32>
    %52 = linalg.matmul ins(%collapsed_26, %transposed_27 : tensor<1234x512xf32>, tensor<512x512xf32>) outs(%51 : tensor<1234x512xf32>) -> tensor<1234x512xf32>
    %53 = linalg.generic {indexing_maps = [#map3, #map4, #map3], iterator_types = ["parallel", "parallel"]} ins(%52, %arg6 : tensor<1234x512xf32>, tensor<512xf32>) outs(%50 : tensor<1234x512xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %82 = arith.addf %in, %in_35 : f32
      linalg.yield %82 : f32
    } -> tensor<1234x512xf32>
    %expanded_28 = tensor.expand_shape %53 [[0, 1], [2]] output_shape [1, 1234, 512] : tensor<1234x512xf32> into tensor<1x1234x512xf32>
    %54 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0, %expanded_28 : tensor<1x1234x512xf32>, tensor<1x1234x512xf32>) outs(%17 : tensor<1x1234x512xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %82 = arith.addf %in, %in_35 : f32
      linalg.yield %82 : f32
    } -> tensor<1x1234x512xf32>
    %55 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%54 : tensor<1x1234x512xf32>) outs(%0 : tensor<1x1234x512xf64>) {
    ^bb0(%in: f32, %out: f64):
      %82 = arith.extf %in : f32 to f64
      linalg.yield %82 : f64
    } -> tensor<1x1234x512xf64>
    %56 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%55 : tensor<1x1234x512xf64>) outs(%3 : tensor<1x1234x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %82 = arith.addf %in, %out : f64
      linalg.yield %82 : f64
    } -> tensor<1x1234x1xf64>
    %57 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%56 : tensor<1x1234x1xf64>) outs(%2 : tensor<1x1234x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %82 = arith.divf %in, %cst_7 : f64
      linalg.yield %82 : f64
    } -> tensor<1x1234x1xf64>
    %58 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%55, %57 : tensor<1x1234x512xf64>, tensor<1x1234x1xf64>) outs(%0 : tensor<1x1234x512xf64>) {
    ^bb0(%in: f64, %in_35: f64, %out: f64):
      %82 = arith.subf %in, %in_35 : f64
      linalg.yield %82 : f64
    } -> tensor<1x1234x512xf64>
    %59 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%58, %58 : tensor<1x1234x512xf64>, tensor<1x1234x512xf64>) outs(%0 : tensor<1x1234x512xf64>) {
    ^bb0(%in: f64, %in_35: f64, %out: f64):
      %82 = arith.mulf %in, %in_35 : f64
      linalg.yield %82 : f64
    } -> tensor<1x1234x512xf64>
    %60 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%59 : tensor<1x1234x512xf64>) outs(%3 : tensor<1x1234x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %82 = arith.addf %in, %out : f64
      linalg.yield %82 : f64
    } -> tensor<1x1234x1xf64>
    %61 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%60 : tensor<1x1234x1xf64>) outs(%2 : tensor<1x1234x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %82 = arith.divf %in, %cst_7 : f64
      linalg.yield %82 : f64
    } -> tensor<1x1234x1xf64>
    %62 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%61 : tensor<1x1234x1xf64>) outs(%10 : tensor<1x1234x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %82 = arith.truncf %in : f64 to f32
      linalg.yield %82 : f32
    } -> tensor<1x1234x1xf32>
    %63 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%54 : tensor<1x1234x512xf32>) outs(%12 : tensor<1x1234x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %82 = arith.addf %in, %out : f32
      linalg.yield %82 : f32
    } -> tensor<1x1234x1xf32>
    %64 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%63 : tensor<1x1234x1xf32>) outs(%10 : tensor<1x1234x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %82 = arith.divf %in, %cst_8 : f32
      linalg.yield %82 : f32
    } -> tensor<1x1234x1xf32>
    %65 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%62 : tensor<1x1234x1xf32>) outs(%10 : tensor<1x1234x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %82 = arith.truncf %cst_6 : f64 to f32
      %83 = arith.addf %in, %82 : f32
      linalg.yield %83 : f32
    } -> tensor<1x1234x1xf32>
    %66 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%65 : tensor<1x1234x1xf32>) outs(%10 : tensor<1x1234x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %82 = math.rsqrt %in : f32
      linalg.yield %82 : f32
    } -> tensor<1x1234x1xf32>
    %67 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%54, %64 : tensor<1x1234x512xf32>, tensor<1x1234x1xf32>) outs(%17 : tensor<1x1234x512xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %82 = arith.subf %in, %in_35 : f32
      linalg.yield %82 : f32
    } -> tensor<1x1234x512xf32>
    %68 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%67, %66 : tensor<1x1234x512xf32>, tensor<1x1234x1xf32>) outs(%17 : tensor<1x1234x512xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %82 = arith.mulf %in, %in_35 : f32
      linalg.yield %82 : f32
    } -> tensor<1x1234x512xf32>
    %69 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%68, %arg7 : tensor<1x1234x512xf32>, tensor<512xf32>) outs(%17 : tensor<1x1234x512xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %82 = arith.mulf %in, %in_35 : f32
      linalg.yield %82 : f32
    } -> tensor<1x1234x512xf32>
    %70 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%69, %arg8 : tensor<1x1234x512xf32>, tensor<512xf32>) outs(%17 : tensor<1x1234x512xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %82 = arith.addf %in, %in_35 : f32
      linalg.yield %82 : f32
    } -> tensor<1x1234x512xf32>
    %collapsed_29 = tensor.collapse_shape %70 [[0, 1], [2]] : tensor<1x1234x512xf32> into tensor<1234x512xf32>
    %71 = tensor.empty() : tensor<512x2048xf32>
    %transposed_30 = linalg.transpose ins(%arg9 : tensor<2048x512xf32>) outs(%71 : tensor<512x2048xf32>) permutation = [1, 0] 
    %72 = tensor.empty() : tensor<1234x2048xf32>
    %73 = linalg.fill ins(%cst_0 : f32) outs(%72 : tensor<1234x2048xf32>) -> tensor<1234x2048xf32>
    %74 = linalg.matmul ins(%collapsed_29, %transposed_30 : tensor<1234x512xf32>, tensor<512x2048xf32>) outs(%73 : tensor<1234x2048xf32>) -> tensor<1234x2048xf32>
    %75 = linalg.generic {indexing_maps = [#map3, #map4, #map3], iterator_types = ["parallel", "parallel"]} ins(%74, %arg10 : tensor<1234x2048xf32>, tensor<2048xf32>) outs(%72 : tensor<1234x2048xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %82 = arith.addf %in, %in_35 : f32
      linalg.yield %82 : f32
    } -> tensor<1234x2048xf32>
    %expanded_31 = tensor.expand_shape %75 [[0, 1], [2]] output_shape [1, 1234, 2048] : tensor<1234x2048xf32> into tensor<1x1234x2048xf32>
    %76 = tensor.empty() : tensor<1x1234x2048xf32>
    %77 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_31 : tensor<1x1234x2048xf32>) outs(%76 : tensor<1x1234x2048xf32>) {
    ^bb0(%in: f32, %out: f32):
      %82 = math.fpowi %in, %c3_i64 : f32, i64
      %83 = arith.mulf %82, %cst_2 : f32
      %84 = arith.addf %in, %83 : f32
      %85 = arith.mulf %84, %cst_3 : f32
      %86 = math.tanh %85 : f32
      %87 = arith.addf %86, %cst_4 : f32
      %88 = arith.mulf %87, %cst_5 : f32
      %89 = arith.mulf %in, %88 : f32
      linalg.yield %89 : f32
    } -> tensor<1x1234x2048xf32>
    %collapsed_32 = tensor.collapse_shape %77 [[0, 1], [2]] : tensor<1x1234x2048xf32> into tensor<1234x2048xf32>
    %78 = tensor.empty() : tensor<2048x512xf32>
    %transposed_33 = linalg.transpose ins(%arg11 : tensor<512x2048xf32>) outs(%78 : tensor<2048x512xf32>) permutation = [1, 0] 
    %79 = linalg.matmul ins(%collapsed_32, %transposed_33 : tensor<1234x2048xf32>, tensor<2048x512xf32>) outs(%51 : tensor<1234x512xf32>) -> tensor<1234x512xf32>
    %80 = linalg.generic {indexing_maps = [#map3, #map4, #map3], iterator_types = ["parallel", "parallel"]} ins(%79, %arg12 : tensor<1234x512xf32>, tensor<512xf32>) outs(%50 : tensor<1234x512xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %82 = arith.addf %in, %in_35 : f32
      linalg.yield %82 : f32
    } -> tensor<1234x512xf32>
    %expanded_34 = tensor.expand_shape %80 [[0, 1], [2]] output_shape [1, 1234, 512] : tensor<1234x512xf32> into tensor<1x1234x512xf32>
    %81 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%54, %expanded_34 : tensor<1x1234x512xf32>, tensor<1x1234x512xf32>) outs(%17 : tensor<1x1234x512xf32>) {
    ^bb0(%in: f32, %in_35: f32, %out: f32):
      %82 = arith.addf %in, %in_35 : f32
      linalg.yield %82 : f32
    } -> tensor<1x1234x512xf32>
    return %81 : tensor<1x1234x512xf32>
  }
}

