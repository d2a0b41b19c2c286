"""A hand's tremor on a slow drift."""

import numpy as np

from blurkit._loops.jit import loop
from blurkit._loops.raster import rasterise
from blurkit._loops.smooth import cosine
from blurkit._loops.stream import (
    ONE,
    TREMOR,
    between,
    direction,
    normal,
    stream_key,
    uniform,
)

WAVES = 8  # per axis, one in each eighth of the band
_DIRECTION = np.uint64(1 << 16)
_WAVES = np.uint64(1 << 32)  # where the waves' draws start in the TREMOR stream


@loop
def centre(x):
    """Subtract the mean over time, in which the two ends count half."""
    last = x.shape[0] - 1
    mean = 0.0
    for i in range(last + 1):
        mean += x[i]
    mean = (mean - 0.5 * (x[0] + x[last])) / last
    for i in range(last + 1):
        x[i] -= mean


@loop
def add_waves(x, key, n, exposure, deviation, band):
    """Add waves of random frequency, phase and amplitude, from draws n, n + 1, ..., to x (steps,).

    Over a long time their sum has the given standard deviation; each wave's is proportional to
    1 / frequency.
    """
    frequency = np.empty(WAVES)
    power = 0.0
    for k in range(WAVES):
        f = band[0] + (band[1] - band[0]) * (k + uniform(key, n + np.uint64(4 * k))) / WAVES
        frequency[k] = f
        power += 1.0 / (f * f)
    scale = deviation / np.sqrt(power)
    tick = exposure / (x.shape[0] - 1)
    for k in range(WAVES):
        m = n + np.uint64(4 * k + 1)
        phase = uniform(key, m)
        a, b = normal(key, m + ONE), normal(key, m + ONE + ONE)
        f = frequency[k]
        amplitude = scale / f * np.sqrt(a * a + b * b)
        for i in range(x.shape[0]):
            x[i] += amplitude * cosine(f * (tick * i) + phase)


@loop
def tremor(x, y, drawn, seed, index, ranges, band):
    """Fill x, y (steps,) float64 with a path in px whose mean over time is the origin.

    ranges: (3, 2) float64, lowest and highest exposure (s), drift (px/s) and tremor (px). drawn:
    (3,) or longer, written: the numbers drawn from them. band: (2,) float64, Hz.
    """
    key = stream_key(seed, index, TREMOR)
    for i in range(3):
        drawn[i] = between(key, np.uint64(i + 1), ranges[i])
    dx, dy = direction(key, _DIRECTION)
    step = drawn[0] * drawn[1] / (x.shape[0] - 1)
    for i in range(x.shape[0]):
        x[i] = step * dx * i
        y[i] = step * dy * i
    add_waves(x, key, _WAVES, drawn[0], drawn[2], band)
    add_waves(y, key, _WAVES + np.uint64(4 * WAVES), drawn[0], drawn[2], band)
    centre(x)
    centre(y)


@loop
def fill_kernels(block, steps, ranges, band):
    """Write a block's rows; drawn: exposure, drift, tremor, shrink."""
    size, drawn = block.kernels.shape[1], block.drawn
    time, cells = np.empty((size, size)), np.empty(steps, np.int32)
    x, y = np.empty(steps), np.empty(steps)
    for row in block.rows:
        tremor(x, y, drawn[row], block.seed, block.start + np.uint64(row), ranges, band)
        drawn[row, 3] = rasterise(block.kernels[row], time, cells, x, y, block.linear)
