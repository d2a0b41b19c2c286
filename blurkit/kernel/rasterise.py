"""From a trajectory to a kernel."""

import numpy as np

from blurkit.errors import SettingError
from blurkit.kernel.checks import checked_interpolation, checked_size

FARTHEST = 1e9  # px: beyond it a float has no sub-pixel precision to speak of


def rasterise(trajectory: np.ndarray, size: int, interpolation: str = "nearest") -> np.ndarray:
    """Blur kernel (PSF) of a camera path: the share of the exposure spent in each pixel.

    Parameters
    ----------
    trajectory : (n, 2) array, n >= 1, columns (x, y) in px, within +-1e9
        Positions at equal intervals of time, joined by straight lines. Only the shape matters, not
        the position: the mean over time is moved to the middle of the kernel.
    size : odd int >= 3
        Side of the kernel, in pixels. A path wider than that is shrunk to fit, never clipped.
    interpolation : "nearest" or "linear"
        "nearest" counts time in the nearest pixel: thin, sparse kernels, which blur fast.
        "linear" shares it among the four nearest pixels: smooth, with an exact centroid.

    Returns
    -------
    kernel : (size, size) float32, >= 0, sum 1, centroid in the middle
        The centroid is exact (1e-5 px) with "linear"; with "nearest" it is within 0.5 px, for
        walks within about 0.01 px: the path is shifted by a fraction of a pixel so that rounding
        hardly moves it.

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
    time, cells = np.empty((size, size)), np.empty(len(x), np.int32)
    raster.rasterise(kernel, time, cells, x, y, interpolation == "linear")
    return kernel
