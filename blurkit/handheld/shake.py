"""Blur that varies over the picture: a camera shifts and rolls, each pixel has its own path."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from blurkit.errors import SettingError
from blurkit.handheld.poses import camera_poses, tile_edges

METHODS = ("tiles", "exact")
_NEAR = 0.2  # px: poses nearer than this are taken as one
_BLOCK = 16  # tiles beside each other for which the image is converted together
_NO_TABLE = np.empty(0)
_WORK: dict[str, type[np.floating]] = {  # in what the sums are taken
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
    """Blur kernel (PSF) at one place of a shaken picture.

    Parameters
    ----------
    trajectory, focal : as for `shake`
    y, x : float, px
        Row and column in the picture; the middle of the first pixel is (0, 0).
    shape : (H, W, ...), px
        Of the picture.

    Returns
    -------
    kernel : (K, K) float32, >= 0, sum 1, K the smallest odd side that holds the path
        Its middle is no motion; bilinear, as `rasterise` with "linear".

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
    """Blur a picture by a camera that shifts and rolls: each pixel by its own path.

    Parameters
    ----------
    image : (H, W) or (H, W, C) array of uint8, uint16, float32 or float64
        Taken as it is: give linear light for physically correct blur. Mirrored at its borders,
        the border pixel not repeated.
    trajectory : (n, 3) array, n >= 1, columns x, y (px) and roll (degrees, clockwise)
        Positions at equal intervals of time, joined by straight lines: `shaken_trajectory`, or
        one of your own. The roll is about the middle of the picture. Taken as it is: where its
        mean is not zero, the blurred picture is shifted against the sharp one.
    focal : float > 0, px, optional
        Focal length. With it, x and y are what a turn of the camera does to the picture's middle.
    method : "tiles" or "exact"
        "exact" averages one bilinear warp for each point of the path: the reference, some hundred
        times slower. See the notes.
    threads : int >= 1, optional
        Default: one for each CPU. The result does not depend on it.

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
    "tiles" draws the kernel of each corner of a tile from its path, and inside the tile
    interpolates the kernels' weights bilinearly. As weights are linear in the path while no point
    of it changes pixel, that is nearly the warp itself, at the price of taps. Sides of 8 to 64 px
    are chosen such that the paths at a tile's corners differ by less than half a pixel, where that
    can be: up to about 3.5 degrees from the mean. On pictures of up to 1000 px and rolls
    of up to 3 degrees the two methods differ by about 0.1 grey levels RMS, 2 at most; rounding to
    8 bits is 0.3 RMS. `benchmarks/shake.py` measures it, and other ways.

    Examples
    --------
    >>> image = np.arange(48, dtype=np.uint8).reshape(6, 8)
    >>> bool((shake(image, np.zeros((1, 3))) == image).all())
    True
    """
    picture = np.asarray(image)
    if picture.ndim not in (2, 3) or 0 in picture.shape or picture.dtype.name not in _WORK:
        rule = "image must be (H, W) or (H, W, C) of uint8, uint16, float32 or float64"
        raise SettingError(f"{rule}, got {picture.dtype} of shape {picture.shape}")
    planes = picture if picture.ndim == 3 else picture[:, :, None]
    blurred = np.empty(planes.shape, planes.dtype)

    def finish(top: int, total: np.ndarray) -> None:
        from blurkit._loops.shake import store_integers

        rows = blurred[top : top + len(total)]
        if rows.dtype.kind == "u":
            store_integers(rows.reshape(-1), total.reshape(-1))
        else:
            rows[...] = total

    work = _WORK[planes.dtype.name]
    shake_bands(planes, trajectory, finish, focal=focal, method=method, threads=threads, work=work)
    return blurred.reshape(picture.shape)


def shake_bands(
    image: np.ndarray,
    trajectory: np.ndarray,
    finish: Callable[[int, np.ndarray], object],
    *,
    focal: float | None = None,
    method: str = "tiles",
    threads: int | None = None,
    work: type[np.floating] = np.float32,
    table: np.ndarray = _NO_TABLE,
) -> None:
    """`shake`, band by band in threads, and what is to be done with each.

    Parameters
    ----------
    image : (H, W, C)
    trajectory, focal, method, threads : as for `shake`
    finish : called with the number of a row and the blurred rows from there on, (h, W, C) of
        `work`, which it may overwrite; in the thread that blurred them, in any order
    work : in what the sums are taken
    table : (256,), looked up for the bytes of the image before they are blurred, if not empty
    """
    from blurkit._loops.shake import shake_block, warp_rows

    if method not in METHODS:
        raise SettingError(f'method must be "tiles" or "exact", got "{method}"')
    if threads is not None and threads < 1:
        raise SettingError(f"threads must be >= 1, got {threads}")
    image, lookup = np.ascontiguousarray(image), table.astype(work)
    poses = camera_poses(trajectory, image.shape, focal, near=_NEAR if method == "tiles" else 0.0)
    rows, columns = tile_edges(image.shape, poses)
    blocks = [np.array(columns[i : i + _BLOCK + 1]) for i in range(0, len(columns) - 1, _BLOCK)]

    def blur_band(edges: tuple[int, int]) -> None:
        total = np.empty((edges[1] - edges[0], *image.shape[1:]), work)
        if method == "exact":
            warp_rows(total, image, lookup, poses, edges[0])
        else:
            for block in blocks:
                shake_block(total, image, lookup, poses, block, edges[0])
        finish(edges[0], total)

    bands = list(pairwise(rows))
    workers = min(threads or os.cpu_count() or 1, len(bands))
    if workers == 1:
        for band in bands:
            blur_band(band)
        return
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(blur_band, bands))
