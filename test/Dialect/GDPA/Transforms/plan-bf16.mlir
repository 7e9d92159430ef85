// RUN: gdpa-opt %s --gdpa-plan="target=cpu vector-bits=512 bf16-dot" --split-input-file --verify-diagnostics | FileCheck %s --check-prefix=DOT
// RUN: gdpa-opt %s --gdpa-plan="target=cpu vector-bits=512 has-bf16-dot" --split-input-file --verify-diagnostics | FileCheck %s --check-prefix=HAS

// DOT: #gdpa_cpu.schedule<{{.*}}, dot = 2>
// HAS: #gdpa_cpu.schedule<{{.*}}, dot = 1>
func.func @chosen(%q: memref<1x1x?x8xbf16>, %scale: f32) {
  gdpa.attention bhsd none ins(%q, %q, %q : memref<1x1x?x8xbf16>, memref<1x1x?x8xbf16>, memref<1x1x?x8xbf16>)
      outs(%q : memref<1x1x?x8xbf16>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
  return
}

// -----

// What the user asks for holds.
// DOT: #gdpa_cpu.schedule<{{.*}}, dot = 1>
// HAS: #gdpa_cpu.schedule<{{.*}}, dot = 1>
func.func @given(%q: memref<1x1x?x8xbf16>, %scale: f32) {
  gdpa.attention bhsd none ins(%q, %q, %q : memref<1x1x?x8xbf16>, memref<1x1x?x8xbf16>, memref<1x1x?x8xbf16>)
      outs(%q : memref<1x1x?x8xbf16>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } {schedule = #gdpa_cpu.schedule<dot = 1>}
  return
}

// -----

// DOT: #gdpa_cpu.schedule<{{.*}}, dot = 2>
// HAS: #gdpa_cpu.schedule<{{.*}}, dot = 2>
func.func @givenDot(%q: memref<1x1x?x8xbf16>, %scale: f32) {
  gdpa.attention bhsd none ins(%q, %q, %q : memref<1x1x?x8xbf16>, memref<1x1x?x8xbf16>, memref<1x1x?x8xbf16>)
      outs(%q : memref<1x1x?x8xbf16>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } {schedule = #gdpa_cpu.schedule<dot = 2>}
  return
}

// -----

func.func @otherStorage(%q: memref<1x1x?x8xf16>, %scale: f32) {
  // expected-error @below {{expected bf16 storage where the schedule says dot = 2, found 'f16'}}
  gdpa.attention bhsd none ins(%q, %q, %q : memref<1x1x?x8xf16>, memref<1x1x?x8xf16>, memref<1x1x?x8xf16>)
      outs(%q : memref<1x1x?x8xf16>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } {schedule = #gdpa_cpu.schedule<dot = 2>}
  return
}

// -----

func.func @unknown(%q: memref<1x1x?x8xbf16>, %scale: f32) {
  // expected-error @below {{expected dot = 1 or 2 in the schedule, found 3}}
  gdpa.attention bhsd none ins(%q, %q, %q : memref<1x1x?x8xbf16>, memref<1x1x?x8xbf16>, memref<1x1x?x8xbf16>)
      outs(%q : memref<1x1x?x8xbf16>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } {schedule = #gdpa_cpu.schedule<dot = 3>}
  return
}

// -----

func.func @odd(%q: memref<1x1x?x8xbf16>, %scale: f32) {
  // expected-error @below {{expected a group and a panel of an even number of rows where products take pairs, found 1 and 64}}
  gdpa.attention bhsd none ins(%q, %q, %q : memref<1x1x?x8xbf16>, memref<1x1x?x8xbf16>, memref<1x1x?x8xbf16>)
      outs(%q : memref<1x1x?x8xbf16>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } {schedule = #gdpa_cpu.schedule<group = 1, dot = 2>}
  return
}

// -----

func.func @normalized(%q: memref<1x1x?x8xbf16>, %scale: f32, %st: memref<1x1x?xf32>) {
  // expected-error @below {{expected normalizer none where the schedule says dot = 2, found softmax}}
  gdpa.attention bhsd softmax ins(%q, %q, %q : memref<1x1x?x8xbf16>, memref<1x1x?x8xbf16>, memref<1x1x?x8xbf16>)
      outs(%q, %st : memref<1x1x?x8xbf16>, memref<1x1x?xf32>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } {schedule = #gdpa_cpu.schedule<dot = 2>}
  return
}
