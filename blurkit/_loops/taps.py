"""Convolution by shift and add over the non-zero taps.

Most of the time goes into memory traffic: reading the image and, once per pass, the sum. So four,
eight or twelve taps share a pass, and the taps are padded to a multiple of four with zero weights.
The order of additions depends only on the number of taps.
"""

import numpy as np

from blurkit._loops.jit import loop

_BLOCK = 768  # values of a row processed at once, few enough to stay in the cache
_STRIP = 1 << 16  # values of the image converted at once, likewise


@loop
def collect_taps(kernel, row_stride, channels, offsets, weights):
    """List the non-zero taps of kernel (K, K), flipped, for a true convolution.

    offsets, weights: (K*K + 4,), written. Returns the number of taps, padded to a multiple of 4
    and at least 4 by taps of weight 0, which repeat the first offset.
    """
    last = kernel.shape[0] - 1
    count = 0
    offsets[0] = 0
    for row in range(last + 1):
        for column in range(last + 1):
            weight = kernel[last - row, last - column]
            if weight != 0.0:
                offsets[count] = row * row_stride + column * channels
                weights[count] = weight
                count += 1
    while count % 4 or count == 0:
        offsets[count] = offsets[0]
        weights[count] = 0.0
        count += 1
    return count


@loop
def add_four(total, plane, offsets, weights):
    """total[j] = sum over t < 4 of weights[t] * plane[offsets[t] + j]; all 1-D."""
    w, x, y, z = weights[0], weights[1], weights[2], weights[3]
    a, b, c, d = plane[offsets[0] :], plane[offsets[1] :], plane[offsets[2] :], plane[offsets[3] :]
    for j in range(total.shape[0]):
        total[j] = (w * a[j] + x * b[j]) + (y * c[j] + z * d[j])


@loop
def add_twelve(total, plane, offsets, weights):
    """Like `add_four`, for twelve taps."""
    w, x, y, z = weights[0], weights[1], weights[2], weights[3]
    a, b, c, d = plane[offsets[0] :], plane[offsets[1] :], plane[offsets[2] :], plane[offsets[3] :]
    p, q, r, s = weights[4], weights[5], weights[6], weights[7]
    e, f, g, h = plane[offsets[4] :], plane[offsets[5] :], plane[offsets[6] :], plane[offsets[7] :]
    t, u, v, o = weights[8], weights[9], weights[10], weights[11]
    i, k, m, n = (
        plane[offsets[8] :],
        plane[offsets[9] :],
        plane[offsets[10] :],
        plane[offsets[11] :],
    )
    for j in range(total.shape[0]):
        one = (w * a[j] + x * b[j]) + (y * c[j] + z * d[j])
        two = (p * e[j] + q * f[j]) + (r * g[j] + s * h[j])
        total[j] = (one + two) + ((t * i[j] + u * k[j]) + (v * m[j] + o * n[j]))


@loop
def add_eight(total, plane, offsets, weights, tap, first):
    """Like `add_four`, for eight taps from `tap` on, added to total[j] unless they are first."""
    w, x, y, z = weights[tap], weights[tap + 1], weights[tap + 2], weights[tap + 3]
    p, q, r, s = weights[tap + 4], weights[tap + 5], weights[tap + 6], weights[tap + 7]
    a, b = plane[offsets[tap] :], plane[offsets[tap + 1] :]
    c, d = plane[offsets[tap + 2] :], plane[offsets[tap + 3] :]
    e, f = plane[offsets[tap + 4] :], plane[offsets[tap + 5] :]
    g, h = plane[offsets[tap + 6] :], plane[offsets[tap + 7] :]
    if first:
        for j in range(total.shape[0]):
            one = (w * a[j] + x * b[j]) + (y * c[j] + z * d[j])
            total[j] = one + ((p * e[j] + q * f[j]) + (r * g[j] + s * h[j]))
    else:
        for j in range(total.shape[0]):
            one = (w * a[j] + x * b[j]) + (y * c[j] + z * d[j])
            total[j] += one + ((p * e[j] + q * f[j]) + (r * g[j] + s * h[j]))


@loop
def add_taps(total, plane, offsets, weights, count):
    """total[j] = sum over taps of weights[t] * plane[offsets[t] + j]; count: a multiple of 4."""
    first = count % 8
    if first and count > 4:
        first = 12
        add_twelve(total, plane, offsets, weights)
    elif first:
        add_four(total, plane, offsets, weights)
    for t in range(first, count, 8):
        add_eight(total, plane, offsets, weights, t, t == 0)


@loop
def blur_integers(blurred, image, stride, kernel, channels):
    """Write blurred (H-K+1, (W-K+1)*C) uint8 or uint16, rounded half up and clipped.

    image: (H*W*C,) of the same type; stride: W*C; kernel: (K, K) float32.
    """
    height, width = blurred.shape
    offsets = np.empty(kernel.size + 4, np.int64)
    weights = np.empty(kernel.size + 4, np.float32)
    count = collect_taps(kernel, stride, channels, offsets, weights)
    half, zero = np.float32(0.5), np.float32(0.0)
    top = np.float32(256**blurred.itemsize - 1)
    total = np.empty(min(width, _BLOCK), np.float32)
    margin = kernel.shape[0] - 1
    rows = min(height, max(_STRIP // stride, margin + 1))
    plane = np.empty((rows + margin) * stride, np.float32)
    for start in range(0, height, rows):
        stop = min(start + rows, height)
        source = image[start * stride : (stop + margin) * stride]
        for i in range(source.shape[0]):
            plane[i] = source[i]
        for left in range(0, width, _BLOCK):
            part = total[: min(_BLOCK, width - left)]
            for row in range(start, stop):
                add_taps(part, plane[(row - start) * stride + left :], offsets, weights, count)
                out = blurred[row, left:]
                for j in range(part.shape[0]):
                    out[j] = np.int32(min(max(part[j] + half, zero), top))


@loop
def blur_floats(blurred, image, stride, kernel, channels):
    """Write blurred (H-K+1, (W-K+1)*C) float32 or float64; image and kernel of the same dtype."""
    height, width = blurred.shape
    offsets = np.empty(kernel.size + 4, np.int64)
    weights = np.empty(kernel.size + 4, kernel.dtype)
    count = collect_taps(kernel, stride, channels, offsets, weights)
    for left in range(0, width, _BLOCK):
        for row in range(height):
            total = blurred[row, left : min(left + _BLOCK, width)]
            add_taps(total, image[row * stride + left :], offsets, weights, count)
