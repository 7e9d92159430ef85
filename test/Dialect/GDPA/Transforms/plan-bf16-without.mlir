// RUN: gdpa-opt %s --gdpa-plan="target=cpu vector-bits=512" --verify-diagnostics

func.func @noInstruction(%q: memref<1x1x?x8xbf16>, %scale: f32) {
  // expected-error @below {{expected a processor with AVX512_BF16 where the schedule says dot = 2, found one without}}
  gdpa.attention bhsd none ins(%q, %q, %q : memref<1x1x?x8xbf16>, memref<1x1x?x8xbf16>, memref<1x1x?x8xbf16>)
      outs(%q : memref<1x1x?x8xbf16>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } {schedule = #gdpa_cpu.schedule<dot = 2>}
  return
}
