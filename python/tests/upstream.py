"""Programs through upstream's own lowering: transform script, decomposition to linalg, loops, LLVM, a shared library."""

import ctypes
import pathlib
import re

import numpy as np

import artefact
import support

LLVM = pathlib.Path("/usr/lib/llvm-22/bin")
TO_LLVM = ("scf-forall-to-for,convert-linalg-to-loops,gdpa-emit-c-entry,convert-scf-to-cf,expand-strided-metadata,lower-affine,"
           "finalize-memref-to-llvm,convert-math-to-llvm,convert-math-to-libm,convert-arith-to-llvm,convert-func-to-llvm,convert-cf-to-llvm,"
           "reconcile-unrealized-casts")
BUFFERS = ("canonicalize,cse,one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map},"
           "buffer-results-to-out-params{modify-public-functions},canonicalize,cse")
KINDS = {np.dtype(np.float64): 0, np.dtype(np.float32): 1, np.dtype(np.int32): 7, np.dtype(np.int64): 8}


def script(body, names=("attention",)):
    """A transform script that runs `body` on handles %attention, ... to the operations of those names."""
    matches = "\n".join(f'    %{name} = transform.structured.match ops{{["gdpa.{name}"]}} in %root : (!transform.any_op) -> !transform.any_op'
                        for name in names)
    return f"""module attributes {{transform.with_named_sequence}} {{
  transform.named_sequence @__transform_main(%root: !transform.any_op {{transform.readonly}}) {{
{matches}
{body}
    transform.yield
  }}
}}
"""


def return_tensors(source):
    """Gradients of scalars as tensors of rank 0, which an entry can write."""
    for name, tensor, kind in re.findall(r"(%\w+) = tensor.extract (%\w+)\[\] : (tensor<f\d+>)\n", source):
        source = re.sub(rf"(return [^\n]*){name}\b", rf"\1{tensor}", source)
        element = kind[len("tensor<"):-1]
        source = re.sub(rf"(f_vjp[^\n]*-> [^\n]*){element}( {{gdpa.name = \"d_)", rf"\1{kind}\2", source)
        source = re.sub(rf"(return [^\n]*:[^\n]* ){element}\b(?=\n|,)", rf"\1{kind}", source)
    return source


def build(source, folder, transforms=None, function="f", autodiff=False):
    """The program's function, called with `call`, by way of a shared library; with `transforms`, a script that runs before."""
    if autodiff:
        done = support.call(support.tool("gdpa-opt"), "-", "--gdpa-autodiff", stdin=source)
        assert done.returncode == 0, done.stderr
        source = return_tensors(done.stdout)
    source = re.sub(rf"(func.func @{function}\(.*?\n?.*?-> .*?) \{{\n", r'\1 attributes {gdpa.entry = "forward"} {\n', source, count=1, flags=re.S)
    (folder / "f.mlir").write_text(source)
    first = ""
    if transforms:
        (folder / "script.mlir").write_text(transforms)
        first = f"transform-preload-library{{transform-library-paths={folder / 'script.mlir'}}},transform-interpreter,"
    pipeline = f"builtin.module({first}gdpa-to-linalg,{BUFFERS},{TO_LLVM})"
    commands = [
        (support.tool("gdpa-opt"), folder / "f.mlir", "--pass-pipeline=" + pipeline, "-o", folder / "f.llvm.mlir"),
        (LLVM / "mlir-translate", "--mlir-to-llvmir", folder / "f.llvm.mlir", "-o", folder / "f.ll"),
        (LLVM / "llc", "-filetype=obj", "-relocation-model=pic", folder / "f.ll", "-o", folder / "f.o"),
        (LLVM / "ld.lld", "-shared", folder / "f.o", "-o", folder / "f.so"),
    ]
    for command in commands:
        done = support.call(*command)
        assert done.returncode == 0, f"{command[0]}: {done.stderr}"
    ctypes.CDLL(str(LLVM.parent / "lib/libmlir_c_runner_utils.so"), mode=ctypes.RTLD_GLOBAL)  # memrefCopy
    return getattr(ctypes.CDLL(str(folder / "f.so")), function)


def call(function, arrays):
    """Calls an entry with numpy arrays, scalars among them as arrays of rank 0."""
    tensors = (artefact.Tensor * len(arrays))()
    for tensor, array in zip(tensors, arrays):
        tensor.data, tensor.dtype, tensor.rank = array.ctypes.data, KINDS[array.dtype], array.ndim
        for n in range(array.ndim):
            tensor.shape[n], tensor.strides[n] = array.shape[n], array.strides[n] // array.itemsize
    function.restype = ctypes.c_int32
    function.argtypes = [ctypes.c_void_p] * 3
    assert function(ctypes.addressof(tensors), None, None) == 0
