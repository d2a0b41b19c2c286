"""Dead-leaves scenes: reproducible, various, and with the statistics of photographs."""

import numpy as np
import pytest

from blurkit import SettingError, dead_leaves
from blurkit._loops import leaves, paint
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


@loop
def draw(planes, columns, lefts, rights, palette, seed, radius):
    """One leaf in the middle of `planes`."""
    middle = 0.5 * (planes.shape[0] - 1)
    at = middle, middle, radius
    if radius < 6.0:
        tone = np.uint8(90), np.uint8(120), np.uint8(150)
        paint.paint_flat(planes, middle, middle, radius, tone)
        return
    key, n = np.uint64(seed), np.uint64(64)
    leaves.draw_leaf(planes, columns, lefts, rights, palette, key, n, *at, 90.0, 120.0, 150.0)


@pytest.mark.parametrize("radius", [0.4, 5.0, 12.3, 40.0])
def test_a_leaf_covers_the_pixels_within_its_radius(radius):
    side = 41
    columns, chords = np.arange(side).astype(np.int16), np.empty((2, side), np.uint64)
    palette = np.full((leaves.COLOURS, 3), 0.5)
    y, x = np.mgrid[-20:21, -20:21]
    inside = (x**2 + y**2 <= radius**2)[:, None].repeat(3, 1)
    for seed in range(5):  # plain and textured ones
        on = {ground: np.full((side, 3, side), ground, np.uint8) for ground in (0, 255)}
        for ground, planes in on.items():
            draw(planes, columns, *chords, palette, seed, radius)
            assert (planes[~inside] == ground).all()
        assert (on[0][inside] == on[255][inside]).all()


def test_a_wave_rises_and_falls_once_in_a_period_and_has_no_jump():
    phases = np.arange(-(2**15), 2**15).astype(np.int16)
    wave = np.array([paint.wave(phase) for phase in phases[::16]], int)
    assert (wave.min(), wave.max()) == (-4096, 4095)
    assert np.abs(np.diff(np.append(wave, wave[0]))).max() <= 16
    assert (np.diff(np.sign(wave[wave != 0])) != 0).sum() == 1
    sine = 4096 * np.sin(2 * np.pi * phases[::16] / 65536)
    assert np.abs(wave - sine).max() < 0.06 * 4096


def test_softening_is_its_filter_rounded_half_up():
    planes = np.random.default_rng(0).integers(0, 256, (12, 3, 12), np.uint8)
    soft = np.empty((10, 10, 3), np.uint8)
    leaves.soften(soft.reshape(10, 30), planes.reshape(12, 36))
    scene = planes.transpose(0, 2, 1).astype(float)
    rows = 3 * scene[:-2] + 10 * scene[1:-1] + 3 * scene[2:]
    expected = (3 * rows[:, :-2] + 10 * rows[:, 1:-1] + 3 * rows[:, 2:]) / 256
    assert (soft == np.floor(expected + 0.5)).all()


def test_too_small_a_scene_is_refused():
    with pytest.raises(SettingError, match=r"^size must be >= 8, got 4$"):
        dead_leaves(4)
