// RUN: gdpa-opt %s --gdpa-cpu-check-buffers --split-input-file --verify-diagnostics

func.func private @copies(%a: memref<4xf32>, %b: memref<4xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  // expected-error@+1 {{expected no copy in a block program, found one of 'memref<4xf32>'}}
  memref.copy %a, %b : memref<4xf32> to memref<4xf32>
  return
}

// -----

func.func private @allocates(%scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  // expected-error@+1 {{expected no allocation in a block program, found one of 'memref<?xf32>'}}
  %a = memref.alloc(%x) : memref<?xf32>
  return
}

// -----

func.func private @tensors(%scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  // expected-error@+1 {{expected no tensor after bufferization, found 'tensor<4xf32>'}}
  %a = tensor.empty() : tensor<4xf32>
  return
}

// -----

// A host function may do what it likes.
func.func @host(%a: memref<4xf32>, %b: memref<4xf32>) {
  memref.copy %a, %b : memref<4xf32> to memref<4xf32>
  return
}
