"""Statistics of kernels: closed forms and invariances; spectra of trajectories."""

import re

import numpy as np
import pytest

from blurkit import SettingError, random_walk_trajectory
from blurkit.realism.statistics import (
    GRID,
    STATISTICS,
    kernel_statistics,
    velocity_spectrum,
)


def of(kernel):
    """The statistics of one kernel."""
    return {name: float(values[0]) for name, values in kernel_statistics([kernel]).items()}


def grid(side):
    y, x = np.mgrid[:side, :side] - side // 2
    return y, x


# closed forms


@pytest.mark.parametrize("length", [2, 9, 31])
def test_a_line(length):
    found = of(np.ones((1, length)))
    assert found["rms_major"] == pytest.approx(np.sqrt((length**2 - 1) / 12))
    assert found["rms_minor"] == found["axis_ratio"] == 0
    assert found["offset"] == pytest.approx(0, abs=1e-12)
    assert found["extent"] == found["taps"] == length
    assert found["support"] == pytest.approx(length)
    assert found["support_over_extent"] == pytest.approx(1)


def test_a_line_at_45_degrees_is_longer_but_no_thicker():
    found = of(np.eye(15))
    assert found["rms_major"] == pytest.approx(np.sqrt(2 * (15**2 - 1) / 12))
    assert found["axis_ratio"] == pytest.approx(0, abs=1e-7)
    assert found["support_over_extent"] == pytest.approx(1)


def test_a_disc():
    y, x = grid(129)
    found = of((y**2 + x**2 <= 60**2).astype(np.uint8))
    assert found["rms_major"] == pytest.approx(30, rel=2e-3)
    assert found["axis_ratio"] == pytest.approx(1)
    assert found["extent"] == 121
    assert found["taps"] == pytest.approx(np.pi * 60**2, rel=2e-3)
    assert found["support"] == pytest.approx(found["taps"])


def test_a_gaussian_at_an_angle():
    y, x = grid(101)
    along, across = 0.8 * x + 0.6 * y, 0.8 * y - 0.6 * x
    found = of(np.exp(-((along / 9) ** 2 + (across / 3) ** 2) / 2))
    assert found["rms_major"] == pytest.approx(9, rel=1e-4)
    assert found["rms_minor"] == pytest.approx(3, rel=1e-4)
    assert found["axis_ratio"] == pytest.approx(1 / 3, rel=1e-4)
    assert found["support"] == pytest.approx(4 * np.pi * 9 * 3, rel=1e-4)


def test_a_single_tap_is_round_and_loses_nothing():
    kernel = np.zeros((7, 11))
    kernel[2, 9] = 3
    assert of(kernel) == {
        **dict.fromkeys(("rms_major", "rms_minor", "spectral_zeros"), 0),
        **dict.fromkeys(("axis_ratio", "extent", "support", "support_over_extent", "taps"), 1),
        "offset": pytest.approx(np.hypot(1, 4)),
    }


def test_taps_are_what_lies_above_a_twentieth_of_the_largest():
    found = of([[0, 0.04, 1.0, 0.06, 0]])
    assert found["taps"] == found["extent"] == 2


@pytest.mark.parametrize("length", [5, 12, 200])
def test_the_lost_frequencies_of_a_box_are_those_of_its_transfer_function(length):
    # sin(pi n f) / (n sin(pi f)); 200 is wider than the grid of frequencies
    f = np.arange(1, GRID) / GRID
    transfer = np.sin(np.pi * length * f) / (length * np.sin(np.pi * f))
    lost = np.count_nonzero(np.abs(transfer) < 0.05) / GRID
    assert of(np.ones((1, length)))["spectral_zeros"] == pytest.approx(lost)
    assert of(np.ones((length, 1)))["spectral_zeros"] == pytest.approx(lost)


# invariances


@pytest.mark.parametrize(
    "change",
    [np.rot90, np.flipud, np.transpose, lambda k: 7 * k, lambda k: np.pad(k, 5)],
    ids=["turn", "flip", "transpose", "scale", "border"],
)
def test_what_leaves_the_shape_leaves_the_statistics(walks, change):
    before, after = kernel_statistics(walks), kernel_statistics([change(k) for k in walks])
    for name in STATISTICS:
        np.testing.assert_allclose(after[name], before[name], rtol=1e-9, atol=1e-9)


def test_a_shift_changes_the_offset_alone(walks):
    before = kernel_statistics(walks)
    after = kernel_statistics([np.pad(k, ((6, 0), (0, 8))) for k in walks])
    for name in STATISTICS:
        if name == "offset":
            np.testing.assert_allclose(after[name], np.hypot(3, 4), atol=0.02)
        else:
            np.testing.assert_allclose(after[name], before[name], rtol=1e-9, atol=1e-9)


# velocity


def test_the_spectrum_of_a_tremor_peaks_at_its_frequency():
    t = np.linspace(0, 0.5, 501)
    path = np.stack([40 * t, 3 * np.sin(2 * np.pi * 8 * t)], axis=1)
    frequency, density = velocity_spectrum([path, path], 0.5)
    assert frequency[density.argmax()] == pytest.approx(8)
    assert frequency[-1] == pytest.approx(500)
    # its area is the variance of the velocity: (2 pi f a)**2 / 2, without the steady drift
    assert density.sum() * frequency[1] == pytest.approx((2 * np.pi * 8 * 3) ** 2 / 2, rel=0.01)


def test_white_velocity_has_a_flat_spectrum():
    rng = np.random.default_rng(0)
    paths = rng.standard_normal((30, 1025, 2)).cumsum(axis=1) / 1024
    frequency, density = velocity_spectrum(paths, 1.0, segment=128)
    assert len(frequency) == 65
    # standard deviation 1 px/s on each axis over a band of 512 Hz
    assert density[2:-2].mean() == pytest.approx(2 / 512, rel=0.05)
    assert density[2:-2].std() < 0.15 * density[2:-2].mean()


def test_inertia_takes_the_high_frequencies_from_the_walk():
    def share(inertia):
        walk = {"inertia": inertia, "jitter": 0.3, "jerks": 0}
        paths = [random_walk_trajectory(seed=1, index=i, **walk) for i in range(20)]
        frequency, density = velocity_spectrum(paths, 0.3, segment=64)
        return density[frequency > 100].sum() / density.sum()

    assert share(0.98) < 0.1 < share(0.5)


# bad arguments


@pytest.mark.parametrize(
    "kernels",
    [
        [],
        [np.zeros((3, 3))],
        [np.ones(3)],
        [np.ones((3, 0))],
        [-np.ones((3, 3))],
        [np.full((3, 3), np.nan)],
        [np.full((3, 3), np.inf)],
    ],
)
def test_kernels_must_be_kernels(kernels):
    with pytest.raises(SettingError, match=r"^kernels must hold at least one \(K, L\) array"):
        kernel_statistics(kernels)


@pytest.mark.parametrize(
    ("paths", "exposure", "segment", "message"),
    [
        ([], 1, None, "trajectories must be (n, steps, 2), n >= 1, steps >= 3, got 0 of []"),
        (
            np.zeros((2, 2, 2)),
            1,
            None,
            "trajectories must be (n, steps, 2), n >= 1, steps >= 3, got 2 of [(2, 2)]",
        ),
        (
            [np.zeros((5, 2)), np.zeros((6, 2))],
            1,
            None,
            "trajectories must be (n, steps, 2), n >= 1, steps >= 3, got 2 of [(5, 2), (6, 2)]",
        ),
        (np.zeros((2, 5, 2)), 0, None, "exposure must be above 0, got 0"),
        (np.zeros((2, 5, 2)), np.inf, None, "exposure must be above 0, got inf"),
        (np.zeros((2, 5, 2)), 1, 1, "segment must be between 2 and steps - 1, got 1"),
        (np.zeros((2, 5, 2)), 1, 5, "segment must be between 2 and steps - 1, got 5"),
    ],
)
def test_trajectories_must_be_trajectories(paths, exposure, segment, message):
    with pytest.raises(SettingError, match=f"^{re.escape(message)}$"):
        velocity_spectrum(paths, exposure, segment)
