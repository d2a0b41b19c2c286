"""A hand's tremor on a slow drift."""

from dataclasses import dataclass

import numpy as np

from blurkit.errors import SettingError
from blurkit.kernel.checks import Range, check_ranges, checked_range, checked_steps, sample_key
from blurkit.kernel.single import Block, single_kernel


@dataclass(frozen=True)
class Tremor:
    """Settings of a hand's tremor on a slow drift, checked.

    Parameters
    ----------
    exposure : float or (lowest, highest) in 0 .. 60, s
    drift : float or (lowest, highest) in 0 .. 1e6, px/s
        Speed of the drift, which is straight, in a random direction.
    tremor : float or (lowest, highest) in 0 .. 1e6, px
        Standard deviation along each axis of the tremor about the drift, over a long time. px are
        angle times focal length: 0.02 degrees are 1 px at a focal length of 2,900 px.
    band : (lowest, highest) in 0.1 .. 1000, Hz
        Frequencies of the tremor.
    steps : int in 2 .. 100,000, at least 8 per period of the fastest tremor
        Points of the trajectory.

    Raises
    ------
    SettingError
        "tremor must be one number or a pair (lowest, highest) in 0 .. 1e+06, got -1", and likewise
        for the other ranges; "band must be (lowest, highest) in 0.1 .. 1000, got (0.0, 12.0)";
        "steps must be at least 8 * exposure * band, 480, got 256"

    Notes
    -----
    Along each axis the tremor is a sum of eight waves, one of random frequency in each eighth of
    the band, with random phase and Rayleigh-distributed amplitude. The deviation of a wave is
    proportional to 1 / frequency, so velocity is spread evenly over the band, position leans to
    its lower end and acceleration to its upper end.

    The literature gives the outline. Gavant et al., "A physiological camera shake model for image
    stabilization systems" (IEEE Sensors 2011), derive camera shake from medical and photographic
    observations of hand tremor, and find random and straight walks too simple. The tremor of an
    outstretched hand peaks, in acceleration, between 6 and 12 Hz (Lakie et al., J. Physiol. 593,
    2015); held cameras swing at about 4 Hz, and at about 2 Hz when the button is pushed (Japanese
    J. of Ergonomics 31, 399, 1995). Köhler et al. (ECCV 2012) recorded exposures of 1/3 s, which
    is within the default range. The sum of waves, the 1 / frequency law, the straight drift and
    all amplitudes are this package's choice. The amplitudes were tuned until 2,000 kernels of
    31x31 px had the medians of the 8 kernels that Levin et al. recorded (CVPR 2009): RMS along the
    major axis 4.5 px, minor over major axis 0.3; 6 to 8 % of the kernels are shrunk.
    """

    exposure: Range = (0.1, 0.5)
    drift: Range = (15.0, 80.0)
    tremor: Range = (0.8, 3.5)
    band: tuple[float, float] = (2.0, 12.0)
    steps: int = 256

    name = "tremor"
    numbers = ("exposure", "drift", "tremor", "shrink")

    def __post_init__(self) -> None:
        check_ranges(self, exposure=60, drift=1e6, tremor=1e6, band=1000)
        if self.band[0] < 0.1:
            raise SettingError(f"band must be (lowest, highest) in 0.1 .. 1000, got {self.band}")
        object.__setattr__(self, "steps", checked_steps(self.steps))
        longest = checked_range("exposure", self.exposure)[1]
        needed = int(np.ceil(8 * longest * self.band[1]))
        if self.steps < needed:
            rule = f"steps must be at least 8 * exposure * band, {needed}"
            raise SettingError(f"{rule}, got {self.steps}")

    def ranges(self) -> np.ndarray:
        """(3, 2) float64, in the loops' order."""
        return np.array([self.exposure, self.drift, self.tremor])

    def fill(self, block: Block) -> None:
        from blurkit._loops.tremor import fill_kernels

        fill_kernels(block, self.steps, self.ranges(), np.array(self.band))


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
        Side of the kernel, in pixels. A wider path is shrunk to fit. With None the kernel is the
        smallest odd square that holds the path unshrunk.
    exposure, drift, tremor, band, steps
        In s, px/s, px and Hz: see `blurkit.Tremor`, which also gives the model and its sources.
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
        As `blurkit.Tremor` and `blurkit.random_walk_kernel`

    Examples
    --------
    >>> tremor_kernel(exposure=1 / 3, seed=7).shape
    (31, 31)
    """
    family = Tremor(exposure, drift, tremor, band, steps)
    return single_kernel(family, size, interpolation, seed, index)


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
    """Path of the camera in `tremor_kernel`; same arguments and errors.

    Returns
    -------
    trajectory : (steps, 2) float64, columns (x, y) in px, mean over time at the origin
        At equal intervals of time, from 0 to the exposure.
    """
    from blurkit._loops import tremor as loops

    family = Tremor(exposure, drift, tremor, band, steps)
    x, y, drawn = np.empty(family.steps), np.empty(family.steps), np.empty(3)
    sample_seed, sample = sample_key(seed, index)
    loops.tremor(x, y, drawn, sample_seed, sample, family.ranges(), np.array(family.band))
    return np.column_stack([x, y])
