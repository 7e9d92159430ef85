// A block as a front end leaves it: causal attention whose activation is an operation of another project, then a gate.

#left = affine_map<(b, h, i, j, d) -> (b, h, i, d)>
#right = affine_map<(b, h, i, j, d) -> (b, h, j, d)>
#pairs = affine_map<(b, h, i, j, d) -> (b, h, i, j)>
#all = affine_map<(b, h, i, j) -> (b, h, i, j)>
func.func @main(%q: tensor<2x3x37x16xf32>, %k: tensor<2x3x37x16xf32>, %v: tensor<2x3x37x16xf32>, %gate: tensor<2x3x37x16xf32>) -> tensor<2x3x37x16xf32> {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %quarter = arith.constant 0.25 : f32
  %s0 = tensor.empty() : tensor<2x3x37x37xf32>
  %s1 = linalg.fill ins(%zero : f32) outs(%s0 : tensor<2x3x37x37xf32>) -> tensor<2x3x37x37xf32>
  %s = linalg.contract indexing_maps = [#left, #right, #pairs]
      ins(%q, %k : tensor<2x3x37x16xf32>, tensor<2x3x37x16xf32>) outs(%s1 : tensor<2x3x37x37xf32>) -> tensor<2x3x37x37xf32>
  %w = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s : tensor<2x3x37x37xf32>) outs(%s0 : tensor<2x3x37x37xf32>) {
  ^bb0(%x: f32, %out: f32):
    %i = linalg.index 2 : index
    %j = linalg.index 3 : index
    %causal = arith.cmpi sge, %i, %j : index
    %y = arith.mulf %x, %quarter : f32
    %z = outside.squareplus %y, %one : f32
    %kept = arith.select %causal, %z, %zero : f32
    linalg.yield %kept : f32
  } -> tensor<2x3x37x37xf32>
  %o0 = tensor.empty() : tensor<2x3x37x16xf32>
  %o1 = linalg.fill ins(%zero : f32) outs(%o0 : tensor<2x3x37x16xf32>) -> tensor<2x3x37x16xf32>
  %o = linalg.contract indexing_maps = [#pairs, #right, #left]
      ins(%w, %v : tensor<2x3x37x37xf32>, tensor<2x3x37x16xf32>) outs(%o1 : tensor<2x3x37x16xf32>) -> tensor<2x3x37x16xf32>
  %gated = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%o, %gate : tensor<2x3x37x16xf32>, tensor<2x3x37x16xf32>) outs(%o0 : tensor<2x3x37x16xf32>) {
  ^bb0(%x: f32, %g: f32, %out: f32):
    %negative = arith.negf %g : f32
    %exponential = math.exp %negative : f32
    %sum = arith.addf %exponential, %one : f32
    %y = arith.divf %x, %sum : f32
    linalg.yield %y : f32
  } -> tensor<2x3x37x16xf32>
  return %gated : tensor<2x3x37x16xf32>
}
