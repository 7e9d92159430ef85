// Sequences of different lengths, one after the other, without padding: z = silu(s) / nk over a causal mask.
//
// Layout thd: tensors are [rows of all sequences, head, dim]; sequence b owns the rows cu_seqlens[b] to cu_seqlens[b + 1].
// Queries and keys have bounds of their own. i, j, nq and nk are those of the pair's own sequence, so that 1 / nk scales each
// sequence by its length. Nothing of a neighbouring sequence is read, whatever stands there; sequences may be empty.

!query = tensor<?x?x64xf32>   // [rows of all query sequences, query heads, D]
!key = tensor<?x?x64xf32>     // [rows of all key sequences, key heads, D]
!value = tensor<?x?x64xf32>   // [rows of all key sequences, key heads, Dv]
!output = tensor<?x?x64xf32>  // [rows of all query sequences, query heads, Dv]
!bounds = tensor<?xi32>       // [sequences + 1], from 0 to all rows

func.func @attention(
    %q: !query {gdpa.name = "q"}, %k: !key {gdpa.name = "k"}, %v: !value {gdpa.name = "v"},
    %cu_seqlens_q: !bounds {gdpa.name = "cu_seqlens_q"}, %cu_seqlens_k: !bounds {gdpa.name = "cu_seqlens_k"},
    %scale: f32 {gdpa.name = "scale"}) -> !output {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %rows = tensor.dim %q, %c0 : !query
  %heads = tensor.dim %q, %c1 : !query
  %o0 = tensor.empty(%rows, %heads) : !output
  %o = gdpa.attention thd none
      ins(%q, %k, %v : !query, !key, !value)
      outs(%o0 : !output)
      scale(%scale : f32)
      cu_seqlens(%cu_seqlens_q, %cu_seqlens_k : !bounds, !bounds)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %one = arith.constant 1.0 : f32
        %nk_int = arith.index_cast %nk : index to i32
        %nk_float = arith.sitofp %nk_int : i32 to f32
        %n = arith.negf %s : f32
        %e = math.exp %n : f32
        %d = arith.addf %e, %one : f32
        %silu = arith.divf %s, %d : f32
        %z = arith.divf %silu, %nk_float : f32
        gdpa.yield %z : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %keep = arith.cmpi sge, %i, %j : index
        gdpa.yield %keep : i1
      }
      -> !output
  return %o : !output
}
