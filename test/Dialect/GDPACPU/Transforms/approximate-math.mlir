// RUN: gdpa-opt %s --gdpa-cpu-approximate-math | FileCheck %s
// RUN: gdpa-opt %s --gdpa-cpu-approximate-math="vector-bits=512" | FileCheck %s --check-prefix=WIDE

// Every function that LLVM would turn into a call is gone; the accuracy is tested
// in test/Integration/math-accuracy.test.

// CHECK-LABEL: func.func private @all
// CHECK-NOT: math.{{exp|exp2|expm1|log|log2|log10|log1p|tanh|sinh|cosh|erf|sin|cos|powf|rsqrt|clampf}}{{ }}
// CHECK-NOT: arith.remf
// CHECK: return
func.func private @all(%v: vector<8xf32>, %w: vector<8xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) -> vector<8xf32> attributes {gdpa_cpu.program} {
  %0 = math.exp %v : vector<8xf32>
  %1 = math.exp2 %0 : vector<8xf32>
  %2 = math.expm1 %1 : vector<8xf32>
  %3 = math.log %2 : vector<8xf32>
  %4 = math.log2 %3 : vector<8xf32>
  %5 = math.log10 %4 : vector<8xf32>
  %6 = math.log1p %5 : vector<8xf32>
  %7 = math.tanh %6 : vector<8xf32>
  %8 = math.sinh %7 : vector<8xf32>
  %9 = math.cosh %8 : vector<8xf32>
  %10 = math.erf %9 : vector<8xf32>
  %11 = math.sin %10 : vector<8xf32>
  %12 = math.cos %11 : vector<8xf32>
  %13 = math.powf %12, %w : vector<8xf32>
  %14 = math.rsqrt %13 : vector<8xf32>
  %15 = arith.remf %14, %w : vector<8xf32>
  %16 = math.clampf %15 to [%v, %w] : vector<8xf32>
  return %16 : vector<8xf32>
}

// Sixteen lanes use vscalefps where the processor has it.

// CHECK-LABEL: func.func private @scalef
// CHECK-NOT: llvm.call_intrinsic
// WIDE-LABEL: func.func private @scalef
// WIDE: llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.ps.512"
func.func private @scalef(%v: vector<16xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) -> vector<16xf32> attributes {gdpa_cpu.program} {
  %0 = math.exp %v : vector<16xf32>
  return %0 : vector<16xf32>
}

// The fast exponential is a polynomial of lower degree.

// CHECK-LABEL: func.func private @exact
// CHECK-COUNT-9: math.fma
// CHECK-NOT: math.fma
// CHECK-LABEL: func.func private @fast
// CHECK-COUNT-5: math.fma
// CHECK-NOT: math.fma
func.func private @exact(%v: vector<8xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) -> vector<8xf32> attributes {gdpa_cpu.program, precision = #gdpa.precision<exact>} {
  %0 = math.exp %v : vector<8xf32>
  return %0 : vector<8xf32>
}
func.func private @fast(%v: vector<8xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) -> vector<8xf32> attributes {gdpa_cpu.program, precision = #gdpa.precision<fast>} {
  %0 = math.exp %v : vector<8xf32>
  return %0 : vector<8xf32>
}

// Rounding to bf16 and back stays in 32-bit lanes.

// CHECK-LABEL: func.func private @round
// CHECK-NOT: bf16
// CHECK: arith.select
func.func private @round(%v: vector<8xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) -> vector<8xf32> attributes {gdpa_cpu.program} {
  %0 = arith.truncf %v : vector<8xf32> to vector<8xbf16>
  %1 = arith.extf %0 : vector<8xbf16> to vector<8xf32>
  return %1 : vector<8xf32>
}

// An argument that is never positive needs no bound above, and the power of two is one product; results below 2^-126 are zero.

// CHECK-LABEL: func.func private @nonpositive
// CHECK-NOT: arith.shrsi
// CHECK: %[[P:.*]] = arith.mulf
// CHECK: arith.select %{{.*}}, %{{.*}}, %[[P]]
func.func private @nonpositive(%v: vector<8xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) -> vector<8xf32> attributes {gdpa_cpu.program} {
  %0 = math.exp %v {gdpa.nonpositive} : vector<8xf32>
  return %0 : vector<8xf32>
}
