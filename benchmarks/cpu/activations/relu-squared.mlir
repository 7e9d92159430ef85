// max(s, 0)^2

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
        %p = arith.cmpf ogt, %s, %zero : f32
        %r = arith.select %p, %s, %zero : f32
        %z = arith.mulf %r, %r : f32
        gdpa.yield %z : f32
      }
      -> !rows
  return %o : !rows
}
