// Sequences of different lengths, one after the other, and a learned decay: z = silu(s) * exp(-slope[h] * |i - j|).
//
// As jagged-silu.mlir, with a capture: its gradient sums over the pairs of all sequences.

!query = tensor<?x?x64xf32>   // [rows of all query sequences, query heads, D]
!key = tensor<?x?x64xf32>     // [rows of all key sequences, key heads, D]
!value = tensor<?x?x64xf32>   // [rows of all key sequences, key heads, Dv]
!output = tensor<?x?x64xf32>  // [rows of all query sequences, query heads, Dv]
!bounds = tensor<?xi32>       // [sequences + 1], from 0 to all rows

func.func @attention(
    %q: !query {gdpa.name = "q"}, %k: !key {gdpa.name = "k"}, %v: !value {gdpa.name = "v"},
    %slopes: tensor<?xf32> {gdpa.name = "slopes"},  // [query heads]
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
      captures(%slopes : tensor<?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %slopes: tensor<?xf32>) {
        %one = arith.constant 1.0 : f32
        %slope = tensor.extract %slopes[%h] : tensor<?xf32>
        %i_int = arith.index_cast %i : index to i32
        %j_int = arith.index_cast %j : index to i32
        %i_float = arith.sitofp %i_int : i32 to f32
        %j_float = arith.sitofp %j_int : i32 to f32
        %difference = arith.subf %i_float, %j_float : f32
        %distance = math.absf %difference : f32
        %n = arith.negf %s : f32
        %e = math.exp %n : f32
        %d = arith.addf %e, %one : f32
        %silu = arith.divf %s, %d : f32
        %far = arith.mulf %slope, %distance : f32
        %exponent = arith.negf %far : f32
        %decay = math.exp %exponent : f32
        %z = arith.mulf %silu, %decay : f32
        gdpa.yield %z : f32
      }
      -> !output
  return %o : !output
}
