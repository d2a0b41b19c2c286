import itertools
import math

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from blurkit.errors import SettingError
from nas.evaluation.protocols.levin_score import levin


@pytest.fixture
def photo():
    return np.random.default_rng(0).uniform(0, 255, (41, 44))


def test_it_is_the_best_of_all_shifts(photo):
    """Every shift computed by another's interpolation."""
    restored = photo * 0.8 + np.random.default_rng(1).uniform(0, 50, photo.shape)
    restored = np.roll(restored, (2, -1), axis=(0, 1))
    rows, columns = np.mgrid[15:26, 15:29]
    shifts = list(itertools.product(np.arange(-5, 5.25, 0.25), repeat=2))
    assert len(shifts) == 41**2
    errors = [
        np.sum((map_coordinates(restored, [rows + y, columns + x], order=1) - inner) ** 2)
        for inner in [photo[15:-15, 15:-15]]
        for y, x in shifts
    ]
    found = levin(restored, photo)
    assert found.shift == shifts[int(np.argmin(errors))]
    mse = min(errors) / (11 * 14)
    assert found.psnr == pytest.approx(10 * math.log10(255**2 / mse), abs=1e-9)


@pytest.mark.parametrize("by", [(0.25, 0), (-4.75, 1.5), (5, -5), (0, 3.75)])
def test_a_plane_shifted_by_quarters_is_perfect(by):
    """Bilinear interpolation of a plane is exact."""
    y, x = np.mgrid[:40, :42].astype(float)
    plane = levin(3 * (y - by[0]) + 2 * (x - by[1]), 3 * y + 2 * x)
    assert plane.psnr > 200


def test_a_quarter_of_a_pixel_is_found():
    """An image that is linear between its pixels, as bilinear interpolation takes it to be."""
    rough = np.random.default_rng(0).uniform(0, 255, (40, 42))
    moved = rough.copy()
    moved[:, 1:] = 0.75 * rough[:, 1:] + 0.25 * rough[:, :-1]
    found = levin(rough, moved)  # the reference is the image a quarter pixel to the left
    assert found.shift == (0, -0.25)
    assert found.psnr > 200


def test_a_known_error_gives_the_closed_form_psnr(photo):
    assert levin(photo + 8, photo).psnr == pytest.approx(20 * math.log10(255 / 8))
    assert levin(photo + 8, photo).shift == (0, 0)


@pytest.mark.parametrize(("by", "perfect"), [(5, True), (6, False)])
def test_shifts_end_at_five_pixels(photo, by, perfect):
    assert (levin(np.roll(photo, by, axis=0), photo).psnr == math.inf) is perfect


def test_borders_do_not_count(photo):
    restored = photo.copy()
    restored[:15], restored[-15:], restored[:, :15], restored[:, -15:] = 0, 9, 99, 255
    assert levin(restored, photo) == (math.inf, (0, 0))
    restored[15, 15] += 1
    assert levin(restored, photo).psnr < math.inf


def test_bad_images_say_what(photo):
    with pytest.raises(SettingError, match=r"reference must be float64 .* 31x31, got uint8"):
        levin(photo, photo.astype(np.uint8))
    with pytest.raises(SettingError, match=r"image must be .*, got float64 \(30, 44\)"):
        levin(photo[:30], photo[:30])
    with pytest.raises(SettingError, match=r"the same shape, got \(41, 44\) and \(41, 43\)"):
        levin(photo, photo[:, 1:])
