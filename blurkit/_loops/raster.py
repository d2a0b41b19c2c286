"""From a trajectory to a kernel: the time spent in each pixel.

Time runs evenly from the first point to the last. Each step is divided into `parts` no longer than
half a pixel, so that the support has no gaps; each part counts at its midpoint. Coordinates are
relative to the middle of the kernel, so that a mirrored walk gives exactly the mirrored kernel.
"""

import numpy as np

from blurkit._loops.jit import loop

_LARGEST = 0.499  # px: largest shift; half a pixel could leave the last pixel
_CENTRED = 0.01  # px: a centroid this close to the middle counts as centred
_TRIES = 8


@loop
def summed(x):
    """Sum with four independent accumulators, in a fixed order."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    whole = x.shape[0] // 4 * 4
    for i in range(0, whole, 4):
        a += x[i]
        b += x[i + 1]
        c += x[i + 2]
        d += x[i + 3]
    for i in range(whole, x.shape[0]):
        a += x[i]
    return (a + b) + (c + d)


@loop
def count_above(x, y, limit):
    """The number of coordinates with a magnitude above the limit; counting vectorises."""
    count = 0
    for i in range(x.shape[0]):
        count += (abs(x[i]) > limit) + (abs(y[i]) > limit)
    return count


@loop
def count_longer(x, y, limit):
    """The number of steps longer than the limit along an axis."""
    count = 0
    for i in range(x.shape[0] - 1):
        count += (abs(x[i + 1] - x[i]) > limit) + (abs(y[i + 1] - y[i]) > limit)
    return count


@loop
def centre_and_fit(x, y, room):
    """Move the mean over time to the origin and shrink to |x|, |y| <= room, in place.

    Returns the shrink factor (1 if the path fitted) and the number of parts per step.
    """
    last = x.shape[0] - 1
    mean_x = (summed(x) - 0.5 * (x[0] + x[last])) / last
    mean_y = (summed(y) - 0.5 * (y[0] + y[last])) / last
    for i in range(last + 1):
        x[i] -= mean_x
        y[i] -= mean_y
    scale = 1.0
    if count_above(x, y, room) > 0:  # rare, like steps above half a pixel
        widest = 0.0
        for i in range(last + 1):
            widest = max(widest, max(abs(x[i]), abs(y[i])))
        scale = room / widest
        for i in range(last + 1):
            x[i] *= scale
            y[i] *= scale
    parts = 1
    if count_longer(x, y, 0.5) > 0:
        longest = 0.0
        for i in range(last):
            longest = max(longest, max(abs(x[i + 1] - x[i]), abs(y[i + 1] - y[i])))
        parts = int(np.ceil(2.0 * longest))
    return scale, parts


@loop
def rounded_centroid(x, shift, parts):
    """Centroid along one axis of the parts after a shift and rounding to pixels."""
    last = x.shape[0] - 1
    total = np.int64(0)
    for part in range(parts):
        f = (part + 0.5) / parts
        for i in range(last):
            total += np.int32(np.rint(x[i] + f * (x[i + 1] - x[i]) + shift))
    return total / (last * parts)


@loop
def best_shift(x, parts):
    """A shift of less than half a pixel after which rounding hardly moves the centroid.

    On average the rounded centroid moves as the shift does, so the next guess subtracts the error
    from the shift; where that leaves the bracket of the sign change, bisection takes over.
    """
    low, high = -_LARGEST, _LARGEST
    shift, best, least = 0.0, 0.0, 1.0
    for _ in range(_TRIES):
        off = rounded_centroid(x, shift, parts)
        if abs(off) < least:
            best, least = shift, abs(off)
        if least < _CENTRED:
            break
        if off > 0.0:
            high = shift
        else:
            low = shift
        shift -= off
        if not low < shift < high:
            shift = 0.5 * (low + high)
    return best


@loop
def dwell_nearest(time, cells, x, y, parts):
    """Add the number of parts in each pixel to time (K, K) float64; cells (n,) int32: scratch."""
    shift_x, shift_y = best_shift(x, parts), best_shift(y, parts)
    size = time.shape[0]
    half, last = size // 2, x.shape[0] - 1
    flat = time.reshape(size * size)
    for part in range(parts):
        f = (part + 0.5) / parts
        for i in range(last):
            column = half + np.int32(np.rint(x[i] + f * (x[i + 1] - x[i]) + shift_x))
            row = half + np.int32(np.rint(y[i] + f * (y[i + 1] - y[i]) + shift_y))
            cells[i] = size * row + column
        start, cell = 0, cells[0]
        for i in range(1, last):
            if cells[i] != cell:
                flat[cell] += i - start
                start, cell = i, cells[i]
        flat[cell] += last - start


@loop
def dwell_linear(time, x, y, parts):
    """Add each part to time (K, K) float64, shared among its four nearest pixels."""
    half = time.shape[0] // 2
    last = x.shape[0] - 1
    for part in range(parts):
        f = (part + 0.5) / parts
        for i in range(last):
            px = half + x[i] + f * (x[i + 1] - x[i])
            py = half + y[i] + f * (y[i + 1] - y[i])
            column, row = min(int(px), 2 * half - 1), min(int(py), 2 * half - 1)
            right, down = px - column, py - row
            time[row, column] += (1.0 - right) * (1.0 - down)
            time[row, column + 1] += right * (1.0 - down)
            time[row + 1, column] += (1.0 - right) * down
            time[row + 1, column + 1] += right * down


@loop
def rasterise(kernel, time, cells, x, y, linear):
    """Write kernel (K, K) float32 of a trajectory x, y (n,) float64, n >= 2, which is overwritten.

    time: (K, K) float64 and cells: (n,) int32 are scratch. Returns the factor by which the
    trajectory was shrunk to fit.
    """
    size = kernel.shape[0]
    scale, parts = centre_and_fit(x, y, (size // 2) * (1.0 - 1e-12))
    time[:, :] = 0.0
    if linear:
        dwell_linear(time, x, y, parts)
    else:
        dwell_nearest(time, cells, x, y, parts)
    share = 1.0 / (parts * (x.shape[0] - 1))
    for row in range(size):
        for column in range(size):
            kernel[row, column] = time[row, column] * share
    return scale
