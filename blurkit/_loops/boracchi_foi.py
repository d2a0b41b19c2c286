"""The walk of Boracchi and Foi, in DeblurGAN's form.

Each step divides by the norm of the velocity, so a single walk is a chain of square roots, each
waiting for the one before. LANES walks run side by side instead, one per SIMD lane; the bits of a
lane do not depend on its neighbours. Vectorising needs loops of constant length over few arrays,
so the arrays are flat: a row of `path` is LANES x, then LANES y; `state` is LANES each of vx, vy,
x, y, step length and pull.
"""

import numpy as np

from blurkit._loops.jit import loop
from blurkit._loops.raster import rasterise
from blurkit._loops.smooth import cosine
from blurkit._loops.stream import (
    FOI,
    FOI_SHAKE,
    ONE,
    TO_NORMAL,
    between,
    direction,
    stream_key,
    two_sums,
    uniform,
)
from blurkit._loops.walk import steps_until_jerk

LANES = 16
_SHAKES = np.uint64(1 << 32)  # where the big shakes' draws start in the FOI stream
_DIRECTION = np.uint64(1 << 16)
_RADIAN = 0.15915494309189535  # in turns


@loop
def draw_foi(drawn, state, strength, steps, seed, indexes, ranges):
    """Draw the numbers of each walk, drawn (L, 6) with 0 big shakes so far; set up its state."""
    state[:] = 0.0
    strength[:] = 0.0
    for lane in range(indexes.shape[0]):
        key = stream_key(seed, indexes[lane], FOI)
        for i in range(5):
            drawn[lane, i] = between(key, np.uint64(i + 1), ranges[i])
        drawn[lane, 5] = 0.0
        state[lane], state[LANES + lane] = direction(key, _DIRECTION)
        state[4 * LANES + lane] = drawn[lane, 0] / (steps - 1)
        state[5 * LANES + lane] = drawn[lane, 1] * drawn[lane, 2]
        strength[lane] = drawn[lane, 1] * drawn[lane, 4] * TO_NORMAL


@loop
def push(path, keys, strength):
    """Fill path (steps, 2 LANES) with the Gaussian push of each step, in step lengths."""
    for i in range(1, path.shape[0]):
        row = path[i]
        for lane in range(LANES):
            right, down = two_sums(keys[lane], np.uint64(i))
            row[lane] = strength[lane] * right
            row[LANES + lane] = strength[lane] * down


@loop
def big_shake(vx, vy, at_random):
    """The velocity plus twice itself turned by 180 degrees and up to half a radian aside."""
    aside = (at_random - 0.5) * _RADIAN
    c, s = cosine(aside), cosine(aside - 0.25)
    return vx - 2.0 * (c * vx - s * vy), vy - 2.0 * (s * vx + c * vy)


@loop
def advance(row, state):
    """Advance all lanes by one step: row (2 LANES,) holds pushes, then positions in px."""
    for lane in range(LANES):
        x, y = state[2 * LANES + lane], state[3 * LANES + lane]
        pull = state[5 * LANES + lane]
        vx = state[lane] + (row[lane] - pull * x)
        vy = state[LANES + lane] + (row[LANES + lane] - pull * y)
        norm = 1.0 / np.sqrt(max(vx * vx + vy * vy, 1e-300))
        vx *= norm
        vy *= norm
        x += state[4 * LANES + lane] * vx
        y += state[4 * LANES + lane] * vy
        state[lane], state[LANES + lane] = vx, vy
        state[2 * LANES + lane], state[3 * LANES + lane] = x, y
        row[lane], row[LANES + lane] = x, y


@loop
def boracchi_foi(path, drawn, seed, indexes, ranges):
    """Fill path (steps, 2 LANES) with walks from the origin, one per index; n <= LANES.

    indexes: (n,) uint64. ranges: (5, 2) float64, lowest and highest length (px), expl,
    centripetal, big_shake and gaussian_shake. drawn: (n, 6) float64, written: the numbers drawn
    from them, then the count of big shakes.
    """
    steps, lanes = path.shape[0], indexes.shape[0]
    state, strength, chance = np.empty(6 * LANES), np.empty(LANES), np.empty(lanes)
    keys, shake_draw = np.zeros(LANES, np.uint64), np.full(lanes, _SHAKES)
    upcoming = np.full(lanes, steps)
    draw_foi(drawn, state, strength, steps, seed, indexes, ranges)
    for lane in range(lanes):
        keys[lane] = stream_key(seed, indexes[lane], FOI_SHAKE)
        chance[lane] = drawn[lane, 1] * drawn[lane, 3]
        if chance[lane] > 0.0:
            key = stream_key(seed, indexes[lane], FOI)
            upcoming[lane] = 1 + steps_until_jerk(chance[lane], uniform(key, _SHAKES))
    push(path, keys, strength)

    path[0] = 0.0
    soonest = upcoming.min()
    for i in range(1, steps):
        if i == soonest:
            for lane in range(lanes):
                if upcoming[lane] == i:
                    key = stream_key(seed, indexes[lane], FOI)
                    turn = uniform(key, shake_draw[lane] + ONE)
                    turned = big_shake(state[lane], state[LANES + lane], turn)
                    state[lane], state[LANES + lane] = turned
                    drawn[lane, 5] += 1.0
                    shake_draw[lane] += ONE + ONE
                    wait = steps_until_jerk(chance[lane], uniform(key, shake_draw[lane]))
                    upcoming[lane] = i + 1 + wait
            soonest = upcoming.min()
        advance(path[i], state)


@loop
def one_boracchi_foi(x, y, drawn, seed, index, ranges):
    """Fill x, y (steps,) float64 with one walk in px whose mean over time is the origin."""
    path = np.empty((x.shape[0], 2 * LANES))
    indexes = np.empty(1, np.uint64)
    indexes[0] = index
    boracchi_foi(path, drawn.reshape(1, 6), seed, indexes, ranges)
    take(x, path, 0)
    take(y, path, LANES)


@loop
def take(x, path, column):
    """Copy a column of path into x (steps,), minus its mean over time."""
    last = x.shape[0] - 1
    mean = 0.0
    for i in range(last + 1):
        x[i] = path[i, column]
        mean += x[i]
    mean = (mean - 0.5 * (x[0] + x[last])) / last
    for i in range(last + 1):
        x[i] -= mean


@loop
def fill_kernels(block, steps, ranges):
    """Write a block's rows; drawn: the six numbers of `boracchi_foi`, shrink."""
    size, drawn = block.kernels.shape[1], block.drawn
    time, cells = np.empty((size, size)), np.empty(steps, np.int32)
    x, y, path = np.empty(steps), np.empty(steps), np.empty((steps, 2 * LANES))
    for first in range(0, block.rows.shape[0], LANES):
        group = block.rows[first : first + LANES]
        indexes, numbers = np.empty(len(group), np.uint64), np.empty((len(group), 6))
        for lane in range(len(group)):
            indexes[lane] = block.start + np.uint64(group[lane])
        boracchi_foi(path, numbers, block.seed, indexes, ranges)
        for lane in range(len(group)):
            row = group[lane]
            drawn[row, :6] = numbers[lane]
            take(x, path, lane)
            take(y, path, LANES + lane)
            drawn[row, 6] = rasterise(block.kernels[row], time, cells, x, y, block.linear)
