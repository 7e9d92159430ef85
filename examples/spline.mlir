// A learned activation: the piecewise linear function through a table of 17 values for each head, at -4, -3.5, ..., 4.
//
// z = t[h, k] + (x - k) (t[h, k + 1] - t[h, k]) with x = clamp(2 s + 8, 0, 15.9999) and k the integer below x. The index of
// the table depends on the score itself; each pair adds to the gradients of the two knots beside its score.

!query = tensor<?x?x?x64xf32>   // [batch, query heads, queries, D]
!key = tensor<?x?x?x64xf32>     // [batch, key heads, keys, D]
!value = tensor<?x?x?x64xf32>   // [batch, key heads, keys, Dv]
!output = tensor<?x?x?x64xf32>  // [batch, query heads, queries, Dv]

func.func @attention(
    %q: !query {gdpa.name = "q"}, %k: !key {gdpa.name = "k"}, %v: !value {gdpa.name = "v"},
    %table: tensor<?x17xf32> {gdpa.name = "table"},  // [query heads, knots]
    %scale: f32 {gdpa.name = "scale"}) -> !output {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %batch = tensor.dim %q, %c0 : !query
  %heads = tensor.dim %q, %c1 : !query
  %queries = tensor.dim %q, %c2 : !query
  %o0 = tensor.empty(%batch, %heads, %queries) : !output
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : !query, !key, !value)
      outs(%o0 : !output)
      scale(%scale : f32)
      captures(%table : tensor<?x17xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %table: tensor<?x17xf32>) {
        %first = arith.constant 0.0 : f32
        %last = arith.constant 15.9999 : f32
        %two = arith.constant 2.0 : f32
        %eight = arith.constant 8.0 : f32
        %next = arith.constant 1 : index
        %all = math.fma %s, %two, %eight : f32
        %x = math.clampf %all to [%first, %last] : f32
        %number = arith.fptosi %x : f32 to i32
        %knot = arith.sitofp %number : i32 to f32
        %fraction = arith.subf %x, %knot : f32
        %left = arith.index_cast %number : i32 to index
        %right = arith.addi %left, %next : index
        %a = tensor.extract %table[%h, %left] : tensor<?x17xf32>
        %c = tensor.extract %table[%h, %right] : tensor<?x17xf32>
        %rise = arith.subf %c, %a : f32
        %z = math.fma %fraction, %rise, %a : f32
        gdpa.yield %z : f32
      }
      -> !output
  return %o : !output
}
