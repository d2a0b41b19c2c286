"""Defocus against closed forms and symmetries."""

import numpy as np
import pytest
from moments import covariance

from blurkit import Defocus, defocus_kernel, kernels_and_params


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
