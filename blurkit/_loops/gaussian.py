"""Blur without a path, integrated over the pixels: a defocus disc and a Gaussian."""

import numpy as np

from blurkit._loops.jit import loop
from blurkit._loops.smooth import cosine, exp_minus
from blurkit._loops.stream import DISC, GAUSSIAN, between, stream_key

REACH = 4.0  # standard deviations at which a Gaussian ends
_SLICES = 32  # in which a pixel's share of a disc is measured
_THINNEST = 0.1  # px: a Gaussian with no larger deviation lies within a pixel
_NODE = 0.3872983346207417  # sqrt(3/5) / 2: the outer nodes of Gauss and Legendre's three
_OUTER, _INNER = 5.0 / 18.0, 8.0 / 18.0
_TURN = 1.0 / 360.0


@loop
def unfold(kernel, quarter):
    """Write kernel (K, K) of sum 1 from its lower right quarter (K//2 + 1, K//2 + 1) float64."""
    half = kernel.shape[0] // 2
    total = 0.0
    for r in range(half + 1):
        for c in range(half + 1):
            total += quarter[r, c] * (1.0 + (r > 0)) * (1.0 + (c > 0))
    for r in range(half + 1):
        for c in range(half + 1):
            value = quarter[r, c] / total
            kernel[half + r, half + c] = value
            kernel[half + r, half - c] = value
            kernel[half - r, half + c] = value
            kernel[half - r, half - c] = value


@loop
def disc(kernel, drawn, seed, index, ranges):
    """Write kernel (K, K) float32: a disc of even light; drawn (2,): radius, factor of shrinking.

    Within each of a pixel's slices the chord is exact. Rows and columns are exchanged and averaged,
    so that the kernel has all symmetries of a square.
    """
    drawn[0] = between(stream_key(seed, index, DISC), np.uint64(1), ranges[0])
    half, room = kernel.shape[0] // 2, 0.5 * kernel.shape[0]
    radius = min(drawn[0], room)
    drawn[1] = radius / drawn[0] if drawn[0] > room else 1.0
    quarter = np.zeros((half + 1, half + 1))
    if radius <= 0.5:
        quarter[0, 0] = 1.0
    else:
        for r in range(min(half, int(radius + 0.5)) + 1):
            for i in range(_SLICES):
                y = r - 0.5 + (i + 0.5) / _SLICES
                if abs(y) < radius:
                    chord = np.sqrt(radius * radius - y * y)
                    quarter[r, 0] += 2.0 * min(chord, 0.5)
                    for c in range(1, min(half, int(chord + 0.5)) + 1):
                        quarter[r, c] += min(chord - c + 0.5, 1.0)
        for r in range(half + 1):
            for c in range(r):
                quarter[r, c] = quarter[c, r] = 0.5 * (quarter[r, c] + quarter[c, r])
    unfold(kernel, quarter)


@loop
def add_row(total, y, weight, xx, xy, yy, cells):
    """Add to total (K,) weight * exp(-q / 2) along the line y, integrated over each pixel in x."""
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
    """Write kernel (K, K) float32: a Gaussian that ends at the ellipse of REACH deviations.

    ranges: (3, 2) float64, lowest and highest sigma, ratio and angle, which are drawn into drawn
    (4,), before the factor of shrinking. Each pixel is cut into cells, no wider than 1.7 of the
    smaller deviation, with three nodes of Gauss and Legendre along each axis.
    """
    key = stream_key(seed, index, GAUSSIAN)
    for i in range(3):
        drawn[i] = between(key, np.uint64(i + 1), ranges[i])
    half, room = kernel.shape[0] // 2, 0.5 * kernel.shape[0]
    turn = drawn[2] * _TURN
    c, s = cosine(turn), -cosine(turn - 0.25)  # y points down
    major, minor = drawn[0] * drawn[0], drawn[0] * drawn[1] * (drawn[0] * drawn[1])
    wide = REACH * np.sqrt(max(c * c * major + s * s * minor, s * s * major + c * c * minor))
    drawn[3] = room / wide if wide > room else 1.0
    major = max(drawn[3] * drawn[0], _THINNEST)
    minor = max(drawn[3] * drawn[0] * drawn[1], _THINNEST)
    a, b = 1.0 / (major * major), 1.0 / (minor * minor)
    xx, xy, yy = c * c * a + s * s * b, c * s * (a - b), s * s * a + c * c * b

    cells = int(np.ceil(0.6 / minor))
    wide = REACH * np.sqrt(c * c / a + s * s / b)  # of the ellipse, in x and in y
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
    everything = 0.0
    for r in range(half + 1):
        for i in range(2 * half + 1):
            everything += total[r, i] * (1.0 + (r > 0))
    for r in range(half + 1):
        for i in range(2 * half + 1):
            value = total[r, i] / everything
            kernel[half + r, i] = value
            kernel[half - r, 2 * half - i] = value
