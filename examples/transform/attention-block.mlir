// A multi-head block as another compiler has it: a projection to queries, causal attention with grouped heads and a bias of distances, an output
// gate o * sigmoid(g), a projection back, and the residual. tile-fuse-split.mlir transforms it.

func.func @block(%x: tensor<2x37x16xf32>, %wq: tensor<4x16x8xf32>, %k: tensor<2x2x45x8xf32>, %v: tensor<2x2x45x8xf32>,
                 %gates: tensor<2x4x37x8xf32>, %wo: tensor<4x8x16xf32>, %scale: f32, %slopes: tensor<4xf32>) -> tensor<2x37x16xf32> {
  %zero = arith.constant 0.0 : f32
  %q_empty = tensor.empty() : tensor<2x4x37x8xf32>
  %q_zero = linalg.fill ins(%zero : f32) outs(%q_empty : tensor<2x4x37x8xf32>) -> tensor<2x4x37x8xf32>
  %q = linalg.contract
      indexing_maps = [affine_map<(b, h, i, d, n) -> (b, i, n)>, affine_map<(b, h, i, d, n) -> (h, n, d)>, affine_map<(b, h, i, d, n) -> (b, h, i, d)>]
      {project_queries}
      ins(%x, %wq : tensor<2x37x16xf32>, tensor<4x16x8xf32>) outs(%q_zero : tensor<2x4x37x8xf32>) -> tensor<2x4x37x8xf32>
  %o_empty = tensor.empty() : tensor<2x4x37x8xf32>
  %stats_empty = tensor.empty() : tensor<2x4x37xf32>
  %o, %stats = gdpa.attention bhsd softmax
      ins(%q, %k, %v : tensor<2x4x37x8xf32>, tensor<2x2x45x8xf32>, tensor<2x2x45x8xf32>)
      outs(%o_empty, %stats_empty : tensor<2x4x37x8xf32>, tensor<2x4x37xf32>)
      scale(%scale : f32)
      captures(%slopes : tensor<4xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %S: tensor<4xf32>) {
        // The last query stands at the last key.
        %ahead = arith.subi %nk, %nq : index
        %position = arith.addi %i, %ahead : index
        %distance = arith.subi %position, %j : index
        %distance_i32 = arith.index_cast %distance : index to i32
        %distance_f32 = arith.sitofp %distance_i32 : i32 to f32
        %slope = tensor.extract %S[%h] : tensor<4xf32>
        %bias = arith.mulf %slope, %distance_f32 : f32
        %z = arith.subf %s, %bias : f32
        gdpa.yield %z : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %S: tensor<4xf32>) {
        %ahead = arith.subi %nk, %nq : index
        %position = arith.addi %i, %ahead : index
        %keep = arith.cmpi sge, %position, %j : index
        gdpa.yield %keep : i1
      }
      -> tensor<2x4x37x8xf32>, tensor<2x4x37xf32>
  %gated = linalg.generic
      {indexing_maps = [affine_map<(b, h, i, d) -> (b, h, i, d)>, affine_map<(b, h, i, d) -> (b, h, i, d)>, affine_map<(b, h, i, d) -> (b, h, i, d)>],
       iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%o, %gates : tensor<2x4x37x8xf32>, tensor<2x4x37x8xf32>) outs(%o_empty : tensor<2x4x37x8xf32>) attrs = {gate} {
    ^bb0(%value: f32, %gate: f32, %old: f32):
      %one = arith.constant 1.0 : f32
      %negative = arith.negf %gate : f32
      %exponential = math.exp %negative : f32
      %sum = arith.addf %exponential, %one : f32
      %result = arith.divf %value, %sum : f32
      linalg.yield %result : f32
  } -> tensor<2x4x37x8xf32>
  // The residual is where the sums of the projection begin.
  %y = linalg.contract
      indexing_maps = [affine_map<(b, i, n, h, d) -> (b, h, i, d)>, affine_map<(b, i, n, h, d) -> (h, d, n)>, affine_map<(b, i, n, h, d) -> (b, i, n)>]
      {project_back}
      ins(%gated, %wo : tensor<2x4x37x8xf32>, tensor<4x8x16xf32>) outs(%x : tensor<2x37x16xf32>) -> tensor<2x37x16xf32>
  return %y : tensor<2x37x16xf32>
}
