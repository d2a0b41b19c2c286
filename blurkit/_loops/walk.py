"""The random walk of a shaken camera."""

import numpy as np

from blurkit._loops.jit import loop
from blurkit._loops.raster import rasterise
from blurkit._loops.stream import (
    ONE,
    SHAKE,
    TO_NORMAL,
    WALK,
    direction,
    stream_key,
    two_sums,
    uniform,
)

_JERKS = np.uint64(1 << 32)  # where the jerks' draws start in the WALK stream
_DIRECTION = np.uint64(1 << 16)


@loop
def steps_until_jerk(chance, at_random):
    """Number of steps before the next jerk, when each step has one with probability `chance`.

    A geometric draw without a logarithm: the largest k with (1 - chance)**k > at_random, found bit
    by bit from repeated squares. At most 2**20 - 1.
    """
    power = np.empty(20)
    power[0] = 1.0 - chance
    for bit in range(1, 20):
        power[bit] = power[bit - 1] * power[bit - 1]
    wait = 0
    survival = 1.0
    for bit in range(19, -1, -1):
        if survival * power[bit] > at_random:
            survival *= power[bit]
            wait += 1 << bit
    return wait


@loop
def walk(x, y, seed, index, length, inertia, jitter, jerks):
    """Fill x, y (steps,) float64 with a walk in px whose mean over time is the origin.

    length, jitter: (2,) float64, lowest and highest. Returns the length and jitter drawn, and the
    number of jerks that happened.
    """
    steps = x.shape[0]
    key = stream_key(seed, index, WALK)
    drawn_length = length[0] + (length[1] - length[0]) * uniform(key, ONE)
    drawn_jitter = jitter[0] + (jitter[1] - jitter[0]) * uniform(key, ONE + ONE)
    vx, vy = direction(key, _DIRECTION)

    # the perturbations in a loop of their own, which vectorises; the walk does not
    shake = stream_key(seed, index, SHAKE)
    push = drawn_jitter * TO_NORMAL
    for i in range(steps):
        right, down = two_sums(shake, np.uint64(i))
        x[i], y[i] = push * right, push * down

    chance = jerks / (steps - 1)
    jerk_draw = _JERKS
    next_jerk = steps
    if jerks > 0.0:
        next_jerk = 1 + steps_until_jerk(chance, uniform(key, jerk_draw))
    happened = 0

    px, py = 0.0, 0.0
    travelled = 0.0
    mean_x, mean_y = 0.0, 0.0
    x[0], y[0] = 0.0, 0.0
    for i in range(1, steps):
        if i == next_jerk:
            turn = 2.0 * uniform(key, jerk_draw + ONE) - 1.0
            norm = np.sqrt(1.0 + turn * turn)
            vx, vy = -(vx - turn * vy) / norm, -(vy + turn * vx) / norm
            happened += 1
            jerk_draw += ONE + ONE
            next_jerk = i + 1 + steps_until_jerk(chance, uniform(key, jerk_draw))
        vx = inertia * vx + x[i]
        vy = inertia * vy + y[i]
        px += vx
        py += vy
        travelled += np.sqrt(vx * vx + vy * vy)
        mean_x += px
        mean_y += py
        x[i] = px
        y[i] = py

    # time is spread along each step, so the two ends count half
    mean_x = (mean_x - 0.5 * px) / (steps - 1)
    mean_y = (mean_y - 0.5 * py) / (steps - 1)
    scale = drawn_length / travelled if travelled > 1e-200 else 0.0
    for i in range(steps):
        x[i] = (x[i] - mean_x) * scale
        y[i] = (y[i] - mean_y) * scale
    return drawn_length, drawn_jitter, happened


@loop
def fill_kernels(block, steps, length, inertia, jitter, jerks):
    """Write a block's rows; drawn: length, jitter, jerks, shrink."""
    size, drawn = block.kernels.shape[1], block.drawn
    time, cells = np.empty((size, size)), np.empty(steps, np.int32)
    x, y = np.empty(steps), np.empty(steps)
    for row in block.rows:
        index = block.start + np.uint64(row)
        numbers = walk(x, y, block.seed, index, length, inertia, jitter, jerks)
        drawn[row, 0], drawn[row, 1], drawn[row, 2] = numbers
        drawn[row, 3] = rasterise(block.kernels[row], time, cells, x, y, block.linear)
