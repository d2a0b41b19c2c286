"""One kernel: its seed, its size, its arguments."""

import re

import numpy as np
import pytest

from blurkit import SettingError, defocus_kernel, linear_kernel, random_walk_kernel


def test_global_random_state_is_neither_read_nor_changed():
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = random_walk_kernel(15, steps=50, seed=8)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    assert first.tobytes() == random_walk_kernel(15, steps=50, seed=8).tobytes()


def test_no_seed_means_a_fresh_one():
    assert not np.array_equal(random_walk_kernel(steps=50), random_walk_kernel(steps=50))


@pytest.mark.compiled
def test_a_blur_without_bounds_needs_a_size():
    message = "size must be given for a blur that does not fit into 2047 px"
    with pytest.raises(SettingError, match=f"^{message}$"):
        linear_kernel(None, length=1e5, angle=0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: defocus_kernel(20), "size must be odd and >= 3, got 20"),
        (
            lambda: linear_kernel(interpolation="x"),
            'interpolation must be "nearest" or "linear", got "x"',
        ),
        (lambda: linear_kernel(seed=2**64), f"seed must be between 0 and 2**64 - 1, got {2**64}"),
        (lambda: linear_kernel(index=-1), "index must be between 0 and 2**63 - 1, got -1"),
    ],
)
def test_a_bad_argument_names_rule_and_value(make, message):
    with pytest.raises(SettingError, match=f"^{re.escape(message)}$"):
        make()
