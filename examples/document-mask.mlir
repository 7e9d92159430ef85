// Packed documents: z = gelu-like s * sigmoid(1.702 s), kept where query and key belong to the same document.
//
// The mask reads captured integers, a document number per position of each batch; integer captures get no gradient.

!query = tensor<?x?x?x64xf32>   // [batch, query heads, queries, D]
!key = tensor<?x?x?x64xf32>     // [batch, key heads, keys, D]
!value = tensor<?x?x?x64xf32>   // [batch, key heads, keys, Dv]
!output = tensor<?x?x?x64xf32>  // [batch, query heads, queries, Dv]

func.func @attention(
    %q: !query {gdpa.name = "q"}, %k: !key {gdpa.name = "k"}, %v: !value {gdpa.name = "v"},
    %documents: tensor<?x?xi32> {gdpa.name = "documents"},  // [batch, positions]
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
      captures(%documents : tensor<?x?xi32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %documents: tensor<?x?xi32>) {
        %one = arith.constant 1.0 : f32
        %factor = arith.constant -1.702 : f32
        %x = arith.mulf %s, %factor : f32
        %e = math.exp %x : f32
        %d = arith.addf %e, %one : f32
        %z = arith.divf %s, %d : f32
        gdpa.yield %z : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %documents: tensor<?x?xi32>) {
        %of_query = tensor.extract %documents[%b, %i] : tensor<?x?xi32>
        %of_key = tensor.extract %documents[%b, %j] : tensor<?x?xi32>
        %keep = arith.cmpi eq, %of_query, %of_key : i32
        gdpa.yield %keep : i1
      }
      -> !output
  return %o : !output
}
