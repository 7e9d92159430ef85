"""--gdpa-to-linalg against numpy: the decomposition runs through upstream's loops and gives the same numbers as the definition."""

import ctypes
import dataclasses
import pathlib
import re

import numpy as np
import pytest

import artefact
import support
from test_reference import CASES

LLVM = pathlib.Path("/usr/lib/llvm-22/bin")
TO_LLVM = ("convert-linalg-to-loops,gdpa-emit-c-entry,convert-scf-to-cf,expand-strided-metadata,lower-affine,"
           "finalize-memref-to-llvm,convert-math-to-llvm,convert-math-to-libm,convert-arith-to-llvm,convert-func-to-llvm,convert-cf-to-llvm,"
           "reconcile-unrealized-casts")
PIPELINE = ("builtin.module(gdpa-to-linalg,canonicalize,cse,one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map},"
            "buffer-results-to-out-params{modify-public-functions},canonicalize,cse," + TO_LLVM + ")")


def build(source, folder):
    """The program's function @f as a shared library with the runtime's C interface."""
    source = re.sub(r"(\n    -> [^\n]*) \{\n", r'\1 attributes {gdpa.entry = "forward"} {\n', source, count=1)
    (folder / "f.mlir").write_text(source)
    commands = [
        (support.tool("gdpa-opt"), folder / "f.mlir", "--pass-pipeline=" + PIPELINE, "-o", folder / "f.llvm.mlir"),
        (LLVM / "mlir-translate", "--mlir-to-llvmir", folder / "f.llvm.mlir", "-o", folder / "f.ll"),
        (LLVM / "llc", "-filetype=obj", "-relocation-model=pic", folder / "f.ll", "-o", folder / "f.o"),
        (LLVM / "ld.lld", "-shared", folder / "f.o", "-o", folder / "f.so"),
    ]
    for command in commands:
        done = support.call(*command)
        assert done.returncode == 0, f"{command[0]}: {done.stderr}"
    return ctypes.CDLL(str(folder / "f.so"))


def call(function, arrays):
    kinds = {np.dtype(np.float64): 0, np.dtype(np.float32): 1}
    tensors = (artefact.Tensor * len(arrays))()
    for tensor, array in zip(tensors, arrays):
        tensor.data, tensor.dtype, tensor.rank = array.ctypes.data, kinds[array.dtype], array.ndim
        for n in range(array.ndim):
            tensor.shape[n], tensor.strides[n] = array.shape[n], array.strides[n] // array.itemsize
    function.restype = ctypes.c_int32
    function.argtypes = [ctypes.c_void_p] * 3
    assert function(ctypes.addressof(tensors), None, None) == 0


def double(program):
    """The program for f64 storage, so that the comparison is exact to rounding."""
    wide = lambda text: re.sub(r"\bf32\b", "f64", text.replace("0xFF800000", "0xFFF0000000000000")).replace("xf32", "xf64")
    return dataclasses.replace(program, storage="f64", activation=wide(program.activation), mask=wide(program.mask),
                               captures=tuple((name, wide(kind), value) for name, kind, value in program.captures))


@pytest.mark.parametrize("name", ["none", "sum", "softmax", "loop", "branch", "bshd", "bshd-sum", "bshd-softmax"])
def test_forward(name, tmp_path):
    program = dataclasses.replace(double(CASES[name]), heads=("?", "?"))
    rng = np.random.default_rng(11)
    batch, heads, key_heads, nq, nk = 2, 4, 2, 5, 6
    shape = (lambda h, n, d: (batch, h, n, d)) if program.layout == "bhsd" else (lambda h, n, d: (batch, n, h, d))
    q, k, v = (rng.standard_normal(s) for s in (shape(heads, nq, 4), shape(key_heads, nk, 4), shape(key_heads, nk, 3)))
    captures = {label: np.asarray(value, np.float64) for label, _, value in program.captures}
    output, statistics = np.full(shape(heads, nq, 3), np.nan), np.full((batch, heads, nq), np.nan)
    # The function's destinations are arguments too, of its own and of bufferization.
    results = [output] + ([statistics] if program.normalizer != "none" else [])
    arrays = [q, k, v, np.array(0.5), *captures.values(), *(result.copy() for result in results), *results]
    call(build(program.source(), tmp_path).f, arrays)
    want, want_statistics = program.forward(q, k, v, 0.5, captures)
    np.testing.assert_allclose(output, want, rtol=1e-12, atol=1e-12)
    if want_statistics is not None:
        np.testing.assert_allclose(statistics, want_statistics, rtol=1e-12, atol=1e-12)


BACKWARD = """
func.func @f(%q: tensor<?x?x?x4xf64>, %k: tensor<?x?x?x4xf64>, %v: tensor<?x?x?x3xf64>, %do: tensor<?x?x?x3xf64>, %c: f64,
             %dq0: tensor<?x?x?x4xf64>, %dk0: tensor<?x?x?x4xf64>, %dv0: tensor<?x?x?x3xf64>)
    -> (tensor<?x?x?x4xf64>, tensor<?x?x?x4xf64>, tensor<?x?x?x3xf64>) {
  %d:3 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<?x?x?x4xf64>, tensor<?x?x?x4xf64>, tensor<?x?x?x3xf64>, tensor<?x?x?x3xf64>)
      outs(%dq0, %dk0, %dv0 : tensor<?x?x?x4xf64>, tensor<?x?x?x4xf64>, tensor<?x?x?x3xf64>) scale(%c : f64)
      joint(%s: f64, %ct: f64, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = arith.mulf %s, %s : f64
        %two = arith.constant 2.0 : f64
        %slope = arith.mulf %s, %two : f64
        %ds = arith.mulf %slope, %ct : f64
        gdpa.yield %z, %ds : f64, f64
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %keep = arith.cmpi sge, %i, %j : index
        gdpa.yield %keep : i1
      }
      -> tensor<?x?x?x4xf64>, tensor<?x?x?x4xf64>, tensor<?x?x?x3xf64>
  return %d#0, %d#1, %d#2 : tensor<?x?x?x4xf64>, tensor<?x?x?x4xf64>, tensor<?x?x?x3xf64>
}
"""


def test_backward(tmp_path):
    """z = s^2 under a causal mask: the gradients of the definition."""
    rng = np.random.default_rng(12)
    q, k, v, do = (rng.standard_normal(shape) for shape in ((2, 4, 5, 4), (2, 2, 6, 4), (2, 2, 6, 3), (2, 4, 5, 3)))
    results = [np.full_like(x, np.nan) for x in (q, k, v)]
    call(build(BACKWARD, tmp_path).f, [q, k, v, do, np.array(0.5), *(x.copy() for x in results), *results])
    keys, values, kept = np.repeat(k, 2, axis=1), np.repeat(v, 2, axis=1), np.tril(np.ones((5, 6)))
    s = 0.5 * np.einsum("bhid,bhjd->bhij", q, keys)
    ds = kept * 2 * s * np.einsum("bhid,bhjd->bhij", do, values)
    fold = lambda x: x.reshape(2, 2, 2, *x.shape[2:]).sum(axis=2)
    want = (0.5 * ds @ keys, fold(0.5 * np.einsum("bhij,bhid->bhjd", ds, q)), fold(np.einsum("bhij,bhid->bhjd", kept * s * s, do)))
    for got, expected in zip(results, want):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)
