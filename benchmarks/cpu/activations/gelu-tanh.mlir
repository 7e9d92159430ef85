// s (1 + tanh(sqrt(2 / pi) (s + 0.044715 s^3))) / 2

!rows = tensor<?x?x?x64xf32> // [batch, heads, length, D]

func.func @attention(
    %q: !rows {gdpa.name = "q"}, %k0: !rows {gdpa.name = "k"}, %v0: !rows {gdpa.name = "v"},
    %scale: f32 {gdpa.name = "scale"}) -> !rows {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %batch = tensor.dim %q, %c0 : !rows
  %heads = tensor.dim %q, %c1 : !rows
  %queries = tensor.dim %q, %c2 : !rows
  %o0 = tensor.empty(%batch, %heads, %queries) : !rows
  %o = gdpa.attention bhsd none
      ins(%q, %k0, %v0 : !rows, !rows, !rows)
      outs(%o0 : !rows)
      scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %half = arith.constant 0.5 : f32
        %one = arith.constant 1.0 : f32
        %c = arith.constant 0.044715 : f32
        %root = arith.constant 0.79788456 : f32
        %q = arith.mulf %s, %s : f32
        %u = arith.mulf %q, %s : f32
        %v = arith.mulf %u, %c : f32
        %w = arith.addf %s, %v : f32
        %x = arith.mulf %w, %root : f32
        %t = math.tanh %x : f32
        %y = arith.addf %t, %one : f32
        %g = arith.mulf %s, %half : f32
        %z = arith.mulf %g, %y : f32
        gdpa.yield %z : f32
      }
      -> !rows
  return %o : !rows
}
