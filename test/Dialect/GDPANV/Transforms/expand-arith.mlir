// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-nv-expand-arith)))" | FileCheck %s

gpu.module @m {
  // CHECK-LABEL: gpu.func @extrema
  // CHECK: arith.maxnumf
  // CHECK: arith.minimumf
  // CHECK: arith.maxsi
  // CHECK-NOT: ceildivui
  // CHECK: gpu.return
  gpu.func @extrema(%a: f32, %b: f32, %i: index, %j: index) -> (f32, f32, index, index) {
    %x = arith.maxnumf %a, %b : f32
    %y = arith.minimumf %a, %b : f32
    %k = arith.maxsi %i, %j : index
    %c = arith.ceildivui %i, %j : index
    gpu.return %x, %y, %k, %c : f32, f32, index, index
  }
}
