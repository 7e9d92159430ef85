#map = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>
#map1 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>
#map2 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>
#map3 = affine_map<(d0, d1, d2, d3) -> ()>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map5 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d4, d3)>
module @jit__lambda attributes {jax.uses_shape_polymorphism = false, mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<2x4x24x16xbf16>, %arg1: tensor<2x4x24x16xbf16>, %arg2: tensor<2x4x24x16xbf16>) -> (tensor<2x4x24x16xbf16> {jax.result_info = "result"}) {
    %cst = arith.constant 0.000000e+00 : bf16
    %cst_0 = arith.constant dense<1.000000e+00> : tensor<bf16>
    %cst_1 = arith.constant dense<2.500000e-01> : tensor<bf16>
    %0 = tensor.empty() : tensor<2x4x24x24xbf16>
    %1 = linalg.fill ins(%cst : bf16) outs(%0 : tensor<2x4x24x24xbf16>) -> tensor<2x4x24x24xbf16>
    %2 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<2x4x24x16xbf16>, tensor<2x4x24x16xbf16>) outs(%1 : tensor<2x4x24x24xbf16>) {
    ^bb0(%in: bf16, %in_2: bf16, %out: bf16):
      %14 = arith.mulf %in, %in_2 : bf16
      %15 = arith.addf %out, %14 : bf16
      linalg.yield %15 : bf16
    } -> tensor<2x4x24x24xbf16>
    %3 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_1 : tensor<bf16>) outs(%0 : tensor<2x4x24x24xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      linalg.yield %in : bf16
    } -> tensor<2x4x24x24xbf16>
    %4 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%2, %3 : tensor<2x4x24x24xbf16>, tensor<2x4x24x24xbf16>) outs(%0 : tensor<2x4x24x24xbf16>) {
    ^bb0(%in: bf16, %in_2: bf16, %out: bf16):
      %14 = arith.mulf %in, %in_2 : bf16
      linalg.yield %14 : bf16
    } -> tensor<2x4x24x24xbf16>
    %5 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%4 : tensor<2x4x24x24xbf16>) outs(%0 : tensor<2x4x24x24xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %14 = arith.negf %in : bf16
      linalg.yield %14 : bf16
    } -> tensor<2x4x24x24xbf16>
    %6 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%5 : tensor<2x4x24x24xbf16>) outs(%0 : tensor<2x4x24x24xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %14 = math.exp %in : bf16
      linalg.yield %14 : bf16
    } -> tensor<2x4x24x24xbf16>
    %7 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_0 : tensor<bf16>) outs(%0 : tensor<2x4x24x24xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      linalg.yield %in : bf16
    } -> tensor<2x4x24x24xbf16>
    %8 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%7, %6 : tensor<2x4x24x24xbf16>, tensor<2x4x24x24xbf16>) outs(%0 : tensor<2x4x24x24xbf16>) {
    ^bb0(%in: bf16, %in_2: bf16, %out: bf16):
      %14 = arith.addf %in, %in_2 : bf16
      linalg.yield %14 : bf16
    } -> tensor<2x4x24x24xbf16>
    %9 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%7, %8 : tensor<2x4x24x24xbf16>, tensor<2x4x24x24xbf16>) outs(%0 : tensor<2x4x24x24xbf16>) {
    ^bb0(%in: bf16, %in_2: bf16, %out: bf16):
      %14 = arith.divf %in, %in_2 : bf16
      linalg.yield %14 : bf16
    } -> tensor<2x4x24x24xbf16>
    %10 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%4, %9 : tensor<2x4x24x24xbf16>, tensor<2x4x24x24xbf16>) outs(%0 : tensor<2x4x24x24xbf16>) {
    ^bb0(%in: bf16, %in_2: bf16, %out: bf16):
      %14 = arith.mulf %in, %in_2 : bf16
      linalg.yield %14 : bf16
    } -> tensor<2x4x24x24xbf16>
    %11 = tensor.empty() : tensor<2x4x24x16xbf16>
    %12 = linalg.fill ins(%cst : bf16) outs(%11 : tensor<2x4x24x16xbf16>) -> tensor<2x4x24x16xbf16>
    %13 = linalg.generic {indexing_maps = [#map, #map5, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%10, %arg2 : tensor<2x4x24x24xbf16>, tensor<2x4x24x16xbf16>) outs(%12 : tensor<2x4x24x16xbf16>) {
    ^bb0(%in: bf16, %in_2: bf16, %out: bf16):
      %14 = arith.mulf %in, %in_2 : bf16
      %15 = arith.addf %out, %14 : bf16
      linalg.yield %15 : bf16
    } -> tensor<2x4x24x16xbf16>
    return %13 : tensor<2x4x24x16xbf16>
  }
}

