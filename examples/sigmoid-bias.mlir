// Sigmoid attention with a learned bias per head: z = sigmoid(s + bias[h] - log(nk)).
//
// The term -log(nk), nk being the number of keys, keeps the sum of a row's weights near one at any length; the length is an
// argument of the region, so one compiled kernel serves all lengths. `bias` is a captured tensor of rank 1: every region
// takes the captures after its coordinates, reads them with tensor.extract, and the backward pass returns d_bias.

!query = tensor<?x?x?x64xf32>   // [batch, query heads, queries, D]
!key = tensor<?x?x?x64xf32>     // [batch, key heads, keys, D]
!value = tensor<?x?x?x64xf32>   // [batch, key heads, keys, Dv]
!output = tensor<?x?x?x64xf32>  // [batch, query heads, queries, Dv]

func.func @attention(
    %q: !query {gdpa.name = "q"}, %k: !key {gdpa.name = "k"}, %v: !value {gdpa.name = "v"},
    %bias: tensor<?xf32> {gdpa.name = "bias"},  // [query heads]
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
      captures(%bias : tensor<?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %bias: tensor<?xf32>) {
        %one = arith.constant 1.0 : f32
        %head_bias = tensor.extract %bias[%h] : tensor<?xf32>
        %nk_int = arith.index_cast %nk : index to i32
        %nk_float = arith.sitofp %nk_int : i32 to f32
        %log_nk = math.log %nk_float : f32
        %shift = arith.subf %head_bias, %log_nk : f32
        %x = arith.addf %s, %shift : f32
        %n = arith.negf %x : f32
        %e = math.exp %n : f32
        %d = arith.addf %e, %one : f32
        %z = arith.divf %one, %d : f32
        gdpa.yield %z : f32
      }
      -> !output
  return %o : !output
}
