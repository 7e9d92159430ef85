//===- call_artefact.c - Calls a kernel from C ----------------------------===//
//
// usage: call_artefact k.json
//
// Loads an artefact whose forward takes a vector q and gives a vector o, runs
// it on the processor and prints o. This is all that a program needs which
// ships a kernel: this header and libgdpa_runtime.so.
//
//===----------------------------------------------------------------------===//

#include "gdpa-runtime/gdpa_runtime.h"

#include <stdio.h>

static gdpa_tensor make_vector(float *values, int64_t count) {
  gdpa_tensor tensor = {0};
  tensor.data = values;
  tensor.dtype = GDPA_F32;
  tensor.rank = 1;
  tensor.shape[0] = count;
  tensor.strides[0] = 1;
  return tensor;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s k.json\n", argv[0]);
    return 2;
  }
  gdpa_artefact *artefact = NULL;
  if (gdpa_artefact_open(argv[1], &artefact) != GDPA_OK) {
    fprintf(stderr, "error: %s\n", gdpa_last_error());
    return 1;
  }
  float q[3] = {1.5f, -2.0f, 0.25f};
  float o[3] = {0};
  gdpa_tensor args[2] = {make_vector(q, 3), make_vector(o, 3)};
  gdpa_runtime *runtime = gdpa_runtime_create(/*threads=*/0);
  int32_t forward = gdpa_artefact_find_entry(artefact, "forward");
  gdpa_status status =
      gdpa_entry_run(artefact, forward, args, /*workspace=*/NULL, runtime);
  if (status != GDPA_OK)
    fprintf(stderr, "error: %s\n", gdpa_last_error());
  else
    printf("o = %g %g %g\n", o[0], o[1], o[2]);
  gdpa_runtime_destroy(runtime);
  gdpa_artefact_close(artefact);
  return status == GDPA_OK ? 0 : 1;
}
