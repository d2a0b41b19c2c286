"""The Gaussian, integrated over the pixels."""

import numpy as np

from blurkit._loops.jit import loop
from blurkit._loops.smooth import DEGREE, cosine, exp_minus
from blurkit._loops.stream import GAUSSIAN, between, stream_key

REACH = 4.0  # standard deviations at which a Gaussian is cut off
_THINNEST = 0.1  # px: smaller deviations are raised to this, still well within one pixel
_NODE = 0.3872983346207417  # sqrt(3/5) / 2: the outer nodes of three-point Gauss-Legendre
_OUTER, _INNER = 5.0 / 18.0, 8.0 / 18.0


@loop
def add_row(total, y, weight, xx, xy, yy, cells):
    """Add weight * exp(-q / 2) along the line y, integrated over each pixel in x, to total (K,)."""
    half = total.shape[0] // 2
    b, c = 2.0 * xy * y, yy * y * y
    for cell in range(cells):
        middle = (cell + 0.5) / cells - 0.5
        for node in range(-1, 2):
            share = weight * (_INNER if node == 0 else _OUTER)
            at = middle + node * _NODE / cells - half
            for i in range(total.shape[0]):
                x = i + at
                q = x * (xx * x + b) + c
                total[i] += share * exp_minus(0.5 * q) * (q <= REACH * REACH)


@loop
def gaussian(kernel, drawn, seed, index, ranges):
    """Write kernel (K, K) float32: a Gaussian cut off at the ellipse of REACH deviations.

    ranges: (3, 2) float64, lowest and highest sigma, ratio and angle. drawn: (4,) float64, written:
    the numbers drawn from them, then the shrink factor. Each pixel is divided into cells no wider
    than 1.7 times the smaller deviation; each cell has three Gauss-Legendre nodes per axis.
    """
    key = stream_key(seed, index, GAUSSIAN)
    for i in range(3):
        drawn[i] = between(key, np.uint64(i + 1), ranges[i])
    half, room = kernel.shape[0] // 2, 0.5 * kernel.shape[0]
    turn = drawn[2] * DEGREE
    c, s = cosine(turn), -cosine(turn - 0.25)  # y points down
    major, minor = drawn[0] * drawn[0], drawn[0] * drawn[1] * (drawn[0] * drawn[1])
    wide = REACH * np.sqrt(max(c * c * major + s * s * minor, s * s * major + c * c * minor))
    drawn[3] = room / wide if wide > room else 1.0
    major = max(drawn[3] * drawn[0], _THINNEST)
    minor = max(drawn[3] * drawn[0] * drawn[1], _THINNEST)
    a, b = 1.0 / (major * major), 1.0 / (minor * minor)
    xx, xy, yy = c * c * a + s * s * b, c * s * (a - b), s * s * a + c * c * b

    cells = int(np.ceil(0.6 / minor))
    wide = REACH * np.sqrt(c * c / a + s * s / b)  # half extents of the ellipse in x and y
    high = REACH * np.sqrt(s * s / a + c * c / b)
    left = half - min(half, int(wide + 0.5))
    total = np.zeros((half + 1, 2 * half + 1))
    for r in range(min(half, int(high + 0.5)) + 1):
        row = total[r, left : 2 * half + 1 - left]
        for cell in range(cells):
            middle = r + (cell + 0.5) / cells - 0.5
            for node in range(-1, 2):
                share = _INNER if node == 0 else _OUTER
                add_row(row, middle + node * _NODE / cells, share, xx, xy, yy, cells)
    for i in range(half + 1):  # the middle row is its own mirror image
        total[0, half + i] = total[0, half - i] = 0.5 * (total[0, half + i] + total[0, half - i])
    volume = 0.0
    for r in range(half + 1):
        for i in range(2 * half + 1):
            volume += total[r, i] * (1.0 + (r > 0))
    for r in range(half + 1):
        for i in range(2 * half + 1):
            value = total[r, i] / volume
            kernel[half + r, i] = value
            kernel[half - r, 2 * half - i] = value


@loop
def fill_kernels(block, ranges):
    """Write a block's rows; drawn: sigma, ratio, angle, shrink."""
    for row in block.rows:
        index = block.start + np.uint64(row)
        gaussian(block.kernels[row], block.drawn[row], block.seed, index, ranges)
