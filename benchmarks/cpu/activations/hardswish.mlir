// s min(max(s + 3, 0), 6) / 6

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
        %zero = arith.constant 0.0 : f32
        %three = arith.constant 3.0 : f32
        %six = arith.constant 6.0 : f32
        %sixth = arith.constant 0.16666667 : f32
        %t = arith.addf %s, %three : f32
        %c = math.clampf %t to [%zero, %six] : f32
        %p = arith.mulf %s, %c : f32
        %z = arith.mulf %p, %sixth : f32
        gdpa.yield %z : f32
      }
      -> !rows
  return %o : !rows
}
