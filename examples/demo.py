"""make demo: every example on scikit-learn's digits, forward and backward on the CPU, in one table.

q, k and v are patches of the digits' images, projected by random matrices of a fixed seed. Errors are relative Frobenius
errors against the reference target (f64 loops, derivatives by central differences). The unfused decomposition is the
same computation with the score matrix stored: numpy in float32 (two matrix products forward, five backward, the
activation's derivative by a central difference). Times are medians; memory is the peak of the process's resident set above what it
was before the call, each measured in a process of its own.
"""

import argparse
import json
import math
import multiprocessing
import pathlib
import resource
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "python" / "tests")]
import catalogue  # noqa: E402
import support  # noqa: E402

BATCH, HEADS, KEY_HEADS, LENGTH, DIM = 1, 4, 2, 512, 64
CHECKED_LENGTH = 128


def digits(length, dtype):
    """q, k, v, do as [batch, heads, length, DIM]: one 2x2 patch a token, projected; standardised."""
    from oracle import round_to
    from sklearn.datasets import load_digits

    images = load_digits().images  # 1797 x 8 x 8
    patches = images.reshape(-1, 4, 2, 4, 2).transpose(0, 1, 3, 2, 4).reshape(-1, 4)[: BATCH * length]
    patches = (patches - patches.mean(0)) / (patches.std(0) + 1e-6)
    random = np.random.default_rng(0)

    def project(heads):
        weights = random.standard_normal((heads, 4, DIM)) / 2
        rows = np.einsum("nc,hcd->hnd", patches, weights).reshape(heads, BATCH, length, DIM).transpose(1, 0, 2, 3)
        return round_to(rows, dtype).astype(np.float32)

    return {"q": project(HEADS), "k": project(KEY_HEADS), "v": project(KEY_HEADS), "do": project(HEADS)}
