"""Camera-shake blur kernels: random walks, rasterised."""

import numpy as np

from blurkit.kernel.batch import fill_family, kernels, one_kernel
from blurkit.kernel.families import NUMBERS
from blurkit.kernel.walk import Range, Walk

PARAMS = NUMBERS[Walk]  # what was drawn for a kernel


def random_walk_kernel(
    size: int | None = 31,
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
    size : odd int >= 3, or None
        Side of the kernel, in pixels. A walk wider than that is shrunk to fit. With None the
        size follows the walk, unshrunk: the smallest odd square outside of which it is zero.
    steps, length, inertia, jitter, jerks
        The walk: see `blurkit.Walk`. length is in px; a pair (lowest, highest) as length or
        jitter is a range from which each (seed, index) draws its own number.
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
        "size must be odd and >= 3, got 20", and as `blurkit.kernel.rasterise` and
        `blurkit.random_walk_trajectory`, of which this is the composition.

    Examples
    --------
    >>> kernel = random_walk_kernel(21, seed=7)
    >>> kernel.shape, round(float(kernel.sum()), 6)
    ((21, 21), 1.0)
    """
    walk = Walk(steps, length, inertia, jitter, jerks)
    return one_kernel(walk, size, interpolation, seed, index)


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
    walk = Walk(steps, length, inertia, jitter, jerks)
    how = {"interpolation": interpolation, "seed": seed, "start": start, "threads": threads}
    return kernels(n, size, walk, **how)  # type: ignore[arg-type]


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
    linear, rows = interpolation == "linear", np.arange(len(kernels))
    fill_family(kernels, params, rows, walk, seed, start, linear)
