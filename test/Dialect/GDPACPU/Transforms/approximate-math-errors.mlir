// RUN: gdpa-opt %s --gdpa-cpu-approximate-math --verify-diagnostics

func.func private @quadruple(%v: vector<8xf128>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) -> vector<8xf128> attributes {gdpa_cpu.program} {
  // expected-error@+1 {{expected a function that can be computed on vectors, found math.exp on 'vector<8xf128>'}}
  %0 = math.exp %v : vector<8xf128>
  return %0 : vector<8xf128>
}
