"""From trajectory to kernel: the time spent in each pixel.

Time runs evenly from the first point to the last and is cut into `parts` of each step, so fine
that no part is longer than half a pixel: the support then has no gaps. Each part counts where its
middle lies. Coordinates are relative to the kernel's middle, so that a mirrored walk gives
exactly the mirrored kernel.
"""

import numpy as np

from blurkit._loops.jit import loop

_LARGEST = 0.499  # shift in px: from the middle of the last pixel, half a pixel would leave it
_CENTRED = 0.01  # px off the middle that is near enough
_TRIES = 8


@loop
def summed(x):
    """Sum in four strands, so that an addition need not wait for the last one; a fixed order."""
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
    """How many coordinates have a magnitude above the limit: counting runs in SIMD lanes."""
    count = 0
    for i in range(x.shape[0]):
        count += (abs(x[i]) > limit) + (abs(y[i]) > limit)
    return count


@loop
def count_longer(x, y, limit):
    """How many steps are longer than the limit along an axis."""
    count = 0
    for i in range(x.shape[0] - 1):
        count += (abs(x[i + 1] - x[i]) > limit) + (abs(y[i + 1] - y[i]) > limit)
    return count


@loop
def centre_and_fit(x, y, room):
    """Move the dwell time's centroid to the origin and shrink to |x|, |y| <= room, in place.

    Returns the factor of shrinking (1: it fitted) and the number of parts a step is cut into.
    """
    last = x.shape[0] - 1
    mean_x = (summed(x) - 0.5 * (x[0] + x[last])) / last
    mean_y = (summed(y) - 0.5 * (y[0] + y[last])) / last
    for i in range(last + 1):
        x[i] -= mean_x
        y[i] -= mean_y
    scale = 1.0
    if count_above(x, y, room) > 0:  # rare, as are steps above half a pixel
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
    """Centroid along one axis of the parts rounded to pixels after a shift."""
    last = x.shape[0] - 1
    total = np.int64(0)
    for part in range(parts):
        f = (part + 0.5) / parts
        for i in range(last):
            total += np.int32(np.rint(x[i] + f * (x[i + 1] - x[i]) + shift))
    return total / (last * parts)


@loop
def best_shift(x, parts):
    """A shift, less than half a pixel, after which rounding hardly moves the centroid.

    On average rounding moves it as the shift does, so the next try is the shift less what is off;
    where that leaves the interval known to hold the sign's change, it is halved instead.
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
    """Add to `time` (K, K) float64 the number of parts in each pixel; cells (n,) int32: scratch."""
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
    """Add to `time` (K, K) float64 each part, shared among its four pixels."""
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
    """Write `kernel` (K, K) float32 from a trajectory x, y (n >= 2,) float64, which is overwritten.

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
