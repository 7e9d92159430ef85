// SiLU (swish): z = s * sigmoid(s) = s / (1 + exp(-s)).
//
// The smallest complete program, and the one docs/walkthrough.md follows through the compiler. The function names its
// arguments with gdpa.name: these are the names that gdpa-run's --arg and --out use. The four aliases below are the only
// place that fixes the storage type and the head dims; all other sizes are run-time values.
//
// `gdpa.attention bhsd none` says: tensors are [batch, head, sequence, dim], weights are z itself without a normalizer.
// The activation region gets the scaled score s = scale * q.k of one (query, key) pair, the pair's coordinates and the
// lengths of both sequences; it is applied to every pair and the score matrix is never stored.

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
        %one = arith.constant 1.0 : f32
        %n = arith.negf %s : f32
        %e = math.exp %n : f32
        %d = arith.addf %e, %one : f32
        %z = arith.divf %s, %d : f32
        gdpa.yield %z : f32
      }
      -> !output
  return %o : !output
}
