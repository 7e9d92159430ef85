// silu(s - slopes[h] |i - j|)

!rows = tensor<?x?x?x64xf32> // [batch, heads, length, D]

func.func @attention(
    %q: !rows {gdpa.name = "q"}, %k0: !rows {gdpa.name = "k"}, %v0: !rows {gdpa.name = "v"},
    %slopes0: tensor<?xf32> {gdpa.name = "slopes"},
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
      captures(%slopes0 : tensor<?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %slopes: tensor<?xf32>) {
        %one = arith.constant 1.0 : f32
        %slope = tensor.extract %slopes[%h] : tensor<?xf32>
        %n = arith.subi %i, %j : index
        %k = arith.index_cast %n : index to i32
        %f = arith.sitofp %k : i32 to f32
        %g = math.absf %f : f32
        %bias = arith.mulf %slope, %g : f32
        %x = arith.subf %s, %bias : f32
        %minus = arith.negf %x : f32
        %e = math.exp %minus : f32
        %d = arith.addf %e, %one : f32
        %z = arith.divf %x, %d : f32
        gdpa.yield %z : f32
      }
      -> !rows
  return %o : !rows
}
