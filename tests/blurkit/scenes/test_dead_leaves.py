"""Dead-leaves scenes: reproducible, various, and with the statistics of photographs."""

import numpy as np
import pytest

from blurkit import SettingError, dead_leaves


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
    # the bounds below are from patches of that size of the 41 photos of the CID22 validation set
    return np.stack([dead_leaves(size, seed=5, index=i).mean(axis=2) for i in range(n)])


@pytest.mark.compiled
def test_gradients_are_heavy_tailed_as_in_photographs():
    # smooth regions between hard edges; Gaussian noise has kurtosis 3, 90 % of photos 5 to 109
    gradients = np.diff(luminance(200), axis=2).reshape(200, -1)
    kurtosis = (gradients**4).mean(axis=1) / (gradients**2).mean(axis=1) ** 2
    assert np.median(kurtosis) > 9
    assert np.quantile(kurtosis, 0.05) > 5
    assert kurtosis.min() > 3


@pytest.mark.compiled
def test_power_falls_with_frequency_as_in_photographs():
    # equally along both axes, about as frequency**-2.5 (photos) or a little faster
    scenes = luminance(200) - 127.5
    window = np.hanning(128)
    power = np.abs(np.fft.fft2(scenes * window * window[:, None])) ** 2
    power = power.mean(axis=0)
    frequency = np.arange(4, 32)
    for profile in (power[0, 4:32], power[4:32, 0]):
        slope = np.polyfit(np.log(frequency), np.log(profile), 1)[0]
        assert -3.1 < slope < -2.2


@pytest.mark.compiled
def test_brightness_and_contrast_spread_and_no_scene_is_blank():
    # deviations of photos: median 44, 5 % below 9
    scenes = luminance(200)
    means, deviations = scenes.mean(axis=(1, 2)), scenes.std(axis=(1, 2))
    assert 90 < means.mean() < 150
    assert means.std() > 12
    assert deviations.min() > 9
    assert np.quantile(deviations, 0.05) > 20
    assert 35 < np.median(deviations) < 60


def test_too_small_a_scene_is_refused():
    with pytest.raises(SettingError, match=r"^size must be >= 8, got 4$"):
        dead_leaves(4)
