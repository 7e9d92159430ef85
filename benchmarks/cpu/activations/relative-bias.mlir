// silu(s + table[h, min(max(i - j, -32), 32) + 32])

!rows = tensor<?x?x?x64xf32> // [batch, heads, length, D]

func.func @attention(
    %q: !rows {gdpa.name = "q"}, %k0: !rows {gdpa.name = "k"}, %v0: !rows {gdpa.name = "v"},
    %table0: tensor<?x65xf32> {gdpa.name = "table"},
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
      captures(%table0 : tensor<?x65xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %table: tensor<?x65xf32>) {
        %one = arith.constant 1.0 : f32
        %low = arith.constant -32 : index
        %high = arith.constant 32 : index
        %n = arith.subi %i, %j : index
        %n0 = arith.maxsi %n, %low : index
        %n1 = arith.minsi %n0, %high : index
        %n2 = arith.addi %n1, %high : index
        %bias = tensor.extract %table[%h, %n2] : tensor<?x65xf32>
        %x = arith.addf %s, %bias : f32
        %minus = arith.negf %x : f32
        %e = math.exp %minus : f32
        %d = arith.addf %e, %one : f32
        %z = arith.divf %x, %d : f32
        gdpa.yield %z : f32
      }
      -> !rows
  return %o : !rows
}
