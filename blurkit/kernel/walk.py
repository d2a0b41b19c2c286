"""The random walk: how a hand-held camera moves while the shutter is open."""

from dataclasses import dataclass

import numpy as np

from blurkit.errors import SettingError
from blurkit.kernel.checks import Range, checked_range, checked_steps, sample_key
from blurkit.kernel.single import Block, single_kernel


@dataclass(frozen=True)
class Walk:
    """Settings of the random walk, checked. Lengths in px of the blurred image, time in steps.

    Parameters
    ----------
    steps : int in 2 .. 100,000
        Points of the trajectory. The exposure lasts steps - 1 steps of equal time.
    length : float or (lowest, highest) in 0 .. 1e6, px
        Length of the path. From a pair each sample draws its own, uniformly.
    inertia : float in [0, 1]
        Fraction of the velocity kept from one step to the next. 1 with jitter 0 and jerks 0 is a
        straight line; 0 is Brownian motion.
    jitter : float or (lowest, highest) in 0 .. 1e6
        Standard deviation, on each axis, of the Gaussian push that each step gives to the
        velocity, in units of the initial speed. A pair works as for length.
    jerks : float in 0 .. steps - 1
        Expected number of jerks in an exposure: sudden reversals, to within 45 degrees.

    Raises
    ------
    SettingError
        "steps must be between 2 and 100000, got 1";
        "length must be one number or a pair (lowest, highest) in 0 .. 1e+06, got (9, 3)"
        and likewise for jitter; "inertia must be between 0 and 1, got 2.0";
        "jerks must be between 0 and steps - 1, got 300";
        "jitter must be above 0 when inertia is 0 (nothing would move), got 0.0"

    Notes
    -----
    One step is v <- inertia * v + jitter * g, x <- x + v, with g standard normal (a sum of four
    bytes, so |g| < 3.5); the first v is a unit vector in a random direction. The finished path is
    scaled to its length and moved so that its mean over time is the origin. The model is that of
    Boracchi & Foi, "Modeling the performance of image restoration from motion blur" (IEEE TIP
    2012), without their pull towards the origin.

    Over 2,000 kernels of 31x31 px the defaults give these medians: RMS along the major axis
    4.5 px, minor over major axis 0.30. The 8 kernels that Levin et al. recorded (CVPR 2009) have
    4.5 px and 0.29. The thickness of the path depends on how it is rasterised: "linear" matches
    the recorded ratio of support to extent, "nearest" gives thinner kernels. The statistics are
    defined in `blurkit.realism.statistics`; the figures come from benchmarks/realism.py.
    """

    steps: int = 256
    length: Range = (12.0, 40.0)
    inertia: float = 0.984
    jitter: Range = (0.05, 0.4)
    jerks: float = 0.7

    name = "walk"
    numbers = ("length", "jitter", "jerks", "shrink")

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", checked_steps(self.steps))
        if not 0 <= self.inertia <= 1:
            raise SettingError(f"inertia must be between 0 and 1, got {self.inertia}")
        if not 0 <= self.jerks <= self.steps - 1:
            raise SettingError(f"jerks must be between 0 and steps - 1, got {self.jerks}")
        jitter = checked_range("jitter", self.jitter)
        object.__setattr__(self, "inertia", float(self.inertia))
        object.__setattr__(self, "jerks", float(self.jerks))
        object.__setattr__(self, "length", checked_range("length", self.length))
        object.__setattr__(self, "jitter", jitter)
        if self.inertia == 0 and jitter[0] == 0:
            rule = "jitter must be above 0 when inertia is 0 (nothing would move)"
            raise SettingError(f"{rule}, got {jitter[0]}")

    def fill(self, block: Block) -> None:
        from blurkit._loops.walk import fill_kernels

        length, jitter = np.array(self.length), np.array(self.jitter)
        fill_kernels(block, self.steps, length, self.inertia, jitter, self.jerks)


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
        Side of the kernel, in pixels. A wider walk is shrunk to fit. With None the kernel is the
        smallest odd square that holds the walk unshrunk.
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
        "size must be odd and >= 3, got 20"; "size must be given for a blur that does not fit into
        2047 px"; 'interpolation must be "nearest" or "linear", got "x"'; and as
        `random_walk_trajectory`

    Examples
    --------
    >>> kernel = random_walk_kernel(21, seed=7)
    >>> kernel.shape, round(float(kernel.sum()), 6)
    ((21, 21), 1.0)
    """
    family = Walk(steps, length, inertia, jitter, jerks)
    return single_kernel(family, size, interpolation, seed, index)


def random_walk_trajectory(
    *,
    steps: int = Walk.steps,
    length: Range = Walk.length,
    inertia: float = Walk.inertia,
    jitter: Range = Walk.jitter,
    jerks: float = Walk.jerks,
    seed: int | None = None,
    index: int = 0,
) -> np.ndarray:
    """Path of the camera during the exposure: an inertial random walk.

    Parameters
    ----------
    steps, length, inertia, jitter, jerks
        See `Walk`, which also gives the defaults, the equation and the source.
    seed, index : int
        The same (seed, index) gives the same walk. None draws a fresh seed.

    Returns
    -------
    trajectory : (steps, 2) float64, columns (x, y) in px, mean over time at the origin

    Raises
    ------
    SettingError
        As `Walk`; "seed must be between 0 and 2**64 - 1, got -1"; "index must be between 0 and
        2**63 - 1, got -1"

    Examples
    --------
    A straight line of 20 px:

    >>> line = random_walk_trajectory(length=20, inertia=1, jitter=0, jerks=0, seed=1)
    >>> round(float(np.hypot(*(line[-1] - line[0]))), 6)
    20.0
    """
    from blurkit._loops import walk as loops

    family = Walk(steps, length, inertia, jitter, jerks)
    x, y = np.empty(family.steps), np.empty(family.steps)
    sample_seed, sample = sample_key(seed, index)
    lengths, jitters = np.array(family.length), np.array(family.jitter)
    loops.walk(x, y, sample_seed, sample, lengths, family.inertia, jitters, family.jerks)
    return np.column_stack([x, y])
