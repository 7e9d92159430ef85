// RUN: gdpa-opt %s --gdpa-cpu-approximate-math --verify-diagnostics

func.func private @atan(%v: vector<8xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) -> vector<8xf32> attributes {gdpa_cpu.program} {
  // expected-error@+1 {{expected a function that can be computed on vectors, found math.atan on 'vector<8xf32>'}}
  %0 = math.atan %v : vector<8xf32>
  return %0 : vector<8xf32>
}
