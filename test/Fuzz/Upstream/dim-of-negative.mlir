// pipeline: builtin.module(canonicalize)
gpu.module @kernels {
}
func.func @f(%m: memref<?x?xf32>) -> index {
  %c = arith.constant -1 : index
  %d = memref.dim %m, %c : memref<?x?xf32>
  return %d : index
}
func.func @g(%m: memref<8x?xf32>) -> index {
  %c = arith.constant -9000000000000 : index
  %d = memref.dim %m, %c : memref<8x?xf32>
  return %d : index
}
