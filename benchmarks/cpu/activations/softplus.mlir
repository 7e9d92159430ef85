// log(1 + exp(s))

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
        %e = math.exp %s : f32
        %z = math.log1p %e : f32
        gdpa.yield %z : f32
      }
      -> !rows
  return %o : !rows
}
