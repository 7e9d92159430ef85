// A causal mask over softplus: z = log(1 + exp(s)), kept where key j is not after query i.
//
// softplus(0) = log 2, so a masked pair cannot be had by setting its score to zero: the mask region decides which pairs exist
// at all; others contribute exactly zero to the output and to every gradient. The last query sees the last key
// (j - nk <= i - nq), as in decoding with a key cache; rows that see no key get o = 0.

!query = tensor<?x?x?x64xf32>   // [batch, query heads, queries, D]
!key = tensor<?x?x?x64xf32>     // [batch, key heads, keys, D]
!value = tensor<?x?x?x64xf32>   // [batch, key heads, keys, Dv]
!output = tensor<?x?x?x64xf32>  // [batch, query heads, queries, Dv]

func.func @attention(
    %q: !query {gdpa.name = "q"}, %k: !key {gdpa.name = "k"}, %v: !value {gdpa.name = "v"},
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
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %zero = arith.constant 0.0 : f32
        %a = math.absf %s : f32
        %n = arith.negf %a : f32
        %e = math.exp %n : f32
        %l = math.log1p %e : f32
        %positive = arith.cmpf ogt, %s, %zero : f32
        %r = arith.select %positive, %s, %zero : f32
        %z = arith.addf %r, %l : f32  // max(s, 0) + log(1 + exp(-|s|)): no overflow
        gdpa.yield %z : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %offset = arith.subi %nk, %nq : index
        %last = arith.addi %i, %offset : index
        %keep = arith.cmpi sle, %j, %last : index
        gdpa.yield %keep : i1
      }
      -> !output
  return %o : !output
}
