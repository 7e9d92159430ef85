// A learned cubic per head: z = c[h,0] + c[h,1] s + c[h,2] s^2 + c[h,3] s^3, by Horner's rule.
//
// The coefficients are a captured tensor of rank 2; each of the four loads receives its own gradient in d_coefficients.

!query = tensor<?x?x?x64xf32>   // [batch, query heads, queries, D]
!key = tensor<?x?x?x64xf32>     // [batch, key heads, keys, D]
!value = tensor<?x?x?x64xf32>   // [batch, key heads, keys, Dv]
!output = tensor<?x?x?x64xf32>  // [batch, query heads, queries, Dv]

func.func @attention(
    %q: !query {gdpa.name = "q"}, %k: !key {gdpa.name = "k"}, %v: !value {gdpa.name = "v"},
    %coefficients: tensor<?x4xf32> {gdpa.name = "coefficients"},  // [query heads, 4]
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
      captures(%coefficients : tensor<?x4xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %coefficients: tensor<?x4xf32>) {
        %i0 = arith.constant 0 : index
        %i1 = arith.constant 1 : index
        %i2 = arith.constant 2 : index
        %i3 = arith.constant 3 : index
        %c0 = tensor.extract %coefficients[%h, %i0] : tensor<?x4xf32>
        %c1 = tensor.extract %coefficients[%h, %i1] : tensor<?x4xf32>
        %c2 = tensor.extract %coefficients[%h, %i2] : tensor<?x4xf32>
        %c3 = tensor.extract %coefficients[%h, %i3] : tensor<?x4xf32>
        %p3 = math.fma %c3, %s, %c2 : f32
        %p2 = math.fma %p3, %s, %c1 : f32
        %z = math.fma %p2, %s, %c0 : f32
        gdpa.yield %z : f32
      }
      -> !output
  return %o : !output
}
