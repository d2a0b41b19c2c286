"""Spatially varying blur: the camera shifts and rolls, so each pixel has its own path."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from blurkit.errors import SettingError
from blurkit.handheld.poses import camera_poses, tile_edges
from blurkit.kernel.batch import in_threads
from blurkit.kernel.checks import checked_threads

METHODS = ("tiles", "exact")
_NEAR = 0.2  # px: closer poses are merged
_BLOCK = 16  # neighbouring tiles that share one conversion of the image
_NO_TABLE = np.empty(0)
_SUM_TYPE: dict[str, type[np.floating]] = {  # the type in which sums are computed
    "uint8": np.float32,
    "uint16": np.float32,
    "float32": np.float32,
    "float64": np.float64,
}


def kernel_at(
    trajectory: np.ndarray,
    y: float,
    x: float,
    shape: tuple[int, ...],
    *,
    focal: float | None = None,
) -> np.ndarray:
    """Blur kernel (PSF) at one place of a shaken image.

    Parameters
    ----------
    trajectory, focal : as for `shake`
    y, x : float, px
        Row and column in the image; the middle of the first pixel is (0, 0).
    shape : (H, W, ...), px
        Of the image.

    Returns
    -------
    kernel : (K, K) float32, >= 0, sum 1, K the smallest odd side that holds the path
        Its middle is the undisplaced pixel; rasterised as by `rasterise` with "linear".

    Examples
    --------
    >>> roll = np.array([[0.0, 0.0, -0.5], [0.0, 0.0, 0.5]])  # degrees
    >>> kernel_at(roll, 50, 50, (101, 101)).shape, kernel_at(roll, 50, 2000, (101, 4001)).shape
    ((1, 1), (1, 1))
    >>> kernel_at(roll, 0, 2000, (2001, 4001)).shape  # 1000 px from the middle: 17.5 px
    (19, 19)
    """
    from blurkit._loops.poses import fill_path
    from blurkit._loops.shake import splat

    poses = camera_poses(trajectory, shape, focal, near=0.0)
    path = np.empty((len(poses), 2))
    fill_path(path, poses, x - 0.5 * (shape[1] - 1), y - 0.5 * (shape[0] - 1))
    path[np.abs(path) < 1e-9] = 0.0
    half = int(np.ceil(np.abs(path).max()))
    kernel = np.zeros((2 * half + 2, 2 * half + 2), np.float32)
    splat(kernel, path, poses, -half, -half)
    return kernel[:-1, :-1].copy()


def shake(
    image: np.ndarray,
    trajectory: np.ndarray,
    *,
    focal: float | None = None,
    method: str = "tiles",
    threads: int | None = None,
) -> np.ndarray:
    """Blur an image as a camera that shifts and rolls would: each pixel by its own path.

    Parameters
    ----------
    image : (H, W) or (H, W, C) array of uint8, uint16, float32 or float64
        Used as is: pass linear light for physically correct blur. Mirrored at its borders, without
        repeating the border pixel.
    trajectory : (n, 3) array, n >= 1, columns x, y (px) and roll (degrees, clockwise)
        Positions at equal intervals of time, joined by straight lines, such as those of
        `shaken_trajectory`. The roll is about the middle of the image. Used as is: if its mean is
        not zero, the blurred image is displaced from the sharp one.
    focal : float > 0, px, optional
        Focal length. With it, x and y are the shifts at the middle of the image of a rotation.
    method : "tiles" or "exact"
        "exact" averages one bilinear warp per point of the path: the reference, about a hundred
        times slower. See the notes.
    threads : int >= 1, optional
        Default: one per CPU. The result does not depend on it.

    Returns
    -------
    blurred : shape and dtype of the image
        Integers are rounded half up and clipped.

    Raises
    ------
    SettingError
        "image must be (H, W) or (H, W, C) of uint8, uint16, float32 or float64, got int64 of shape
        (5,)"; "trajectory must be a finite (n, 3) array, n >= 1, got shape (3,)"; "trajectory must
        move every pixel by less than 1000 px, got 1234.5"; "focal must be > 0 px, got 0"; 'method
        must be "tiles" or "exact", got "fast"'; "threads must be >= 1, got 0"

    Notes
    -----
    "tiles" computes the kernel at each corner of a tile from its path, and interpolates the
    weights of the kernels bilinearly inside the tile. As long as no point of the path changes
    pixel, weights are linear in the path, so the result is close to the warp itself at the cost of
    a convolution. Tile sides of 8 to 64 px are chosen so that the paths at the corners of a tile
    differ by less than half a pixel, which is possible up to about 3.5 degrees from the mean. For
    images of up to 1000 px and rolls of up to 3 degrees the two methods differ by about 0.1 grey
    levels RMS, 2 at most; rounding to 8 bits is 0.3 RMS. `benchmarks/shake.py` measures this and
    alternatives.

    Examples
    --------
    >>> image = np.arange(48, dtype=np.uint8).reshape(6, 8)
    >>> bool((shake(image, np.zeros((1, 3))) == image).all())
    True
    """
    pixels = np.asarray(image)
    if pixels.ndim not in (2, 3) or 0 in pixels.shape or pixels.dtype.name not in _SUM_TYPE:
        rule = "image must be (H, W) or (H, W, C) of uint8, uint16, float32 or float64"
        raise SettingError(f"{rule}, got {pixels.dtype} of shape {pixels.shape}")
    planes = pixels if pixels.ndim == 3 else pixels[:, :, None]
    blurred = np.empty(planes.shape, planes.dtype)

    def finish(top: int, total: np.ndarray) -> None:
        from blurkit._loops.shake import store_integers

        rows = blurred[top : top + len(total)]
        if rows.dtype.kind == "u":
            store_integers(rows.reshape(-1), total.reshape(-1))
        else:
            rows[...] = total

    shake_bands(
        planes,
        trajectory,
        finish,
        focal=focal,
        method=method,
        threads=threads,
        sum_type=_SUM_TYPE[planes.dtype.name],
    )
    return blurred.reshape(pixels.shape)


def shake_bands(
    image: np.ndarray,
    trajectory: np.ndarray,
    finish: Callable[[int, np.ndarray], object],
    *,
    focal: float | None = None,
    method: str = "tiles",
    threads: int | None = None,
    sum_type: type[np.floating] = np.float32,
    table: np.ndarray = _NO_TABLE,
) -> None:
    """`shake` band by band, in threads, passing each band to a function.

    Parameters
    ----------
    image : (H, W, C)
    trajectory, focal, method, threads : as for `shake`
    finish : callable
        Called with the number of a row and the blurred rows from there on, (h, W, C) of
        `sum_type`, which it may overwrite; in the thread that blurred them, in any order.
    sum_type : the type in which sums are computed
    table : (256,) array
        If not empty, it replaces each byte of the image before blurring.
    """
    from blurkit._loops.shake import shake_block, warp_rows

    if method not in METHODS:
        raise SettingError(f'method must be "tiles" or "exact", got "{method}"')
    workers = checked_threads(threads)
    image, lookup = np.ascontiguousarray(image), table.astype(sum_type)
    poses = camera_poses(trajectory, image.shape, focal, near=_NEAR if method == "tiles" else 0.0)
    rows, columns = tile_edges(image.shape, poses)
    blocks = [np.array(columns[i : i + _BLOCK + 1]) for i in range(0, len(columns) - 1, _BLOCK)]

    def blur_band(edges: tuple[int, int]) -> None:
        total = np.empty((edges[1] - edges[0], *image.shape[1:]), sum_type)
        if method == "exact":
            warp_rows(total, image, lookup, poses, edges[0])
        else:
            for block in blocks:
                shake_block(total, image, lookup, poses, block, edges[0])
        finish(edges[0], total)

    in_threads(blur_band, list(pairwise(rows)), workers)
