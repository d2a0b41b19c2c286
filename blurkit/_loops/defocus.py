"""The disc of a lens out of focus, integrated over the pixels."""

import numpy as np

from blurkit._loops.jit import loop
from blurkit._loops.stream import DISC, between, stream_key

_SLICES = 32  # per pixel, across which its share of the disc is summed


@loop
def unfold(kernel, quarter):
    """Write kernel (K, K) float32 of sum 1 from its lower right quarter (K//2 + 1, K//2 + 1)."""
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
    """Write kernel (K, K) float32, a uniform disc, and drawn (2,) float64: radius, shrink.

    ranges: (1, 2) float64, lowest and highest radius. Each pixel is divided into slices whose
    chords are exact. The average with the transpose gives the kernel all symmetries of a square.
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
def fill_kernels(block, ranges):
    """Write a block's rows; drawn: radius, shrink."""
    for row in block.rows:
        index = block.start + np.uint64(row)
        disc(block.kernels[row], block.drawn[row], block.seed, index, ranges)
