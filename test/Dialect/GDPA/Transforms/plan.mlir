// RUN: gdpa-opt %s --gdpa-plan="target=cpu" | FileCheck %s --check-prefix=AVX2
// RUN: gdpa-opt %s --gdpa-plan="target=cpu vector-bits=512" | FileCheck %s --check-prefix=AVX512
// RUN: not gdpa-opt %s --gdpa-plan="target=sm_80" 2>&1 | FileCheck %s --check-prefix=OTHER
// RUN: not gdpa-opt %s --gdpa-plan="target=abacus" 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// What the user fixed stays, the rest is filled.
// AVX2: schedule = #gdpa_cpu.schedule<block_q = 64, block_kv = 128, backward_block_q = {{[0-9]+}}, backward_block_kv = {{[0-9]+}}, panel = 16
// AVX512: schedule = #gdpa_cpu.schedule<block_q = 64, block_kv = 128, backward_block_q = {{[0-9]+}}, backward_block_kv = {{[0-9]+}}, panel = 64
// OTHER: error: {{.*}}expected a #gdpa_nv.schedule for target "sm_80", found #gdpa_cpu.schedule
// UNKNOWN: error: expected a target with a schedule planner, found "abacus"
func.func @f(%q: tensor<1x1x?x8xf32>, %scale: f32, %o0: tensor<1x1x?x8xf32>) -> tensor<1x1x?x8xf32> {
  %o = gdpa.attention bhsd none ins(%q, %q, %q : tensor<1x1x?x8xf32>, tensor<1x1x?x8xf32>, tensor<1x1x?x8xf32>)
      outs(%o0 : tensor<1x1x?x8xf32>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } {schedule = #gdpa_cpu.schedule<block_q = 64>} -> tensor<1x1x?x8xf32>
  return %o : tensor<1x1x?x8xf32>
}
