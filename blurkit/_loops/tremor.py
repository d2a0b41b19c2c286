"""A hand's tremor on a slow drift, and the straight line: paths without memory."""

import numpy as np

from blurkit._loops.jit import loop
from blurkit._loops.smooth import cosine
from blurkit._loops.stream import (
    LINE,
    ONE,
    TREMOR,
    between,
    direction,
    normal,
    stream_key,
    uniform,
)

WAVES = 8  # along each axis, one in each eighth of the band
_DIRECTION = np.uint64(1 << 16)
_WAVES = np.uint64(1 << 32)  # the waves' draws start here in the TREMOR stream
_TURN = 1.0 / 360.0  # a degree, in turns


@loop
def centre(x):
    """Move the mean over time to 0."""
    last = x.shape[0] - 1
    mean = 0.0
    for i in range(last + 1):
        mean += x[i]
    mean = (mean - 0.5 * (x[0] + x[last])) / last
    for i in range(last + 1):
        x[i] -= mean


@loop
def add_waves(x, key, n, exposure, deviation, band):
    """Add to x (steps,) waves of random frequency, phase and strength, from draws n, n + 1, ...

    Over a long time their sum has this standard deviation; a wave's falls as 1 / frequency.
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
    """Fill x, y (steps,) float64 with a path in px, its mean over time at the origin.

    ranges: (3, 2) float64, lowest and highest exposure, drift and tremor, which are drawn into
    drawn (3,); band: (2,) float64, Hz.
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
def line(x, y, drawn, seed, index, ranges):
    """Fill x, y (steps,) with a straight line about the origin; drawn (2,): length, angle."""
    key = stream_key(seed, index, LINE)
    for i in range(2):
        drawn[i] = between(key, np.uint64(i + 1), ranges[i])
    turn = drawn[1] * _TURN
    c, s = drawn[0] * cosine(turn), -drawn[0] * cosine(turn - 0.25)  # y points down
    last = x.shape[0] - 1
    for i in range(last + 1):
        t = i / last - 0.5
        x[i], y[i] = t * c, t * s
