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
def centre_and_fit(x, y, room):
    """Move the dwell time's centroid to the origin and shrink to |x|, |y| <= room, in place.

    Returns the factor of shrinking (1: it fitted) and the number of parts a step is cut into.
    """
    last = x.shape[0] - 1
    mean_x, mean_y = -0.5 * (x[0] + x[last]), -0.5 * (y[0] + y[last])
    for i in range(last + 1):
        mean_x += x[i]
        mean_y += y[i]
    mean_x /= last
    mean_y /= last
    widest, longest = 0.0, 0.0
    for i in range(last + 1):  # rarely taken branches: max() would wait for its last result
        if i < last and abs(x[i + 1] - x[i]) > longest:
            longest = abs(x[i + 1] - x[i])
        if i < last and abs(y[i + 1] - y[i]) > longest:
            longest = abs(y[i + 1] - y[i])
        x[i] -= mean_x
        y[i] -= mean_y
        if abs(x[i]) > widest:
            widest = abs(x[i])
        if abs(y[i]) > widest:
            widest = abs(y[i])
    scale = 1.0
    if widest > room:
        scale = room / widest
        for i in range(last + 1):
            x[i] *= scale
            y[i] *= scale
    return scale, max(1, int(np.ceil(2.0 * scale * longest)))


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
def dwell_nearest(time, x, y, parts):
    """Add to `time` (K, K) float64 the number of parts in each pixel."""
    shift_x, shift_y = best_shift(x, parts), best_shift(y, parts)
    half = time.shape[0] // 2
    last = x.shape[0] - 1
    column, row, stay = half, half, 0
    for part in range(parts):
        f = (part + 0.5) / parts
        for i in range(last):
            j = half + np.int32(np.rint(x[i] + f * (x[i + 1] - x[i]) + shift_x))
            k = half + np.int32(np.rint(y[i] + f * (y[i + 1] - y[i]) + shift_y))
            if j != column or k != row:
                time[row, column] += stay
                column, row, stay = j, k, 0
            stay += 1
    time[row, column] += stay


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
def rasterise(kernel, time, x, y, linear):
    """Write `kernel` (K, K) float32 from a trajectory x, y (>= 2,) float64, which is overwritten.

    time: (K, K) float64, scratch. Returns the factor by which the trajectory was shrunk to fit.
    """
    size = kernel.shape[0]
    scale, parts = centre_and_fit(x, y, (size // 2) * (1.0 - 1e-12))
    time[:, :] = 0.0
    if linear:
        dwell_linear(time, x, y, parts)
    else:
        dwell_nearest(time, x, y, parts)
    share = 1.0 / (parts * (x.shape[0] - 1))
    for row in range(size):
        for column in range(size):
            kernel[row, column] = time[row, column] * share
    return scale
