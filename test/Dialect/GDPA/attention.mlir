// RUN: gdpa-opt %s | gdpa-opt | FileCheck %s
// RUN: gdpa-opt %s --mlir-print-op-generic | gdpa-opt | FileCheck %s
// RUN: gdpa-opt %s --emit-bytecode | gdpa-opt | FileCheck %s

// Every optional part of the text form, in both forms of the operation.

// The smallest operation: no statistics, no captures, no mask.
// CHECK-LABEL: func.func @silu
// CHECK:      %o = gdpa.attention bhsd none
// CHECK-NEXT:   ins(%arg0, %arg1, %arg2 : tensor<2x16x?x128xbf16>, tensor<2x4x?x128xbf16>, tensor<2x4x?x96xbf16>)
// CHECK-NEXT:   outs(%arg3 : tensor<2x16x?x96xbf16>)
// CHECK-NEXT:   scale(%arg4 : f32)
// CHECK-NEXT:   activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
// CHECK:          gdpa.yield %{{.*}} : f32
// CHECK-NEXT:   }
// CHECK-NEXT:   -> tensor<2x16x?x96xbf16>
// CHECK-NEXT:   return %o : tensor<2x16x?x96xbf16>
func.func @silu(%q: tensor<2x16x?x128xbf16>, %k: tensor<2x4x?x128xbf16>,
                %v: tensor<2x4x?x96xbf16>, %o0: tensor<2x16x?x96xbf16>,
                %c: f32) -> tensor<2x16x?x96xbf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<2x16x?x128xbf16>, tensor<2x4x?x128xbf16>, tensor<2x4x?x96xbf16>)
      outs(%o0 : tensor<2x16x?x96xbf16>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %one = arith.constant 1.0 : f32
        %n = arith.negf %s : f32
        %e = math.exp %n : f32
        %d = arith.addf %e, %one : f32
        %z = arith.divf %s, %d : f32
        gdpa.yield %z : f32
      }
      -> tensor<2x16x?x96xbf16>
  return %o : tensor<2x16x?x96xbf16>
}

// Statistics, captures, mask, vjp, attributes. Names inside a region repeat
// those outside.
// CHECK-LABEL: func.func @softmax
// CHECK:      %o, %stats = gdpa.attention bhsd softmax
// CHECK-NEXT:   ins(%arg0, %arg1, %arg2 : tensor<2x16x?x128xbf16>, tensor<2x4x?x128xbf16>, tensor<2x4x?x96xbf16>)
// CHECK-NEXT:   outs(%arg3, %arg4 : tensor<2x16x?x96xbf16>, tensor<2x16x?xf32>)
// CHECK-NEXT:   scale(%arg5 : f32)
// CHECK-NEXT:   captures(%arg6, %arg7 : tensor<16x?xf32>, f32)
// CHECK-NEXT:   activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %c0: tensor<16x?xf32>, %c1: f32) {
// CHECK-NEXT:     %[[BIAS:.*]] = tensor.extract %c0[%h, %j] : tensor<16x?xf32>
// CHECK-NEXT:     %[[SUM:.*]] = arith.addf %s, %[[BIAS]] : f32
// CHECK-NEXT:     %[[PROD:.*]] = arith.mulf %[[SUM]], %c1 : f32
// CHECK-NEXT:     gdpa.yield %[[PROD]] : f32
// CHECK-NEXT:   }
// CHECK-NEXT:   mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %c0: tensor<16x?xf32>, %c1: f32) {
// CHECK-NEXT:     %[[KEEP:.*]] = arith.cmpi sge, %i, %j : index
// CHECK-NEXT:     gdpa.yield %[[KEEP]] : i1
// CHECK-NEXT:   }
// CHECK-NEXT:   vjp(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %c0: tensor<16x?xf32>, %c1: f32) {
// CHECK-NEXT:     %[[DS:.*]] = arith.mulf %ct, %c1 : f32
// CHECK-NEXT:     gdpa.accumulate %[[DS]], %c0[%h, %j] : f32, tensor<16x?xf32>
// CHECK-NEXT:     gdpa.accumulate %s, %c1 : f32, f32
// CHECK-NEXT:     gdpa.yield %[[DS]] : f32
// CHECK-NEXT:   }
// CHECK-NEXT:   {precision = #gdpa.precision<fast>, schedule = #gdpa_cpu.schedule<block_q = 64, block_kv = 32>, user.note = "kept"}
// CHECK-NEXT:   -> tensor<2x16x?x96xbf16>, tensor<2x16x?xf32>
func.func @softmax(%q: tensor<2x16x?x128xbf16>, %k: tensor<2x4x?x128xbf16>,
                   %v: tensor<2x4x?x96xbf16>, %o0: tensor<2x16x?x96xbf16>,
                   %st0: tensor<2x16x?xf32>, %c: f32,
                   %bias: tensor<16x?xf32>, %t: f32)
    -> (tensor<2x16x?x96xbf16>, tensor<2x16x?xf32>) {
  %r = arith.constant 0.0 : f32
  %o, %st = gdpa.attention bhsd softmax
      ins(%q, %k, %v : tensor<2x16x?x128xbf16>, tensor<2x4x?x128xbf16>, tensor<2x4x?x96xbf16>)
      outs(%o0, %st0 : tensor<2x16x?x96xbf16>, tensor<2x16x?xf32>)
      scale(%c : f32)
      captures(%bias, %t : tensor<16x?xf32>, f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<16x?xf32>, %T: f32) {
        %r = tensor.extract %B[%h, %j] : tensor<16x?xf32>
        %x = arith.addf %s, %r : f32
        %y = arith.mulf %x, %T : f32
        gdpa.yield %y : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<16x?xf32>, %T: f32) {
        %keep = arith.cmpi sge, %i, %j : index
        gdpa.yield %keep : i1
      }
      vjp(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<16x?xf32>, %T: f32) {
        %ds = arith.mulf %ct, %T : f32
        gdpa.accumulate %ds, %B[%h, %j] : f32, tensor<16x?xf32>
        gdpa.accumulate %s, %T : f32, f32
        gdpa.yield %ds : f32
      }
      {precision = #gdpa.precision<fast>, schedule = #gdpa_cpu.schedule<block_q = 64, block_kv = 32>, user.note = "kept"}
      -> tensor<2x16x?x96xbf16>, tensor<2x16x?xf32>
  return %o, %st : tensor<2x16x?x96xbf16>, tensor<2x16x?xf32>
}

// f64 storage computes in f64; sum has statistics.
// CHECK-LABEL: func.func @bshd_f64
// CHECK:      %o, %stats = gdpa.attention bshd sum
// CHECK:        scale(%{{.*}} : f64)
// CHECK-NEXT:   activation(%s: f64,
// CHECK:        -> tensor<1x5x2x8xf64>, tensor<1x2x5xf64>
func.func @bshd_f64(%q: tensor<1x5x2x8xf64>, %k: tensor<1x7x1x8xf64>,
                    %v: tensor<1x7x1x8xf64>, %o0: tensor<1x5x2x8xf64>,
                    %st0: tensor<1x2x5xf64>, %c: f64)
    -> (tensor<1x5x2x8xf64>, tensor<1x2x5xf64>) {
  %o, %st = gdpa.attention bshd sum
      ins(%q, %k, %v : tensor<1x5x2x8xf64>, tensor<1x7x1x8xf64>, tensor<1x7x1x8xf64>)
      outs(%o0, %st0 : tensor<1x5x2x8xf64>, tensor<1x2x5xf64>)
      scale(%c : f64)
      activation(%s: f64, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f64
      }
      -> tensor<1x5x2x8xf64>, tensor<1x2x5xf64>
  return %o, %st : tensor<1x5x2x8xf64>, tensor<1x2x5xf64>
}

// CHECK-LABEL: func.func @thd
// CHECK:      %o, %stats = gdpa.attention thd softmax
// CHECK:        scale(%{{.*}} : f32)
// CHECK-NEXT:   cu_seqlens(%{{.*}}, %{{.*}} : tensor<?xi32>, tensor<?xi32>)
// CHECK-NEXT:   activation(
// CHECK:        -> tensor<?x4x64xf16>, tensor<4x?xf32>
func.func @thd(%q: tensor<?x4x64xf16>, %k: tensor<?x4x64xf16>,
               %v: tensor<?x4x64xf16>, %o0: tensor<?x4x64xf16>,
               %st0: tensor<4x?xf32>, %c: f32,
               %cq: tensor<?xi32>, %ck: tensor<?xi32>)
    -> (tensor<?x4x64xf16>, tensor<4x?xf32>) {
  %o, %st = gdpa.attention thd softmax
      ins(%q, %k, %v : tensor<?x4x64xf16>, tensor<?x4x64xf16>, tensor<?x4x64xf16>)
      outs(%o0, %st0 : tensor<?x4x64xf16>, tensor<4x?xf32>)
      scale(%c : f32)
      cu_seqlens(%cq, %ck : tensor<?xi32>, tensor<?xi32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<?x4x64xf16>, tensor<4x?xf32>
  return %o, %st : tensor<?x4x64xf16>, tensor<4x?xf32>
}

// The memref form: no results, memref.load in the regions, any strides.
// CHECK-LABEL: func.func @memrefs
// CHECK:      gdpa.attention bhsd none
// CHECK-NEXT:   ins(%{{.*}} : memref<2x4x?x64xf32, strided<[?, ?, ?, 1], offset: ?>>, memref<2x4x?x64xf32, strided<[?, ?, ?, ?], offset: 3>>, memref<2x4x?x64xf32>)
// CHECK-NEXT:   outs(%{{.*}} : memref<2x4x?x64xf32>)
// CHECK-NEXT:   scale(%{{.*}} : f32)
// CHECK-NEXT:   captures(%{{.*}}, %{{.*}} : memref<4xf32, strided<[2]>>, index)
// CHECK-NEXT:   activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %c0: memref<4xf32, strided<[2]>>, %c1: index) {
// CHECK-NEXT:     %[[T:.*]] = memref.load %c0[%h] : memref<4xf32, strided<[2]>>
// CHECK-NEXT:     %[[Z:.*]] = arith.mulf %s, %[[T]] : f32
// CHECK-NEXT:     gdpa.yield %[[Z]] : f32
// CHECK-NEXT:   }
// CHECK-NEXT:   return
func.func @memrefs(%q: memref<2x4x?x64xf32, strided<[?, ?, ?, 1], offset: ?>>,
                   %k: memref<2x4x?x64xf32, strided<[?, ?, ?, ?], offset: 3>>,
                   %v: memref<2x4x?x64xf32>, %o: memref<2x4x?x64xf32>, %c: f32,
                   %t: memref<4xf32, strided<[2]>>, %n: index) {
  gdpa.attention bhsd none
      ins(%q, %k, %v : memref<2x4x?x64xf32, strided<[?, ?, ?, 1], offset: ?>>, memref<2x4x?x64xf32, strided<[?, ?, ?, ?], offset: 3>>, memref<2x4x?x64xf32>)
      outs(%o : memref<2x4x?x64xf32>)
      scale(%c : f32)
      captures(%t, %n : memref<4xf32, strided<[2]>>, index)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: memref<4xf32, strided<[2]>>, %N: index) {
        %t = memref.load %T[%h] : memref<4xf32, strided<[2]>>
        %z = arith.mulf %s, %t : f32
        gdpa.yield %z : f32
      }
  return
}

// What a region may hold: loops with constant bounds, branches, and any operation
// without memory effects, of whatever dialect.
// CHECK-LABEL: func.func @region_operations
// CHECK:         scf.for
// CHECK:         scf.if
// CHECK:         affine.apply
// CHECK:         complex.re
// CHECK:         ub.poison
// CHECK:         index.maxs
// CHECK:         memref.dim
func.func @region_operations(%q: memref<1x2x4x8xf32>, %t: memref<?xf32>, %c: f32) {
  gdpa.attention bhsd none
      ins(%q, %q, %q : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
      outs(%q : memref<1x2x4x8xf32>)
      scale(%c : f32)
      captures(%t : memref<?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: memref<?xf32>) {
        %c0 = arith.constant 0 : index
        %c1 = arith.constant 1 : index
        %c4 = arith.constant 4 : index
        %p = scf.for %n = %c0 to %c4 step %c1 iter_args(%a = %s) -> (f32) {
          %e = memref.load %T[%n] : memref<?xf32>
          %k = arith.cmpf ogt, %e, %a : f32
          %r = scf.if %k -> (f32) {
            %m = arith.mulf %a, %e : f32
            scf.yield %m : f32
          } else {
            scf.yield %a : f32
          }
          scf.yield %r : f32
        }
        %d = affine.apply affine_map<(d0, d1) -> (d0 - d1)>(%i, %j)
        %z = complex.create %p, %s : complex<f32>
        %re = complex.re %z : complex<f32>
        %u = ub.poison : f32
        %x = index.maxs %d, %c0
        %n = memref.dim %T, %c0 : memref<?xf32>
        %y = arith.cmpi slt, %x, %n : index
        %f = arith.select %y, %re, %u : f32
        gdpa.yield %f : f32
      }
  return
}
