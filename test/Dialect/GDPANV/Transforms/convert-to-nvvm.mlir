// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(convert-gdpa-nv-to-nvvm))" | FileCheck %s

// CHECK: llvm.mlir.global external @__dynamic_shmem__0() {addr_space = 3 : i32, alignment = 1024 : i64}
// CHECK: llvm.func @k(%{{.*}}: !llvm.ptr<1> {llvm.noalias}, %{{.*}}: f32) attributes {{{.*}}gpu.kernel, {{.*}}nvvm.kernel, nvvm.maxntid = array<i32: 32, 1, 1>, passthrough = {{\[\[}}"denormal-fp-math-f32", "preserve-sign,preserve-sign"]]
// CHECK: llvm.intr.tanh(%{{.*}})  {fastmathFlags = #llvm.fastmath<afn>}
// CHECK: llvm.call_intrinsic "llvm.nvvm.lg2.approx.ftz.f"
// CHECK-NOT: __nv_
// CHECK: llvm.return
gpu.module @m {
  gpu.func @k(%p: !llvm.ptr<1> {llvm.noalias}, %x: f32) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %s = gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
    %a = gdpa_nv.pointer %s : memref<?xi8, #gpu.address_space<workgroup>> -> !llvm.ptr<3>
    %t = math.tanh %x fastmath<afn> : f32
    %l = math.log2 %t fastmath<afn> : f32
    llvm.store %l, %p : f32, !llvm.ptr<1>
    llvm.store %l, %a : f32, !llvm.ptr<3>
    gpu.return
  }
}
