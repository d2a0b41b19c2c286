"""From a trajectory to a kernel."""

from collections.abc import Callable
from operator import index as as_integer

import numpy as np

from blurkit.errors import SettingError

INTERPOLATIONS = ("nearest", "linear")
FARTHEST = 1e9  # px: coordinates beyond it have no sub-pixel digits to speak of
SIDES = (31, 127, 511, 2047)  # px: tried in turn where the size shall follow the blur


def checked_size(size: int) -> int:
    """The side of a kernel."""
    if as_integer(size) < 3 or size % 2 == 0:
        raise SettingError(f"size must be odd and >= 3, got {size}")
    return int(size)


def checked_interpolation(interpolation: str) -> str:
    """The name of a way to rasterise."""
    if interpolation not in INTERPOLATIONS:
        names = " or ".join(f'"{name}"' for name in INTERPOLATIONS)
        raise SettingError(f'interpolation must be {names}, got "{interpolation}"')
    return interpolation


def smallest(make: Callable[[int], tuple[np.ndarray, float]]) -> np.ndarray:
    """The kernel of make(side) -> (kernel, shrink) on the smallest odd square that holds it whole.

    It is made on a side where nothing need be shrunk, and cut to the smallest odd square, of at
    least 3 x 3 px about the same middle, outside of which it is zero.
    """
    for side in SIDES:
        kernel, shrink = make(side)
        if shrink == 1:
            reach = max(1, np.abs(np.argwhere(kernel) - side // 2).max())
            kept = slice(side // 2 - reach, side // 2 + reach + 1)
            return kernel[kept, kept].copy()
    raise SettingError(f"size must be given for a blur that does not fit into {SIDES[-1]} px")


def rasterise(trajectory: np.ndarray, size: int, interpolation: str = "nearest") -> np.ndarray:
    """Blur kernel (PSF) of a camera path: the share of the exposure spent in each pixel.

    Parameters
    ----------
    trajectory : (n, 2) array, n >= 1, columns (x, y) in px, within +-1e9
        Positions at equal intervals of time, joined by straight lines. Only its shape counts, not
        where it lies: the mean over time is moved to the middle of the kernel.
    size : odd int >= 3
        Side of the kernel, in pixels. A path wider than that is shrunk to fit, never clipped.
    interpolation : "nearest" or "linear"
        "nearest" counts time in the nearest pixel: thin, sparse kernels, which blur fast.
        "linear" shares it among the four pixels around: smooth, with an exact centroid.

    Returns
    -------
    kernel : (size, size) float32, >= 0, sum 1, centroid in the middle
        Exactly so (1e-5 px) with "linear"; with "nearest" within 0.5 px, for walks about
        0.01 px: the path is shifted by part of a pixel to where rounding hardly moves it.

    Raises
    ------
    SettingError
        "size must be odd and >= 3, got 20"; 'interpolation must be "nearest" or "linear", got
        "cubic"'; "trajectory must be an (n, 2) array, n >= 1, got shape (3,)";
        "trajectory must lie within +-1e+09 px, got nan"

    Examples
    --------
    >>> rasterise(np.array([[-1.0, 0.0], [1.0, 0.0]]), 3).tolist()
    [[0.0, 0.0, 0.0], [0.25, 0.5, 0.25], [0.0, 0.0, 0.0]]
    """
    from blurkit._loops import raster

    size, interpolation = checked_size(size), checked_interpolation(interpolation)
    points = np.asarray(trajectory, dtype=float)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise SettingError(f"trajectory must be an (n, 2) array, n >= 1, got shape {points.shape}")
    if not (farthest := float(np.abs(points).max())) <= FARTHEST:
        raise SettingError(f"trajectory must lie within +-{FARTHEST:g} px, got {farthest}")
    if len(points) == 1:  # a camera at rest
        points = np.repeat(points, 2, axis=0)
    x, y = points.T.copy()
    kernel = np.empty((size, size), np.float32)
    scratch = np.empty((size, size)), np.empty(len(x), np.int32)
    raster.rasterise(kernel, *scratch, x, y, interpolation == "linear")
    return kernel
