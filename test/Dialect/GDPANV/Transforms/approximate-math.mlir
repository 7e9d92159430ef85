// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-nv-approximate-math,canonicalize)))" | FileCheck %s

gpu.module @m {
  // x / (1 + exp(-x)) is one hardware function.
  // CHECK-LABEL: gpu.func @logistic
  // CHECK: %[[H:.*]] = arith.mulf %{{.*}}, %[[HALF:.*]] fastmath<contract>
  // CHECK: %[[T:.*]] = math.tanh %[[H]] fastmath<afn>
  // CHECK: %[[L:.*]] = math.fma %[[T]], %[[HALF]], %[[HALF]]
  // CHECK: arith.mulf %{{.*}}, %[[L]]
  // CHECK-NOT: math.exp
  gpu.func @logistic(%x: f32) -> f32 {
    %one = arith.constant 1.0 : f32
    %n = arith.negf %x : f32
    %e = math.exp %n : f32
    %d = arith.addf %e, %one : f32
    %z = arith.divf %x, %d : f32
    gpu.return %z : f32
  }

  // CHECK-LABEL: gpu.func @exp
  // CHECK: arith.mulf %{{.*}}, %{{.*}} fastmath<contract>
  // CHECK: math.exp2 %{{.*}} fastmath<afn> : vector<4xf32>
  gpu.func @exp(%x: vector<4xf32>) -> vector<4xf32> {
    %z = math.exp %x : vector<4xf32>
    gpu.return %z : vector<4xf32>
  }

  // CHECK-LABEL: gpu.func @others
  // CHECK: math.log2 %{{.*}} fastmath<afn>
  // CHECK: arith.divf %{{.*}} fastmath<arcp,afn>
  // CHECK: math.sqrt %{{.*}} fastmath<afn>
  // CHECK: math.roundeven
  // CHECK: math.sin %{{.*}} fastmath<afn>
  // CHECK-NOT: math.erf
  gpu.func @others(%x: f32, %y: f32) -> (f32, f32, f32, f32, f32) {
    %l = math.log %x : f32
    %d = arith.divf %x, %y : f32
    %s = math.sqrt %x : f32
    %w = math.sin %x : f32
    %e = math.erf %x : f32
    gpu.return %l, %d, %s, %w, %e : f32, f32, f32, f32, f32
  }

  // A whole constant power is products.
  // CHECK-LABEL: gpu.func @cube
  // CHECK: %[[S:.*]] = arith.mulf %[[X:.*]], %[[X]]
  // CHECK: arith.mulf %[[X]], %[[S]]
  // CHECK-NOT: math.
  gpu.func @cube(%x: f32) -> f32 {
    %three = arith.constant 3.0 : f32
    %z = math.powf %x, %three : f32
    gpu.return %z : f32
  }

  // Exact kernels use no approximation.
  // CHECK-LABEL: gpu.func @exact
  // CHECK-NOT: afn
  // CHECK-NOT: math.exp
  // CHECK: gpu.return
  gpu.func @exact(%x: f32) -> f32 attributes {precision = #gdpa.precision<exact>} {
    %z = math.exp %x : f32
    gpu.return %z : f32
  }
}
