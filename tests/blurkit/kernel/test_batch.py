"""Kernels: one sample is the same alone, in a batch, in a thread; defaults look like real ones."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blurkit import (
    SettingError,
    Walk,
    kernels_and_params,
    random_walk_kernel,
    random_walk_kernels,
    random_walk_trajectory,
    rasterise,
)


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


def test_a_row_of_a_batch_is_the_kernel_of_its_index():
    # results that change with the batch size are the commonest fault of such generators
    batch = random_walk_kernels(12, 15, steps=50, seed=8)
    for i in (0, 5, 11):
        alone = random_walk_kernel(15, steps=50, seed=8, index=i)
        assert batch[i].tobytes() == alone.tobytes()
    tail = random_walk_kernels(5, 15, steps=50, seed=8, start=7)
    assert batch[7:].tobytes() == tail.tobytes()


@pytest.mark.compiled
def test_the_number_of_threads_changes_nothing():
    one = random_walk_kernels(1100, 15, seed=8, threads=1)
    for threads in (2, 7, None):
        assert one.tobytes() == random_walk_kernels(1100, 15, seed=8, threads=threads).tobytes()


def test_global_random_state_is_neither_read_nor_changed():
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = random_walk_kernel(15, steps=50, seed=8)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    assert first.tobytes() == random_walk_kernel(15, steps=50, seed=8).tobytes()


def test_no_seed_means_a_fresh_one():
    assert not np.array_equal(random_walk_kernel(steps=50), random_walk_kernel(steps=50))


def test_all_kernels_of_a_batch_differ():
    # the same augmentation in every worker is the trap; here workers differ by index alone
    kernels = random_walk_kernels(60, steps=60, seed=0)
    assert len({kernel.tobytes() for kernel in kernels}) == 60


def test_length_zero_is_the_kernel_that_changes_nothing():
    kernel = random_walk_kernel(5, length=0, seed=0)
    assert kernel[2, 2] == 1
    assert np.count_nonzero(kernel) == 1


def test_none_at_all_is_an_empty_batch():
    assert random_walk_kernels(0, 7).shape == (0, 7, 7)


@pytest.mark.compiled
def test_what_is_drawn_follows_the_settings():
    _, drawn = kernels_and_params(
        3000, family=Walk(length=(5, 9), jitter=(0.1, 0.5), jerks=2.5), seed=3
    )
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
    kernels, drawn = kernels_and_params(2000, family=Walk(), seed=3)
    offset = np.arange(31) - 15
    weights = kernels.astype(float)
    xx = (weights * offset**2).sum(axis=(1, 2))
    yy = (weights * offset[:, None] ** 2).sum(axis=(1, 2))
    xy = (weights * np.outer(offset, offset)).sum(axis=(1, 2))
    spread = np.sqrt((xx - yy) ** 2 / 4 + xy**2)
    major = np.sqrt((xx + yy) / 2 + spread)
    minor = np.sqrt(np.maximum((xx + yy) / 2 - spread, 0))
    assert 4.2 < np.median(major) < 4.9
    assert 0.26 < np.median(minor / major) < 0.34
    assert (drawn["shrink"] < 1).mean() < 0.12
    assert np.median(np.count_nonzero(kernels, axis=(1, 2))) < 40


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 20}, "size must be odd and >= 3, got 20"),
        ({"n": -1}, "n must be >= 0, got -1"),
        ({"threads": 0}, "threads must be >= 1, got 0"),
        ({"start": -5}, "start must be between 0 and 2**63 - 1, got -5"),
        ({"interpolation": "x"}, 'interpolation must be "nearest" or "linear", got "x"'),
    ],
)
def test_a_bad_argument_names_rule_and_value(arguments, message):
    with pytest.raises(SettingError, match=f"^{re.escape(message)}$"):
        random_walk_kernels(**{"n": 1, **arguments})
