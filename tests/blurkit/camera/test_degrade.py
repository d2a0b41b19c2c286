"""Pairs: the blurry patch is the blur of the scene, aligned with its sharp partner."""

import numpy as np
import pytest

from blurkit import blur, dead_leaves, random_walk_kernel
from blurkit.camera.camera import PRESETS
from blurkit.camera.degrade import degrade_patch


def pair(scene, kernel):
    side = len(scene) - len(kernel) + 1
    blurry, sharp = np.zeros((2, side, side, 3), np.uint8)
    degrade_patch(blurry, sharp, scene, kernel, PRESETS["naive"], seed=0, index=0)
    return blurry, sharp


def test_a_pair_is_the_blur_and_the_middle_of_its_scene():
    scene, kernel = dead_leaves(36, seed=1), random_walk_kernel(9, seed=1, steps=60)
    blurry, sharp = pair(scene, kernel)
    assert (blurry == blur(scene, kernel, method="taps")).all()
    assert (sharp == scene[4:-4, 4:-4]).all()


def test_a_pair_made_with_a_delta_is_equal():
    delta = random_walk_kernel(9, length=0, seed=0)
    blurry, sharp = pair(dead_leaves(36, seed=2), delta)
    assert (blurry == sharp).all()


@pytest.mark.parametrize("index", range(8))
def test_blurry_and_sharp_are_aligned(index):
    # a centred kernel leaves a ramp unchanged; the off-centre kernels of other libraries shift it
    ramp = np.broadcast_to(np.arange(0, 250, 5, dtype=np.uint8), (50, 50))
    for scene in (ramp, ramp.T):
        kernel = random_walk_kernel(15, steps=80, seed=1, index=index)
        blurry, sharp = pair(np.repeat(scene[..., None], 3, axis=2), kernel)
        assert np.abs(blurry.astype(int) - sharp).max() <= 1
