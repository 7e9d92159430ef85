"""Jagged batches (layout thd) on the CPU, forward and backward: numbers, neighbours full of NaN, bounds that are wrong."""

import numpy as np
import pytest

import artefact
import catalogue
import jagged
import oracle
import support

HEADS, KEY_HEADS = 4, 2


def compile_example(name, folder, dtype, d=64, dv=64, reference=False):
    source = catalogue.BY_NAME[name].source
    if not name.startswith("jagged"):
        source = support.as_layout(source, "thd")
    return support.compile_program(support.specialise(source, dtype, d, dv), folder, reference=reference)


def make_captures(example, rng, lengths):
    sizes = {"B": len(lengths[0]), "Hq": HEADS, "Hkv": KEY_HEADS, "Sq": max(lengths[0]), "Sk": max(lengths[1])}
    return {name: make(rng, sizes) for name, make in example.captures.items()}


# captures read at one position, at both, at the score; integers; a mask that compares ends; normalizers
OTHERS = ("sigmoid-bias", "learned-temperature", "relative-position", "spline", "document-mask", "causal", "softmax-soft-cap", "relu-normalized")
CASES = [*((example.name, *kind) for example in catalogue.JAGGED for kind in (("f32", 64, 64), ("f32", 40, 24), ("bf16", 64, 40), ("f16", 24, 64))),
         *((name, "f32", 64, 64) for name in OTHERS)]


@pytest.mark.parametrize("name, dtype, d, dv", CASES)
def test_numbers(name, dtype, d, dv, tmp_path):
    example = catalogue.BY_NAME[name]
    path = compile_example(name, tmp_path, dtype, d, dv)
    scale = float(np.float32(1 / np.sqrt(d)))
    for lengths in jagged.BATCHES:
        rng = np.random.default_rng(2)
        inputs = jagged.make_inputs(rng, dtype, lengths, HEADS, KEY_HEADS, d, dv)
        captures = make_captures(example, rng, lengths)
        names = ["o", "dq", "dk", "dv", *(f"d_{learned}" for learned in example.learned)]
        done = support.run_kernel(path, {**inputs, **captures, "scale": scale}, tmp_path, outputs=names, grad=True)
        assert done.status == support.RESULT, done.stderr
        for result, (want, absolute) in jagged.expected(example, inputs, lengths, scale, captures).items():
            found = oracle.error(done.arrays[result], want, absolute)
            assert found <= support.TOLERANCE[dtype], f"{lengths} {result}: error {found}"


@pytest.mark.parametrize("name", [example.name for example in catalogue.JAGGED])
def test_check_against_the_reference(name, tmp_path):
    example = catalogue.BY_NAME[name]
    path = compile_example(name, tmp_path, "f32", reference=True)
    lengths = jagged.BATCHES[1]
    rng = np.random.default_rng(3)
    inputs = jagged.make_inputs(rng, "f32", lengths, HEADS, KEY_HEADS, 64, 64)
    captures = make_captures(example, rng, lengths)
    done = support.run_kernel(path, {**inputs, **captures, "scale": 0.125}, tmp_path, outputs=(), grad=True, options=["--check"])
    assert done.status == support.RESULT, done.stderr
    assert len(done.lines) == 4 + len(example.learned)


def call_both(path, inputs, captures, dtype):
    """All results through the C interface, outputs poisoned; the last programs run first, each in fresh scratch full of NaN."""
    arrays = {"scale": np.array(0.125, np.float32), "cu_seqlens_q": inputs["cu_seqlens_q"], "cu_seqlens_k": inputs["cu_seqlens_k"],
              **{name: np.asarray(value) for name, value in captures.items()}}
    arrays |= {name: artefact.bits(inputs[name], dtype) for name in ("q", "k", "v", "do")}
    for result, like in (("o", "do"), ("dq", "q"), ("dk", "k"), ("dv", "v")):
        arrays[result] = artefact.bits(np.full(inputs[like].shape, np.nan, np.float32), dtype)
    for name, value in captures.items():
        arrays[f"d_{name}"] = np.full(np.shape(value), np.nan, np.float32)
    artefact.call_entry(path, "forward", arrays)
    artefact.call_entry(path, "backward", arrays, chunk=3)
    return arrays


@pytest.mark.parametrize("dtype", ["f32", "bf16"])
@pytest.mark.parametrize("name", ["jagged-silu", "jagged-decay"])
def test_neighbours_never_enter(name, dtype, tmp_path):
    """A sequence's results are the same, bit by bit, whatever stands in the others: numbers, NaN or infinities."""
    path = compile_example(name, tmp_path, dtype)
    example = catalogue.BY_NAME[name]
    for lengths in jagged.BATCHES[:3]:
        rng = np.random.default_rng(4)
        inputs = jagged.make_inputs(rng, dtype, lengths, HEADS, KEY_HEADS, 64, 64)
        captures = make_captures(example, rng, lengths)
        clean = call_both(path, inputs, captures, dtype)
        for poison in (np.nan, np.inf):
            for b, rows, columns in jagged.sequences(lengths):
                dirty = {n: x.copy() for n, x in inputs.items()}
                for n, where in (("q", rows), ("k", columns), ("v", columns), ("do", rows)):
                    dirty[n][:] = poison
                    dirty[n][where] = inputs[n][where]
                found = call_both(path, dirty, captures, dtype)
                for result, where in (("o", rows), ("dq", rows), ("dk", columns), ("dv", columns)):
                    same = found[result][where].tobytes() == clean[result][where].tobytes()
                    assert same, f"{lengths}: sequence {b}, {result} depends on another sequence ({poison})"


@pytest.mark.parametrize("argument, bounds, words", [
    ("cu_seqlens_q", (0, 5, 4, 10), ("element 2", "at least 5", "found 4")),
    ("cu_seqlens_q", (0, 5, 5, 9), ("element 3", "expected 10", "rows of 'q'", "found 9")),
    ("cu_seqlens_q", (1, 5, 5, 10), ("element 0", "expected 0", "found 1")),
    ("cu_seqlens_k", (0, 5, 5, 14), ("element 3", "expected 12", "rows of 'k'", "found 14")),
    ("cu_seqlens_k", (0, -3, 5, 12), ("element 1", "at least 0", "found -3")),
    ("cu_seqlens_k", (0, 5, 12), ("cu_seqlens_k", "expected 4", "found 3")),
    ("cu_seqlens_k", (), ("cu_seqlens_k", "one element more than there are sequences", "found 0")),
])
@pytest.mark.parametrize("grad", [False, True])
def test_wrong_bounds_are_refused(argument, bounds, words, grad, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "wrong-bounds"
    if not folder.exists():
        folder.mkdir()
        compile_example("jagged-silu", folder, "f32")
    inputs = jagged.make_inputs(np.random.default_rng(5), "f32", ((5, 0, 5), (5, 0, 7)), HEADS, KEY_HEADS, 64, 64)
    inputs[argument] = np.array(bounds, np.int32)
    if not grad:
        del inputs["do"]
    done = support.run_kernel(folder / "k.json", {**inputs, "scale": 0.125}, folder, grad=grad)
    assert done.status == support.INPUT_ERROR
    for word in words:
        assert word in done.stderr, done.stderr


def test_wild_bounds_touch_nothing_outside(tmp_path):
    """Called without the runtime's checks, the kernels clamp: nothing around the tensors is read into a result or written."""
    path = compile_example("jagged-silu", tmp_path, "f32")
    wild = {"cu_seqlens_q": np.array([-5, 4, 2, 100], np.int32), "cu_seqlens_k": np.array([3, 1, 50, 2**31 - 1], np.int32)}
    rng = np.random.default_rng(6)
    arrays, memories = {"scale": np.array(0.125, np.float32), **wild}, {}
    for name, heads, rows, like in (("q", 4, 10, None), ("k", 2, 12, None), ("v", 2, 12, None), ("do", 4, 10, None), ("o", 4, 10, "o"),
                                    ("dq", 4, 10, "o"), ("dk", 2, 12, "o"), ("dv", 2, 12, "o")):
        memory = np.full((rows + 64, heads, 64), np.nan, np.float32)
        arrays[name], memories[name] = memory[32 : rows + 32], memory
        arrays[name][...] = 0.0 if like else rng.standard_normal((rows, heads, 64))
    artefact.call_entry(path, "forward", arrays)
    artefact.call_entry(path, "backward", arrays)
    for name, memory in memories.items():
        assert np.isfinite(arrays[name]).all(), f"{name}: something outside a tensor entered"
        assert np.isnan(memory[:32]).all() and np.isnan(memory[len(arrays[name]) + 32 :]).all(), f"{name}: written outside"


def test_bounds_of_64_bits_and_other_names(tmp_path):
    """Bounds may be i64; gdpa.name gives the names that gdpa-run takes."""
    source = catalogue.BY_NAME["jagged-silu"].source.replace("tensor<?xi32>", "tensor<?xi64>")
    source = source.replace('gdpa.name = "cu_seqlens_q"', 'gdpa.name = "first_query"').replace('gdpa.name = "cu_seqlens_k"', 'gdpa.name = "first_key"')
    path = support.compile_program(source, tmp_path)
    lengths = jagged.BATCHES[0]
    inputs = jagged.make_inputs(np.random.default_rng(7), "f32", lengths, HEADS, KEY_HEADS, 64, 64)
    inputs["first_query"] = inputs.pop("cu_seqlens_q").astype(np.int64)
    inputs["first_key"] = inputs.pop("cu_seqlens_k").astype(np.int64)
    done = support.run_kernel(path, {**inputs, "scale": 0.125}, tmp_path, grad=True, outputs=(), options=["--check"])
    assert done.status == support.RESULT, done.stderr
