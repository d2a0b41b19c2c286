"""A lens out of focus."""

from dataclasses import dataclass

import numpy as np

from blurkit.kernel.checks import Range, check_ranges
from blurkit.kernel.single import Block, single_kernel


@dataclass(frozen=True)
class Defocus:
    """Settings of a lens out of focus, a uniform disc, checked.

    Parameters
    ----------
    radius : float or (lowest, highest) in 0 .. 1e6, px

    Raises
    ------
    SettingError
        "radius must be one number or a pair (lowest, highest) in 0 .. 1e+06, got -1"
    """

    radius: Range = (1.0, 8.0)

    name = "defocus"
    numbers = ("radius", "shrink")

    def __post_init__(self) -> None:
        check_ranges(self, radius=1e6)

    def fill(self, block: Block) -> None:
        from blurkit._loops.defocus import fill_kernels

        fill_kernels(block, np.array([self.radius]))


def defocus_kernel(
    size: int | None = 31,
    *,
    radius: Range = Defocus.radius,
    seed: int | None = None,
    index: int = 0,
) -> np.ndarray:
    """Blur kernel of a lens out of focus: a uniform disc, integrated over the pixels.

    Parameters
    ----------
    size : odd int >= 3, or None
        Side of the kernel, in pixels. A radius above size / 2 is shrunk to that. With None the
        kernel is the smallest odd square that holds the disc unshrunk.
    radius : float or (lowest, highest), px
        See `blurkit.Defocus`.
    seed, index : int
        The same (seed, index) draws the same radius, alone or in any batch. None draws a fresh
        seed.

    Returns
    -------
    kernel : (size, size) float32, >= 0, sum 1, with all symmetries of a square
        Each pixel's share is summed over 32 slices whose chords are exact: within 0.006 of the
        area of a pixel. The variance along an axis is radius**2 / 4 plus 1/12 for the pixels,
        within 0.13 px**2, an effect of the pixel grid on a sharp rim.

    Raises
    ------
    SettingError
        As `blurkit.Defocus` and `blurkit.random_walk_kernel`

    Examples
    --------
    >>> defocus_kernel(None, radius=2.5).shape
    (5, 5)
    """
    return single_kernel(Defocus(radius), size, "nearest", seed, index)
