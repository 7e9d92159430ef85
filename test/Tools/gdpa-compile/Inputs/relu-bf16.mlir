!rows = tensor<?x?x?x64xbf16>

func.func @relu(
    %q: !rows {gdpa.name = "q"}, %k: !rows {gdpa.name = "k"}, %v: !rows {gdpa.name = "v"},
    %scale: f32 {gdpa.name = "scale"}, %o0: !rows) -> (!rows {gdpa.name = "o"}) {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : !rows, !rows, !rows) outs(%o0 : !rows) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %zero = arith.constant 0.0 : f32
        %positive = arith.cmpf ogt, %s, %zero : f32
        %z = arith.select %positive, %s, %zero : f32
        gdpa.yield %z : f32
      } -> !rows
  return %o : !rows
}
