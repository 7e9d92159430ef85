// pipeline: builtin.module(expand-strided-metadata)
func.func @f(%m: memref<?x8xf32>, %n: index) -> memref<?x?x8xf32> {
  %c1 = arith.constant 1 : index
  %c0 = arith.constant 0 : index
  %d = arith.divui %n, %c0 : index
  %e = memref.expand_shape %m [[0, 1], [2]] output_shape [%n, %d, 8] : memref<?x8xf32> into memref<?x?x8xf32>
  return %e : memref<?x?x8xf32>
}
