"""Photos reduced by area means: each new pixel is the mean of the square that it covers."""

import numpy as np

from blurkit._loops.jit import loop

_1, _2, _3 = (
    np.uint64(1),
    np.uint64(2),
    np.uint64(3),
)  # unsigned: no check for negative indices


@loop
def fill_overlaps(first, weights, factor):
    """Write which pixels n adjacent areas of `factor` px cover, and how much of each pixel.

    first: (n,) int64, the first pixel under each area; weights: (n, taps) float32 of that pixel
    and the next ones, 0 beyond the area; taps > factor + 1. Returns the most pixels under an area.
    """
    most = 0
    for i in range(first.shape[0]):
        begin, end = i * factor, (i + 1) * factor
        first[i] = int(begin)
        for t in range(weights.shape[1]):
            pixel = float(first[i] + t)
            weights[i, t] = max(min(end, pixel + 1.0) - max(begin, pixel), 0.0)
            if weights[i, t] > 0.0:
                most = max(most, t + 1)
    return most


@loop
def fill_area_means(means, photo, top, left, factor):
    """Write means (N, N, 3) uint8, each of a square of factor x factor px of the photo.

    photo: (rows, columns, 3) uint8, C-contiguous; top, left: px, the corner of the first square.
    """
    side = means.shape[0]
    first, weights = np.empty(side, np.int64), np.empty((side, int(factor) + 2), np.float32)
    taps = fill_overlaps(first, weights, factor)
    begin, used = 3 * left, 3 * int(np.ceil(side * factor))
    flat, out = photo.reshape(photo.shape[0], photo.shape[1] * 3), means.reshape(side, side * 3)
    column = np.zeros(used + 3 * taps + 1, np.float32)  # beyond `used`, pixels of weight 0
    row = np.empty(3 * side + 1, np.float32)
    area, half = np.float32(factor * factor), np.float32(0.5)
    for i in range(side):
        pixels = flat[top + first[i], begin : begin + used]
        weight = weights[i, 0]
        for k in range(used):
            column[k] = weight * np.float32(pixels[k])
        for t in range(1, taps):
            weight = weights[i, t]
            if weight > 0.0:
                pixels = flat[top + first[i] + t, begin : begin + used]
                for k in range(used):
                    column[k] += weight * np.float32(pixels[k])
        for j in range(side):
            # four values at a time fill a register; the fourth is overwritten by the next pixel
            at, weight = np.uint64(3 * first[j]), weights[j, 0]
            red, green = weight * column[at], weight * column[at + _1]
            blue, next_red = weight * column[at + _2], weight * column[at + _3]
            for t in range(1, taps):
                at += _3
                weight = weights[j, t]
                red += weight * column[at]
                green += weight * column[at + _1]
                blue += weight * column[at + _2]
                next_red += weight * column[at + _3]
            to = np.uint64(3 * j)
            row[to], row[to + _1], row[to + _2], row[to + _3] = red, green, blue, next_red
        for k in range(3 * side):
            out[i, k] = np.int32(row[k] / area + half)
