"""Cosine and exponential of the loops against NumPy's."""

import numpy as np

from blurkit._loops.smooth import cosine, exp_minus


def test_the_cosine_is_numpys():
    phases = np.concatenate([np.linspace(-1.5, 1.5, 1201), np.linspace(-900, 900, 500)])
    ours = np.array([cosine(p) for p in phases])
    theirs = np.cos(2 * np.pi * np.longdouble(1) * phases).astype(float)
    assert np.abs(ours - theirs).max() < 1e-12


def test_the_zeros_are_exact():
    # so that a horizontal line is one
    assert [cosine(q / 4) for q in (-1, 1, 3, 5)] == [0, 0, 0, 0]


def test_the_exponential_is_numpys():
    x = np.concatenate([np.linspace(0, 60, 1501), np.geomspace(1e-12, 1, 50)])
    ours = np.array([exp_minus(value) for value in x])
    assert np.abs(ours - np.exp(-x)).max() < 1e-12
    near = x < 32
    assert np.abs(ours / np.exp(-x) - 1)[near].max() < 1e-12


def test_far_away_the_exponential_vanishes():
    assert exp_minus(0.0) == 1
    assert 0 <= exp_minus(1e300) < 1e-25
