"""Scenes and camera paths for the tests of shake, small where the loops are interpreted."""

import os

import numpy as np

from blurkit import Motion, Walk, dead_leaves, shaken_trajectory

INTERPRETED = os.environ.get("NUMBA_DISABLE_JIT", "0") != "0"
SIDE = 24 if INTERPRETED else 150
STEPS = 24 if INTERPRETED else 256
LENGTH = (3.0, 9.0) if INTERPRETED else Walk.length
WALK = Walk(length=LENGTH, steps=STEPS)
STEADY = Walk(length=0.0, inertia=1.0, jitter=0.0, jerks=0.0, steps=STEPS)


def scene(rows=SIDE, columns=SIDE + 7, seed=1):
    return dead_leaves(max(rows, columns), seed=seed)[:rows, :columns]


def path(motion=None, image=None, **key):
    image = scene() if image is None else image
    return shaken_trajectory(motion or Motion(WALK), image.shape, **{"seed": 3, **key})


def off(one, other):
    return np.abs(one.astype(float) - other.astype(float)).max()
