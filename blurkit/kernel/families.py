"""The families of blur and their settings; the random walk's are in `blurkit.kernel.walk`.

Every setting that is a pair (lowest, highest) is a range from which each sample draws its own
number, uniformly; a single number stands for itself.
"""

from dataclasses import dataclass
from operator import index as as_integer

import numpy as np

from blurkit.errors import SettingError
from blurkit.kernel.walk import Range, Walk, checked_range


@dataclass(frozen=True)
class BoracchiFoi:
    """The walk of Boracchi & Foi with DeblurGAN's names and defaults, checked.

    Parameters
    ----------
    max_len : float or (lowest, highest) in 0 .. 1e6, px
        Length of the path.
    expl : float or (lowest, highest) in 0 .. 1
        Boracchi and Foi's anxiety: multiplies the three numbers below. 0 is a straight line.
    steps : int in 2 .. 100,000
        Points of the trajectory; DeblurGAN calls them iters.
    centripetal, gaussian_shake : float or (lowest, highest) in 0 .. 1e6
        Pull back to where the walk began, in steps' lengths for each px away from it, and
        standard deviation of the random push along each axis, in steps' lengths.
    big_shake : float or (lowest, highest) in 0 .. 1
        big_shake * expl is the chance, at each step, that the camera turns back.

    Raises
    ------
    SettingError
        "expl must be one number or a pair (lowest, highest) in 0 .. 1, got 2", and alike;
        "steps must be between 2 and 100000, got 1"

    Notes
    -----
    One step is v <- (v + b - expl * (centripetal * x - gaussian_shake * g)) / norm, x <- x + v *
    max_len / (steps - 1), with g standard normal on each axis (a sum of four bytes), b = 0 but at
    a big shake, when it is 2 v turned by half a circle and up to half a radian aside. So the speed
    is constant. The first v has a random direction. The source is "Modeling the performance of
    image restoration from motion blur" (IEEE TIP 2012); numbers and ranges are those of DeblurGAN
    (Kupyn et al. 2018): its script takes expl from 0.001 .. 0.01 (its class, if not told, from
    0 .. 0.1, which bends the walk into a spot), and centripetal, big_shake and gaussian_shake have
    fixed ranges, the defaults here. It splats the path bilinearly (interpolation="linear") on 64 x
    64 px, and its shorter exposures are kernels of smaller max_len.
    """

    max_len: Range = 60.0
    expl: Range = (0.001, 0.01)
    steps: int = 2000
    centripetal: Range = (0.0, 0.7)
    big_shake: Range = (0.0, 0.2)
    gaussian_shake: Range = (0.0, 10.0)

    def __post_init__(self) -> None:
        _check_steps(self)
        _check_ranges(self, max_len=1e6, expl=1, centripetal=1e6, big_shake=1, gaussian_shake=1e6)

    def ranges(self) -> np.ndarray:
        """(5, 2) float64, as the loops take them."""
        return np.array(
            [self.max_len, self.expl, self.centripetal, self.big_shake, self.gaussian_shake]
        )


@dataclass(frozen=True)
class Tremor:
    """A hand's tremor on a slow drift, checked.

    Parameters
    ----------
    exposure : float or (lowest, highest) in 0 .. 60, s
    drift : float or (lowest, highest) in 0 .. 1e6, px/s
        Speed of the drift, which is straight, in a random direction.
    tremor : float or (lowest, highest) in 0 .. 1e6, px
        Standard deviation along each axis of the tremor about the drift, over a long time. px are
        angle times focal length: 0.02 degrees are 1 px where the focal length is 2,900 px.
    band : (lowest, highest) in 0.1 .. 1000, Hz
        Frequencies of the tremor.
    steps : int in 2 .. 100,000, at least 8 in each period of the fastest tremor
        Points of the trajectory.

    Raises
    ------
    SettingError
        "tremor must be one number or a pair (lowest, highest) in 0 .. 1e+06, got -1", and alike
        for the others; "band must be (lowest, highest) in 0.1 .. 1000, got (0.0, 12.0)"; "steps
        must be at least 8 * exposure * band, 481, got 256"

    Notes
    -----
    Along each axis the tremor is a sum of eight waves, one of random frequency in each eighth of
    the band, with random phase and Rayleigh-distributed amplitude. A wave's deviation falls as 1 /
    frequency: velocity is spread evenly over the band, position leans to its lower end and
    acceleration to its upper end.

    The literature gives the outline. Gavant et al., "A physiological camera shake model for image
    stabilization systems" (IEEE Sensors 2011), derive camera shake from medical and photographic
    observations of hand tremor, and find random and straight walks too simple. The tremor of an
    outstretched hand has its peak, in acceleration, between 6 and 12 Hz (Lakie et al., J. Physiol.
    593, 2015); held cameras swing at about 4 Hz, and at about 2 Hz when the button is pushed
    (Japanese J. of Ergonomics 31, 399, 1995). Köhler et al. (ECCV 2012) recorded exposures of
    1/3 s, which lies within the range here. The sum of waves, the fall as 1 / frequency, the
    straight drift and all amplitudes are this package's choice. The amplitudes were tuned until
    2,000 kernels of 31x31 px had the medians of the 8 kernels that Levin et al. recorded (CVPR
    2009): RMS along the major axis 4.5 px, minor over major axis 0.3; 6 to 8 % are shrunk.
    """

    exposure: Range = (0.1, 0.5)
    drift: Range = (15.0, 80.0)
    tremor: Range = (0.8, 3.5)
    band: tuple[float, float] = (2.0, 12.0)
    steps: int = 256

    def __post_init__(self) -> None:
        _check_ranges(self, exposure=60, drift=1e6, tremor=1e6, band=1000)
        if self.band[0] < 0.1:
            raise SettingError(f"band must be (lowest, highest) in 0.1 .. 1000, got {self.band}")
        _check_steps(self)
        needed = int(np.ceil(8 * checked_range("exposure", self.exposure)[1] * self.band[1]))
        if self.steps < needed:
            rule = f"steps must be at least 8 * exposure * band, {needed}"
            raise SettingError(f"{rule}, got {self.steps}")

    def ranges(self) -> np.ndarray:
        """(3, 2) float64, as the loops take them."""
        return np.array([self.exposure, self.drift, self.tremor])


@dataclass(frozen=True)
class Linear:
    """A straight path at constant speed, checked.

    Parameters
    ----------
    length : float or (lowest, highest) in 0 .. 1e6, px
        The blur's RMS along the line is length / sqrt(12).
    angle : float or (lowest, highest) in 0 .. 360, degrees
        0 is horizontal, 90 vertical, 45 rises to the right.

    Raises
    ------
    SettingError
        "angle must be one number or a pair (lowest, highest) in 0 .. 360, got 400", and alike for
        length
    """

    length: Range = (3.0, 25.0)
    angle: Range = (0.0, 180.0)

    steps = 256  # points of the trajectory

    def __post_init__(self) -> None:
        _check_ranges(self, length=1e6, angle=360)

    def ranges(self) -> np.ndarray:
        """(2, 2) float64, as the loops take them."""
        return np.array([self.length, self.angle])


@dataclass(frozen=True)
class Defocus:
    """A lens out of focus: a disc of even light, checked.

    Parameters
    ----------
    radius : float or (lowest, highest) in 0 .. 1e6, px

    Raises
    ------
    SettingError
        "radius must be one number or a pair (lowest, highest) in 0 .. 1e+06, got -1"
    """

    radius: Range = (1.0, 8.0)

    def __post_init__(self) -> None:
        _check_ranges(self, radius=1e6)

    def ranges(self) -> np.ndarray:
        """(1, 2) float64, as the loops take them."""
        return np.array([self.radius])


@dataclass(frozen=True)
class Gaussian:
    """Gaussian blur, round or not, checked.

    Parameters
    ----------
    sigma : float or (lowest, highest) in 0 .. 1e6, px
        Standard deviation along the major axis.
    ratio : float or (lowest, highest) in 0 .. 1
        Deviation along the minor axis over that along the major one; 1 is isotropic.
    angle : float or (lowest, highest) in 0 .. 360, degrees
        Of the major axis: 0 is horizontal, 90 vertical, 45 rises to the right.

    Raises
    ------
    SettingError
        "ratio must be one number or a pair (lowest, highest) in 0 .. 1, got 2", and alike
    """

    sigma: Range = (0.5, 3.5)
    ratio: Range = (0.3, 1.0)
    angle: Range = (0.0, 180.0)

    def __post_init__(self) -> None:
        _check_ranges(self, sigma=1e6, ratio=1, angle=360)

    def ranges(self) -> np.ndarray:
        """(3, 2) float64, as the loops take them."""
        return np.array([self.sigma, self.ratio, self.angle])


Family = Walk | BoracchiFoi | Tremor | Linear | Defocus | Gaussian

FAMILIES: dict[str, type[Family]] = {
    "walk": Walk,
    "boracchi-foi": BoracchiFoi,
    "tremor": Tremor,
    "linear": Linear,
    "defocus": Defocus,
    "gaussian": Gaussian,
}

_FOI = ("length", "expl", "centripetal", "big_shake", "gaussian_shake", "jerks", "shrink")
# what is drawn for a kernel of each family, in the loops' order; in /params under these names
NUMBERS: dict[type[Family], tuple[str, ...]] = {
    Walk: ("length", "jitter", "jerks", "shrink"),
    BoracchiFoi: _FOI,
    Tremor: ("exposure", "drift", "tremor", "shrink"),
    Linear: ("length", "angle", "shrink"),
    Defocus: ("radius", "shrink"),
    Gaussian: ("sigma", "ratio", "angle", "shrink"),
}


def _check_ranges(family: Family, **highest: float) -> None:
    for name, limit in highest.items():
        object.__setattr__(family, name, checked_range(name, getattr(family, name), 0, limit))


def _check_steps(family: BoracchiFoi | Tremor) -> None:
    if not 2 <= as_integer(family.steps) <= 100_000:
        raise SettingError(f"steps must be between 2 and 100000, got {family.steps}")
    object.__setattr__(family, "steps", int(family.steps))
