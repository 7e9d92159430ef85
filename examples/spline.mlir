// A learned activation: the piecewise linear function through a table of 33 values for each head, at -4, -3.75, ..., 4.
//
// z = t[h, k] + (x - k) (t[h, k + 1] - t[h, k]) with x = 4 (clamp(s, -4, 4) + 4) and k = min(floor(x), 31). The index of the
// table depends on the score itself; each pair adds to the gradients of the two knots beside its score.

!query = tensor<?x?x?x64xf32>   // [batch, query heads, queries, D]
!key = tensor<?x?x?x64xf32>     // [batch, key heads, keys, D]
!value = tensor<?x?x?x64xf32>   // [batch, key heads, keys, Dv]
!output = tensor<?x?x?x64xf32>  // [batch, query heads, queries, Dv]

func.func @attention(
    %q: !query {gdpa.name = "q"}, %k: !key {gdpa.name = "k"}, %v: !value {gdpa.name = "v"},
    %table: tensor<?x33xf32> {gdpa.name = "table"},  // [query heads, knots]
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
      captures(%table : tensor<?x33xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %table: tensor<?x33xf32>) {
        %low = arith.constant -4.0 : f32
        %high = arith.constant 4.0 : f32
        %last = arith.constant 31.0 : f32
        %next = arith.constant 1 : index
        %inside = math.clampf %s to [%low, %high] : f32
        %moved = arith.addf %inside, %high : f32
        %x = arith.mulf %moved, %high : f32
        %floor = math.floor %x : f32
        %knot = arith.minimumf %floor, %last : f32
        %fraction = arith.subf %x, %knot : f32
        %number = arith.fptosi %knot : f32 to i32
        %left = arith.index_cast %number : i32 to index
        %right = arith.addi %left, %next : index
        %a = tensor.extract %table[%h, %left] : tensor<?x33xf32>
        %c = tensor.extract %table[%h, %right] : tensor<?x33xf32>
        %rise = arith.subf %c, %a : f32
        %z = math.fma %fraction, %rise, %a : f32
        gdpa.yield %z : f32
      }
      -> !output
  return %o : !output
}
