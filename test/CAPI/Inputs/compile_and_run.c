//===- compile_and_run.c - the whole road from C --------------------------===//
//
// usage: compile_and_run FOLDER
//
// Compiles silu attention and its gradients from text, and again from a module
// that is parsed and differentiated through MLIR's C interface; runs both
// kernels through the runtime's C interface and compares them with loops in
// double. Then makes mistakes and prints what is said about them.
//
//===----------------------------------------------------------------------===//

#include "gdpa-c/Compile.h"
#include "gdpa-c/Dialects.h"
#include "gdpa-runtime/gdpa_runtime.h"
#include "mlir-c/Pass.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kRows = 37, kDepth = 16, kElements = kRows * kDepth };

static const char *const kProgram =
    "!t = tensor<?x?x?x16xf32>\n"
    "func.func @silu(%q: !t {gdpa.name = \"q\"}, %k: !t {gdpa.name = \"k\"},\n"
    "                %v: !t {gdpa.name = \"v\"}, %c: f32 {gdpa.name = \"c\"})\n"
    "    -> !t {\n"
    "  %c0 = arith.constant 0 : index\n"
    "  %c1 = arith.constant 1 : index\n"
    "  %c2 = arith.constant 2 : index\n"
    "  %d0 = tensor.dim %q, %c0 : !t\n"
    "  %d1 = tensor.dim %q, %c1 : !t\n"
    "  %d2 = tensor.dim %q, %c2 : !t\n"
    "  %o0 = tensor.empty(%d0, %d1, %d2) : !t\n"
    "  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t)\n"
    "      outs(%o0 : !t) scale(%c : f32)\n"
    "      activation(%s: f32, %b: index, %h: index, %i: index, %j: index,\n"
    "                 %nq: index, %nk: index) {\n"
    "        %one = arith.constant 1.0 : f32\n"
    "        %n = arith.negf %s : f32\n"
    "        %e = math.exp %n : f32\n"
    "        %p = arith.addf %e, %one : f32\n"
    "        %z = arith.divf %s, %p : f32\n"
    "        gdpa.yield %z : f32\n"
    "      } -> !t\n"
    "  return %o : !t\n"
    "}\n";

static int failures = 0;

static void check(int holds, const char *what) {
  if (holds)
    return;
  fprintf(stderr, "FAILED: %s\n", what);
  ++failures;
}

/// Reports the error of a compilation that was to succeed.
static int succeeded(GdpaCompilation compilation, const char *what) {
  const char *error = gdpaCompilationGetError(compilation);
  if (error)
    fprintf(stderr, "%s: %s\n", what, error);
  check(!error, what);
  return !error;
}

static gdpa_tensor matrix(float *values) {
  gdpa_tensor tensor = {0};
  tensor.data = values;
  tensor.dtype = GDPA_F32;
  tensor.rank = 4;
  int64_t shape[] = {1, 1, kRows, kDepth};
  int64_t strides[] = {kElements, kElements, kDepth, 1};
  memcpy(tensor.shape, shape, sizeof(shape));
  memcpy(tensor.strides, strides, sizeof(strides));
  return tensor;
}

/// ||a - b|| / ||b||
static double distance(const float *a, const double *b) {
  double difference = 0, norm = 0;
  for (int i = 0; i < kElements; ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    norm += b[i] * b[i];
  }
  return sqrt(difference / norm);
}

/// What the kernels are to compute.
static void reference(const float *q, const float *k, const float *v,
                      const float *dOut, double scale, double *o, double *dq) {
  memset(o, 0, kElements * sizeof(double));
  memset(dq, 0, kElements * sizeof(double));
  for (int i = 0; i < kRows; ++i)
    for (int j = 0; j < kRows; ++j) {
      double s = 0, ct = 0;
      for (int d = 0; d < kDepth; ++d) {
        s += scale * q[i * kDepth + d] * k[j * kDepth + d];
        ct += (double)dOut[i * kDepth + d] * v[j * kDepth + d];
      }
      double sigmoid = 1 / (1 + exp(-s));
      double ds = ct * sigmoid * (1 + s * (1 - sigmoid));
      for (int d = 0; d < kDepth; ++d) {
        o[i * kDepth + d] += s * sigmoid * v[j * kDepth + d];
        dq[i * kDepth + d] += scale * ds * k[j * kDepth + d];
      }
    }
}

/// Runs an entry with the tensors that the roles of its arguments ask for.
static void runEntry(const gdpa_artefact *artefact, const char *name,
                     const gdpa_runtime *runtime,
                     gdpa_tensor (*find)(const char *)) {
  gdpa_tensor args[16];
  int32_t entry = gdpa_artefact_find_entry(artefact, name);
  check(entry >= 0, name);
  int32_t count = gdpa_entry_argument_count(artefact, entry);
  for (int32_t i = 0; i < count && i < 16; ++i) {
    gdpa_argument argument;
    gdpa_artefact_argument(artefact, gdpa_entry_argument(artefact, entry, i),
                           &argument);
    args[i] = find(argument.role);
  }
  if (gdpa_entry_run(artefact, entry, args, NULL, runtime) != GDPA_OK) {
    fprintf(stderr, "%s: %s\n", name, gdpa_last_error());
    ++failures;
  }
}

static float q[kElements], k[kElements], v[kElements], dOut[kElements],
    o[kElements], dq[kElements], dk[kElements], dv[kElements], scale = 0.25f;

static gdpa_tensor findTensor(const char *role) {
  const struct {
    const char *role;
    float *values;
  } known[] = {{"q", q}, {"k", k},   {"v", v},   {"do", dOut},
               {"o", o}, {"dq", dq}, {"dk", dk}, {"dv", dv}};
  for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); ++i)
    if (strcmp(role, known[i].role) == 0)
      return matrix(known[i].values);
  gdpa_tensor number = {0};
  number.data = &scale;
  number.dtype = GDPA_F32;
  return number;
}

/// Runs forward and backward of the artefact and compares o and dq.
static void runArtefact(const char *description) {
  gdpa_artefact *artefact = NULL;
  if (gdpa_artefact_open(description, &artefact) != GDPA_OK) {
    fprintf(stderr, "%s: %s\n", description, gdpa_last_error());
    ++failures;
    return;
  }
  for (int i = 0; i < kElements; ++i)
    o[i] = dq[i] = dk[i] = dv[i] = NAN;
  gdpa_runtime *runtime = gdpa_runtime_create(0);
  runEntry(artefact, "forward", runtime, findTensor);
  runEntry(artefact, "backward", runtime, findTensor);
  gdpa_runtime_destroy(runtime);
  gdpa_artefact_close(artefact);

  double expectedO[kElements], expectedDq[kElements];
  reference(q, k, v, dOut, scale, expectedO, expectedDq);
  check(distance(o, expectedO) < 1e-5, "o");
  check(distance(dq, expectedDq) < 1e-5, "dq");
  printf("o and dq agree with the reference\n");
}

static MlirWalkResult visit(MlirOperation op, void *counts) {
  MlirStringRef name = mlirIdentifierStr(mlirOperationGetName(op));
  int *numbers = counts;
  if (mlirStringRefEqual(name,
                         mlirStringRefCreateFromCString("gdpa.attention")))
    ++numbers[0];
  if (mlirStringRefEqual(
          name, mlirStringRefCreateFromCString("gdpa.attention_backward")))
    ++numbers[1];
  return MlirWalkResultAdvance;
}

static void countAttentions(MlirOperation op, int *forwards, int *backwards) {
  int counts[2] = {0, 0};
  mlirOperationWalk(op, visit, counts, MlirWalkPreOrder);
  *forwards = counts[0];
  *backwards = counts[1];
}

/// The pass by name over a copy of the module: @silu_vjp appears.
static void differentiate(MlirContext context, MlirModule module) {
  gdpaRegisterAllPasses();
  gdpaRegisterAllPasses();
  MlirModule copy = mlirModuleFromOperation(
      mlirOperationClone(mlirModuleGetOperation(module)));
  MlirPassManager manager = mlirPassManagerCreate(context);
  MlirStringRef pipeline =
      mlirStringRefCreateFromCString("builtin.module(gdpa-autodiff)");
  check(mlirLogicalResultIsSuccess(mlirParsePassPipeline(
            mlirPassManagerGetAsOpPassManager(manager), pipeline, NULL, NULL)),
        "parsing the pipeline");
  check(mlirLogicalResultIsSuccess(
            mlirPassManagerRunOnOp(manager, mlirModuleGetOperation(copy))),
        "running the pipeline");
  int forwards, backwards;
  countAttentions(mlirModuleGetOperation(copy), &forwards, &backwards);
  check(forwards == 1 && backwards == 1, "operations after gdpa-autodiff");
  printf("gdpa-autodiff: %d attention, %d attention_backward\n", forwards,
         backwards);
  mlirPassManagerDestroy(manager);
  mlirModuleDestroy(copy);
}

static void compileModule(const GdpaCompileOptions *options) {
  MlirContext context = mlirContextCreate();
  MlirDialectRegistry registry = mlirDialectRegistryCreate();
  gdpaRegisterUpstreamDialects(registry);
  gdpaRegisterAllDialects(registry);
  mlirContextAppendDialectRegistry(context, registry);
  mlirDialectRegistryDestroy(registry);
  MlirDialect dialect =
      mlirDialectHandleLoadDialect(mlirGetDialectHandle__gdpa__(), context);
  check(mlirStringRefEqual(mlirDialectGetNamespace(dialect),
                           mlirStringRefCreateFromCString("gdpa")),
        "the dialect's handle");

  MlirModule module =
      mlirModuleCreateParse(context, mlirStringRefCreateFromCString(kProgram));
  check(!mlirModuleIsNull(module), "parsing the module");
  differentiate(context, module);
  GdpaCompilation compilation = gdpaCompileModule(module, options);
  succeeded(compilation, "compiling the module");
  gdpaCompilationDestroy(compilation);
  int forwards, backwards;
  countAttentions(mlirModuleGetOperation(module), &forwards, &backwards);
  check(forwards == 1 && backwards == 0, "the module is left as it was");
  mlirModuleDestroy(module);
  mlirContextDestroy(context);
}

/// What is said about a mistake.
static void printError(const char *text, const GdpaCompileOptions *options) {
  GdpaCompilation compilation = gdpaCompileText(text, strlen(text), options);
  const char *error = gdpaCompilationGetError(compilation);
  check(error && gdpaCompilationGetCode(compilation).length == 0,
        "an error and no code");
  printf("%s\n", error ? error : "(none)");
  gdpaCompilationDestroy(compilation);
}

static void makeMistakes(void) {
  GdpaCompileOptions options = {0};
  printError(kProgram, &options);
  options.target = "vax";
  printError(kProgram, &options);
  options.target = "cpu";
  options.emit = "gif";
  printError(kProgram, &options);
  options.emit = NULL;
  options.output = "/nowhere/k.so";
  printError(kProgram, &options);
  options.output = NULL;
  printError("func.func @f() { return }\n", &options);
  printError("func.func @f(%x: f32) {\n  %y = gdpa.oops %x\n}\n", &options);
}

static void emitText(void) {
  GdpaCompileOptions options = {0};
  options.target = "sm_80";
  options.precision = "fast";
  static char half[4096];
  // The NVIDIA path takes bf16 and f16.
  strcpy(half, kProgram);
  memcpy(strstr(half, "16xf32"), "16xf16", 6);
  GdpaCompilation compilation = gdpaCompileText(half, strlen(half), &options);
  if (succeeded(compilation, "compiling to PTX")) {
    MlirStringRef code = gdpaCompilationGetCode(compilation);
    MlirStringRef description = gdpaCompilationGetDescription(compilation);
    check(strstr(code.data, ".target sm_80") != NULL, "PTX for sm_80");
    check(strstr(description.data, "\"kernel\"") != NULL, "its description");
    printf("PTX for sm_80\n");
  }
  gdpaCompilationDestroy(compilation);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  char code[1024], description[1024];
  snprintf(code, sizeof(code), "%s/k.so", argv[1]);
  snprintf(description, sizeof(description), "%s/k.json", argv[1]);
  for (int i = 0; i < kElements; ++i) {
    q[i] = sinf(1.0f * i);
    k[i] = cosf(1.3f * i);
    v[i] = sinf(0.7f * i + 1);
    dOut[i] = cosf(0.3f * i + 2);
  }

  GdpaCompileOptions options = {0};
  options.target = "cpu";
  options.gradients = true;
  options.output = code;
  GdpaCompilation compilation =
      gdpaCompileText(kProgram, strlen(kProgram), &options);
  if (succeeded(compilation, "compiling the text"))
    runArtefact(description);
  gdpaCompilationDestroy(compilation);

  remove(code);
  remove(description);
  compileModule(&options);
  runArtefact(description);
  emitText();
  makeMistakes();
  return failures != 0;
}
