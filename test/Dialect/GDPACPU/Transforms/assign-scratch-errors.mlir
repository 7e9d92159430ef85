// RUN: gdpa-opt %s --gdpa-cpu-assign-scratch --verify-diagnostics

func.func private @program(%scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  // expected-error@+1 {{expected a static, contiguous buffer, found 'memref<?xf32>'}}
  %a = memref.alloc(%x) : memref<?xf32>
  return
}
