"""Blur of the lens: defocus and Gaussian."""

import numpy as np

from blurkit.kernel.batch import one_kernel
from blurkit.kernel.families import Defocus, Gaussian
from blurkit.kernel.walk import Range


def defocus_kernel(
    size: int | None = 31,
    *,
    radius: Range = Defocus.radius,
    seed: int | None = None,
    index: int = 0,
) -> np.ndarray:
    """Blur kernel of a lens out of focus: a disc of even light, integrated over the pixels.

    Parameters
    ----------
    size : odd int >= 3, or None
        Side of the kernel, in pixels. A disc of a radius above size / 2 is shrunk to that. With
        None the size follows the disc, unshrunk: the smallest odd square outside of which it is
        zero.
    radius : float or (lowest, highest), px
        See `blurkit.Defocus`.
    seed, index : int
        The same (seed, index) draws the same radius, alone or in any batch. None draws a fresh
        seed.

    Returns
    -------
    kernel : (size, size) float32, >= 0, sum 1, with all symmetries of a square
        Each pixel's part is measured in 32 slices, whose chords are exact: within 0.006 of the
        area of a pixel. The variance along an axis is radius**2 / 4, and 1/12 for the pixels,
        within 0.13 px**2, which is what the grid makes of a sharp rim.

    Raises
    ------
    SettingError
        Those of `blurkit.Defocus` and `blurkit.random_walk_kernel`

    Examples
    --------
    >>> defocus_kernel(None, radius=2.5).shape
    (5, 5)
    """
    return one_kernel(Defocus(radius), size, "nearest", seed, index)


def gaussian_kernel(
    size: int | None = 31,
    *,
    sigma: Range = Gaussian.sigma,
    ratio: Range = Gaussian.ratio,
    angle: Range = Gaussian.angle,
    seed: int | None = None,
    index: int = 0,
) -> np.ndarray:
    """Gaussian blur kernel, round or not, integrated over the pixels.

    Parameters
    ----------
    size : odd int >= 3, or None
        Side of the kernel, in pixels. The Gaussian ends at the ellipse of four standard
        deviations; where that is wider than the kernel, it is shrunk to fit. With None the size
        follows the ellipse, unshrunk: the smallest odd square outside of which it is zero.
    sigma, ratio, angle
        In px, 1 and degrees: see `blurkit.Gaussian`; ratio=1 is isotropic. A deviation below
        0.1 px counts as 0.1, which a pixel still holds whole.
    seed, index : int
        The same (seed, index) draws the same numbers, alone or in any batch. None draws a fresh
        seed.

    Returns
    -------
    kernel : (size, size) float32, >= 0, sum 1, the same when turned by half a circle
        The covariance is 0.9973 (what the end at four deviations leaves) of that of the settings,
        and 1/12 along both axes for the pixels.

    Raises
    ------
    SettingError
        Those of `blurkit.Gaussian` and `blurkit.random_walk_kernel`

    Examples
    --------
    >>> gaussian_kernel(None, sigma=1.6, ratio=1).shape
    (13, 13)
    """
    return one_kernel(Gaussian(sigma, ratio, angle), size, "nearest", seed, index)
