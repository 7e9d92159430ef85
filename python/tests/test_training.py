"""A learned activation is trained on the CPU kernels: the spline's table descends towards the table that made the targets."""

import numpy as np

import catalogue
import support


def test_spline_learns_its_table(tmp_path):
    path = support.compile_program(catalogue.BY_NAME["spline"].source, tmp_path, reference=False)
    rng = np.random.default_rng(1)
    heads, rows = 2, 64
    inputs = {name: rng.standard_normal((2, heads, rows, 64)).astype(np.float32) for name in "qkv"}
    knots = np.linspace(-4, 4, 17)
    target_table = np.stack([np.tanh(knots), np.maximum(knots, 0)]).astype(np.float32)

    def run(table, **more):
        done = support.run_kernel(path, {**inputs, **more, "table": table, "scale": 0.125}, tmp_path, grad=bool(more),
                                  outputs=("o", "d_table") if more else ("o",))
        assert done.status == support.RESULT, done.stderr
        return done.arrays

    target = run(target_table)["o"]
    table = np.zeros_like(target_table)
    losses, moment, square = [], 0.0, 0.0
    for step in range(1, 26):  # Adam
        difference = run(table)["o"] - target
        losses.append(float((difference**2).mean()))
        gradient = run(table, do=2 * difference / difference.size)["d_table"]
        moment, square = 0.8 * moment + 0.2 * gradient, 0.95 * square + 0.05 * gradient**2
        table = (table - 0.15 * (moment / (1 - 0.8**step)) / (np.sqrt(square / (1 - 0.95**step)) + 1e-12)).astype(np.float32)
    assert losses[-1] < 0.02 * losses[0], losses
