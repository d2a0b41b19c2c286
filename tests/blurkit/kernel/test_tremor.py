"""Tremor: its spectrum, its deviation, and what it looks like."""

import numpy as np
import pytest
from moments import covariance

from blurkit import Tremor, kernels_and_params, rasterise, tremor_kernel, tremor_trajectory


@pytest.mark.parametrize("interpolation", ["nearest", "linear"])
def test_a_kernel_is_its_trajectory_rasterised(interpolation):
    options = {"steps": 90, "seed": 4, "index": 6}
    kernel = tremor_kernel(31, **options, interpolation=interpolation)
    expected = rasterise(tremor_trajectory(**options), 31, interpolation)
    assert kernel.tobytes() == expected.tobytes()


def test_a_path_has_its_mean_over_time_at_the_origin():
    path = tremor_trajectory(steps=60, seed=1)
    assert np.abs(((path[1:] + path[:-1]) / 2).mean(axis=0)).max() < 1e-9


def test_without_tremor_the_drift_is_a_straight_line():
    path = tremor_trajectory(exposure=0.5, drift=30, tremor=0, steps=100, seed=3)
    assert np.allclose(np.diff(path, axis=0), np.diff(path, axis=0)[0])
    assert np.hypot(*(path[-1] - path[0])) == pytest.approx(15)


@pytest.mark.compiled
def test_the_spectrum_of_tremor_lies_within_its_band():
    # 8 s resolve 1/8 Hz; 128 points per second
    options = {"exposure": 8, "drift": 0, "tremor": 1, "steps": 1025, "seed": 5}
    paths = np.stack([tremor_trajectory(**options, index=i)[:-1] for i in range(40)])
    window = np.hanning(1024)[:, None]
    power = (np.abs(np.fft.rfft(paths * window, axis=1)) ** 2).mean(axis=(0, 2))
    frequency = np.arange(len(power)) / 8
    inside = (frequency > 1.7) & (frequency < 12.3)
    assert power[inside].sum() > 0.999 * power.sum()
    assert 2 <= frequency[power.argmax()] <= 12
    velocity, acceleration = power * frequency**2, power * frequency**4
    assert 2 <= frequency[velocity.argmax()] <= 12
    halves = [(frequency >= a) & (frequency < b) for a, b in ((2, 7), (7, 12))]
    low, high = (velocity[half].sum() for half in halves)
    assert 0.8 < low / high < 1.25  # evenly spread
    assert acceleration[halves[1]].sum() > 2 * acceleration[halves[0]].sum()


@pytest.mark.compiled
def test_tremor_has_its_deviation():
    options = {"exposure": 8, "drift": 0, "tremor": 1.5, "steps": 1025}
    paths = [tremor_trajectory(**options, seed=6, index=i) for i in range(60)]
    assert np.std(paths) == pytest.approx(1.5, rel=0.05)


@pytest.mark.compiled
def test_defaults_look_like_recorded_camera_shake():
    # Levin et al. 2009, medians over their 8 kernels: major axis 4.53 px, minor / major 0.29
    made, params = kernels_and_params(2000, 31, Tremor(), seed=3)
    axes = np.sqrt([np.linalg.eigvalsh(covariance(kernel)) for kernel in made])
    assert 4.2 < np.median(axes[:, 1]) < 4.9
    assert 0.26 < np.median(axes[:, 0] / axes[:, 1]) < 0.34
    assert (params["shrink"] < 1).mean() < 0.12
