// RUN: not gdpa-opt %S/../../examples/silu.mlir --gdpa-to-nvvm="chip=sm_80" 2>&1 | FileCheck %s --check-prefix=F32
// RUN: sed 's/x64xf32>/x64xbf16>/' %S/../../examples/silu.mlir | gdpa-opt --gdpa-to-nvvm="chip=sm_80 gradients=true" | FileCheck %s

// F32: error: expected products of bf16 or f16 blocks on NVIDIA

// CHECK: func.func @attention(
// CHECK: gdpa_nv.launch @kernels::@attention_forward
// CHECK: func.func @attention_vjp(
// CHECK: gdpa_nv.launch @kernels::@attention_vjp_backward_dkv
// CHECK: gdpa_nv.launch @kernels::@attention_vjp_backward_dq
// CHECK: gpu.module @kernels
// CHECK-NOT: __nv_
// CHECK-DAG: llvm.func @attention_forward({{.*}}gdpa_nv.shared_bytes
// CHECK-DAG: llvm.func @attention_vjp_backward_dkv({{.*}}gdpa_nv.shared_bytes
// CHECK-DAG: llvm.func @attention_vjp_backward_dq({{.*}}gdpa_nv.shared_bytes
