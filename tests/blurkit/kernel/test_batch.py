"""Batches: a sample is the same alone, in any batch, in any thread."""

import re

import pytest

from blurkit import (
    SettingError,
    random_walk_kernel,
    random_walk_kernels,
)


def test_a_row_of_a_batch_is_the_kernel_of_its_index():
    # results that change with the batch size are the most common fault of such generators
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


def test_all_kernels_of_a_batch_differ():
    # the same augmentation in every worker is the trap; here workers differ by index alone
    kernels = random_walk_kernels(60, steps=60, seed=0)
    assert len({kernel.tobytes() for kernel in kernels}) == 60


def test_none_at_all_is_an_empty_batch():
    assert random_walk_kernels(0, 7).shape == (0, 7, 7)


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
