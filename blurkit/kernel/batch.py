"""Kernels of any family or mix, one or many, checked and in threads."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from blurkit.errors import SettingError
from blurkit.kernel.families import NUMBERS, BoracchiFoi, Defocus, Family, Gaussian, Linear, Tremor
from blurkit.kernel.mix import Mix, name_of
from blurkit.kernel.rasterise import checked_interpolation, checked_size, smallest
from blurkit.kernel.walk import Walk, checked_index, checked_seed

_BLOCK = 128  # kernels a thread makes before it looks for more work


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
        How a path falls on pixels, see `blurkit.kernel.rasterise`; no matter to Defocus and
        Gaussian.
    seed, start : int
        None draws a fresh seed.
    threads : int >= 1, optional
        Default: one for each CPU. The result does not depend on it.

    Returns
    -------
    kernels : (n, size, size) float32, each >= 0, of sum 1, its centroid in the middle

    Raises
    ------
    SettingError
        "n must be >= 0, got -1"; "size must be odd and >= 3, got 20"; "threads must be >= 1,
        got 0"; those of the families and of `Mix`

    Examples
    --------
    >>> from blurkit import Mix, Walk, defocus_kernel
    >>> made, drawn = kernels_and_params(50, 31, Mix(((Walk(), 3), (Defocus(), 1))), seed=7)
    >>> i = drawn["family"].tolist().index(b"defocus")
    >>> bool((made[i] == defocus_kernel(31, seed=7, index=i)).all())
    True
    """
    options = {"interpolation": interpolation, "seed": seed, "start": start, "threads": threads}
    return kernels_and_params(n, size, family, **options)[0]  # type: ignore[arg-type]


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
    """`kernels`, with what was drawn for each.

    Returns
    -------
    kernels : (n, size, size) float32
    params : (n,) structured: the family's name, then the numbers of all families in the mix, NaN
        where a sample's family has none. Always there is `shrink`, the factor in (0, 1] by which
        the blur was made smaller to fit.
    """
    if n < 0:
        raise SettingError(f"n must be >= 0, got {n}")
    if threads is not None and threads < 1:
        raise SettingError(f"threads must be >= 1, got {threads}")
    mix = family if isinstance(family, Mix) else Mix(((family or Walk(), 1),))
    side, way = checked_size(size), checked_interpolation(interpolation)
    first, one_seed = checked_index(start, "start"), checked_seed(seed)
    made, params = np.empty((n, side, side), np.float32), np.empty(n, mix.params)

    def fill(row: int) -> None:
        rows = slice(row, row + _BLOCK)
        fill_mix(made[rows], params[rows], mix, seed=one_seed, start=first + row, interpolation=way)

    in_threads(fill, range(0, n, _BLOCK), threads)
    return made, params


def one_kernel(
    family: Family, size: int | None, interpolation: str, seed: int | None, index: int
) -> np.ndarray:
    """The kernel (size, size) float32 of one sample; size None: as small as holds the blur.

    Raises
    ------
    SettingError
        "size must be odd and >= 3, got 20"; "size must be given for a blur that does not fit into
        2047 px"; 'interpolation must be "nearest" or "linear", got "x"'; those of seed and index
    """
    linear = checked_interpolation(interpolation) == "linear"
    key = checked_seed(seed), checked_index(index)
    drawn = np.empty((1, len(NUMBERS[type(family)])))

    def make(side: int) -> tuple[np.ndarray, float]:
        kernel = np.empty((1, side, side), np.float32)
        fill_family(kernel, drawn, np.zeros(1, np.int64), family, *key, linear)
        return kernel[0], drawn[0, -1]

    return smallest(make) if size is None else make(checked_size(size))[0]


def fill_mix(
    kernels: np.ndarray,
    params: np.ndarray,
    mix: Mix,
    *,
    seed: int,
    start: int,
    interpolation: str = "nearest",
) -> None:
    """Write the kernels of samples start .. start + n - 1 in place: no checks, no GIL, any thread.

    Parameters
    ----------
    kernels : (n, K, K) float32, C-contiguous; written
    params : (n,) structured; written
        Has the fields of mix.params, or without the family's name, and maybe others.
    mix, seed, start, interpolation
        As for `kernels`.
    """
    from blurkit._loops.families import choose

    n, linear = len(kernels), interpolation == "linear"
    if len(mix.parts) == 1:
        fill_part(kernels, params, np.arange(n), mix.parts[0][0], seed, start, linear)
        return
    family = np.empty(n, np.int64)
    choose(family, np.uint64(seed), np.uint64(start), mix.shares)
    for name in mix.numbers:
        params[name] = np.nan
    for number, (part, _) in enumerate(mix.parts):
        rows = np.flatnonzero(family == number)
        if len(rows):
            fill_part(kernels, params, rows, part, seed, start, linear)


def fill_part(
    kernels: np.ndarray,
    params: np.ndarray,
    rows: np.ndarray,
    family: Family,
    seed: int,
    start: int,
    linear: bool,
) -> None:
    """`fill_family`, with what is drawn put into the structured params (n,) by name."""
    names = NUMBERS[type(family)]
    drawn = np.empty((len(kernels), len(names)))
    fill_family(kernels, drawn, rows, family, seed, start, linear)
    some = slice(None) if len(rows) == len(kernels) else rows
    for name, numbers in zip(names, drawn.T, strict=True):
        params[name][some] = numbers[some]
    if "family" in (params.dtype.names or ()):
        params["family"][some] = name_of(family).encode()


def fill_family(
    kernels: np.ndarray,
    drawn: np.ndarray,
    rows: np.ndarray,
    family: Family,
    seed: int,
    start: int,
    linear: bool,
) -> None:
    """Write the rows (m,) int64 of kernels (n, K, K) float32 and of drawn (n, numbers) float64.

    Row r belongs to sample start + r; the columns of drawn are named in
    `blurkit.kernel.families.NUMBERS`.
    """
    from blurkit._loops import families
    from blurkit._loops import kernels as walks

    common = kernels, drawn, rows, np.uint64(seed), np.uint64(start)
    match family:
        case Walk():
            walks.fill(*common, family.steps, *family.loop_arguments(), linear)
        case BoracchiFoi():
            families.fill_boracchi_foi(*common, family.steps, family.ranges(), linear)
        case Tremor():
            band = np.array(family.band)
            families.fill_tremor(*common, family.steps, family.ranges(), band, linear)
        case Linear():
            families.fill_linear(*common, family.steps, family.ranges(), linear)
        case Defocus():
            families.fill_defocus(*common, family.ranges())
        case Gaussian():
            families.fill_gaussian(*common, family.ranges())


def in_threads(work: Callable[[int], None], blocks: range, threads: int | None) -> None:
    """Call work(block) for each block, in as many threads as there are CPUs by default."""
    workers = min(threads or os.cpu_count() or 1, len(blocks))
    if workers <= 1:
        for block in blocks:
            work(block)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(work, blocks))
