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

  // Of an asynchronous kernel the number of threads is exact, or setmaxnreg is ignored; its tensor maps are read where
  // the parameters lie.
  // CHECK: llvm.func @asynchronous(%{{.*}}: !llvm.ptr<1> {llvm.noalias}, %{{.*}}: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant})
  // CHECK-SAME: nvvm.minctasm = 1 : i32
  // CHECK-NOT: maxntid
  // CHECK-SAME: nvvm.reqntid = array<i32: 256, 1, 1>
  gpu.func @asynchronous(%p: !llvm.ptr<1> {llvm.noalias}, %map: !llvm.ptr) kernel
      attributes {known_block_size = array<i32: 256, 1, 1>, schedule = #gdpa_nv.schedule<consumers = 1>,
                  gdpa_nv.tensor_maps = [{argument = 0 : i64, columns = 64 : i64, rows = 64 : i64, swizzle = 128 : i64}]} {
    nvvm.prefetch tensormap, %map : !llvm.ptr
    gpu.return
  }

  // CHECK: llvm.func @portable() attributes
  // CHECK-NOT: reqntid
  // CHECK-SAME: nvvm.maxntid = array<i32: 256, 1, 1>
  gpu.func @portable() kernel attributes {known_block_size = array<i32: 256, 1, 1>, schedule = #gdpa_nv.schedule<warps = 8>} {
    gpu.return
  }
}
