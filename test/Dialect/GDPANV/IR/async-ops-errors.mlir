// RUN: gdpa-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{expected slots for a block of rank 2 or one i32 in shared memory, found 'tensor<64x64xbf16>'}}
func.func private @ring_home(!gdpa_nv.ring<tensor<64x64xbf16>, 2>)

// -----

// expected-error@+1 {{expected slots for a block of rank 2 or one i32 in shared memory, found 'tensor<64xbf16, #gdpa_nv.shared>'}}
func.func private @ring_rank(!gdpa_nv.ring<tensor<64xbf16, #gdpa_nv.shared>, 2>)

// -----

// expected-error@+1 {{expected 1 to 8 slots, found 0}}
func.func private @no_slots(!gdpa_nv.ring<tensor<64x64xbf16, #gdpa_nv.shared>, 0>)

// -----

// expected-error@+1 {{expected 1 to 8 slots, found 9}}
func.func private @many_slots(!gdpa_nv.ring<tensor<64x64xbf16, #gdpa_nv.shared>, 9>)

// -----

// expected-error@+1 {{expected an f32 block of layout acc, found 'tensor<64x64xbf16, #gdpa_nv.acc<warps = 4, tiles = 1>>'}}
func.func private @pending_type(!gdpa_nv.pending<tensor<64x64xbf16, #gdpa_nv.acc<warps = 4, tiles = 1>>>)

// -----

// expected-error@+1 {{expected an f32 block of layout acc, found 'tensor<64x64xf32>'}}
func.func private @pending_layout(!gdpa_nv.pending<tensor<64x64xf32>>)

// -----

func.func @registers() {
  // expected-error@+1 {{expected registers in multiples of 8 from 24 to 256, found 20}}
  gdpa_nv.roles consumers(1) registers(20, 240) producer {} consumer {}
  return
}

// -----

func.func @registers_step() {
  // expected-error@+1 {{expected registers in multiples of 8 from 24 to 256, found 236}}
  gdpa_nv.roles consumers(1) registers(24, 236) producer {} consumer {}
  return
}

// -----

func.func @consumers() {
  // expected-error@+1 {{attribute 'consumers' failed to satisfy constraint}}
  gdpa_nv.roles consumers(4) registers(24, 240) producer {} consumer {}
  return
}

// -----

func.func @end() {
  // expected-error@+1 {{expects parent op 'gdpa_nv.roles'}}
  gdpa_nv.role_end
}

// -----

!ring = !gdpa_nv.ring<tensor<64x64xbf16, #gdpa_nv.shared>, 2>
func.func @passed_ring(%ring: !ring, %at: !gdpa_nv.cursor) {
  // expected-error@+1 {{expected the result of a gdpa_nv.ring as its ring}}
  gdpa_nv.release %ring[%at] : !ring
  return
}

// -----

!ring = !gdpa_nv.ring<tensor<64x64xbf16, #gdpa_nv.shared>, 2>
func.func @advance(%ring: !ring, %at: !gdpa_nv.cursor) {
  // expected-error@+1 {{expected the result of a gdpa_nv.ring as its ring}}
  %next = gdpa_nv.advance %ring[%at] : !ring
  return
}

// -----

!ring = !gdpa_nv.ring<tensor<64x64xbf16, #gdpa_nv.shared>, 2>
func.func @offsets(%k: memref<?x?x64xbf16>, %j: index) {
  %ring = gdpa_nv.ring at 0 barriers 16384 : !ring
  %at = gdpa_nv.cursor
  // expected-error@+1 {{expected one offset for each dimension of 'memref<?x?x64xbf16>', found 2}}
  gdpa_nv.send %k[%j, %j] to %ring[%at] : memref<?x?x64xbf16>, !ring
  return
}

// -----

!ring = !gdpa_nv.ring<tensor<64x64xbf16, #gdpa_nv.shared>, 2>
func.func @element(%k: memref<?x64xf16>, %j: index) {
  %ring = gdpa_nv.ring at 0 barriers 16384 : !ring
  %at = gdpa_nv.cursor
  // expected-error@+1 {{expected a block of rank 2 of 'f16', found 'tensor<64x64xbf16, #gdpa_nv.shared>'}}
  gdpa_nv.send %k[%j, %j] to %ring[%at] : memref<?x64xf16>, !ring
  return
}

// -----

!ring = !gdpa_nv.ring<tensor<64x64xbf16, #gdpa_nv.shared>, 2>
func.func @sender(%k: memref<?x64xbf16>, %j: index) {
  %ring = gdpa_nv.ring at 0 barriers 16384 : !ring
  %at = gdpa_nv.cursor
  gdpa_nv.roles consumers(1) registers(24, 240) producer {
  } consumer {
    // expected-error@+1 {{expected to stand in the producer's region}}
    gdpa_nv.send %k[%j, %j] to %ring[%at] : memref<?x64xbf16>, !ring
  }
  return
}

// -----

!ring = !gdpa_nv.ring<tensor<64x64xbf16, #gdpa_nv.shared>, 2>
func.func @received() {
  %ring = gdpa_nv.ring at 0 barriers 16384 : !ring
  %at = gdpa_nv.cursor
  // expected-error@+1 {{expected the block of the ring, 'tensor<64x64xbf16, #gdpa_nv.shared>', found 'tensor<64x32xbf16, #gdpa_nv.shared>'}}
  %k = gdpa_nv.receive %ring[%at] : !ring -> tensor<64x32xbf16, #gdpa_nv.shared>
  return
}

// -----

!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
func.func @left(%p: tensor<64x64xbf16, #gdpa_nv.acc<warps = 4, tiles = 1>>, %v: !shared) {
  // expected-error@+1 {{expected a left operand of layout lhs or shared and a right one of layout shared, found}}
  %s = gdpa_nv.mma_async %p, %v : tensor<64x64xbf16, #gdpa_nv.acc<warps = 4, tiles = 1>>, !shared -> !gdpa_nv.pending<!acc>
  return
}

// -----

!row = tensor<64xbf16, #gdpa_nv.shared>
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
func.func @rank(%q: !shared, %k: !row) {
  // expected-error@+1 {{expected operands of rank 2, found 'tensor<64x64xbf16, #gdpa_nv.shared>' and 'tensor<64xbf16, #gdpa_nv.shared>'}}
  %s = gdpa_nv.mma_async %q, %k transposed : !shared, !row -> !gdpa_nv.pending<!acc>
  return
}

// -----

!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!deep = tensor<64x128xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
func.func @depth(%q: !deep, %k: !shared) {
  // expected-error@+1 {{expected operands of one depth and the rows and columns of the result, found}}
  %s = gdpa_nv.mma_async %q, %k transposed : !deep, !shared -> !gdpa_nv.pending<!acc>
  return
}

// -----

!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!half = tensor<64x64xf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
func.func @types(%q: !shared, %k: !half) {
  // expected-error@+1 {{expected operands of bf16 or of f16, found 'bf16' and 'f16'}}
  %s = gdpa_nv.mma_async %q, %k transposed : !shared, !half -> !gdpa_nv.pending<!acc>
  return
}

// -----

!queries = tensor<64x64xbf16, #gdpa_nv.shared>
!keys = tensor<264x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x264xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
func.func @columns(%q: !queries, %k: !keys) {
  // expected-error@+1 {{expected a depth in multiples of 16, at most 256 columns in multiples of 8 and whole warpgroups, found}}
  %s = gdpa_nv.mma_async %q, %k transposed : !queries, !keys -> !gdpa_nv.pending<!acc>
  return
}

// -----

!queries = tensor<32x64xbf16, #gdpa_nv.shared>
!keys = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<32x64xf32, #gdpa_nv.acc<warps = 2, tiles = 1>>
func.func @warps(%q: !queries, %k: !keys) {
  // expected-error@+1 {{expected a depth in multiples of 16, at most 256 columns in multiples of 8 and whole warpgroups, found}}
  %s = gdpa_nv.mma_async %q, %k transposed : !queries, !keys -> !gdpa_nv.pending<!acc>
  return
}

// -----

!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!narrow = tensor<64x32xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
func.func @accumulator(%q: !shared, %k: !shared, %o: !narrow) {
  // expected-error@+1 {{expected an accumulator of 'tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>', found 'tensor<64x32xf32}}
  %s = gdpa_nv.mma_async %q, %k into %o : !narrow : !shared, !shared -> !gdpa_nv.pending<!acc>
  return
}

// -----

!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
func.func @never_waited(%q: !shared, %k: !shared) {
  // expected-error@+1 {{expected one gdpa_nv.wait of the product in flight, found 0}}
  %s = gdpa_nv.mma_async %q, %k transposed : !shared, !shared -> !gdpa_nv.pending<!acc>
  return
}

// -----

!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
func.func @waited_twice(%q: !shared, %k: !shared) {
  // expected-error@+1 {{expected one gdpa_nv.wait of the product in flight, found 2}}
  %s = gdpa_nv.mma_async %q, %k transposed : !shared, !shared -> !gdpa_nv.pending<!acc>
  %a = gdpa_nv.wait %s inflight 0 : !gdpa_nv.pending<!acc> -> !acc
  %b = gdpa_nv.wait %s inflight 0 : !gdpa_nv.pending<!acc> -> !acc
  return
}

// -----

// A product in flight cannot be carried by a loop.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
func.func @carried(%q: !shared, %k: !shared, %c0: index, %n: index, %c1: index, %first: !gdpa_nv.pending<!acc>) {
  %r = scf.for %j = %c0 to %n step %c1 iter_args(%before = %first) -> (!gdpa_nv.pending<!acc>) {
    // expected-error@+1 {{expected a gdpa_nv.wait of the same block as the only user of a product in flight, found scf.yield}}
    %s = gdpa_nv.mma_async %q, %k transposed : !shared, !shared -> !gdpa_nv.pending<!acc>
    scf.yield %s : !gdpa_nv.pending<!acc>
  }
  return
}

// -----

!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
func.func @waited_inside(%q: !shared, %k: !shared, %some: i1) {
  // expected-error@+1 {{expected a gdpa_nv.wait of the same block as the only user of a product in flight, found gdpa_nv.wait}}
  %s = gdpa_nv.mma_async %q, %k transposed : !shared, !shared -> !gdpa_nv.pending<!acc>
  scf.if %some {
    %a = gdpa_nv.wait %s inflight 0 : !gdpa_nv.pending<!acc> -> !acc
  }
  return
}

// -----

!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
func.func @inflight(%q: !shared, %k: !shared) {
  %s = gdpa_nv.mma_async %q, %k transposed : !shared, !shared -> !gdpa_nv.pending<!acc>
  // expected-error@+1 {{expected at most 7 products in flight, found 8}}
  %a = gdpa_nv.wait %s inflight 8 : !gdpa_nv.pending<!acc> -> !acc
  return
}

// -----

!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
func.func @results(%q: !shared, %k: !shared, %p: !acc) {
  %s = gdpa_nv.mma_async %q, %k transposed : !shared, !shared -> !gdpa_nv.pending<!acc>
  // expected-error@+1 {{expected the blocks of the products, then the kept values as results}}
  %a = gdpa_nv.wait %s keep %p : !acc inflight 0 : !gdpa_nv.pending<!acc> -> !acc
  return
}

// -----

func.func @map(%k: memref<64xbf16>) {
  // expected-error@+1 {{expected a buffer of rank 2 to 5 and a box of 1 to 256 rows and columns, found 'memref<64xbf16>' and a box of 64, 64}}
  %m = gdpa_nv.tensor_map %k box(64, 64) : memref<64xbf16> -> !llvm.ptr
  return
}

// -----

func.func @box(%k: memref<?x64xbf16>) {
  // expected-error@+1 {{expected a buffer of rank 2 to 5 and a box of 1 to 256 rows and columns, found 'memref<?x64xbf16>' and a box of 264, 64}}
  %m = gdpa_nv.tensor_map %k box(264, 64) : memref<?x64xbf16> -> !llvm.ptr
  return
}

// -----

func.func @event() {
  // expected-error@+1 {{expected begin, send, receive, release, read, convert, start or wait as the event, found stop}}
  gdpa_nv.watch "stop"
  return
}

// -----

func.func @what() {
  // expected-error@+1 {{expected a slot, a block or a number of products as the event has it, for wait}}
  gdpa_nv.watch "wait"
  return
}

// -----

func.func @where(%K: tensor<64x64xbf16>) {
  // expected-error@+1 {{expected a block in shared memory, found 'tensor<64x64xbf16>'}}
  gdpa_nv.watch "read" block %K : tensor<64x64xbf16>
  return
}

// -----

func.func @place() {
  // expected-error@+1 {{attribute 'at' failed to satisfy constraint: 64-bit signless integer attribute whose minimum value is 0 whose maximum value is 232448}}
  %r = gdpa_nv.ring at -1024 barriers 0 : !gdpa_nv.ring<tensor<64x64xbf16, #gdpa_nv.shared>, 2>
  return
}
