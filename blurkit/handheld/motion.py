"""The motion of a camera that shifts and rolls while the shutter is open."""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from blurkit.errors import SettingError
from blurkit.kernel.checks import Range, checked_index, checked_range, checked_seed
from blurkit.kernel.walk import Walk

DIAGONAL = 43.2666  # mm: of 36 x 24 mm, to which 35-mm-equivalent focal lengths refer


@dataclass(frozen=True)
class Motion:
    """Settings of a camera that shifts and rolls during the exposure, checked.

    Parameters
    ----------
    walk : Walk
        Horizontal and vertical motion, in px at the middle of the picture; its inertia, jitter
        and jerks are the roll's too, drawn for it anew.
    roll : float or (lowest, highest) in 0 .. 30, degrees
        Turn about the optical axis, from the walk's one end to the other. Drawn uniformly.
    angle : None, or float or (lowest, highest) in 0 .. 90, degrees
        Length of the path as an angle, in place of the walk's own length. Needs the focal length.
    focal : None, or float > 0, mm
        Focal length. With it the shift is a turn of the camera, which moves the border of the
        picture more than its middle; without, all pixels are shifted alike.
    pitch : None, or float > 0, um
        Distance of pixels on the sensor, of the picture as it is: twice the sensor's own where the
        picture was halved. Without it the focal length is 35-mm-equivalent, as EXIF has it, and
        refers to the diagonal of the picture.

    Raises
    ------
    SettingError
        "roll must be one number or a pair (lowest, highest) in 0 .. 30, got -1";
        "focal must be > 0 mm, got 0"; "angle needs the focal length", ...

    Notes
    -----
    The same angular speed about all three axes turns the corner of a normal lens' picture (field
    of 50 degrees) by about half of what it shifts; the default roll lies around that, for pictures
    of about 1000 px.
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
        """Focal length in px of a picture of this shape (H, W, ...), None where there is none."""
        if self.focal is None:
            return None
        if self.pitch is not None:
            return 1000.0 * self.focal / self.pitch
        return self.focal / DIAGONAL * math.sqrt(shape[0] ** 2 + shape[1] ** 2)

    def walk_px(self, shape: tuple[int, ...]) -> Walk:
        """The walk, its length in px of a picture of this shape."""
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
        Of the picture. It matters only where angles become px by a 35-mm-equivalent focal length.
    seed, index : int
        The same (seed, index) gives the same path. None draws a fresh seed.

    Returns
    -------
    trajectory : (steps, 3) float64, columns x and y in px, roll in degrees (clockwise)
        x and y are `random_walk_trajectory` of the same seed and index. The mean over time of
        each is zero.

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
    sample_seed, sample = np.uint64(checked_seed(seed)), np.uint64(checked_index(index))
    jitter, inertia, jerks = np.array(settings.jitter), settings.inertia, settings.jerks
    walk(x, y, sample_seed, sample, np.array(settings.length), inertia, jitter, jerks)
    roll(angle, sample_seed, sample, np.array(motion.roll), inertia, jitter, jerks)
    return np.column_stack([x, y, angle])
