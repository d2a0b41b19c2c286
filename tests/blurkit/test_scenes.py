"""Dead-leaves scenes: reproducible, various, and with the statistics of photographs."""

import numpy as np
import pytest

from blurkit import SettingError, dead_leaves
from blurkit._loops import leaves
from blurkit._loops.jit import loop


def test_a_scene_belongs_to_its_seed_and_index():
    scene = dead_leaves(40, seed=1, index=2)
    assert scene.shape == (40, 40, 3)
    assert scene.dtype == np.uint8
    assert scene.tobytes() == dead_leaves(40, seed=1, index=2).tobytes()
    for other in ({"seed": 2, "index": 2}, {"seed": 1, "index": 3}, {}):
        assert not np.array_equal(scene, dead_leaves(40, **other))


@pytest.mark.parametrize("size", [8, 9, 31])
def test_small_scenes_are_covered_too(size):
    assert dead_leaves(size, seed=0).shape == (size, size, 3)


def luminance(n, size=128):
    return np.stack([dead_leaves(size, seed=5, index=i).mean(axis=2) for i in range(n)])


@pytest.mark.compiled
def test_gradients_are_heavy_tailed_as_in_photographs():
    # smooth regions between hard edges; Gaussian noise has kurtosis 3, photographs about 10
    gradients = np.diff(luminance(60), axis=2).reshape(60, -1)
    kurtosis = (gradients**4).mean(axis=1) / (gradients**2).mean(axis=1) ** 2
    assert np.median(kurtosis) > 7
    assert kurtosis.min() > 4


@pytest.mark.compiled
def test_power_falls_with_frequency_as_in_photographs():
    # about as frequency**-2, equally along both axes
    scenes = luminance(60) - 127.5
    window = np.hanning(128)
    power = np.abs(np.fft.fft2(scenes * window * window[:, None])) ** 2
    power = power.mean(axis=0)
    frequency = np.arange(4, 32)
    for profile in (power[0, 4:32], power[4:32, 0]):
        slope = np.polyfit(np.log(frequency), np.log(profile), 1)[0]
        assert -3 < slope < -1.5


@pytest.mark.compiled
def test_brightness_and_contrast_spread_and_no_scene_is_blank():
    scenes = luminance(100)
    means, deviations = scenes.mean(axis=(1, 2)), scenes.std(axis=(1, 2))
    assert 90 < means.mean() < 150
    assert means.std() > 12
    assert deviations.min() > 12
    assert 35 < np.median(deviations) < 80


@loop
def paint(scene, hidden, grain, palette, radius):
    """One leaf in the middle of `scene`; returns the pixels painted."""
    middle = 0.5 * (scene.shape[0] - 1)
    key, n = np.uint64(7), np.uint64(64)
    return leaves.draw_leaf(scene, hidden, grain, palette, key, n, middle, middle, radius)


@pytest.mark.parametrize("radius", [0.4, 5.0, 12.3, 40.0])
def test_a_leaf_covers_the_pixels_within_its_radius_that_nothing_hides(radius):
    scene, hidden = np.zeros((41, 41, 3), np.uint8), np.zeros((41, 41), np.uint8)
    grain, palette = np.full((leaves.GRAIN,) * 2, 0.5), np.full((leaves.COLOURS, 3), 0.5)
    hidden[:, :20] = 1
    before = hidden.copy()
    painted = paint(scene, hidden, grain, palette, radius)
    y, x = np.mgrid[-20:21, -20:21]
    inside = (x**2 + y**2 <= radius**2) & (before == 0)
    assert painted == inside.sum()
    assert ((hidden == 1) == (inside | (before == 1))).all()
    assert (scene[~inside] == 0).all()
    assert (scene[inside] > 0).all()


def test_softening_is_its_filter_rounded_half_up():
    scene = np.random.default_rng(0).integers(0, 256, (12, 12, 3), np.uint8)
    soft = np.empty((10, 10, 3), np.uint8)
    leaves.soften(soft, scene)
    scene = scene.astype(float)
    rows = 3 * scene[:-2] + 10 * scene[1:-1] + 3 * scene[2:]
    expected = (3 * rows[:, :-2] + 10 * rows[:, 1:-1] + 3 * rows[:, 2:]) / 256
    assert (soft == np.floor(expected + 0.5)).all()


def test_too_small_a_scene_is_refused():
    with pytest.raises(SettingError, match=r"^size must be >= 8, got 4$"):
        dead_leaves(4)
