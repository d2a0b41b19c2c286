"""Defocus and Gaussian blur against closed forms and symmetries."""

import numpy as np
import pytest

from blurkit import (
    Defocus,
    defocus_kernel,
    gaussian_kernel,
    kernels_and_params,
)


def covariance(kernel):
    """Second moments about the middle, px**2: [[xx, xy], [xy, yy]]."""
    offset = np.arange(len(kernel)) - len(kernel) // 2
    y, x = np.meshgrid(offset, offset, indexing="ij")
    weights = kernel.astype(float)
    return np.array([[(weights * a * b).sum() for b in (x, y)] for a in (x, y)])


@pytest.mark.parametrize("radius", [2.0, 3.7, 9.0, 14.9])
def test_a_disc_has_a_quarter_of_its_squared_radius_along_each_axis(radius):
    moments = covariance(defocus_kernel(31, radius=radius))
    assert np.diag(moments) == pytest.approx(radius**2 / 4 + 1 / 12, rel=0.01, abs=0.04)
    assert moments[0, 1] == 0


@pytest.mark.parametrize("radius", [0.8, 2.0, 5.3])
def test_a_pixel_of_a_disc_has_its_share_of_the_area(radius):
    kernel = defocus_kernel(15, radius=radius) * np.pi * radius**2
    edges = np.arange(16) - 7.5
    fine = (np.arange(15 * 1000) + 0.5) / 1000 - 7.5
    chord = np.sqrt(np.maximum(radius**2 - fine**2, 0))[:, None]
    overlap = np.diff(np.clip(edges, -chord, chord), axis=1)
    assert np.abs(kernel - overlap.reshape(15, 1000, 15).mean(axis=1)).max() < 0.005


def test_a_disc_has_the_symmetries_of_a_square():
    disc = defocus_kernel(15, radius=5.3)
    for other in (disc[::-1], disc[:, ::-1], disc.T):
        assert np.array_equal(disc, other)


def test_a_disc_within_a_pixel_changes_nothing():
    for radius in (0, 0.2, 0.5):
        assert defocus_kernel(None, radius=radius).tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]


def test_a_disc_too_large_fills_the_kernel():
    _, params = kernels_and_params(3, 9, Defocus(radius=12), seed=0)
    assert params["shrink"] == pytest.approx(4.5 / 12)
    assert np.array_equal(defocus_kernel(9, radius=12), defocus_kernel(9, radius=4.5))


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
