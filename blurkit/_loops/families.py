"""Kernels of every family but the walk, for the rows of a block that are theirs.

kernels: (n, K, K) float32, C-contiguous; drawn: (n, numbers of the family) float64; rows: (m,)
int64. Row r belongs to sample start + r; the other rows are left alone.
"""

import numpy as np

from blurkit._loops.boracchi_foi import LANES, boracchi_foi, take
from blurkit._loops.jit import loop
from blurkit._loops.gaussian import disc, gaussian
from blurkit._loops.raster import rasterise
from blurkit._loops.stream import MIX, ONE, stream_key, uniform
from blurkit._loops.tremor import line, tremor


@loop
def choose(family, seed, start, shares):
    """Write family (n,) int64: which of shares (F,) float64, rising to 1, each sample falls in."""
    for row in range(family.shape[0]):
        at_random = uniform(stream_key(seed, start + np.uint64(row), MIX), ONE)
        chosen = 0
        while chosen < shares.shape[0] - 1 and at_random >= shares[chosen]:
            chosen += 1
        family[row] = chosen


@loop
def fill_boracchi_foi(kernels, drawn, rows, seed, start, steps, ranges, linear):
    """drawn (n, 7): length, expl, centripetal, big_shake, gaussian_shake, jerks, shrink."""
    size = kernels.shape[1]
    time, cells = np.empty((size, size)), np.empty(steps, np.int32)
    x, y, path = np.empty(steps), np.empty(steps), np.empty((steps, 2 * LANES))
    for first in range(0, rows.shape[0], LANES):
        some = rows[first : first + LANES]
        indexes, found = np.empty(len(some), np.uint64), np.empty((len(some), 6))
        for lane in range(len(some)):
            indexes[lane] = start + np.uint64(some[lane])
        boracchi_foi(path, found, seed, indexes, ranges)
        for lane in range(len(some)):
            row = some[lane]
            drawn[row, :6] = found[lane]
            take(x, path, lane)
            take(y, path, LANES + lane)
            drawn[row, 6] = rasterise(kernels[row], time, cells, x, y, linear)


@loop
def fill_tremor(kernels, drawn, rows, seed, start, steps, ranges, band, linear):
    """drawn (n, 4): exposure, drift, tremor, shrink."""
    size = kernels.shape[1]
    time, cells = np.empty((size, size)), np.empty(steps, np.int32)
    x, y = np.empty(steps), np.empty(steps)
    for row in rows:
        tremor(x, y, drawn[row], seed, start + np.uint64(row), ranges, band)
        drawn[row, 3] = rasterise(kernels[row], time, cells, x, y, linear)


@loop
def fill_linear(kernels, drawn, rows, seed, start, steps, ranges, linear):
    """drawn (n, 3): length, angle, shrink."""
    size = kernels.shape[1]
    time, cells = np.empty((size, size)), np.empty(steps, np.int32)
    x, y = np.empty(steps), np.empty(steps)
    for row in rows:
        line(x, y, drawn[row], seed, start + np.uint64(row), ranges)
        drawn[row, 2] = rasterise(kernels[row], time, cells, x, y, linear)


@loop
def fill_defocus(kernels, drawn, rows, seed, start, ranges):
    """drawn (n, 2): radius, shrink."""
    for row in rows:
        disc(kernels[row], drawn[row], seed, start + np.uint64(row), ranges)


@loop
def fill_gaussian(kernels, drawn, rows, seed, start, ranges):
    """drawn (n, 4): sigma, ratio, angle, shrink."""
    for row in rows:
        gaussian(kernels[row], drawn[row], seed, start + np.uint64(row), ranges)
