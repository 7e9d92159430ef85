// RUN: gdpa-opt %s --gdpa-cpu-bufferize | FileCheck %s

// Written in place: neither an allocation nor a copy.

// CHECK-LABEL: func.func private @program
// CHECK-NOT: alloc
// CHECK-NOT: copy
// CHECK: scf.for
// CHECK-NOT: iter_args
// CHECK: vector.transfer_read
// CHECK: vector.transfer_write
func.func private @program(%scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %view = memref.view %scratch[%c0][] : memref<?xi8> to memref<8x16xf32>
  %t = bufferization.to_tensor %view restrict writable : memref<8x16xf32> to tensor<8x16xf32>
  %r = scf.for %i = %c0 to %x step %c1 iter_args(%a = %t) -> (tensor<8x16xf32>) {
    %v = vector.transfer_read %a[%i, %c0], %zero {in_bounds = [true]} : tensor<8x16xf32>, vector<16xf32>
    %s = arith.addf %v, %v : vector<16xf32>
    %n = vector.transfer_write %s, %a[%i, %c0] {in_bounds = [true]} : vector<16xf32>, tensor<8x16xf32>
    scf.yield %n : tensor<8x16xf32>
  }
  %b = bufferization.to_buffer %r read_only : tensor<8x16xf32> to memref<8x16xf32>
  %f = memref.load %b[%c0, %c0] : memref<8x16xf32>
  memref.store %f, %b[%c0, %c1] : memref<8x16xf32>
  return
}
