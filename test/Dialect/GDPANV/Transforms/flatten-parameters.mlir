// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-nv-flatten-parameters)))" | FileCheck %s

gpu.module @m {
  // The pointer, the dynamic sizes, the dynamic strides; a dense buffer has none; an index is an i64.
  // CHECK: gpu.func @k(%[[P:.*]]: !llvm.ptr<1> {llvm.noalias}, %[[N:.*]]: i64, %[[S:.*]]: i64, %{{.*}}: !llvm.ptr<1> {llvm.noalias}, %[[M:.*]]: i64, %[[I:.*]]: i64, %{{.*}}: f32)
  // CHECK-DAG: arith.index_cast %[[N]] : i64 to index
  // CHECK-DAG: arith.index_cast %[[S]] : i64 to index
  // CHECK-DAG: arith.index_cast %[[M]] : i64 to index
  // CHECK-DAG: arith.index_cast %[[I]] : i64 to index
  // CHECK: llvm.store %{{.*}}, %[[P]]
  gpu.func @k(%q: memref<2x?x64xbf16, strided<[?, 64, 1], offset: ?>>, %w: memref<?xf32>, %i: index, %x: f32) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %p = gdpa_nv.pointer %q : memref<2x?x64xbf16, strided<[?, 64, 1], offset: ?>> -> !llvm.ptr<1>
    %n = memref.dim %q, %c1 : memref<2x?x64xbf16, strided<[?, 64, 1], offset: ?>>
    %base, %offset, %sizes:3, %strides:3 = memref.extract_strided_metadata %q : memref<2x?x64xbf16, strided<[?, 64, 1], offset: ?>> -> memref<bf16>, index, index, index, index, index, index, index
    %m = memref.dim %w, %c0 : memref<?xf32>
    %a = arith.addi %n, %strides#0 : index
    %b = arith.addi %a, %m : index
    %c = arith.addi %b, %i : index
    %d = arith.index_cast %c : index to i64
    llvm.store %d, %p : i64, !llvm.ptr<1>
    gpu.return
  }

  // Tensor maps come last, one for each buffer and box.
  // CHECK-LABEL: gpu.func @maps
  // CHECK-SAME: (%{{.*}}: !llvm.ptr<1> {llvm.noalias}, %{{.*}}: i64, %{{.*}}: !llvm.ptr<1> {llvm.noalias}, %{{.*}}: i64, %[[A:.*]]: !llvm.ptr, %[[B:.*]]: !llvm.ptr, %[[C:.*]]: !llvm.ptr)
  // CHECK-SAME: gdpa_nv.tensor_maps = [
  // CHECK-SAME: {argument = 0 : i64, columns = 64 : i64, rows = 128 : i64, swizzle = 128 : i64}
  // CHECK-SAME: {argument = 1 : i64, columns = 64 : i64, rows = 128 : i64, swizzle = 128 : i64}
  // CHECK-SAME: {argument = 0 : i64, columns = 64 : i64, rows = 64 : i64, swizzle = 128 : i64}
  // CHECK: nvvm.prefetch tensormap, %[[A]]
  // CHECK: nvvm.prefetch tensormap, %[[B]]
  // CHECK: nvvm.prefetch tensormap, %[[A]]
  // CHECK: nvvm.prefetch tensormap, %[[C]]
  gpu.func @maps(%k: memref<?x64xbf16>, %v: memref<?x64xbf16>) kernel {
    %a = gdpa_nv.tensor_map %k box(128, 64) : memref<?x64xbf16> -> !llvm.ptr
    %b = gdpa_nv.tensor_map %v box(128, 64) : memref<?x64xbf16> -> !llvm.ptr
    %same = gdpa_nv.tensor_map %k box(128, 64) : memref<?x64xbf16> -> !llvm.ptr
    %other = gdpa_nv.tensor_map %k box(64, 64) : memref<?x64xbf16> -> !llvm.ptr
    nvvm.prefetch tensormap, %a : !llvm.ptr
    nvvm.prefetch tensormap, %b : !llvm.ptr
    nvvm.prefetch tensormap, %same : !llvm.ptr
    nvvm.prefetch tensormap, %other : !llvm.ptr
    gpu.return
  }
}
