"""Convolution by shift and add over the taps that are not zero."""

import numpy as np

from blurkit._loops.jit import loop

_BLOCK = 512  # values of a row worked on at once, so that what they need stays in the cache


@loop
def collect_taps(kernel, row_stride, channels, offsets, weights):
    """List the non-zero taps of `kernel` (K, K), flipped: a true convolution. Returns how many."""
    last = kernel.shape[0] - 1
    count = 0
    for row in range(last + 1):
        for column in range(last + 1):
            weight = kernel[last - row, last - column]
            if weight != 0.0:
                offsets[count] = row * row_stride + column * channels
                weights[count] = weight
                count += 1
    return count


@loop
def add_taps(total, plane, origin, offsets, weights, count):
    """total[j] = sum over taps of weights[t] * plane[origin + offsets[t] + j]; all 1-D."""
    n = total.shape[0]
    ahead = count % 4
    total[:] = 0.0
    for t in range(ahead):
        w = weights[t]
        a = plane[origin + offsets[t] :]
        for j in range(n):
            total[j] += w * a[j]
    for t in range(ahead, count, 4):
        w, x, y, z = weights[t], weights[t + 1], weights[t + 2], weights[t + 3]
        a = plane[origin + offsets[t] :]
        b = plane[origin + offsets[t + 1] :]
        c = plane[origin + offsets[t + 2] :]
        d = plane[origin + offsets[t + 3] :]
        for j in range(n):
            total[j] += (w * a[j] + x * b[j]) + (y * c[j] + z * d[j])


@loop
def blur_integers(blurred, plane, stride, kernel, channels):
    """Write blurred (H-K+1, (W-K+1)*C) uint8 or uint16, rounded half up and clipped.

    plane: (H*W*C,) float32, the image; stride: W*C; kernel: (K, K) float32.
    """
    height, width = blurred.shape
    offsets = np.empty(kernel.size, np.int64)
    weights = np.empty(kernel.size, np.float32)
    count = collect_taps(kernel, stride, channels, offsets, weights)
    half, zero = np.float32(0.5), np.float32(0.0)
    top = np.float32(256**blurred.itemsize - 1)
    total = np.empty(min(width, _BLOCK), np.float32)
    for left in range(0, width, _BLOCK):
        part = total[: min(_BLOCK, width - left)]
        for row in range(height):
            add_taps(part, plane, row * stride + left, offsets, weights, count)
            out = blurred[row, left:]
            for j in range(part.shape[0]):
                out[j] = np.int32(min(max(part[j] + half, zero), top))


@loop
def blur_floats(blurred, plane, stride, kernel, channels):
    """Write blurred (H-K+1, (W-K+1)*C) float32 or float64; plane and kernel of the same dtype."""
    height, width = blurred.shape
    offsets = np.empty(kernel.size, np.int64)
    weights = np.empty(kernel.size, kernel.dtype)
    count = collect_taps(kernel, stride, channels, offsets, weights)
    for left in range(0, width, _BLOCK):
        for row in range(height):
            total = blurred[row, left : min(left + _BLOCK, width)]
            add_taps(total, plane, row * stride + left, offsets, weights, count)
