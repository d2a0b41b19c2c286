"""Sheets: nothing lost, nothing out of its place."""

import numpy as np
import pytest

from blurkit.errors import SettingError
from blurkit.images.sheets import COLOURS, contact_sheet, kernel_sheet, kernel_tile


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


def test_contact_sheet_places_every_image_whole():
    tiles = [np.full((10 + k, 20, 3), 10 * k, np.uint8) for k in range(5)]
    sheet = contact_sheet(tiles, columns=2, gap=3)
    for k, tile in enumerate(tiles):
        assert np.count_nonzero((sheet == 10 * k).all(axis=2)) == tile[..., 0].size
    assert (sheet[:3] == 255).all()
    assert (sheet[:, :3] == 255).all()


@pytest.mark.parametrize(
    ("count", "columns", "message"),
    [
        (0, None, "images must hold at least one image"),
        (1, 0, "columns must be >= 1, got 0"),
        (1, -1, "columns must be >= 1, got -1"),
    ],
)
def test_contact_sheet_names_what_is_wrong(count, columns, message):
    with pytest.raises(SettingError) as caught:
        contact_sheet([np.zeros((4, 4), np.uint8)] * count, columns)
    assert str(caught.value) == message


def test_contact_sheet_labels_add_ink_below_only():
    tile = np.zeros((30, 80), np.uint8)
    plain, labelled = contact_sheet([tile]), contact_sheet([tile], labels=["sharp"])
    np.testing.assert_array_equal(labelled[: len(plain) - 8], plain[:-8])
    assert (labelled[len(plain) - 8 :] < 128).any()
