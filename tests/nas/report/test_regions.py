import numpy as np
import pytest

from nas.report.regions import HEIGHT, WIDTH, grow_region, most_detailed_region


def test_the_most_detailed_region_is_where_the_contrast_is():
    image = np.zeros((90, 120, 3), np.uint8)
    image[50:60, 70:80] = np.random.default_rng(0).integers(0, 256, (10, 10, 3))
    rows, columns = most_detailed_region(image, 20)
    assert (rows.stop - rows.start, columns.stop - columns.start) == (20, 20)
    assert rows.start <= 50 <= 60 <= rows.stop
    assert columns.start <= 70 <= 80 <= columns.stop


def test_a_region_larger_than_the_image_is_the_image():
    assert most_detailed_region(np.zeros((9, 30, 3), np.uint8), 20)[0] == slice(0, 9)
    assert most_detailed_region(np.zeros((1, 1, 3), np.uint8), 20) == (slice(0, 1), slice(0, 1))


@pytest.mark.parametrize("at", [(0, 0), (464, 1024), (300, 500)])
def test_a_grown_region_holds_the_region_and_stays_inside(at):
    region = tuple(slice(a, a + 256) for a in at)
    rows, columns = grow_region(region, (720, 1280, 3))
    assert (rows.stop - rows.start, columns.stop - columns.start) == (HEIGHT, WIDTH)
    for inner, outer, size in zip(region, (rows, columns), (720, 1280), strict=True):
        assert 0 <= outer.start <= inner.start
        assert inner.stop <= outer.stop <= size
    assert grow_region((slice(0, 20), slice(0, 30)), (20, 30, 3)) == (slice(0, 20), slice(0, 30))
