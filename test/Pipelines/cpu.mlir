// The whole road of the CPU: both entries, and no call but of the runtime; the
// object needs nothing of the C library but memset.
//
// RUN: gdpa-opt %examples/gelu-erf.mlir --gdpa-to-cpu="cpu=znver3 gradients=true" -o %t.mlir
// RUN: FileCheck %s --input-file=%t.mlir
// RUN: mlir-translate --mlir-to-llvmir %t.mlir | llc -O2 -mcpu=znver3 -mtriple=x86_64-unknown-linux-gnu --relocation-model=pic -filetype=obj -o %t.o
// RUN: llvm-nm --undefined-only %t.o | FileCheck %s --check-prefix=UNDEFINED --allow-empty
// RUN: gdpa-opt %examples/polynomial.mlir --gdpa-to-cpu="cpu=sapphirerapids gradients=true" | mlir-translate --mlir-to-llvmir | llc -O2 -mcpu=sapphirerapids -mtriple=x86_64-unknown-linux-gnu --relocation-model=pic -filetype=obj -o %t.wide.o
// RUN: llvm-nm --undefined-only %t.wide.o | FileCheck %s --check-prefix=UNDEFINED --allow-empty

// CHECK-DAG: llvm.func @attention(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr) -> i32
// CHECK-DAG: llvm.func @attention_vjp(
// UNDEFINED-NOT: {{ U (exp|log|erf|tanh|pow|sin|cos|fmod|malloc|free|memrefCopy|__)}}
// UNDEFINED-NOT: {{ U [^m]}}
