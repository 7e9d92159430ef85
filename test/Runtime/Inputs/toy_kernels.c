//===- toy_kernels.c - Entries written by hand ----------------------------===//
//
// CPU entries for tests of the runtime, in the place of generated code: plain
// attention without an activation, o = sum_j scale (q.k[j]) v[j] in f32 and as
// an f64 reference, and entries that misbehave.
//
//===----------------------------------------------------------------------===//

#include "gdpa-runtime/gdpa_runtime.h"

#include <string.h>

static int64_t offset(const gdpa_tensor *t, int64_t b, int64_t h, int64_t i) {
  return b * t->strides[0] + h * t->strides[1] + i * t->strides[2];
}

struct work {
  const gdpa_tensor *args;
  const gdpa_runtime *runtime;
};

// One task handles query rows [begin, end) of all (b, h) pairs, flattened.
#define DEFINE_FORWARD(NAME, T)                                                \
  static void NAME##_task(void *context, int64_t begin, int64_t end,           \
                          void *scratch) {                                     \
    const gdpa_tensor *args = ((struct work *)context)->args;                  \
    const gdpa_tensor *q = &args[0], *k = &args[1], *v = &args[2];             \
    const gdpa_tensor *o = &args[4];                                           \
    T scale = *(const T *)args[3].data;                                        \
    double *sums = (double *)scratch;                                          \
    int64_t group = q->shape[1] / k->shape[1];                                 \
    for (int64_t row = begin; row < end; ++row) {                              \
      int64_t i = row % q->shape[2], bh = row / q->shape[2];                   \
      int64_t h = bh % q->shape[1], b = bh / q->shape[1];                      \
      const T *query = (const T *)q->data + offset(q, b, h, i);                \
      T *out = (T *)o->data + offset(o, b, h, i);                              \
      for (int64_t d = 0; d < v->shape[3]; ++d)                                \
        sums[d] = 0;                                                           \
      for (int64_t j = 0; j < k->shape[2]; ++j) {                              \
        const T *key = (const T *)k->data + offset(k, b, h / group, j);        \
        const T *value = (const T *)v->data + offset(v, b, h / group, j);      \
        double s = 0;                                                          \
        for (int64_t d = 0; d < q->shape[3]; ++d)                              \
          s += (double)query[d] * key[d];                                      \
        for (int64_t d = 0; d < v->shape[3]; ++d)                              \
          sums[d] += scale * s * value[d];                                     \
      }                                                                        \
      for (int64_t d = 0; d < v->shape[3]; ++d)                                \
        out[d] = (T)sums[d];                                                   \
    }                                                                          \
  }                                                                            \
  int32_t NAME(const gdpa_tensor *args, void *workspace,                       \
               const gdpa_runtime *runtime) {                                  \
    (void)workspace;                                                           \
    struct work work = {args, runtime};                                        \
    const gdpa_tensor *q = &args[0];                                           \
    runtime->parallel_for(runtime->self,                                       \
                          q->shape[0] * q->shape[1] * q->shape[2],             \
                          8 * args[2].shape[3], NAME##_task, &work);           \
    return 0;                                                                  \
  }

// args: q k v scale | o
DEFINE_FORWARD(toy_forward, float)
DEFINE_FORWARD(toy_forward_f64, double)

// args: q k v scale | o o.valid; row 0 of each head is left out, and wrong.
int32_t toy_reference(const gdpa_tensor *args, void *workspace,
                      const gdpa_runtime *runtime) {
  toy_forward_f64(args, workspace, runtime);
  const gdpa_tensor *o = &args[4], *valid = &args[5];
  for (int64_t b = 0; b < o->shape[0]; ++b)
    for (int64_t h = 0; h < o->shape[1]; ++h)
      for (int64_t i = 0; i < o->shape[2]; ++i) {
        ((int8_t *)valid->data)[offset(valid, b, h, i)] = i > 0;
        if (i == 0)
          ((double *)o->data)[offset(o, b, h, i)] = 12345;
      }
  return 0;
}

// args: v do o | dq; checks that o is the forward's: dq = do - do + o.
int32_t toy_backward(const gdpa_tensor *args, void *workspace,
                     const gdpa_runtime *runtime) {
  (void)runtime;
  // The workspace has two parts: 100 bytes of zeros, then one float.
  const char *zeros = (const char *)workspace;
  for (int i = 0; i < 100; ++i)
    if (zeros[i] != 0)
      return 1;
  *(float *)(void *)((char *)workspace + 256) = 1.0f;
  const gdpa_tensor *o = &args[2], *dq = &args[3];
  for (int64_t b = 0; b < o->shape[0]; ++b)
    for (int64_t h = 0; h < o->shape[1]; ++h)
      for (int64_t i = 0; i < o->shape[2]; ++i)
        memcpy((float *)dq->data + offset(dq, b, h, i),
               (const float *)o->data + offset(o, b, h, i),
               sizeof(float) * (size_t)o->shape[3]);
  return 0;
}

// args: q | o; o = q, but for the last element, which is forgotten.
int32_t toy_forgetful(const gdpa_tensor *args, void *workspace,
                      const gdpa_runtime *runtime) {
  (void)workspace;
  (void)runtime;
  int64_t count = args[0].shape[0];
  if (count > 1)
    memcpy(args[1].data, args[0].data,
           (size_t)(count - 1) * (size_t)(args[0].dtype == GDPA_F64   ? 8
                                          : args[0].dtype == GDPA_F32 ? 4
                                                                      : 2));
  return 0;
}

// args: q | o; o = q.
int32_t toy_copy(const gdpa_tensor *args, void *workspace,
                 const gdpa_runtime *runtime) {
  (void)workspace;
  (void)runtime;
  static const size_t size[] = {8, 4, 2, 2, 1, 1, 2, 4, 8};
  size_t count = 1;
  for (int i = 0; i < args[0].rank; ++i)
    count *= (size_t)args[0].shape[i];
  if (count)
    memcpy(args[1].data, args[0].data, count * size[args[0].dtype]);
  return 0;
}

// args: q | o; another result each time.
int32_t toy_changing(const gdpa_tensor *args, void *workspace,
                     const gdpa_runtime *runtime) {
  static int calls = 0;
  toy_copy(args, workspace, runtime);
  *(float *)args[1].data = (float)++calls;
  return 0;
}

// args: any
int32_t toy_failing(const gdpa_tensor *args, void *workspace,
                    const gdpa_runtime *runtime) {
  (void)args;
  (void)workspace;
  (void)runtime;
  return 7;
}

static void touch(void *context, int64_t begin, int64_t end, void *scratch) {
  (void)context;
  (void)begin;
  (void)end;
  *(char *)scratch = 1;
}

// args: any; asks for more scratch than there is memory.
int32_t toy_greedy(const gdpa_tensor *args, void *workspace,
                   const gdpa_runtime *runtime) {
  (void)args;
  (void)workspace;
  runtime->parallel_for(runtime->self, 100, INT64_MAX / 2, touch, 0);
  return 0;
}
