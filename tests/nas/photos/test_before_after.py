import numpy as np
import pytest

from nas.photos.before_after import FRAME, SIDE, before_after
from nas.photos.photo import Photo


def plain(height, width, dtype=np.uint8):
    return np.full((height, width, 3), 100, dtype)


def holds(sheet, part):
    """Whether `part` stands in the sheet pixel for pixel."""
    (height, width), (h, w) = sheet.shape[:2], part.shape[:2]
    corner = (sheet[: height - h + 1, : width - w + 1] == part[0, 0]).all(axis=2)
    return any(np.array_equal(sheet[y : y + h, x : x + w], part) for y, x in np.argwhere(corner))


def test_small_photos_stand_whole_and_unchanged():
    rng = np.random.default_rng(0)
    before, after = rng.integers(0, 99, (2, 30, 50, 3), dtype=np.uint8)
    sheet = before_after(Photo(before, icc=b"profile"), Photo(after))
    assert holds(sheet.pixels, before)
    assert holds(sheet.pixels, after)
    assert sheet.icc == b"profile"


@pytest.mark.parametrize("corner", [(0, 0), (900, 1500), (500, 700)])
def test_of_a_large_photo_the_part_that_changed_most_is_shown_at_full_size(corner):
    before, (y, x) = plain(1000, 1600), corner
    after = before.copy()
    changed = np.random.default_rng(0).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    after[y : y + 100, x : x + 100] = changed
    sheet = before_after(Photo(before), Photo(after)).pixels
    assert holds(sheet, changed)
    assert (sheet == FRAME).all(axis=2).sum() > 500  # its place in the whole
    assert sheet.shape[1] < 2 * SIDE + 50


def test_alpha_is_shown_over_white_and_depth_and_grey_as_8_bits():
    alpha = np.zeros((30, 50), np.uint16)
    alpha[:15] = 65535
    photo = Photo(np.full((30, 50), 100 * 257, np.uint16), alpha)
    sheet = before_after(photo, photo).pixels
    expected = plain(30, 50)
    expected[15:] = 255
    assert sheet.dtype == np.uint8
    assert holds(sheet, expected)


@pytest.mark.parametrize("size", [(1, 3000), (3000, 1), (721, 721)])
def test_photos_of_any_shape(size):
    photo = Photo(plain(*size))
    assert before_after(photo, photo).pixels.shape[2] == 3
