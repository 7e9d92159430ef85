// RUN: gdpa-opt %s --gdpa-prepare-function --split-input-file --verify-diagnostics

// expected-error @below {{expected ranked tensors, found 'tensor<*xf32>'}}
func.func @unranked(%a: tensor<*xf32>) {
  return
}

// -----

func.func @scalar(%a: f32) -> f32 {
  // expected-error @below {{expected an entry to return ranked tensors, found 'f32'}}
  return %a : f32
}

// -----

// expected-error @below {{expected a function of one block}}
func.func @blocks() {
  cf.br ^end
^end:
  return
}
