// RUN: gdpa-opt %s --gdpa-cpu-vectorize --verify-diagnostics

func.func private @branch(%S: tensor<4x16xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) -> tensor<4x16xf32> attributes {gdpa_cpu.program} {
  %zero = arith.constant 0.0 : f32
  // expected-error@+1 {{expected an operation that can be vectorised}}
  %r = linalg.generic {indexing_maps = [affine_map<(j, i) -> (j, i)>], iterator_types = ["parallel", "parallel"]} outs(%S : tensor<4x16xf32>) {
  ^bb0(%s: f32):
    %c = arith.cmpf ogt, %s, %zero : f32
    %v = scf.if %c -> f32 {
      scf.yield %s : f32
    } else {
      scf.yield %zero : f32
    }
    linalg.yield %v : f32
  } -> tensor<4x16xf32>
  return %r : tensor<4x16xf32>
}
