"""Straight lines: the closed form of their spread."""

import numpy as np
import pytest
from moments import covariance

from blurkit import linear_kernel


@pytest.mark.parametrize("interpolation", ["nearest", "linear"])
def test_a_line_has_the_rms_of_its_length(interpolation):
    for length, angle in ((24, 0), (17.3, 90), (22, 31), (9, 135)):
        kernel = linear_kernel(31, length=length, angle=angle, interpolation=interpolation, seed=0)
        along = np.array([np.cos(np.radians(angle)), -np.sin(np.radians(angle))])
        rms = np.sqrt(along @ covariance(kernel) @ along)
        assert rms == pytest.approx(length / np.sqrt(12), rel=0.02)


def test_a_horizontal_line_is_a_row_and_45_degrees_rise_to_the_right():
    assert np.flatnonzero(linear_kernel(21, length=12, angle=0).any(axis=1)).tolist() == [10]
    assert np.flatnonzero(linear_kernel(21, length=12, angle=90).any(axis=0)).tolist() == [10]
    rising = linear_kernel(21, length=12, angle=45)
    assert rising[7, 13] > 0
    assert rising[13, 13] == 0
