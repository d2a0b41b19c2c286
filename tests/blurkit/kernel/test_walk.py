"""Random walks: limit cases with closed forms, the meaning of each setting, their kernels."""

import dataclasses
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moments import covariance

from blurkit import (
    SettingError,
    Walk,
    kernels_and_params,
    random_walk_kernel,
    random_walk_trajectory,
    rasterise,
)
from blurkit._loops.walk import steps_until_jerk

STRAIGHT = {"inertia": 1, "jitter": 0, "jerks": 0}


def path_length(walk):
    return np.hypot(*np.diff(walk, axis=0).T).sum()


def test_full_inertia_without_jitter_is_a_straight_line_of_the_given_length():
    walk = random_walk_trajectory(steps=100, length=17.5, seed=3, **STRAIGHT)
    steps = np.diff(walk, axis=0)
    assert np.allclose(steps, steps[0])
    assert path_length(walk) == pytest.approx(17.5)
    assert np.hypot(*(walk[-1] - walk[0])) == pytest.approx(17.5)


def test_straight_lines_point_everywhere():
    ends = [random_walk_trajectory(steps=2, seed=0, index=i, **STRAIGHT)[1] for i in range(200)]
    angles = np.arctan2(*np.transpose(ends))
    assert np.histogram(angles, 8, (-np.pi, np.pi))[0].min() > 8


def test_no_inertia_is_brownian_motion():
    # its mean squared displacement grows linearly with time, unlike any walk with memory
    lags = np.array([1, 4, 16])
    squares = np.zeros(3)
    for index in range(60):
        walk = random_walk_trajectory(steps=400, inertia=0, jitter=1, jerks=0, seed=1, index=index)
        squares += [((walk[lag:] - walk[:-lag]) ** 2).sum(axis=1).mean() for lag in lags]
    assert squares / squares[0] == pytest.approx(lags, rel=0.15)


def test_without_inertia_the_size_of_the_jitter_cannot_matter():
    # only its ratio to the speed counts, and there is no speed to keep
    walks = [
        random_walk_trajectory(inertia=0, jitter=jitter, jerks=0, length=20, seed=1)
        for jitter in (0.01, 100)
    ]
    assert np.allclose(*walks)


def test_inertia_makes_walks_reach_farther():
    reach = [
        np.mean(
            [
                np.ptp(random_walk_trajectory(inertia=a, length=20, seed=5, index=i), axis=0)
                for i in range(20)
            ]
        )
        for a in (0.5, 0.99)
    ]
    assert reach[1] > 1.5 * reach[0]


def test_a_certain_jerk_turns_the_camera_back():
    # with a jerk in every step each step points away from the one before it, by up to 45 degrees
    walk = random_walk_trajectory(steps=50, length=49, inertia=1, jitter=0, jerks=49, seed=2)
    steps = np.diff(walk, axis=0)
    assert np.allclose(np.hypot(*steps.T), 1)
    cosines = (steps[1:] * steps[:-1]).sum(axis=1)
    assert cosines.max() < -np.sqrt(0.5) + 1e-9
    assert cosines.min() < -0.99


@pytest.mark.parametrize("chance", [0.02, 0.3])
def test_the_wait_for_a_jerk_is_geometric(chance):
    at_random = (np.arange(2000) + 0.5) / 2000
    waits = np.array([steps_until_jerk(chance, u) for u in at_random])
    closed_form = np.ceil(np.log(at_random) / np.log1p(-chance)) - 1
    assert np.count_nonzero(waits != closed_form) <= 1  # log rounds where the loop does not


def test_the_wait_for_a_jerk_in_its_limits():
    assert steps_until_jerk(1.0, 0.0) == 0
    assert steps_until_jerk(0.0, 0.5) == 2**20 - 1


@settings(max_examples=25, deadline=None)
@given(
    steps=st.integers(2, 300),
    length=st.floats(0, 1000),
    inertia=st.floats(0, 1),
    jitter=st.floats(0.001, 1000),
    jerks=st.floats(0, 1),
    seed=st.integers(0, 2**64 - 1),
)
def test_any_walk_has_its_length_and_its_mean_over_time_at_the_origin(
    steps, length, inertia, jitter, jerks, seed
):
    walk = random_walk_trajectory(
        steps=steps, length=length, inertia=inertia, jitter=jitter, jerks=jerks, seed=seed
    )
    assert walk.shape == (steps, 2)
    assert path_length(walk) == pytest.approx(length, rel=1e-9, abs=1e-9)
    middles = (walk[1:] + walk[:-1]) / 2
    assert np.abs(middles.mean(axis=0)).max() <= 1e-9 * (1 + length)


def test_same_seed_and_index_give_the_same_walk_and_others_do_not():
    walk = random_walk_trajectory(seed=4, index=7)
    assert (walk == random_walk_trajectory(seed=4, index=7)).all()
    for other in ({"seed": 5, "index": 7}, {"seed": 4, "index": 8}, {}):
        assert not np.allclose(walk, random_walk_trajectory(**other))


def test_settings_survive_json():
    # they are stored in every file, and JSON knows no tuples
    walk = Walk(length=20, jitter=(0, 1))
    assert walk.length == (20, 20)
    assert Walk(**json.loads(json.dumps(dataclasses.asdict(walk)))) == walk


def test_vanishing_settings_do_not_divide_by_zero():
    walk = random_walk_trajectory(inertia=1e-320, jitter=0, jerks=0, length=20, seed=0)
    assert np.isfinite(walk).all()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"steps": 1}, "steps must be between 2 and 100000, got 1"),
        ({"inertia": 2.0}, "inertia must be between 0 and 1, got 2.0"),
        ({"inertia": float("nan")}, "inertia must be between 0 and 1, got nan"),
        ({"jerks": 300}, "jerks must be between 0 and steps - 1, got 300"),
        (
            {"length": (9, 3)},
            "length must be one number or a pair (lowest, highest) in 0 .. 1e+06, got (9, 3)",
        ),
        (
            {"length": -1},
            "length must be one number or a pair (lowest, highest) in 0 .. 1e+06, got -1",
        ),
        (
            {"jitter": (1, 2, 3)},
            "jitter must be one number or a pair (lowest, highest) in 0 .. 1e+06, got (1, 2, 3)",
        ),
        (
            {"inertia": 0, "jitter": 0},
            "jitter must be above 0 when inertia is 0 (nothing would move), got 0.0",
        ),
        ({"seed": -1}, "seed must be between 0 and 2**64 - 1, got -1"),
        ({"index": -1}, "index must be between 0 and 2**63 - 1, got -1"),
    ],
)
def test_a_bad_setting_names_rule_and_value(setting, message):
    with pytest.raises(SettingError, match=f"^{re.escape(message)}$"):
        random_walk_trajectory(**setting)


def test_a_fraction_of_a_step_is_refused_not_cut():
    with pytest.raises(TypeError, match="integer"):
        Walk(steps=100.5)


# kernels


@settings(max_examples=20, deadline=None)
@given(
    size=st.sampled_from([3, 7, 31, 63]),
    steps=st.integers(2, 200),
    length=st.floats(0, 300),
    inertia=st.floats(0, 1),
    jitter=st.floats(1e-3, 1e3),
    jerks=st.floats(0, 1),
    interpolation=st.sampled_from(["nearest", "linear"]),
    seed=st.integers(0, 2**64 - 1),
    index=st.integers(0, 2**63 - 1),
)
def test_a_kernel_is_its_walk_rasterised(size, interpolation, **walk):
    kernel = random_walk_kernel(size, interpolation=interpolation, **walk)
    expected = rasterise(random_walk_trajectory(**walk), size, interpolation)
    assert kernel.tobytes() == expected.tobytes()
    assert kernel.sum(dtype=np.float64) == pytest.approx(1, abs=1e-6)


def test_length_zero_is_the_kernel_that_changes_nothing():
    kernel = random_walk_kernel(5, length=0, seed=0)
    assert kernel[2, 2] == 1
    assert np.count_nonzero(kernel) == 1


@pytest.mark.compiled
def test_what_is_drawn_follows_the_settings():
    walk = Walk(length=(5, 9), jitter=(0.1, 0.5), jerks=2.5)
    _, drawn = kernels_and_params(3000, family=walk, seed=3)
    for name, low, high in (("length", 5, 9), ("jitter", 0.1, 0.5)):
        assert low <= drawn[name].min() < drawn[name].max() <= high
        assert drawn[name].mean() == pytest.approx((low + high) / 2, rel=0.03)
        assert drawn[name].std() == pytest.approx((high - low) / np.sqrt(12), rel=0.05)
    assert abs(np.corrcoef(drawn["length"], drawn["jitter"])[0, 1]) < 0.1
    assert drawn["jerks"].mean() == pytest.approx(2.5, rel=0.05)
    assert drawn["jerks"].var() == pytest.approx(2.5, rel=0.1)


def test_the_stored_shrinking_is_what_happened():
    line = Walk(steps=40, length=60, inertia=1, jitter=0, jerks=0)
    _, drawn = kernels_and_params(10, family=line, seed=3)
    for index, shrink in enumerate(drawn["shrink"]):
        walk = random_walk_trajectory(
            steps=40, length=60, inertia=1, jitter=0, jerks=0, seed=3, index=index
        )
        assert shrink == pytest.approx(15 / np.abs(walk).max())


@pytest.mark.compiled
def test_defaults_look_like_recorded_camera_shake():
    # Levin et al. 2009, medians over their 8 kernels: major axis 4.53 px, minor / major 0.29
    made, params = kernels_and_params(2000, 31, Walk(), seed=3)
    axes = np.sqrt([np.linalg.eigvalsh(covariance(kernel)) for kernel in made])
    assert 4.2 < np.median(axes[:, 1]) < 4.9
    assert 0.26 < np.median(axes[:, 0] / axes[:, 1]) < 0.34
    assert (params["shrink"] < 1).mean() < 0.12
    assert np.median(np.count_nonzero(made, axis=(1, 2))) < 40
