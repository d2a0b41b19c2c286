"""The walk of Boracchi and Foi: its closed forms, and a plain implementation beside it."""

import numpy as np
import pytest

from blurkit import (
    BoracchiFoi,
    boracchi_foi_kernel,
    boracchi_foi_trajectory,
    kernels_and_params,
    rasterise,
)


@pytest.mark.parametrize("interpolation", ["nearest", "linear"])
def test_a_kernel_is_its_trajectory_rasterised(interpolation):
    options = {"steps": 90, "seed": 4, "index": 6}
    kernel = boracchi_foi_kernel(31, **options, interpolation=interpolation)
    expected = rasterise(boracchi_foi_trajectory(**options), 31, interpolation)
    assert kernel.tobytes() == expected.tobytes()


def test_a_path_has_its_mean_over_time_at_the_origin():
    path = boracchi_foi_trajectory(steps=60, seed=1)
    assert np.abs(((path[1:] + path[:-1]) / 2).mean(axis=0)).max() < 1e-9


def test_a_boracchi_foi_walk_has_constant_speed_and_its_length():
    for index in range(3):
        walk = boracchi_foi_trajectory(steps=150, max_len=40, expl=0.1, seed=2, index=index)
        steps = np.hypot(*np.diff(walk, axis=0).T)
        assert steps == pytest.approx(40 / 149)
        assert steps.sum() == pytest.approx(40)


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
