"""Sheets: nothing lost, nothing out of its place."""

import numpy as np
import pytest

from blurkit.dataset.preview import COLOURS, kernel_sheet, kernel_tile
from blurkit.errors import SettingError


def test_the_largest_tap_is_brightest_and_empty_ones_are_night():
    kernel = np.zeros((5, 5), np.float32)
    kernel[1, 2], kernel[3, 3] = 0.9, 0.1
    tile = kernel_tile(kernel, 15)
    assert tile.shape == (15, 15, 3)
    np.testing.assert_array_equal(tile[4, 7], COLOURS[-1])
    np.testing.assert_array_equal(tile[0, 0], COLOURS[0])
    assert tile[10, 10].sum() > tile[0, 0].sum() + 150  # a tenth of the peak is plain to see


def test_brightness_does_not_depend_on_the_scale_of_the_kernel():
    kernel = np.random.default_rng(0).random((7, 7)).astype(np.float32)
    np.testing.assert_array_equal(kernel_tile(kernel, 70), kernel_tile(kernel * 8, 70))


def test_an_empty_kernel_is_drawn_as_night():
    assert (kernel_tile(np.zeros((3, 3), np.float32), 9) == COLOURS[0]).all()


@pytest.mark.parametrize("shape", [(0, 5, 5), (5, 5)])
def test_a_sheet_needs_kernels(shape):
    with pytest.raises(SettingError) as caught:
        kernel_sheet(np.zeros(shape))
    assert str(caught.value) == f"kernels must be (n, K, K) with n >= 1, got {shape}"


def test_sheet_is_nearly_square_by_default():
    height, width = kernel_sheet(np.ones((9, 3, 3), np.float32)).shape[:2]
    assert height == width
