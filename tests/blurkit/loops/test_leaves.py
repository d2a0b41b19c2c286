"""Leaves cover their disc, and softening is its filter."""

import numpy as np
import pytest

from blurkit._loops import leaves, paint
from blurkit._loops.jit import loop


@loop
def draw(planes, columns, lefts, rights, palette, seed, radius):
    """One leaf in the middle of `planes`."""
    middle = 0.5 * (planes.shape[0] - 1)
    at = middle, middle, radius
    if radius < 6.0:
        tone = np.uint8(90), np.uint8(120), np.uint8(150)
        paint.paint_flat(planes, middle, middle, radius, tone)
        return
    key, n = np.uint64(seed), np.uint64(64)
    leaves.draw_leaf(planes, columns, lefts, rights, palette, key, n, *at, 90.0, 120.0, 150.0)


@pytest.mark.parametrize("radius", [0.4, 5.0, 12.3, 40.0])
def test_a_leaf_covers_the_pixels_within_its_radius(radius):
    side = 41
    columns, chords = np.arange(side).astype(np.int16), np.empty((2, side), np.uint64)
    palette = np.full((leaves.COLOURS, 3), 0.5)
    y, x = np.mgrid[-20:21, -20:21]
    inside = (x**2 + y**2 <= radius**2)[:, None].repeat(3, 1)
    for seed in range(5):  # plain and textured ones
        on = {ground: np.full((side, 3, side), ground, np.uint8) for ground in (0, 255)}
        for ground, planes in on.items():
            draw(planes, columns, *chords, palette, seed, radius)
            assert (planes[~inside] == ground).all()
        assert (on[0][inside] == on[255][inside]).all()


def test_softening_is_its_filter_rounded_half_up():
    planes = np.random.default_rng(0).integers(0, 256, (12, 3, 12), np.uint8)
    soft = np.empty((10, 10, 3), np.uint8)
    leaves.soften(soft.reshape(10, 30), planes.reshape(12, 36))
    scene = planes.transpose(0, 2, 1).astype(float)
    rows = 3 * scene[:-2] + 10 * scene[1:-1] + 3 * scene[2:]
    expected = (3 * rows[:, :-2] + 10 * rows[:, 1:-1] + 3 * rows[:, 2:]) / 256
    assert (soft == np.floor(expected + 0.5)).all()
