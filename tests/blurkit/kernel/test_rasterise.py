"""From path to kernel: symmetries, closed forms, centring."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from moments import centroid
from scipy import ndimage

from blurkit import SettingError, random_walk_trajectory, rasterise

BOTH = pytest.mark.parametrize("interpolation", ["nearest", "linear"])
PATHS = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 12), st.just(2)), elements=st.floats(-40, 40)
)


def walk(index=0, **more):
    return random_walk_trajectory(seed=11, index=index, **{"steps": 120, **more})


@BOTH
@settings(max_examples=60, deadline=None)
@given(path=PATHS, size=st.sampled_from([3, 5, 15, 31]))
def test_any_path_gives_a_kernel_that_is_centred_and_sums_to_one(interpolation, path, size):
    # other libraries' kernels were empty, off centre, not of sum 1, or failed for long paths
    kernel = rasterise(path, size, interpolation)
    assert kernel.dtype == np.float32
    assert kernel.min() >= 0
    assert kernel.sum(dtype=np.float64) == pytest.approx(1, abs=1e-6)
    assert np.abs(centroid(kernel)).max() <= (0.5 if interpolation == "nearest" else 1e-5) + 1e-6
    assert ndimage.label(kernel > 0, np.ones((3, 3)))[1] == 1, "the path must have no gaps"


def test_rounding_hardly_moves_the_centroid_of_real_walks():
    off = [np.abs(centroid(rasterise(walk(i), 31))).max() for i in range(20)]
    assert max(off) < 0.1


@BOTH
def test_a_mirrored_walk_gives_the_mirrored_kernel(interpolation):
    path = walk()
    kernel = rasterise(path, 31, interpolation)
    exact = {"rtol": 0, "atol": 0 if interpolation == "nearest" else 1e-7}
    assert np.allclose(rasterise(path * [-1, 1], 31, interpolation), kernel[:, ::-1], **exact)
    assert np.allclose(rasterise(path * [1, -1], 31, interpolation), kernel[::-1], **exact)
    assert np.allclose(rasterise(path[:, ::-1], 31, interpolation), kernel.T, **exact)


@BOTH
def test_walking_backwards_or_elsewhere_gives_the_same_kernel(interpolation):
    path = walk()
    kernel = rasterise(path, 31, interpolation)
    # the sums round differently, so a point may change sides of a pixel's border
    one_point = 1.5 / len(path) if interpolation == "nearest" else 1e-6
    for same in (path[::-1], path + np.array([100, -7])):
        assert np.abs(rasterise(same, 31, interpolation) - kernel).sum() <= 2 * one_point


def test_time_is_shared_among_the_pixels_of_a_straight_line():
    # from -1 to 1: half a pixel, a whole one, half a pixel
    kernel = rasterise(np.array([[-1.0, 0], [1.0, 0]]), 5)
    assert kernel[2].tolist() == [0, 0.25, 0.5, 0.25, 0]
    assert kernel.sum() == 1


def test_slow_parts_weigh_more():
    # three equal times: at rest, then a run of 4 px
    kernel = rasterise(np.array([[0, 0], [0, 0], [0, 0], [4, 0]], float), 9)
    assert kernel.max() == pytest.approx(2 / 3 + 1 / 24, abs=0.09)


@BOTH
def test_a_camera_at_rest_gives_a_single_tap(interpolation):
    for path in (np.array([[3.3, -2.2]]), np.full((9, 2), 1.7)):
        kernel = rasterise(path, 3, interpolation)
        assert kernel[1, 1] == 1
        assert kernel.sum() == 1


def test_linear_shares_a_point_by_its_distance():
    # a path of two resting places 1 px apart has its middle between two pixels
    kernel = rasterise(np.array([[0.0, 0], [1.0, 0]]), 3, "linear")
    assert kernel[1, 1] == pytest.approx(0.75, abs=0.02)
    assert kernel[1, 0] == pytest.approx(kernel[1, 2])


@BOTH
@pytest.mark.parametrize("length", [1e3, 1e6])
def test_a_path_wider_than_the_kernel_is_shrunk_not_clipped(interpolation, length):
    path = random_walk_trajectory(length=length, inertia=1, jitter=0, jerks=0, seed=2, steps=50)
    kernel = rasterise(path, 9, interpolation)
    fitting = rasterise(path * (8 / np.ptp(path, axis=0).max()), 9, interpolation)
    assert np.abs(kernel - fitting).max() < 0.02
    rows, columns = np.nonzero(kernel)
    assert max(np.ptp(rows), np.ptp(columns)) >= 7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros((4, 2)), 20), "size must be odd and >= 3, got 20"),
        ((np.zeros((4, 2)), 1), "size must be odd and >= 3, got 1"),
        ((np.zeros(3), 5), "trajectory must be an (n, 2) array, n >= 1, got shape (3,)"),
        ((np.zeros((0, 2)), 5), "trajectory must be an (n, 2) array, n >= 1, got shape (0, 2)"),
        ((np.full((4, 2), np.nan), 5), "trajectory must lie within +-1e+09 px, got nan"),
        ((np.full((4, 2), 1e300), 5), "trajectory must lie within +-1e+09 px, got 1e+300"),
        (
            (np.zeros((4, 2)), 5, "cubic"),
            'interpolation must be "nearest" or "linear", got "cubic"',
        ),
    ],
)
def test_a_bad_argument_names_rule_and_value(arguments, message):
    with pytest.raises(SettingError, match=f"^{re.escape(message)}$"):
        rasterise(*arguments)
