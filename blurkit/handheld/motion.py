"""The motion of a camera that shifts and rolls while the shutter is open."""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from blurkit.errors import SettingError
from blurkit.kernel.checks import Range, checked_range, sample_key
from blurkit.kernel.walk import Walk

DIAGONAL = 43.2666  # mm: of 36 x 24 mm, the reference of 35-mm-equivalent focal lengths


@dataclass(frozen=True)
class Motion:
    """Settings of a camera that shifts and rolls during the exposure, checked.

    Parameters
    ----------
    walk : Walk
        Horizontal and vertical motion, in px at the middle of the image. The roll has the same
        inertia, jitter and jerks, drawn independently.
    roll : float or (lowest, highest) in 0 .. 30, degrees
        Peak-to-peak turn about the optical axis. Drawn uniformly.
    angle : None, or float or (lowest, highest) in 0 .. 90, degrees
        Length of the path as an angle, instead of the walk's own length. Requires a focal length.
    focal : None, or float > 0, mm
        Focal length. With it the shift is a rotation of the camera, which moves the borders of the
        image more than its middle; without it all pixels shift alike.
    pitch : None, or float > 0, um
        Pixel pitch of the image as it is: twice that of the sensor if the image was downscaled by
        2. Without it the focal length is 35-mm-equivalent, as in EXIF, and refers to the diagonal
        of the image.

    Raises
    ------
    SettingError
        "roll must be one number or a pair (lowest, highest) in 0 .. 30, got -1";
        "focal must be > 0 mm, got 0"; "angle needs the focal length", ...

    Notes
    -----
    With the same angular speed about all three axes and a normal lens (field of view 50 degrees),
    the roll moves the corners by about half as much as the shift. The default roll is of that
    order, for images of about 1000 px.
    """

    walk: Walk = field(default_factory=Walk)
    roll: Range = (0.2, 1.0)
    angle: Range | None = None
    focal: float | None = None
    pitch: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "roll", checked_range("roll", self.roll, 0.0, 30.0))
        for name, unit in (("focal", "mm"), ("pitch", "um")):
            value = getattr(self, name)
            if value is not None:
                if not 0 < value < np.inf:
                    raise SettingError(f"{name} must be > 0 {unit}, got {value}")
                object.__setattr__(self, name, float(value))
        if self.focal is None and (self.angle is not None or self.pitch is not None):
            name = "pitch" if self.angle is None else "angle"
            raise SettingError(f"{name} needs the focal length")
        if self.angle is not None:
            object.__setattr__(self, "angle", checked_range("angle", self.angle, 0.0, 90.0))

    def focal_px(self, shape: tuple[int, ...]) -> float | None:
        """Focal length in px of an image of this shape (H, W, ...); None if there is none."""
        if self.focal is None:
            return None
        if self.pitch is not None:
            return 1000.0 * self.focal / self.pitch
        return self.focal / DIAGONAL * math.sqrt(shape[0] ** 2 + shape[1] ** 2)

    def walk_px(self, shape: tuple[int, ...]) -> Walk:
        """The walk, with its length in px of an image of this shape."""
        focal = self.focal_px(shape)
        if self.angle is None or focal is None:
            return self.walk
        low, high = checked_range("angle", self.angle)
        return replace(self.walk, length=(np.radians(low) * focal, np.radians(high) * focal))


def shaken_trajectory(
    motion: Motion | None = None,
    shape: tuple[int, ...] = (1000, 1500),
    *,
    seed: int | None = None,
    index: int = 0,
) -> np.ndarray:
    """Path of a camera that shifts and rolls during the exposure.

    Parameters
    ----------
    motion : Motion
    shape : (H, W, ...), px
        Of the image. Only matters where a 35-mm-equivalent focal length converts angles to px.
    seed, index : int
        The same (seed, index) gives the same path. None draws a fresh seed.

    Returns
    -------
    trajectory : (steps, 3) float64, columns x and y in px, roll in degrees (clockwise)
        x and y are `random_walk_trajectory` of the same seed and index. All three have mean zero
        over time.

    Examples
    --------
    >>> path = shaken_trajectory(Motion(roll=0.5), seed=1)
    >>> path.shape, round(float(np.ptp(path[:, 2])), 6)
    ((256, 3), 0.5)
    """
    from blurkit._loops.poses import roll
    from blurkit._loops.walk import walk

    motion = motion or Motion()
    settings = motion.walk_px(shape)
    x, y, angle = np.empty((3, settings.steps))
    sample_seed, sample = sample_key(seed, index)
    jitter, inertia, jerks = np.array(settings.jitter), settings.inertia, settings.jerks
    walk(x, y, sample_seed, sample, np.array(settings.length), inertia, jitter, jerks)
    roll(angle, sample_seed, sample, np.array(motion.roll), inertia, jitter, jerks)
    return np.column_stack([x, y, angle])
