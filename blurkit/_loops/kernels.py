"""Many kernels in one call: a walk, rasterised, for each row that is asked for."""

import numpy as np

from blurkit._loops.jit import loop
from blurkit._loops.raster import rasterise
from blurkit._loops.walk import walk


@loop
def fill(kernels, params, rows, seed, start, steps, length, inertia, jitter, jerks, linear):
    """Write kernels (n, K, K) float32 and params (n, 4) float64 in these rows: (m,) int64.

    Row r belongs to sample start + r. A row of params: drawn length, drawn jitter, jerks that
    happened, factor of shrinking.
    """
    size = kernels.shape[1]
    x, y = np.empty(steps), np.empty(steps)
    time, cells = np.empty((size, size)), np.empty(steps, np.int32)
    for row in rows:
        index = start + np.uint64(row)
        drawn = walk(x, y, seed, index, length, inertia, jitter, jerks)
        params[row, 0], params[row, 1], params[row, 2] = drawn
        params[row, 3] = rasterise(kernels[row], time, cells, x, y, linear)
