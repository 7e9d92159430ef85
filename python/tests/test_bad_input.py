"""Bad input: one error that names the operand, file or line and what was expected and found, the right exit status, no partial output.

Exit statuses: 1 input error, 2 usage. What the verifiers refuse one by one is tested in test/Dialect; here are the commands.
"""

import json
import re

import numpy as np
import pytest

import catalogue
import support

SILU = catalogue.BY_NAME["silu"].source


def edited(source, *changes):
    for old, new in changes:
        assert old in source, f"the example no longer holds {old!r}"
        source = source.replace(old, new)
    return source


def expect_error(done, status, *words):
    """Exit status, one error, every word in it, nothing on stdout."""
    assert done.returncode == status, f"exit {done.returncode}, expected {status}\n{done.stderr}"
    assert done.stdout == ""
    errors = re.findall(r"^.*\berror: ", done.stderr, flags=re.M)
    assert len(errors) == 1, f"expected one error, found {len(errors)}:\n{done.stderr}"
    for word in words:
        assert re.search(word, done.stderr), f"expected {word!r} in:\n{done.stderr}"
    assert "Stack dump" not in done.stderr and "PLEASE submit" not in done.stderr


# -- programs

RANK_THREE = edited(SILU, ("!key = tensor<?x?x?x64xf32>", "!key = tensor<?x?x64xf32>"))
HEADS = edited(SILU, ("!query = tensor<?x?x?x64xf32>", "!query = tensor<?x6x?x64xf32>"), ("!output = tensor<?x?x?x64xf32>", "!output = tensor<?x6x?x64xf32>"),
               ("!key = tensor<?x?x?x64xf32>", "!key = tensor<?x4x?x64xf32>"), ("!value = tensor<?x?x?x64xf32>", "!value = tensor<?x4x?x64xf32>"),
               ("tensor.empty(%batch, %heads, %queries)", "tensor.empty(%batch, %queries)"))
TYPES = edited(SILU, ("!key = tensor<?x?x?x64xf32>", "!key = tensor<?x?x?x64xbf16>"))
HEAD_DIMS = edited(SILU, ("!key = tensor<?x?x?x64xf32>", "!key = tensor<?x?x?x32xf32>"))
YIELD = edited(SILU, ("gdpa.yield %z : f32", "%y = arith.extf %z : f32 to f64\n        gdpa.yield %y : f64"))
FROM_ABOVE = edited(SILU, ("%z = arith.divf %s, %d : f32", "%z = arith.divf %scale, %d : f32"))
NO_DERIVATIVE = edited(SILU, ("%z = arith.divf %s, %d : f32", "%n32 = arith.bitcast %d : f32 to i32\n        %z = arith.bitcast %n32 : i32 to f32"))
CAPTURE_INDEX = edited(catalogue.BY_NAME["polynomial"].source, ("%i3 = arith.constant 3 : index", "%i3 = arith.constant 4 : index"))
SYNTAX = edited(SILU, ("scale(%scale : f32)", "skale(%scale : f32)"))

PROGRAMS = {
    "wrong-rank": (RANK_THREE, ["expected", "rank", "found"]),
    "heads-that-do-not-divide": (HEADS, ["expected", "6", "4"]),
    "mismatched-types": (TYPES, ["expected", "bf16"]),
    "mismatched-head-dims": (HEAD_DIMS, ["expected", "64", "32"]),
    "wrong-yield": (YIELD, ["expected", "f32", "f64"]),
    "value-from-above": (FROM_ABOVE, ["scale"]),
    "no-derivative": (NO_DERIVATIVE, ["arith.bitcast", "derivative"]),
    "static-capture-index-out-of-range": (CAPTURE_INDEX, ["expected", "4", "found"]),
    "syntax": (SYNTAX, ["expected", "scale"]),
    "empty": ("", ["attention"]),
}


@pytest.mark.parametrize("target", ["cpu", "reference", "sm_80"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_compile_refuses(name, target, tmp_path):
    source, words = PROGRAMS[name]
    if target == "reference" and name == "no-derivative":
        pytest.skip("central differences need no rule; the reference may know more than the kernels")
    if target == "sm_80":
        source = source.replace("xf32>", "xbf16>") if "bf16" not in source and "captures" not in source else source
    program = tmp_path / "bad.mlir"
    program.write_text(source)
    suffix = "ptx" if target == "sm_80" else "so"
    done = support.call(support.tool("gdpa-compile"), program, f"--target={target}", "--grad", "-o", tmp_path / f"k.{suffix}")
    expect_error(done, support.INPUT_ERROR, r"bad\.mlir:\d+:\d+" if source else "bad.mlir|attention", *words)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.mlir"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_opt_never_crashes(name, tmp_path):
    program = tmp_path / "bad.mlir"
    program.write_text(PROGRAMS[name][0])
    for pipeline in ((), ("--gdpa-autodiff",), ("--gdpa-to-cpu",), ("--gdpa-to-nvvm=chip=sm_80",), ("--gdpa-to-linalg",)):
        done = support.call(support.tool("gdpa-opt"), program, *pipeline)
        assert done.returncode in (0, 1), f"{pipeline}: exit {done.returncode}\n{done.stderr}"
        assert "Stack dump" not in done.stderr, done.stderr


# -- gdpa-compile's command line

@pytest.fixture
def silu(tmp_path):
    path = tmp_path / "silu.mlir"
    path.write_text(SILU)
    return path


def test_unknown_target(silu, tmp_path):
    done = support.call(support.tool("gdpa-compile"), silu, "--target=sm_10", "-o", tmp_path / "k.ptx")
    expect_error(done, support.USAGE_ERROR, "sm_10", "sm_80")


def test_f32_on_the_gpu(silu, tmp_path):
    done = support.call(support.tool("gdpa-compile"), silu, "--target=sm_80", "-o", tmp_path / "k.ptx")
    expect_error(done, support.INPUT_ERROR, "f32", "bf16", r"silu\.mlir:\d+")
    assert not (tmp_path / "k.ptx").exists() and not (tmp_path / "k.json").exists()


def test_unwritable_output(silu, tmp_path):
    done = support.call(support.tool("gdpa-compile"), silu, "--target=cpu", "-o", tmp_path / "absent" / "k.so")
    expect_error(done, support.INPUT_ERROR, "absent/k")
    assert not (tmp_path / "absent").exists()


def test_absent_program(tmp_path):
    done = support.call(support.tool("gdpa-compile"), tmp_path / "absent.mlir", "--target=cpu", "-o", tmp_path / "k.so")
    expect_error(done, support.INPUT_ERROR, r"absent\.mlir")


def test_unknown_option(silu, tmp_path):
    done = support.call(support.tool("gdpa-compile"), silu, "--target=cpu", "--fastest", "-o", tmp_path / "k.so")
    assert done.returncode == support.USAGE_ERROR
    assert "fastest" in done.stderr


# -- gdpa-run

@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    return support.compile_program(SILU, tmp_path_factory.mktemp("silu"))


def inputs():
    made = support.make_inputs(np.random.default_rng(0), "f32", 1, 2, 1, 5, 7, 64, 64)
    return {"q": made["q"], "k": made["k"], "v": made["v"]}


def saved(folder, arrays):
    """--arg options for arrays, written to files."""
    words = []
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
        words += ["--arg", f"{name}={folder / name}.npy"]
    return words


def run(kernel, tmp_path, change=None, extra=(), scale="0.125"):
    """gdpa-run with good arguments after `change` has spoilt the files."""
    words = saved(tmp_path, inputs())
    if change:
        change(tmp_path)
    out = tmp_path / "o.npy"
    done = support.call(support.tool("gdpa-run"), kernel, *words, "--arg", f"scale={scale}", "--out", f"o={out}", *extra)
    if done.returncode not in (support.RESULT, support.CHECK_FAILED):
        assert not out.exists(), "a partial output was left"
    return done


def truncate(folder):
    data = (folder / "k.npy").read_bytes()
    (folder / "k.npy").write_bytes(data[: len(data) // 2])


def fortran(folder):
    np.save(folder / "k.npy", np.asfortranarray(np.load(folder / "k.npy")))


def complex_numbers(folder):
    np.save(folder / "k.npy", np.load(folder / "k.npy").astype(np.complex64))


def three_dimensions(folder):
    np.save(folder / "k.npy", np.load(folder / "k.npy")[0])


def wrong_head_dim(folder):
    np.save(folder / "k.npy", np.load(folder / "k.npy")[..., :32].copy())


def other_length(folder):
    np.save(folder / "v.npy", np.load(folder / "v.npy")[:, :, :3].copy())


def heads_do_not_divide(folder):
    for name in "kv":
        np.save(folder / f"{name}.npy", np.repeat(np.load(folder / f"{name}.npy"), 3, axis=1))


def not_npy(folder):
    (folder / "k.npy").write_bytes(b"\x93NUMPZ" + b"\0" * 200)


FILES = {
    "missing": (lambda folder: (folder / "k.npy").unlink(), [r"k\.npy"]),
    "truncated": (truncate, [r"k\.npy", "expected", "found"]),
    "empty": (lambda folder: (folder / "k.npy").write_bytes(b""), [r"k\.npy"]),
    "fortran-order": (fortran, [r"k\.npy", "Fortran|fortran"]),
    "wrong-type": (complex_numbers, [r"k\.npy", "c8|complex"]),
    "wrong-rank": (three_dimensions, ["k", "expected", "found"]),
    "wrong-head-dim": (wrong_head_dim, ["k", "64", "32"]),
    "lengths-differ": (other_length, ["v", "7", "3"]),
    "heads-do-not-divide": (heads_do_not_divide, ["2", "3"]),
    "not-npy": (not_npy, [r"k\.npy"]),
}


@pytest.mark.parametrize("name", FILES)
def test_run_refuses_file(name, kernel, tmp_path):
    change, words = FILES[name]
    expect_error(run(kernel, tmp_path, change), support.INPUT_ERROR, *words)


def test_nan_is_computed(kernel, tmp_path):
    def spoil(folder):
        q = np.load(folder / "q.npy")
        q[0, 0, 2] = np.nan
        np.save(folder / "q.npy", q)

    done = run(kernel, tmp_path, spoil)
    assert done.returncode == support.RESULT, done.stderr
    o = np.load(tmp_path / "o.npy")
    assert np.isnan(o[0, 0, 2]).all()
    assert not np.isnan(np.delete(o[0, 0], 2, axis=0)).any() and not np.isnan(o[0, 1]).any()


def test_unknown_argument(kernel, tmp_path):
    expect_error(run(kernel, tmp_path, extra=["--arg", "queries=1"]), support.USAGE_ERROR, "queries")


def test_unknown_result(kernel, tmp_path):
    expect_error(run(kernel, tmp_path, extra=["--out", f"lse={tmp_path}/lse.npy"]), support.USAGE_ERROR, "lse")


def test_value_that_is_no_number(kernel, tmp_path):
    expect_error(run(kernel, tmp_path, scale="much"), support.USAGE_ERROR, "scale", "much")


def test_unknown_run_option(kernel, tmp_path):
    expect_error(run(kernel, tmp_path, extra=["--fast"]), support.USAGE_ERROR, "fast")


def test_unknown_run_target(silu, tmp_path):
    expect_error(run(silu, tmp_path, extra=["--target=tpu"]), support.USAGE_ERROR, "tpu")


def test_missing_argument(kernel, tmp_path):
    words = saved(tmp_path, inputs())[:4]  # no v
    done = support.call(support.tool("gdpa-run"), kernel, *words, "--arg", "scale=1")
    assert done.returncode in (support.INPUT_ERROR, support.USAGE_ERROR)
    assert re.search(r"\bv\b", done.stderr)


def test_unwritable_result(kernel, tmp_path):
    words = saved(tmp_path, inputs())
    done = support.call(support.tool("gdpa-run"), kernel, *words, "--arg", "scale=1", "--out", f"o={tmp_path}/absent/o.npy")
    expect_error(done, support.INPUT_ERROR, "absent/o.npy")


# -- launch descriptions

def broken_description(kernel, tmp_path, change):
    description = json.loads(kernel.read_text())
    for name in (description["code"]["file"],):
        (tmp_path / name).write_bytes((kernel.parent / name).read_bytes())
    text = change(description)
    path = tmp_path / kernel.name
    path.write_text(text if isinstance(text, str) else json.dumps(description))
    return path


DESCRIPTIONS = {
    "not-json": (lambda d: "{", [r"k\.json"]),
    "no-version": (lambda d: d.pop("gdpa_launch") and None, ["gdpa_launch"]),
    "unknown-version": (lambda d: d.update(gdpa_launch=99), ["gdpa_launch|version", "99"]),
    "foreign": (lambda d: '{"name": "package", "version": "1.0.0"}', [r"k\.json"]),
    "code-absent": (lambda d: d["code"].update(file="absent.so"), [r"absent\.so"]),
    "code-changed": (lambda d: d["code"].update(sha256="0" * 64), ["sha256"]),
    "no-entries": (lambda d: d.pop("entries") and None, ["entries"]),
    "unknown-symbol": (lambda d: d["arguments"][0].update(shape=["B", "Hq", "Nowhere", 64]), ["Nowhere"]),
}


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_run_refuses_description(name, kernel, tmp_path):
    change, words = DESCRIPTIONS[name]
    path = broken_description(kernel, tmp_path, change)
    expect_error(run(path, tmp_path), support.INPUT_ERROR, *words)


@pytest.fixture(scope="module")
def gpu_kernel(tmp_path_factory):
    return support.compile_program(support.specialise(SILU, "bf16"), tmp_path_factory.mktemp("gpu"), target="sm_80")


@pytest.mark.skipif(support.has_gpu(), reason="this machine has a GPU")
def test_no_gpu(gpu_kernel, tmp_path):
    expect_error(run(gpu_kernel, tmp_path), support.INPUT_ERROR, "GPU|CUDA|libcuda")


def test_wrong_gpu(gpu_kernel, tmp_path):
    """A kernel for a device that does not exist yet: refused by name, with or without a GPU."""
    path = broken_description(gpu_kernel, tmp_path, lambda d: d.update(target="sm_999"))
    expect_error(run(path, tmp_path), support.INPUT_ERROR, "sm_999|GPU|CUDA|libcuda")


def test_description_follows_its_schema(kernel, gpu_kernel):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((support.ROOT / "docs" / "launch.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    for path in (kernel, kernel.with_name("k.reference.json"), gpu_kernel):
        jsonschema.validate(json.loads(path.read_text()), schema)
    broken = {**json.loads(kernel.read_text()), "gdpa_launch": 2}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema)
