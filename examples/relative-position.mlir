// Relative-position bias: z = silu(s + table[h, clamp(i - j, -32, 32) + 32]).
//
// The table has a column per distance; the index is computed from the pair's coordinates with index arithmetic. A capture's
// index is clamped to its extent at run time in any case; here the clamp is part of the meaning: far pairs share a bias.

!query = tensor<?x?x?x64xf32>   // [batch, query heads, queries, D]
!key = tensor<?x?x?x64xf32>     // [batch, key heads, keys, D]
!value = tensor<?x?x?x64xf32>   // [batch, key heads, keys, Dv]
!output = tensor<?x?x?x64xf32>  // [batch, query heads, queries, Dv]

func.func @attention(
    %q: !query {gdpa.name = "q"}, %k: !key {gdpa.name = "k"}, %v: !value {gdpa.name = "v"},
    %table: tensor<?x65xf32> {gdpa.name = "table"},  // [query heads, distances]
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
      captures(%table : tensor<?x65xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %table: tensor<?x65xf32>) {
        %one = arith.constant 1.0 : f32
        %lowest = arith.constant 0 : index
        %middle = arith.constant 32 : index
        %highest = arith.constant 64 : index
        %distance = arith.subi %i, %j : index
        %centred = arith.addi %distance, %middle : index
        %above = arith.maxsi %centred, %lowest : index
        %column = arith.minsi %above, %highest : index
        %bias = tensor.extract %table[%h, %column] : tensor<?x65xf32>
        %x = arith.addf %s, %bias : f32
        %n = arith.negf %x : f32
        %e = math.exp %n : f32
        %d = arith.addf %e, %one : f32
        %z = arith.divf %x, %d : f32
        gdpa.yield %z : f32
      }
      -> !output
  return %o : !output
}
