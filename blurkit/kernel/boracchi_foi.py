"""The random walk of Boracchi & Foi, with DeblurGAN's parameters."""

from dataclasses import dataclass

import numpy as np

from blurkit.kernel.checks import Range, check_ranges, checked_steps, sample_key
from blurkit.kernel.single import Block, single_kernel


@dataclass(frozen=True)
class BoracchiFoi:
    """Settings of the walk of Boracchi & Foi, checked. Names and defaults are DeblurGAN's.

    Parameters
    ----------
    max_len : float or (lowest, highest) in 0 .. 1e6, px
        Length of the path.
    expl : float or (lowest, highest) in 0 .. 1
        Boracchi and Foi's anxiety: multiplies the three numbers below. 0 gives a straight line.
    steps : int in 2 .. 100,000
        Points of the trajectory; DeblurGAN calls them iters.
    centripetal, gaussian_shake : float or (lowest, highest) in 0 .. 1e6
        Pull towards the start of the walk, in step lengths per px of distance, and standard
        deviation of the random push along each axis, in step lengths.
    big_shake : float or (lowest, highest) in 0 .. 1
        big_shake * expl is the chance, at each step, that the camera turns back.

    Raises
    ------
    SettingError
        "expl must be one number or a pair (lowest, highest) in 0 .. 1, got 2", and likewise for
        the other ranges; "steps must be between 2 and 100000, got 1"

    Notes
    -----
    One step is v <- (v + b - expl * (centripetal * x - gaussian_shake * g)) / norm, x <- x + v *
    max_len / (steps - 1), where g is standard normal on each axis (a sum of four bytes). b is 0
    except at a big shake, where it is 2 v turned by 180 degrees and up to half a radian aside. The
    speed is therefore constant. The first v has a random direction. The model is from "Modeling
    the performance of image restoration from motion blur" (IEEE TIP 2012); numbers and ranges are
    DeblurGAN's (Kupyn et al. 2018). DeblurGAN's script draws expl from 0.001 .. 0.01; its class
    draws it from 0 .. 0.1 by default, which curls the walk up into a spot. centripetal, big_shake
    and gaussian_shake have fixed ranges there, the defaults here. DeblurGAN splats the path
    bilinearly (interpolation="linear") on 64 x 64 px; its shorter exposures correspond to a
    smaller max_len.
    """

    max_len: Range = 60.0
    expl: Range = (0.001, 0.01)
    steps: int = 2000
    centripetal: Range = (0.0, 0.7)
    big_shake: Range = (0.0, 0.2)
    gaussian_shake: Range = (0.0, 10.0)

    name = "boracchi-foi"
    numbers = ("length", "expl", "centripetal", "big_shake", "gaussian_shake", "jerks", "shrink")

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", checked_steps(self.steps))
        check_ranges(self, max_len=1e6, expl=1, centripetal=1e6, big_shake=1, gaussian_shake=1e6)

    def ranges(self) -> np.ndarray:
        """(5, 2) float64, in the loops' order."""
        return np.array(
            [self.max_len, self.expl, self.centripetal, self.big_shake, self.gaussian_shake]
        )

    def fill(self, block: Block) -> None:
        from blurkit._loops.boracchi_foi import fill_kernels

        fill_kernels(block, self.steps, self.ranges())


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
    """Camera-shake blur kernel of Boracchi & Foi, with DeblurGAN's parameter names.

    Parameters
    ----------
    size : odd int >= 3, or None
        Side of the kernel, in pixels. A wider path is shrunk to fit. With None the kernel is the
        smallest odd square that holds the path unshrunk.
    max_len, expl, steps, centripetal, big_shake, gaussian_shake
        See `blurkit.BoracchiFoi`, which also gives the equation and the sources.
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
        As `blurkit.BoracchiFoi` and `blurkit.random_walk_kernel`

    Examples
    --------
    >>> boracchi_foi_kernel(63, max_len=60, expl=0.005, seed=7).shape
    (63, 63)
    """
    family = BoracchiFoi(max_len, expl, steps, centripetal, big_shake, gaussian_shake)
    return single_kernel(family, size, interpolation, seed, index)


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
    """Path of the camera in `boracchi_foi_kernel`; same arguments and errors.

    Returns
    -------
    trajectory : (steps, 2) float64, columns (x, y) in px, mean over time at the origin
    """
    from blurkit._loops.boracchi_foi import one_boracchi_foi

    family = BoracchiFoi(max_len, expl, steps, centripetal, big_shake, gaussian_shake)
    x, y, drawn = np.empty(family.steps), np.empty(family.steps), np.empty(6)
    sample_seed, sample = sample_key(seed, index)
    one_boracchi_foi(x, y, drawn, sample_seed, sample, family.ranges())
    return np.column_stack([x, y])
