"""Motion blur other than the random walk: the closed forms of each model."""

import numpy as np
import pytest

from blurkit import (
    BoracchiFoi,
    Tremor,
    Walk,
    boracchi_foi_kernel,
    boracchi_foi_trajectory,
    kernels_and_params,
    linear_kernel,
    rasterise,
    tremor_kernel,
    tremor_trajectory,
)


def covariance(kernel):
    """Second moments about the middle, px**2: [[xx, xy], [xy, yy]]."""
    offset = np.arange(len(kernel)) - len(kernel) // 2
    y, x = np.meshgrid(offset, offset, indexing="ij")
    weights = kernel.astype(float)
    return np.array([[(weights * a * b).sum() for b in (x, y)] for a in (x, y)])


# straight lines


@pytest.mark.parametrize("interpolation", ["nearest", "linear"])
def test_a_line_has_the_rms_of_its_length(interpolation):
    for length, angle in ((24, 0), (17.3, 90), (22, 31), (9, 135)):
        kernel = linear_kernel(31, length=length, angle=angle, interpolation=interpolation, seed=0)
        along = np.array([np.cos(np.radians(angle)), -np.sin(np.radians(angle))])
        rms = np.sqrt(along @ covariance(kernel) @ along)
        assert rms == pytest.approx(length / np.sqrt(12), rel=0.02)


def test_a_horizontal_line_is_a_row_and_45_degrees_rise_to_the_right():
    assert np.flatnonzero(linear_kernel(21, length=12, angle=0).any(axis=1)).tolist() == [10]
    assert np.flatnonzero(linear_kernel(21, length=12, angle=90).any(axis=0)).tolist() == [10]
    rising = linear_kernel(21, length=12, angle=45)
    assert rising[7, 13] > 0
    assert rising[13, 13] == 0


# Boracchi and Foi


def test_a_boracchi_foi_walk_has_constant_speed_and_its_length():
    for index in range(3):
        walk = boracchi_foi_trajectory(steps=150, max_len=40, expl=0.1, seed=2, index=index)
        steps = np.hypot(*np.diff(walk, axis=0).T)
        assert steps == pytest.approx(40 / 149)
        assert steps.sum() == pytest.approx(40)


def test_a_kernel_is_its_trajectory_rasterised():
    for way in ("nearest", "linear"):
        options = {"steps": 90, "seed": 4, "index": 6}
        walk = boracchi_foi_kernel(31, **options, interpolation=way)
        path = boracchi_foi_trajectory(**options)
        assert walk.tobytes() == rasterise(path, 31, way).tobytes()
        shake = tremor_kernel(31, **options, interpolation=way)
        assert shake.tobytes() == rasterise(tremor_trajectory(**options), 31, way).tobytes()


@pytest.mark.compiled
@pytest.mark.parametrize("expl", [0.01, 0.05])
def test_walks_spread_as_those_of_a_plain_implementation(expl):
    # the published recursion in complex numbers, 800 walks at once, with exact normals
    n, steps, max_len, centripetal, big_shake, gaussian_shake = 800, 400, 60, 0.5, 0.1, 5
    draw = np.random.default_rng(0)
    unit = max_len / (steps - 1)
    x = np.zeros((steps, n), complex)
    v = unit * np.exp(2j * np.pi * draw.random(n))
    for t in range(steps - 1):
        turned = 2 * v * np.exp(1j * (np.pi + draw.random(n) - 0.5))
        push = gaussian_shake * (draw.normal(size=n) + 1j * draw.normal(size=n))
        dv = np.where(draw.random(n) < big_shake * expl, turned, 0)
        v = v + dv + expl * (push - centripetal * x[t]) * unit
        v *= unit / abs(v)
        x[t + 1] = x[t] + v
    theirs = np.sqrt(x.var(axis=0))
    given = {"centripetal": centripetal, "big_shake": big_shake, "gaussian_shake": gaussian_shake}
    options = {"steps": steps, "max_len": max_len, "expl": expl, **given, "seed": 3}
    walks = np.stack([boracchi_foi_trajectory(**options, index=i) for i in range(n)])
    ours = np.sqrt(walks.var(axis=1).sum(axis=1))
    for part in (10, 50, 90):
        assert np.percentile(ours, part) == pytest.approx(np.percentile(theirs, part), rel=0.07)


def test_without_anxiety_the_walk_is_a_straight_line():
    walk = boracchi_foi_trajectory(steps=50, max_len=30, expl=0, seed=2)
    assert np.hypot(*(walk[-1] - walk[0])) == pytest.approx(30)


def test_the_pull_keeps_the_walk_near_its_beginning():
    free, pulled = (
        np.mean(
            [
                np.ptp(boracchi_foi_trajectory(steps=100, expl=0.05, centripetal=pull, seed=i))
                for i in range(12)
            ]
        )
        for pull in (0, 5)
    )
    assert pulled < 0.5 * free


def test_a_certain_big_shake_turns_the_walk_back():
    still = {"centripetal": 0, "gaussian_shake": 0}
    walk = boracchi_foi_trajectory(steps=50, max_len=49, expl=1, big_shake=1, **still, seed=2)
    steps = np.diff(walk, axis=0)
    cosines = (steps[1:] * steps[:-1]).sum(axis=1)
    # v + 2 v turned by half a circle and u, |u| <= 1/2: the farthest aside is at u = 1/2
    aside = np.exp(0.5j)
    assert cosines.max() <= ((1 - 2 * aside) / abs(1 - 2 * aside)).real + 1e-9
    assert cosines.min() < -0.99


@pytest.mark.compiled
def test_big_shakes_come_as_often_as_they_should():
    family = BoracchiFoi(steps=1001, expl=0.1, big_shake=0.05)
    _, params = kernels_and_params(2000, 7, family, seed=1)
    assert params["jerks"].mean() == pytest.approx(5, rel=0.05)
    assert params["jerks"].var() == pytest.approx(5, rel=0.12)


# tremor


def test_without_tremor_the_drift_is_a_straight_line():
    path = tremor_trajectory(exposure=0.5, drift=30, tremor=0, steps=100, seed=3)
    assert np.allclose(np.diff(path, axis=0), np.diff(path, axis=0)[0])
    assert np.hypot(*(path[-1] - path[0])) == pytest.approx(15)


@pytest.mark.compiled
def test_the_spectrum_of_tremor_lies_within_its_band():
    # 8 s, so that 1/8 Hz can be told apart; 128 points a second
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


def test_a_path_has_its_mean_over_time_at_the_origin():
    for path in (tremor_trajectory(steps=60, seed=1), boracchi_foi_trajectory(steps=60, seed=1)):
        assert np.abs(((path[1:] + path[:-1]) / 2).mean(axis=0)).max() < 1e-9


@pytest.mark.compiled
@pytest.mark.parametrize("family", [Walk(), Tremor()], ids=["walk", "tremor"])
def test_defaults_look_like_recorded_camera_shake(family):
    # Levin et al. 2009, medians over their 8 kernels: major axis 4.53 px, minor / major 0.29
    made, params = kernels_and_params(2000, 31, family, seed=3)
    axes = np.sqrt([np.linalg.eigvalsh(covariance(kernel)) for kernel in made])
    assert 4.2 < np.median(axes[:, 1]) < 4.9
    assert 0.26 < np.median(axes[:, 0] / axes[:, 1]) < 0.34
    assert (params["shrink"] < 1).mean() < 0.12
