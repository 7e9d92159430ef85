// A sliding window over grouped heads: z = relu(s) for the `window` keys up to the query's own position.
//
// Grouped-query attention needs no word in the program: it follows from the head counts at run time, a group of
// query heads / key heads query heads reads one key head, whose gradients sum over the group. The window's length is a
// captured index: changing it recompiles nothing.

!query = tensor<?x?x?x64xf32>   // [batch, query heads, queries, D]
!key = tensor<?x?x?x64xf32>     // [batch, key heads, keys, D]
!value = tensor<?x?x?x64xf32>   // [batch, key heads, keys, Dv]
!output = tensor<?x?x?x64xf32>  // [batch, query heads, queries, Dv]

func.func @attention(
    %q: !query {gdpa.name = "q"}, %k: !key {gdpa.name = "k"}, %v: !value {gdpa.name = "v"},
    %window: index {gdpa.name = "window"},
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
      captures(%window : index)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %window: index) {
        %zero = arith.constant 0.0 : f32
        %positive = arith.cmpf ogt, %s, %zero : f32
        %z = arith.select %positive, %s, %zero : f32
        gdpa.yield %z : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %window: index) {
        %none = arith.constant 0 : index
        %distance = arith.subi %i, %j : index
        %not_after = arith.cmpi sge, %distance, %none : index
        %near = arith.cmpi slt, %distance, %window : index
        %keep = arith.andi %not_after, %near : i1
        gdpa.yield %keep : i1
      }
      -> !output
  return %o : !output
}
