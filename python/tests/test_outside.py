"""examples/outside: a project that finds an installed GDPA, brings an operation with a derivative rule, and runs it.

One test, since everything needs the build of the project.
"""

import ctypes
import os
import re
import shutil

import linalg_modules
import numpy as np
import oracle
import support

SOURCE = support.ROOT / "examples" / "outside"
LLVM = "/usr/lib/llvm-22"


def succeed(*command, stdin=None):
    done = support.call(*command, stdin=stdin)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


def build(folder):
    """Installs GDPA, then configures and builds the project against it. The paths stay the same, so that ccache knows the compilations."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    succeed("env", f"PREFIX={folder}/installed", support.ROOT / "scripts" / "install.sh", "install")
    launcher = [f"-DCMAKE_CXX_COMPILER_LAUNCHER={shutil.which('ccache')}"] if shutil.which("ccache") else []
    succeed("env", f"PATH={LLVM}/bin:{os.environ['PATH']}", "cmake", "-G", "Ninja", "-S", SOURCE, "-B", folder / "build",
            f"-DCMAKE_PREFIX_PATH={folder}/installed;{LLVM}", f"-DCMAKE_CXX_COMPILER={LLVM}/bin/clang++", f"-DCMAKE_C_COMPILER={LLVM}/bin/clang",
            *launcher)
    succeed("ninja", "-C", folder / "build")
    return folder / "build"


def check_numbers(build, folder):
    """The kernels of an activation with the project's operation, forward and backward, against numpy and against the reference target."""
    program = SOURCE / "test" / "squareplus.mlir"
    for target, name in (("cpu", "k.so"), ("reference", "k.reference.so")):
        succeed(build / "outside-compile", target, program, folder / name)
    inputs = support.make_inputs(np.random.default_rng(7), "f32", 2, 2, 1, 19, 45, 32, 32)
    run = support.run_kernel(folder / "k.json", {**inputs, "b": 0.5, "scale": 0.2}, folder, ("o", "dq", "dk", "dv", "d_b"), grad=True, options=["--check"])
    assert run.status == 0, run.stderr
    case = oracle.Attention(*(inputs[name].astype(np.float64) for name in "qkv"), 0.2,
                            lambda s, b, h, i, j, nq, nk, captures: (s + np.sqrt(s * s + captures["b"])) / 2, captures={"b": 0.5})
    gradients, cotangent = case.backward(inputs["do"].astype(np.float64))
    gradients["d_b"] = case.capture_gradient("b", cotangent)[0]
    for name, want in {"o": case.forward(), **gradients}.items():
        assert oracle.error(run.arrays[name], want) < 1e-5, name


def check_fusion(build, folder):
    """A module in linalg: its attention is found, cut and computed in the loops of the gate that consumes it, with the same numbers."""
    program = SOURCE / "test" / "gated.mlir"
    fused = succeed(build / "outside-opt", "--outside-fuse", program)
    loop = fused[fused.index("scf.for"):]
    assert re.search(r"scf\.for .*scf\.for .*scf\.for .*gdpa\.attention.*offsets\(.*linalg\.generic", loop, re.S), fused
    assert fused.count("gdpa.attention") == 1 and "outside." not in fused and "37x37xf32" not in fused
    (folder / "fused.mlir").write_text(fused)
    succeed(build / "outside-opt", "--outside-lower-squareplus", program, "-o", folder / "plain.mlir")
    shape = (2, 3, 37, 16)
    inputs = [np.random.default_rng(number).standard_normal(shape).astype(np.float32) for number in range(4)]
    # Copies of tiles are calls of this library.
    ctypes.CDLL(f"{LLVM}/lib/libmlir_c_runner_utils.so", mode=ctypes.RTLD_GLOBAL)
    results = []
    for name, passes in (("plain", ""), ("fused", "gdpa-to-linalg")):
        library = linalg_modules.lower(folder / f"{name}.mlir", passes, folder, f"lowered-{name}")
        results += linalg_modules.call(library, inputs, [np.full(shape, np.nan, np.float32)])
    assert oracle.error(results[1], results[0].astype(np.float64)) < 1e-6


def test_outside_project():
    folder = support.BUILD / "test" / "outside"
    tools = build(folder)
    program = SOURCE / "test" / "squareplus.mlir"
    # The rule is the operation's own: y / root for x, 1 / (4 root) for b.
    differentiated = succeed(tools / "outside-opt", "--gdpa-autodiff", program)
    joint = differentiated[differentiated.index("joint("):]
    assert "outside.squareplus" in joint and "math.sqrt" in joint and "gdpa.accumulate" in joint
    lowered = succeed(tools / "outside-opt", "--outside-to-cpu=gradients=true", program)
    assert "outside." not in lowered and "llvm.func @attention_vjp" in lowered
    # A tool that does not know the dialect says so.
    unknown = support.call(support.tool("gdpa-compile"), program, "--target=cpu", "-o", folder / "none.so")
    assert unknown.returncode == support.INPUT_ERROR and "outside" in unknown.stderr
    check_numbers(tools, folder)
    check_fusion(tools, folder)
