"""Straight motion at constant speed."""

from dataclasses import dataclass

import numpy as np

from blurkit.kernel.checks import Range, check_ranges
from blurkit.kernel.single import Block, single_kernel

STEPS = 256  # points of the trajectory


@dataclass(frozen=True)
class Linear:
    """Settings of a straight path at constant speed, checked.

    Parameters
    ----------
    length : float or (lowest, highest) in 0 .. 1e6, px
        The blur's RMS along the line is length / sqrt(12).
    angle : float or (lowest, highest) in 0 .. 360, degrees
        0 is horizontal, 90 vertical, 45 rises to the right.

    Raises
    ------
    SettingError
        "angle must be one number or a pair (lowest, highest) in 0 .. 360, got 400", and likewise
        for length
    """

    length: Range = (3.0, 25.0)
    angle: Range = (0.0, 180.0)

    name = "linear"
    numbers = ("length", "angle", "shrink")

    def __post_init__(self) -> None:
        check_ranges(self, length=1e6, angle=360)

    def fill(self, block: Block) -> None:
        from blurkit._loops.linear import fill_kernels

        fill_kernels(block, STEPS, np.array([self.length, self.angle]))


def linear_kernel(
    size: int | None = 31,
    *,
    length: Range = Linear.length,
    angle: Range = Linear.angle,
    interpolation: str = "nearest",
    seed: int | None = None,
    index: int = 0,
) -> np.ndarray:
    """Blur kernel of a straight motion at constant speed.

    Parameters
    ----------
    size : odd int >= 3, or None
        Side of the kernel, in pixels. A longer line is shrunk to fit. With None the kernel is the
        smallest odd square that holds the line unshrunk.
    length, angle
        In px and degrees: see `blurkit.Linear`.
    interpolation : "nearest" or "linear"
        See `blurkit.kernel.rasterise`.
    seed, index : int
        The same (seed, index) gives the same kernel, alone or in any batch. None draws a fresh
        seed.

    Returns
    -------
    kernel : (size, size) float32, >= 0, sum 1, centroid in the middle

    Raises
    ------
    SettingError
        As `blurkit.Linear` and `blurkit.random_walk_kernel`

    Examples
    --------
    >>> linear_kernel(None, length=2, angle=0, interpolation="linear").round(2).tolist()
    [[0.0, 0.0, 0.0], [0.25, 0.5, 0.25], [0.0, 0.0, 0.0]]
    """
    return single_kernel(Linear(length, angle), size, interpolation, seed, index)
