"""Area means against closed forms, and against the same sum written as two matrices."""

import math

import numpy as np
import pytest

from blurkit._loops.area import fill_area_means

FACTORS = [1.0, 1.1, 1.5, 2.0, 2.7, 3.0, 5.25]


def reduced(photo, side, factor, top=0, left=0):
    means = np.empty((side, side, 3), np.uint8)
    fill_area_means(means, photo, top, left, factor)
    return means


def noise(rows, columns):
    return np.random.default_rng(3).integers(0, 256, (rows, columns, 3), dtype=np.uint8)


def overlaps(side, factor):
    """(side, pixels): how much of each pixel lies in each of `side` areas."""
    pixel = np.arange(math.ceil(side * factor))
    begin = np.arange(side)[:, None] * factor
    return np.clip(np.minimum(begin + factor, pixel + 1) - np.maximum(begin, pixel), 0, None)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("value", [0, 1, 128, 255])
def test_a_constant_stays(factor, value):
    photo = np.full((40, 40, 3), value, np.uint8)
    assert (reduced(photo, 7, factor) == value).all()


@pytest.mark.parametrize("factor", [1, 2, 3, 6])
def test_a_whole_factor_gives_the_means_of_blocks_rounded_half_up(factor):
    photo = noise(8 * factor, 8 * factor)
    sums = photo.reshape(8, factor, 8, factor, 3).sum((1, 3), dtype=int)
    expected = (2 * sums + factor**2) // (2 * factor**2)
    np.testing.assert_array_equal(reduced(photo, 8, float(factor)), expected)


@pytest.mark.parametrize("factor", FACTORS)
def test_every_pixel_weighs_as_much_as_of_it_is_covered(factor):
    photo = noise(45, 52)
    side = math.floor(40 / factor)
    across = overlaps(side, factor)
    square = photo[3 : 3 + across.shape[1], 9 : 9 + across.shape[1]]
    means = np.einsum("iy,jx,yxc->ijc", across, across, square) / factor**2
    assert np.abs(reduced(photo, side, factor, top=3, left=9) - means).max() <= 0.5001


@pytest.mark.parametrize("factor", [1.25, 1.5, 2.0, 3.0])
def test_the_mean_of_the_picture_stays(factor):
    side = round(60 / factor)
    photo = noise(60, 60)
    ties = 0.5 / factor**2 if factor == 2 else 0  # a quarter of the means end in .5 and round up
    assert abs(reduced(photo, side, factor).mean() - photo.mean() - ties) < 0.05


@pytest.mark.parametrize("factor", FACTORS)
def test_a_ramp_stays_a_ramp(factor):
    side = math.floor(60 / factor)
    ramp = np.arange(60) * 4  # of stored values
    photo = np.broadcast_to(ramp[:, None, None], (60, 60, 3)).astype(np.uint8)
    middles = (np.arange(side) + 0.5) * factor - 0.5
    # an area that covers parts of pixels takes their values at the pixels' own middles
    slack = 0.5001 + 4 * (0 if factor == int(factor) else 0.25 / factor)
    for picture in (photo, photo.transpose(1, 0, 2).copy()):
        means = reduced(picture, side, factor)
        along = means[:, 0] if picture is photo else means[0]
        assert np.abs(along - 4 * middles[:, None]).max() <= slack
        assert (means == (along[:, None] if picture is photo else along[None])).all()
