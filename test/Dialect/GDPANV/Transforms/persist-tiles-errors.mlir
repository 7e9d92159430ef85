// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gdpa-nv-persist-tiles)" -verify-diagnostics

func.func @host(%o: memref<?xf32>, %x: index) {
  gdpa_tile.launch @forward grid(%x) (%o) : memref<?xf32>
  // expected-error@+1 {{expected one launch, with a grid of 1 to 3 sizes, of a program of one block}}
  gdpa_tile.launch @forward grid(%x) (%o) : memref<?xf32>
  return
}
gdpa_tile.program @forward(%o: memref<?xf32>) attributes {schedule = #gdpa_nv.schedule<consumers = 2>} {
  gdpa_tile.return
}
