"""Gaussian blur."""

from dataclasses import dataclass

import numpy as np

from blurkit.kernel.checks import Range, check_ranges
from blurkit.kernel.single import Block, single_kernel


@dataclass(frozen=True)
class Gaussian:
    """Settings of Gaussian blur, isotropic or not, checked.

    Parameters
    ----------
    sigma : float or (lowest, highest) in 0 .. 1e6, px
        Standard deviation along the major axis.
    ratio : float or (lowest, highest) in 0 .. 1
        Standard deviation along the minor axis over that along the major axis; 1 is isotropic.
    angle : float or (lowest, highest) in 0 .. 360, degrees
        Of the major axis: 0 is horizontal, 90 vertical, 45 rises to the right.

    Raises
    ------
    SettingError
        "ratio must be one number or a pair (lowest, highest) in 0 .. 1, got 2", and likewise for
        the others
    """

    sigma: Range = (0.5, 3.5)
    ratio: Range = (0.3, 1.0)
    angle: Range = (0.0, 180.0)

    name = "gaussian"
    numbers = ("sigma", "ratio", "angle", "shrink")

    def __post_init__(self) -> None:
        check_ranges(self, sigma=1e6, ratio=1, angle=360)

    def fill(self, block: Block) -> None:
        from blurkit._loops.gaussian import fill_kernels

        fill_kernels(block, np.array([self.sigma, self.ratio, self.angle]))


def gaussian_kernel(
    size: int | None = 31,
    *,
    sigma: Range = Gaussian.sigma,
    ratio: Range = Gaussian.ratio,
    angle: Range = Gaussian.angle,
    seed: int | None = None,
    index: int = 0,
) -> np.ndarray:
    """Gaussian blur kernel, isotropic or not, integrated over the pixels.

    Parameters
    ----------
    size : odd int >= 3, or None
        Side of the kernel, in pixels. The Gaussian is cut off at the ellipse of four standard
        deviations, and shrunk if that does not fit. With None the kernel is the smallest odd
        square that holds the ellipse unshrunk.
    sigma, ratio, angle
        In px, 1 and degrees: see `blurkit.Gaussian`; ratio=1 is isotropic. Deviations below
        0.1 px are raised to 0.1 px, which is still well within one pixel.
    seed, index : int
        The same (seed, index) draws the same numbers, alone or in any batch. None draws a fresh
        seed.

    Returns
    -------
    kernel : (size, size) float32, >= 0, sum 1, symmetric under a turn by 180 degrees
        The covariance is 0.9973 times that of the settings, because of the cut-off, plus 1/12
        along both axes for the pixels.

    Raises
    ------
    SettingError
        As `blurkit.Gaussian` and `blurkit.random_walk_kernel`

    Examples
    --------
    >>> gaussian_kernel(None, sigma=1.6, ratio=1).shape
    (13, 13)
    """
    return single_kernel(Gaussian(sigma, ratio, angle), size, "nearest", seed, index)
