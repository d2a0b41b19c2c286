"""Motion blur other than the random walk: Boracchi & Foi's, a hand's tremor, straight lines."""

import numpy as np

from blurkit.kernel.batch import one_kernel
from blurkit.kernel.families import BoracchiFoi, Linear, Tremor
from blurkit.kernel.walk import Range, checked_index, checked_seed


def boracchi_foi_kernel(
    size: int | None = 31,
    *,
    max_len: Range = BoracchiFoi.max_len,
    expl: Range = BoracchiFoi.expl,
    steps: int = BoracchiFoi.steps,
    centripetal: Range = BoracchiFoi.centripetal,
    big_shake: Range = BoracchiFoi.big_shake,
    gaussian_shake: Range = BoracchiFoi.gaussian_shake,
    interpolation: str = "nearest",
    seed: int | None = None,
    index: int = 0,
) -> np.ndarray:
    """Camera-shake blur kernel of Boracchi & Foi, under the names that DeblurGAN's users know.

    Parameters
    ----------
    size : odd int >= 3, or None
        Side of the kernel, in pixels. A path wider than that is shrunk to fit. With None the
        size follows the path, unshrunk: the smallest odd square outside of which it is zero.
    max_len, expl, steps, centripetal, big_shake, gaussian_shake
        See `blurkit.BoracchiFoi`, where the equation and the sources are too.
    interpolation : "nearest" or "linear"
        See `blurkit.kernel.rasterise`. DeblurGAN's kernels are "linear".
    seed, index : int
        The same (seed, index) gives the same kernel, alone or in any batch. None draws a fresh
        seed.

    Returns
    -------
    kernel : (size, size) float32, >= 0, sum 1, centroid in the middle

    Raises
    ------
    SettingError
        Those of `blurkit.BoracchiFoi` and `blurkit.random_walk_kernel`

    Examples
    --------
    >>> boracchi_foi_kernel(63, max_len=60, expl=0.005, seed=7).shape
    (63, 63)
    """
    family = BoracchiFoi(max_len, expl, steps, centripetal, big_shake, gaussian_shake)
    return one_kernel(family, size, interpolation, seed, index)


def boracchi_foi_trajectory(
    *,
    max_len: Range = BoracchiFoi.max_len,
    expl: Range = BoracchiFoi.expl,
    steps: int = BoracchiFoi.steps,
    centripetal: Range = BoracchiFoi.centripetal,
    big_shake: Range = BoracchiFoi.big_shake,
    gaussian_shake: Range = BoracchiFoi.gaussian_shake,
    seed: int | None = None,
    index: int = 0,
) -> np.ndarray:
    """Path of the camera in `boracchi_foi_kernel`, whose arguments and errors it shares.

    Returns
    -------
    trajectory : (steps, 2) float64, columns (x, y) in px, mean over time at the origin
    """
    from blurkit._loops.boracchi_foi import one_boracchi_foi

    family = BoracchiFoi(max_len, expl, steps, centripetal, big_shake, gaussian_shake)
    x, y = np.empty(family.steps), np.empty(family.steps)
    key = np.uint64(checked_seed(seed)), np.uint64(checked_index(index))
    one_boracchi_foi(x, y, np.empty(6), *key, family.ranges())
    return np.column_stack([x, y])


def tremor_kernel(
    size: int | None = 31,
    *,
    exposure: Range = Tremor.exposure,
    drift: Range = Tremor.drift,
    tremor: Range = Tremor.tremor,
    band: tuple[float, float] = Tremor.band,
    steps: int = Tremor.steps,
    interpolation: str = "nearest",
    seed: int | None = None,
    index: int = 0,
) -> np.ndarray:
    """Camera-shake blur kernel of a hand that drifts slowly and trembles at 2 to 12 Hz.

    Parameters
    ----------
    size : odd int >= 3, or None
        Side of the kernel, in pixels. A path wider than that is shrunk to fit. With None the
        size follows the path, unshrunk: the smallest odd square outside of which it is zero.
    exposure, drift, tremor, band, steps
        In s, px/s, px and Hz: see `blurkit.Tremor`, where the model and its sources are too.
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
        Those of `blurkit.Tremor` and `blurkit.random_walk_kernel`

    Examples
    --------
    >>> tremor_kernel(exposure=1 / 3, seed=7).shape
    (31, 31)
    """
    family = Tremor(exposure, drift, tremor, band, steps)
    return one_kernel(family, size, interpolation, seed, index)


def tremor_trajectory(
    *,
    exposure: Range = Tremor.exposure,
    drift: Range = Tremor.drift,
    tremor: Range = Tremor.tremor,
    band: tuple[float, float] = Tremor.band,
    steps: int = Tremor.steps,
    seed: int | None = None,
    index: int = 0,
) -> np.ndarray:
    """Path of the camera in `tremor_kernel`, whose arguments and errors it shares.

    Returns
    -------
    trajectory : (steps, 2) float64, columns (x, y) in px, mean over time at the origin
        At equal intervals of time, from 0 to the exposure.
    """
    from blurkit._loops.tremor import tremor as path

    family = Tremor(exposure, drift, tremor, band, steps)
    x, y = np.empty(family.steps), np.empty(family.steps)
    key = np.uint64(checked_seed(seed)), np.uint64(checked_index(index))
    path(x, y, np.empty(3), *key, family.ranges(), np.array(family.band))
    return np.column_stack([x, y])


def linear_kernel(
    size: int | None = 31,
    *,
    length: Range = Linear.length,
    angle: Range = Linear.angle,
    interpolation: str = "nearest",
    seed: int | None = None,
    index: int = 0,
) -> np.ndarray:
    """Blur kernel of a straight movement at constant speed.

    Parameters
    ----------
    size : odd int >= 3, or None
        Side of the kernel, in pixels. A line longer than that is shrunk to fit. With None the
        size follows the line, unshrunk: the smallest odd square outside of which it is zero.
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
        Those of `blurkit.Linear` and `blurkit.random_walk_kernel`

    Examples
    --------
    >>> linear_kernel(None, length=2, angle=0, interpolation="linear").round(2).tolist()
    [[0.0, 0.0, 0.0], [0.25, 0.5, 0.25], [0.0, 0.0, 0.0]]
    """
    return one_kernel(Linear(length, angle), size, interpolation, seed, index)
