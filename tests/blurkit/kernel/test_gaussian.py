"""Gaussian blur against closed forms and symmetries."""

import numpy as np
import pytest
from moments import covariance

from blurkit import gaussian_kernel


@pytest.mark.parametrize(
    ("sigma", "ratio", "angle"), [(1.0, 1, 0), (2.5, 1, 50), (3.0, 0.4, 0), (2.8, 0.3, 30)]
)
def test_a_gaussian_has_its_covariance(sigma, ratio, angle):
    moments = covariance(gaussian_kernel(31, sigma=sigma, ratio=ratio, angle=angle))
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    turned = np.array([[c, s], [-s, c]])  # y points down
    expected = turned @ np.diag([sigma**2, (ratio * sigma) ** 2]) @ turned.T
    cut = 1 - 8 * np.exp(-8) / (1 - np.exp(-8))  # what the end at four deviations leaves
    assert moments == pytest.approx(cut * expected + np.eye(2) / 12, rel=0.002, abs=0.002)


@pytest.mark.parametrize("sigma", [0.3, 0.7, 2.0])
def test_a_round_gaussian_is_the_error_functions_product(sigma):
    special = pytest.importorskip("scipy.special")
    edges = np.arange(-15, 17) - 0.5
    along = np.diff(special.erf(edges / (np.sqrt(2) * sigma)))
    expected = np.outer(along, along) / np.outer(along, along).sum()
    assert np.abs(gaussian_kernel(31, sigma=sigma, ratio=1) - expected).max() < 5e-4


def test_a_gaussian_is_the_same_when_turned_by_half_a_circle():
    kernel = gaussian_kernel(21, sigma=2, ratio=0.4, angle=33)
    assert np.array_equal(kernel, kernel[::-1, ::-1])


def test_a_gaussian_within_a_pixel_changes_nothing():
    for sigma in (0, 0.01, 0.1):
        kernel = gaussian_kernel(None, sigma=sigma, ratio=0.5, angle=0)
        assert kernel.tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
