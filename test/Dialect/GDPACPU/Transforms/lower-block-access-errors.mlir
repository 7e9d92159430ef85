// RUN: gdpa-opt %s --gdpa-cpu-lower-block-access --verify-diagnostics --allow-unregistered-dialect

func.func private @unbounded(%k: memref<?x64xf32>, %n: index, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  %c0 = arith.constant 0 : index
  // expected-error@+1 {{expected dynamic size 0 to have a constant upper bound}}
  %K = gdpa_tile.load %k[%x, %c0] map affine_map<(t, j, d) -> (t * 4 + j, d)> sizes(%n) : memref<?x64xf32> -> tensor<?x4x64xf32>
  "test.use"(%K) : (tensor<?x4x64xf32>) -> ()
  return
}
