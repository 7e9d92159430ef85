"""Runs a compiled random program and says what is wrong with its results: against the reference target and numpy in float64."""

import math

import numpy as np

import oracle
import support

# of a result that is zero in exact arithmetic: s - s is none where a product and a difference become one operation
ROUNDING = 1e-6


def allowed(case, inputs, scale, captures, want):
    """The largest error of a result; `want` is o in float64."""
    bound = support.TOLERANCE[case.dtype]
    if case.dtype not in ("f32", "f64"):
        bound = max(bound, 2 * oracle.error(case.forward(inputs, scale, captures, eager=True)[0], want))
    return bound


def forward_difference(results, expected, bound):
    """What is wrong with o and stats (arrays by name) beside those of numpy, or None."""
    for name, want in zip(("o", "stats"), expected):
        if want is None:
            continue
        finite = np.isfinite(want)  # lse is -inf where nothing is kept
        found = oracle.error(np.where(finite, results[name], 0), np.where(finite, want, 0))
        if not want[finite].any() and np.abs(results[name][finite]).max(initial=0) <= ROUNDING:
            found = 0.0
        if not found <= bound or (results[name] != want)[~finite].any():
            return f"{name}: error {found} against numpy, at most {bound}"
    return None


def differences(case, seed, description, folder, options=()):
    """What is wrong with a case, or None; `description` is the launch description of its artefact."""
    rng = np.random.default_rng(seed)
    inputs = case.make_inputs(rng)
    captures = case.make_captures(rng)
    scale = float(np.float32(1 / np.sqrt(case.d)))
    names = ["o", "dq", "dk", "dv", *(f"d_{name}" for name in case.learned())]
    if case.normalizer != "none":
        names.insert(1, "stats")
    done = support.run_kernel(description, {**inputs, **captures, "scale": scale}, folder, outputs=names, grad=True,
                              options=["--check", *options])
    if done.status not in (support.RESULT, support.CHECK_FAILED):
        return done.stderr
    expected = case.forward(inputs, scale, captures)
    bound = allowed(case, inputs, scale, captures, expected[0])
    for name in names:
        line = done.lines[name]
        everything_left_out = line["error"] is None and line["left_out"] == np.prod(line["shape"])
        zero = line["error"] is not None and math.isinf(float(line["error"])) and np.abs(done.arrays[name]).max() <= ROUNDING
        if not everything_left_out and not zero and (line["error"] is None or not float(line["error"]) <= bound):
            return f"{name}: error {line['error']} against the reference, at most {bound}"
        if line.get("identical") is False:
            return f"{name}: repeated launches differ"
    return forward_difference(done.arrays, expected, bound)
