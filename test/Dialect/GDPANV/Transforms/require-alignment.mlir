// RUN: gdpa-opt %s --gdpa-nv-require-alignment | FileCheck %s

// CHECK: func.func @attention(%{{.*}}: memref<?xbf16> {gdpa.role = "q", gdpa.stride_multiple_bytes = 16 : i64}, %{{.*}}: memref<?xf32> {gdpa.role = "capture"}, %{{.*}}: f32 {gdpa.role = "scale"})
func.func @attention(%q: memref<?xbf16> {gdpa.role = "q"}, %c: memref<?xf32> {gdpa.role = "capture"}, %s: f32 {gdpa.role = "scale"}) {
  return
}
