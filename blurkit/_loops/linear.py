"""The straight line."""

import numpy as np

from blurkit._loops.jit import loop
from blurkit._loops.raster import rasterise
from blurkit._loops.smooth import DEGREE, cosine
from blurkit._loops.stream import LINE, between, stream_key


@loop
def line(x, y, drawn, seed, index, ranges):
    """Fill x, y (steps,) with a line centred on the origin, in px; drawn: length, angle."""
    key = stream_key(seed, index, LINE)
    for i in range(2):
        drawn[i] = between(key, np.uint64(i + 1), ranges[i])
    turn = drawn[1] * DEGREE
    c, s = drawn[0] * cosine(turn), -drawn[0] * cosine(turn - 0.25)  # y points down
    last = x.shape[0] - 1
    for i in range(last + 1):
        t = i / last - 0.5
        x[i], y[i] = t * c, t * s


@loop
def fill_kernels(block, steps, ranges):
    """Write a block's rows; drawn: length, angle, shrink."""
    size, drawn = block.kernels.shape[1], block.drawn
    time, cells = np.empty((size, size)), np.empty(steps, np.int32)
    x, y = np.empty(steps), np.empty(steps)
    for row in block.rows:
        line(x, y, drawn[row], block.seed, block.start + np.uint64(row), ranges)
        drawn[row, 2] = rasterise(block.kernels[row], time, cells, x, y, block.linear)
