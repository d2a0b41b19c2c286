"""Camera-shake blur kernels: random walks, rasterised."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from blurkit.errors import SettingError
from blurkit.rasterise import checked_interpolation, checked_size
from blurkit.trajectory import Range, Walk, checked_index, checked_seed

PARAMS = ("length", "jitter", "jerks", "shrink")  # what was drawn for a kernel
_BLOCK = 256  # kernels a thread makes before it looks for more work


def random_walk_kernel(
    size: int = 31,
    *,
    steps: int = Walk.steps,
    length: Range = Walk.length,
    inertia: float = Walk.inertia,
    jitter: Range = Walk.jitter,
    jerks: float = Walk.jerks,
    interpolation: str = "nearest",
    seed: int | None = None,
    index: int = 0,
) -> np.ndarray:
    """Camera-shake blur kernel (PSF): a random walk rasterised to the nearest pixels.

    Parameters
    ----------
    size : odd int >= 3
        Side of the kernel, in pixels. A walk wider than that is shrunk to fit.
    steps, length, inertia, jitter, jerks
        The walk: see `blurkit.Walk`. length is in px; a pair (lowest, highest) as length or
        jitter is a range from which each (seed, index) draws its own number.
    interpolation : "nearest" or "linear"
        See `blurkit.rasterise`.
    seed, index : int
        The same (seed, index) gives the same kernel, alone or in any batch. None draws a fresh
        seed.

    Returns
    -------
    kernel : (size, size) float32, >= 0, sum 1, centroid in the middle

    Raises
    ------
    SettingError
        "size must be odd and >= 3, got 20", and as `blurkit.rasterise` and
        `blurkit.random_walk_trajectory`, of which this is the composition.

    Examples
    --------
    >>> kernel = random_walk_kernel(21, seed=7)
    >>> kernel.shape, round(float(kernel.sum()), 6)
    ((21, 21), 1.0)
    """
    kernels = random_walk_kernels(
        1,
        size,
        steps=steps,
        length=length,
        inertia=inertia,
        jitter=jitter,
        jerks=jerks,
        interpolation=interpolation,
        seed=seed,
        start=checked_index(index),
        threads=1,
    )
    return kernels[0]


def random_walk_kernels(
    n: int,
    size: int = 31,
    *,
    steps: int = Walk.steps,
    length: Range = Walk.length,
    inertia: float = Walk.inertia,
    jitter: Range = Walk.jitter,
    jerks: float = Walk.jerks,
    interpolation: str = "nearest",
    seed: int | None = None,
    start: int = 0,
    threads: int | None = None,
) -> np.ndarray:
    """Many kernels at once: row i is `random_walk_kernel` with index start + i.

    Parameters
    ----------
    n : int >= 0
    size, steps, length, inertia, jitter, jerks, interpolation, seed
        As for `random_walk_kernel`.
    start : int >= 0
        Index of the first kernel.
    threads : int >= 1, optional
        Default: one for each CPU. The result does not depend on it.

    Returns
    -------
    kernels : (n, size, size) float32

    Raises
    ------
    SettingError
        As `random_walk_kernel`; "n must be >= 0, got -1"; "threads must be >= 1, got 0"

    Examples
    --------
    >>> kernels = random_walk_kernels(100, seed=7)
    >>> bool((kernels[42] == random_walk_kernel(seed=7, index=42)).all())
    True
    """
    if n < 0:
        raise SettingError(f"n must be >= 0, got {n}")
    if threads is not None and threads < 1:
        raise SettingError(f"threads must be >= 1, got {threads}")
    walk = Walk(steps, length, inertia, jitter, jerks)
    side, way = checked_size(size), checked_interpolation(interpolation)
    first = checked_index(start, "start")
    one_seed = checked_seed(seed)
    kernels = np.empty((n, side, side), np.float32)
    params = np.empty((n, len(PARAMS)))

    def fill(row: int) -> None:
        rows = slice(row, row + _BLOCK)
        fill_kernels(
            kernels[rows], params[rows], walk, seed=one_seed, start=first + row, interpolation=way
        )

    blocks = range(0, n, _BLOCK)
    workers = min(threads or os.cpu_count() or 1, len(blocks))
    if workers <= 1:
        for block in blocks:
            fill(block)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(fill, blocks))
    return kernels


def fill_kernels(
    kernels: np.ndarray,
    params: np.ndarray,
    walk: Walk,
    *,
    seed: int,
    start: int,
    interpolation: str = "nearest",
) -> None:
    """Write the kernels of samples start .. start + n - 1 in place: no checks, no GIL, any thread.

    Parameters
    ----------
    kernels : (n, K, K) float32, C-contiguous; written
    params : (n, 4) float64, C-contiguous; written
        Columns as named in `PARAMS`: length drawn (px), jitter drawn, jerks that happened, and
        the factor in (0, 1] by which the walk was shrunk to fit: the path's length in the kernel
        is length * shrink.
    walk, seed, start, interpolation
        As for `random_walk_kernels`.
    """
    from blurkit._loops.kernels import fill

    linear = interpolation == "linear"
    first = np.uint64(start)
    fill(kernels, params, np.uint64(seed), first, walk.steps, *walk.loop_arguments(), linear)
