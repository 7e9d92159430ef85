// RUN: gdpa-opt %s --gdpa-cpu-entry --split-input-file --verify-diagnostics

gdpa_tile.program @block(%a: memref<?xf32>) {
  gdpa_tile.return
}
func.func @host(%a: memref<?xf32>, %n: index) {
  // expected-error@+1 {{expected @block to be a lowered block program}}
  gdpa_tile.launch @block grid(%n) (%a) : memref<?xf32>
  return
}

// -----

func.func private @block(%a: memref<?xcomplex<f32>>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program, gdpa_cpu.scratch_bytes = 0 : i64} {
  return
}
// expected-error@+1 {{expected argument 0 to be a scalar or a strided memref of rank at most 6, found 'memref<?xcomplex<f32>>'}}
func.func @host(%a: memref<?xcomplex<f32>>, %n: index) {
  gdpa_tile.launch @block grid(%n) (%a) : memref<?xcomplex<f32>>
  return
}
