"""Random-walk trajectories: how a hand-held camera moves while the shutter is open."""

import secrets
from dataclasses import dataclass
from operator import index as as_integer
from typing import Any

import numpy as np

from blurkit.errors import SettingError

Range = float | tuple[float, float]


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
        Part of the velocity that is kept from one step to the next. 1 with jitter 0 and jerks 0
        is a straight line; 0 is Brownian motion.
    jitter : float or (lowest, highest) in 0 .. 1e6
        Standard deviation, on each axis, of the Gaussian push that each step gives to the
        velocity. The unit is the speed the camera starts with. A pair works as for length.
    jerks : float in 0 .. steps - 1
        Expected number of jerks in an exposure: the camera turns back, up to 45 degrees aside.

    Raises
    ------
    SettingError
        "steps must be between 2 and 100000, got 1";
        "length must be one number or a pair (lowest, highest) in 0 .. 1e+06, got (9, 3)"
        and alike for jitter; "inertia must be between 0 and 1, got 2.0";
        "jerks must be between 0 and steps - 1, got 300";
        "jitter must be above 0 when inertia is 0 (nothing would move), got 0.0"

    Notes
    -----
    One step is v <- inertia * v + jitter * g, x <- x + v, with g standard normal (a sum of four
    bytes, so |g| < 3.5); the first v is a unit vector in a random direction. The finished path is
    scaled to its length and moved so that its mean over time is the origin. The model is that of
    Boracchi & Foi, "Modeling the performance of image restoration from motion blur" (IEEE TIP
    2012), with their pull towards the origin left out.

    Over 2,000 kernels of 31x31 px the defaults give these medians: RMS along the major axis
    4.5 px, minor over major axis 0.30. The 8 kernels that Levin et al. recorded (CVPR 2009) have
    4.5 px and 0.29. How thick the path is depends on how it is rasterised: "linear" gives their
    support over extent, "nearest" thinner kernels. Definitions in `blurkit.realism.statistics`,
    figures from benchmarks/realism.py.
    """

    steps: int = 256
    length: Range = (12.0, 40.0)
    inertia: float = 0.984
    jitter: Range = (0.05, 0.4)
    jerks: float = 0.7

    def __post_init__(self) -> None:
        if not 2 <= as_integer(self.steps) <= 100_000:
            raise SettingError(f"steps must be between 2 and 100000, got {self.steps}")
        if not 0 <= self.inertia <= 1:
            raise SettingError(f"inertia must be between 0 and 1, got {self.inertia}")
        if not 0 <= self.jerks <= self.steps - 1:
            raise SettingError(f"jerks must be between 0 and steps - 1, got {self.jerks}")
        for name, kind in (("steps", int), ("inertia", float), ("jerks", float)):
            object.__setattr__(self, name, kind(getattr(self, name)))
        jitter = checked_range("jitter", self.jitter)
        object.__setattr__(self, "length", checked_range("length", self.length))
        object.__setattr__(self, "jitter", jitter)
        if self.inertia == 0 and jitter[0] == 0:
            rule = "jitter must be above 0 when inertia is 0 (nothing would move)"
            raise SettingError(f"{rule}, got {jitter[0]}")

    def loop_arguments(self) -> tuple[np.ndarray, float, np.ndarray, float]:
        """The settings as the loops take them: length, inertia, jitter, jerks."""
        return np.array(self.length), self.inertia, np.array(self.jitter), self.jerks


def checked_range(
    name: str, value: Any, lowest: float = 0.0, highest: float = 1e6
) -> tuple[float, float]:
    """The pair (lowest, highest) that a number or a pair stands for."""
    pair = np.atleast_1d(np.asarray(value, dtype=float))
    if pair.shape == (1,):
        pair = np.repeat(pair, 2)
    if pair.shape != (2,) or not lowest <= pair[0] <= pair[1] <= highest:
        rule = f"one number or a pair (lowest, highest) in {lowest:g} .. {highest:g}"
        raise SettingError(f"{name} must be {rule}, got {value}")
    return float(pair[0]), float(pair[1])


def checked_seed(seed: int | None) -> int:
    """The seed, or a fresh one for None."""
    if seed is None:
        return secrets.randbits(64)
    if not 0 <= as_integer(seed) < 2**64:
        raise SettingError(f"seed must be between 0 and 2**64 - 1, got {seed}")
    return int(seed)


def checked_index(index: int, name: str = "index") -> int:
    """The number of a sample."""
    if not 0 <= as_integer(index) < 2**63:
        raise SettingError(f"{name} must be between 0 and 2**63 - 1, got {index}")
    return int(index)


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
        See `Walk`, where the defaults, the equation and the source are too.
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
    from blurkit._loops.walk import walk

    settings = Walk(steps, length, inertia, jitter, jerks)
    x, y = np.empty(settings.steps), np.empty(settings.steps)
    key = np.uint64(checked_seed(seed)), np.uint64(checked_index(index))
    walk(x, y, *key, *settings.loop_arguments())
    return np.column_stack([x, y])
