// RUN: gdpa-opt %s --gdpa-emit-c-entry --split-input-file --verify-diagnostics | FileCheck %s

// Each tensor's type, rank and static sizes are compared with what the body expects; a helper's symbol stays inside the object.
// CHECK-LABEL: func.func @entry(
// CHECK-SAME:    %[[ARGS:.*]]: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr) -> i32
// CHECK:         llvm.getelementptr %[[ARGS]][1, 1] : (!llvm.ptr) -> !llvm.ptr, !llvm.struct<(ptr, i32, i32, array<6 x i64>, array<6 x i64>)>
// CHECK:         %[[SIZE_AT:.*]] = llvm.getelementptr %[[ARGS]][0, 3, 1]
// CHECK:         %[[SIZE:.*]] = llvm.load %[[SIZE_AT]] : !llvm.ptr -> i64
// CHECK:         arith.cmpi eq, %[[SIZE]], %{{.*}} : i64
// CHECK:         %[[STATUS:.*]] = arith.select
// CHECK:         %[[FINE:.*]] = arith.cmpi eq, %[[STATUS]], %{{.*}} : i32
// CHECK:         scf.if %[[FINE]] {
// CHECK:           %[[MEMREF:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<?x8xf64, strided<[?, ?]>>
// CHECK:           %[[NUMBER:.*]] = arith.index_cast %{{.*}} : i64 to index
// CHECK:           func.call @entry.body(%[[MEMREF]], %[[NUMBER]])
// CHECK:         return %[[STATUS]] : i32
// CHECK-LABEL: func.func private @entry.body(%{{.*}}: memref<?x8xf64, strided<[?, ?]>>, %{{.*}}: index) attributes {llvm.linkage = #llvm.linkage<internal>}
func.func @entry(%a: memref<?x8xf64, strided<[?, ?]>>, %n: index) attributes {gdpa.entry = "forward"} {
  return
}

// -----

// expected-error @below {{expected arguments of the runtime's element types and of at most 6 dimensions, found 'i128'}}
func.func @wide(%a: i128) attributes {gdpa.entry = "forward"} {
  return
}

// -----

// expected-error @below {{expected an entry with a body and without results: an entry writes to its arguments}}
func.func @result() -> i32 attributes {gdpa.entry = "forward"} {
  %c0 = arith.constant 0 : i32
  return %c0 : i32
}
