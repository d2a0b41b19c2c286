"""Many kernels of any family or mix, in threads."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from blurkit.errors import SettingError
from blurkit.kernel.checks import (
    Range,
    checked_index,
    checked_interpolation,
    checked_seed,
    checked_size,
    checked_threads,
)
from blurkit.kernel.families import Family
from blurkit.kernel.mix import Mix
from blurkit.kernel.single import Block
from blurkit.kernel.walk import Walk

Item = TypeVar("Item")

_BLOCK = 128  # kernels that a thread makes at a time


def kernels(
    n: int,
    size: int = 31,
    family: Family | Mix | None = None,
    *,
    interpolation: str = "nearest",
    seed: int | None = None,
    start: int = 0,
    threads: int | None = None,
) -> np.ndarray:
    """Many kernels of any family or mix: row i is the family's own kernel of index start + i.

    Parameters
    ----------
    n : int >= 0
    size : odd int >= 3
        Side of the kernels, in pixels. A blur that is too large is shrunk, never clipped.
    family : Walk, BoracchiFoi, Tremor, Linear, Defocus, Gaussian or Mix
        `Walk()` by default.
    interpolation : "nearest" or "linear"
        How a path is rasterised, see `blurkit.kernel.rasterise`; Defocus and Gaussian ignore it.
    seed, start : int
        None draws a fresh seed.
    threads : int >= 1, optional
        Default: one per CPU. The result does not depend on it.

    Returns
    -------
    kernels : (n, size, size) float32, >= 0, each with sum 1 and its centroid in the middle

    Raises
    ------
    SettingError
        "n must be >= 0, got -1"; "size must be odd and >= 3, got 20"; "threads must be >= 1,
        got 0"; and as the families and `Mix`

    Examples
    --------
    >>> from blurkit import Defocus, Mix, Walk, defocus_kernel
    >>> made, params = kernels_and_params(50, 31, Mix(((Walk(), 3), (Defocus(), 1))), seed=7)
    >>> i = params["family"].tolist().index(b"defocus")
    >>> bool((made[i] == defocus_kernel(31, seed=7, index=i)).all())
    True
    """
    made, _ = kernels_and_params(
        n, size, family, interpolation=interpolation, seed=seed, start=start, threads=threads
    )
    return made


def kernels_and_params(
    n: int,
    size: int = 31,
    family: Family | Mix | None = None,
    *,
    interpolation: str = "nearest",
    seed: int | None = None,
    start: int = 0,
    threads: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """`kernels`, together with the numbers drawn for each.

    Returns
    -------
    kernels : (n, size, size) float32
    params : (n,) structured: the family's name, then the numbers of all families in the mix, NaN
        for those that the sample's own family does not have. The last one is `shrink`, the factor
        in (0, 1] by which the blur was shrunk to fit.
    """
    if n < 0:
        raise SettingError(f"n must be >= 0, got {n}")
    workers = checked_threads(threads)
    mix = family if isinstance(family, Mix) else Mix(((family or Walk(), 1),))
    side, way = checked_size(size), checked_interpolation(interpolation)
    first, used_seed = checked_index(start, "start"), checked_seed(seed)
    made, params = np.empty((n, side, side), np.float32), np.empty(n, mix.params)

    def fill(row: int) -> None:
        rows = slice(row, row + _BLOCK)
        fill_mix(
            made[rows], params[rows], mix, seed=used_seed, start=first + row, interpolation=way
        )

    in_threads(fill, range(0, n, _BLOCK), workers)
    return made, params


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
        Default: one per CPU. The result does not depend on it.

    Returns
    -------
    kernels : (n, size, size) float32

    Raises
    ------
    SettingError
        As `random_walk_kernel`; "n must be >= 0, got -1"; "threads must be >= 1, got 0"

    Examples
    --------
    >>> from blurkit import random_walk_kernel
    >>> kernels = random_walk_kernels(100, seed=7)
    >>> bool((kernels[42] == random_walk_kernel(seed=7, index=42)).all())
    True
    """
    walk = Walk(steps, length, inertia, jitter, jerks)
    return kernels(
        n, size, walk, interpolation=interpolation, seed=seed, start=start, threads=threads
    )


def fill_mix(
    kernels: np.ndarray,
    params: np.ndarray,
    mix: Mix,
    *,
    seed: int,
    start: int,
    interpolation: str = "nearest",
) -> None:
    """Write the kernels of samples start .. start + n - 1 in place, without checks or the GIL.

    Parameters
    ----------
    kernels : (n, K, K) float32, C-contiguous; written
    params : (n,) structured; written
        Has the fields of `mix.params`, with or without "family", and maybe others.
    mix, seed, start, interpolation
        As for `kernels`.
    """
    from blurkit._loops.stream import choose_parts

    parts = np.zeros(len(kernels), np.int64)  # the part of the mix that each sample belongs to
    if len(mix.parts) > 1:
        choose_parts(parts, np.uint64(seed), np.uint64(start), mix.shares)
        for name in mix.numbers:
            params[name] = np.nan
    for part, (family, _) in enumerate(mix.parts):
        rows = np.flatnonzero(parts == part)
        drawn = np.empty((len(kernels), len(family.numbers)))
        linear = interpolation == "linear"
        family.fill(Block(kernels, drawn, rows, np.uint64(seed), np.uint64(start), linear))
        for name, column in zip(family.numbers, drawn.T, strict=True):
            params[name][rows] = column[rows]
        if "family" in (params.dtype.names or ()):
            params["family"][rows] = family.name.encode()


def in_threads(work: Callable[[Item], object], items: Sequence[Item], threads: int) -> None:
    """Call work(item) for each item, in at most this many threads."""
    workers = min(threads, len(items))
    if workers <= 1:
        for item in items:
            work(item)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(work, items))
