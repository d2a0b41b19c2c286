"""The camera: how light becomes an 8-bit image, with settings that vary between photos."""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from blurkit.errors import SettingError
from blurkit.kernel.checks import Range, checked_range

RESPONSES = ("srgb", "gamma", "none")
NUMBERS = ("gain", "highlight", "shot", "read", "jpeg")  # the order in which they are drawn
LEVELS = 2**14  # levels of linear light in the table that encodes it


@dataclass(frozen=True)
class Camera:
    """Settings of the camera, checked. From a pair (lowest, highest) each sample draws its own.

    Light is linear, 1 being where the sensor saturates.

    Parameters
    ----------
    response : "srgb", "gamma" or "none"
        How bytes encode light: IEC 61966-2-1, a power of 2.2, or proportionally ("none": the blur
        acts on the stored values, as in the naive pipeline).
    gain : float or (lowest, highest) in 0.1 .. 10
        Exposure: all light is multiplied by it. Drawn uniformly.
    highlight : float or (lowest, highest) in 1 .. 100
        How many times brighter a white pixel was than its stored value. Photos clip highlights,
        but blurred highlights leave bright traces; so light above 0.9 is raised by a factor that
        grows with the square of the excess. Drawn uniformly.
    shot : float or (lowest, highest) in 0 .. 0.1
        Variance of the photon noise at full light. Its square root is drawn uniformly.
    read : float or (lowest, highest) in 0 .. 0.1
        Standard deviation of the read noise, relative to full light. Its square root is drawn
        uniformly.
    jpeg : None, or a quality or (lowest, highest) in 1 .. 100
        Compress the blurry image, with a quality drawn uniformly. Its bytes depend on OpenCV's
        JPEG library.

    Raises
    ------
    SettingError
        "response must be srgb, gamma or none, got 'log'";
        "gain must be one number or a pair (lowest, highest) in 0.1 .. 10, got 0.0"; ...

    Notes
    -----
    The steps follow the ablation of Rim et al., "Realistic Blur Synthesis for Learning Image
    Deblurring" (ECCV 2022): light, highlights, blur, clipping, noise, response, rounding. Noise is
    Gaussian with variance shot * light + read**2 (Foi et al., "Practical Poissonian-Gaussian noise
    modeling", IEEE TIP 2008), and absent where the sensor saturates. The sharp image has the same
    gain, clipping and response, and no noise.
    """

    response: str = "srgb"
    gain: Range = 1.0
    highlight: Range = 1.0
    shot: Range = 0.0
    read: Range = 0.0
    jpeg: Range | None = None

    def __post_init__(self) -> None:
        if self.response not in RESPONSES:
            raise SettingError(f"response must be srgb, gamma or none, got {self.response!r}")
        bounds = {
            "gain": (0.1, 10.0),
            "highlight": (1.0, 100.0),
            "shot": (0.0, 0.1),
            "read": (0.0, 0.1),
        }
        if self.jpeg is not None:
            bounds["jpeg"] = (1.0, 100.0)
        for name, (lowest, highest) in bounds.items():
            pair = checked_range(name, getattr(self, name), lowest, highest)
            object.__setattr__(self, name, pair)

    @cached_property
    def naive(self) -> bool:
        """Whether the camera does nothing but blur the stored values."""
        return self == PRESETS["naive"]

    def draw(self, *, seed: int, index: int) -> np.ndarray:
        """The numbers of a sample's camera, (5,) float64, as `NUMBERS`; jpeg is 0 without JPEG."""
        from blurkit._loops.camera import draw_camera

        drawn = np.empty(len(NUMBERS))
        draw_camera(drawn, self._ranges, np.uint64(seed), np.uint64(index))
        return drawn

    @cached_property
    def _ranges(self) -> np.ndarray:
        return np.array([getattr(self, name) or (0.0, 0.0) for name in NUMBERS])


PRESETS = {
    "naive": Camera(response="none"),
    "clean": Camera(),
    "realistic": Camera(gain=(0.8, 1.2), highlight=(1.0, 4.0), shot=(0.0, 2e-3), read=(0.0, 6e-3)),
}


def checked_camera(camera: Camera | str) -> Camera:
    """The camera itself, or the preset of that name."""
    if isinstance(camera, Camera):
        return camera
    if camera not in PRESETS:
        raise SettingError(f"preset must be {', '.join(PRESETS)}, got {camera!r}")
    return PRESETS[camera]


@cache
def tables(response: str) -> tuple[np.ndarray, np.ndarray]:
    """Light of each byte, (256,) float64, and byte of each level of light, (LEVELS,) uint8."""
    from blurkit._loops.curves import fill_to_bytes, fill_to_light

    light, encoded = np.empty(256), np.empty(LEVELS, np.uint8)
    fill_to_light(light, RESPONSES.index(response))
    fill_to_bytes(encoded, RESPONSES.index(response))
    return light, encoded
