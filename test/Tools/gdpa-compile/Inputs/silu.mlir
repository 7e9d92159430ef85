func.func @silu(%q: tensor<1x4x?x16xf32> {gdpa.name = "q"}, %k: tensor<1x2x?x16xf32> {gdpa.name = "k"}, %v: tensor<1x2x?x8xf32> {gdpa.name = "v"},
                %c: f32 {gdpa.name = "scale"}, %bias: tensor<4x?xf32> {gdpa.name = "bias"}, %o0: tensor<1x4x?x8xf32>) -> tensor<1x4x?x8xf32> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x?x16xf32>, tensor<1x2x?x16xf32>, tensor<1x2x?x8xf32>)
      outs(%o0 : tensor<1x4x?x8xf32>)
      scale(%c : f32)
      captures(%bias : tensor<4x?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<4x?xf32>) {
        %r = tensor.extract %B[%h, %j] : tensor<4x?xf32>
        %x = arith.addf %s, %r : f32
        %one = arith.constant 1.0 : f32
        %n = arith.negf %x : f32
        %e = math.exp %n : f32
        %d = arith.addf %e, %one : f32
        %z = arith.divf %x, %d : f32
        gdpa.yield %z : f32
      }
      -> tensor<1x4x?x8xf32>
  return %o : tensor<1x4x?x8xf32>
}
