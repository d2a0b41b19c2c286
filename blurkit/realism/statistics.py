"""Statistics of the shape of kernels, and the velocity spectrum of trajectories."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from blurkit.errors import SettingError

TAP = 0.05  # of the largest weight; larger weights count as taps
ZERO = 0.05  # of the sum; a frequency is lost where the spectrum is smaller
GRID = 128  # frequencies per axis at which the spectrum is evaluated

STATISTICS = {  # name: (label, unit); defined in `kernel_statistics`
    "rms_major": ("RMS along the major axis", "px"),
    "rms_minor": ("RMS along the minor axis", "px"),
    "axis_ratio": ("minor / major axis", ""),
    "extent": ("extent", "px"),
    "support": ("effective support", "px"),
    "support_over_extent": ("support / extent", ""),
    "taps": ("taps", ""),
    "offset": ("centroid offset", "px"),
    "spectral_zeros": ("lost frequencies", ""),
}

# Medians: the first of recorded shakes (Levin et al., "Understanding and evaluating blind
# deconvolution algorithms", CVPR 2009), the others of generators in public use.
PUBLISHED = {
    "Levin 2009": {"rms_major": 4.53, "axis_ratio": 0.29, "support_over_extent": 1.72},
    "DeblurGAN": {"rms_major": 3.10, "axis_ratio": 0.41, "support_over_extent": 2.74},
    "KAIR": {"rms_major": 4.25, "axis_ratio": 0.41, "support_over_extent": 3.64},
    "deepinv": {"rms_major": 3.11, "axis_ratio": 0.42, "support_over_extent": 1.56},
    "straight lines": {"axis_ratio": 0.05},
}


def kernel_statistics(kernels: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Statistics of the shape of each kernel, independent of the scale of its values.

    Parameters
    ----------
    kernels : n >= 1 arrays (K, L), finite, >= 0, with a positive sum
        They may differ in size. Below, k is a kernel divided by its sum.

    Returns
    -------
    statistics : dict of (n,) float64
        rms_major, rms_minor : px
            Square roots of the eigenvalues of k's second-moment matrix about its centroid, with
            each tap a point in the middle of its pixel. A line of n equal taps has
            sqrt((n**2 - 1) / 12) and 0; a disc of radius r has r / 2 and r / 2.
        axis_ratio : 0 (a line) to 1 (round, or a single tap)
            rms_minor / rms_major.
        extent : px
            Longer side of the bounding box of the taps. A thin line has as many nearest-neighbour
            taps, at any angle.
        support : px
            1 / sum(k**2), the number of equal taps with the same sum of squares.
        support_over_extent
            Their ratio: 1 for a line of equal taps, more for a thick or folded path.
        taps : count
            Weights above 0.05 of the largest.
        offset : px
            Distance of the centroid from the middle of the array.
        spectral_zeros : 0 to 1
            Fraction of 128 x 128 evenly spaced frequencies where the modulus of k's transfer
            function is below 0.05: what a deblurring network has to invent.

    Raises
    ------
    SettingError
        "kernels must hold at least one (K, L) array of finite values >= 0 that are not all 0"

    Examples
    --------
    >>> line = kernel_statistics([np.ones((1, 9))])
    >>> float(line["support_over_extent"][0]), float(line["axis_ratio"][0])
    (1.0, 0.0)
    """
    rows = [_measure(np.asarray(kernel, dtype=np.float64)) for kernel in kernels]
    if not rows:
        raise SettingError(_RULE)
    columns = np.array(rows).T
    return dict(zip(STATISTICS, columns, strict=True))


_RULE = "kernels must hold at least one (K, L) array of finite values >= 0 that are not all 0"


def _measure(kernel: np.ndarray) -> tuple[float, ...]:
    """The statistics of one kernel, in the order of STATISTICS."""
    sound = kernel.ndim == 2 and kernel.size and np.isfinite(kernel).all() and kernel.min() >= 0
    if not sound or not kernel.max() > 0:
        raise SettingError(_RULE)
    kernel = kernel / kernel.max()
    above = np.argwhere(kernel > TAP)
    k = kernel / kernel.sum()
    y, x = np.arange(k.shape[0]), np.arange(k.shape[1])
    rows, columns = k.sum(axis=1), k.sum(axis=0)
    centroid = np.array([rows @ y, columns @ x])
    y, x = y - centroid[0], x - centroid[1]
    yy, xx, xy = rows @ y**2, columns @ x**2, y @ k @ x
    spread = math.hypot((xx - yy) / 2, xy)
    major = math.sqrt((xx + yy) / 2 + spread)
    minor = math.sqrt(max((xx + yy) / 2 - spread, 0.0))
    extent = float(np.ptp(above, axis=0).max() + 1)
    support = 1 / float((k**2).sum())
    offset = math.dist(centroid, (np.array(k.shape) - 1) / 2)
    ratio = minor / major if major else 1.0
    zeros = _lost_frequencies(k)
    return major, minor, ratio, extent, support, support / extent, len(above), offset, zeros


def _lost_frequencies(k: np.ndarray) -> float:
    """Fraction of the GRID x GRID frequencies at which |transfer function| < ZERO."""
    blocks = [-(-side // GRID) for side in k.shape]
    padded = np.pad(k, [(0, n * GRID - side) for n, side in zip(blocks, k.shape, strict=True)])
    folded = padded.reshape(blocks[0], GRID, blocks[1], GRID).sum(axis=(0, 2))
    below = np.abs(np.fft.rfft2(folded)) < ZERO
    twice = 2 * below.sum() - below[:, 0].sum() - below[:, -1].sum()  # the mirrored half
    return float(twice) / GRID**2


def velocity_spectrum(
    trajectories: np.ndarray | Sequence[np.ndarray], exposure: float, segment: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Power spectral density of the camera's velocity, by Welch's method.

    Parameters
    ----------
    trajectories : (n, steps, 2) array or sequence of n arrays (steps, 2), n >= 1, steps >= 3
        Positions in px at equal intervals of time, all with the same number of steps.
    exposure : float > 0, s
        Time from the first to the last position.
    segment : int in 2 .. steps - 1, optional
        Velocities per segment; by default all of them, for the finest frequency resolution.

    Returns
    -------
    frequency : (m,) float64, Hz, from 0 to half the sampling rate (steps - 1) / exposure
    density : (m,) float64, (px/s)**2 / Hz
        Sum over both axes, mean over the trajectories; the mean of each segment is removed, and a
        Hann window applied.

    Raises
    ------
    SettingError
        "trajectories must be (n, steps, 2), n >= 1, steps >= 3, got ...", "exposure must be
        above 0, got 0", "segment must be between 2 and steps - 1, got 1"
    """
    from scipy.signal import welch

    lengths = {np.shape(path) for path in trajectories}
    points: Any = np.asarray(trajectories, dtype=float) if len(lengths) == 1 else np.empty(0)
    if points.ndim != 3 or points.shape[1] < 3 or points.shape[2] != 2:
        rule = "trajectories must be (n, steps, 2), n >= 1, steps >= 3"
        raise SettingError(f"{rule}, got {len(trajectories)} of {sorted(lengths)}")
    if not (exposure > 0 and math.isfinite(exposure)):
        raise SettingError(f"exposure must be above 0, got {exposure}")
    count = points.shape[1] - 1
    if segment is not None and not 2 <= segment <= count:
        raise SettingError(f"segment must be between 2 and steps - 1, got {segment}")
    rate = count / exposure
    velocity = np.diff(points, axis=1) * rate
    frequency, density = welch(velocity, rate, nperseg=segment or count, detrend="constant", axis=1)
    return frequency, density.sum(axis=2).mean(axis=0)
