// RUN: gdpa-opt %s --gdpa-prepare-function --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @f
// CHECK-SAME: (%[[A:.*]]: memref<2x3xf32>, %[[B:.*]]: memref<?xf32, strided<[1], offset: ?>>, %[[C:.*]]: f32, %[[R0:.*]]: memref<?xf32, strided<[1], offset: ?>>, %[[R1:.*]]: memref<2x3xf32>)
// CHECK-DAG: %[[TA:.*]] = bufferization.to_tensor %[[A]] restrict
// CHECK-DAG: %[[TB:.*]] = bufferization.to_tensor %[[B]] restrict
// CHECK-DAG: bufferization.materialize_in_destination %[[TB]] in restrict writable %[[R0]]
// CHECK-DAG: bufferization.materialize_in_destination %[[TA]] in restrict writable %[[R1]]
// CHECK: return{{$}}
func.func @f(%a: tensor<2x3xf32>, %b: tensor<?xf32>, %c: f32) -> (tensor<?xf32>, tensor<2x3xf32>) {
  return %b, %a : tensor<?xf32>, tensor<2x3xf32>
}

// -----

// Not an entry.
// CHECK-LABEL: func.func private @g
// CHECK-SAME: tensor<4xf32>
func.func private @g(%a: tensor<4xf32>) -> tensor<4xf32> {
  return %a : tensor<4xf32>
}
