"""The settings of a dataset; light to import, as the commands take their defaults from here."""

import dataclasses
import json
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import index as as_integer
from typing import Any

import numpy as np

from blurkit.camera.camera import NUMBERS, Camera, checked_camera
from blurkit.errors import SettingError
from blurkit.kernel.checks import Range, checked_index, checked_range, checked_seed
from blurkit.kernel.mix import FAMILY, Mix
from blurkit.kernel.walk import Walk

REDUCE = ("reduce", "<f8")  # the last number in /params, where photos are reduced
MOST_REDUCED = 16.0


@dataclass(frozen=True)
class SynthSettings:
    """Everything that decides the bytes of a dataset, checked; saved in the file.

    Parameters
    ----------
    n : int >= 1
        Samples, each a blurry and a sharp patch with their kernel.
    patch : int in 16 .. 4096, px
        Side of both patches.
    kernel : odd int in 3 .. 511, px
        Side of the blur kernel.
    walk : Walk
        How the camera moves during the exposure.
    mix : Mix, optional
        Families of blur to draw from instead; settings of a walk then belong to the mix.
    interpolation : "nearest" or "linear"
        How a path is rasterised.
    seed, start : int
        The dataset holds the samples start .. start + n - 1 of this seed.
    images : folder of sharp photos; None for generated dead-leaves scenes
    camera : Camera, or the name of one of `blurkit.camera.camera.PRESETS`
        How light becomes bytes. None is "realistic" for photos and "naive" for generated scenes.
    shard, shards : int, 0 <= shard < shards <= n
        The file contains this one of `shards` nearly equal runs of samples. All other settings
        remain those of the whole dataset, and so do the bytes of each sample.
    reduce : float or (lowest, highest) in 1 .. 16
        Factor by which a photo is reduced before the patch is cut, so that photos that are soft at
        the pixel level give sharp patches; drawn uniformly for each sample. The pixels are area
        means of stored values, see `blurkit.scenes.photos.Photos.cut`.

    Attributes
    ----------
    first, count : int
        The file contains the samples first .. first + count - 1.

    Raises
    ------
    SettingError
        "n must be >= 1, got 0", "kernel must be odd and between 3 and 511, got 20", ...
    """

    n: int = 10_000
    patch: int = 128
    kernel: int = 31
    walk: Walk = field(default_factory=Walk)
    mix: Mix | None = None
    interpolation: str = "nearest"
    seed: int = 0
    start: int = 0
    images: str | None = None
    camera: Camera = None  # type: ignore[assignment]  # a name or None becomes one
    shard: int = 0
    shards: int = 1
    reduce: Range = 1.0

    def __post_init__(self) -> None:
        for name in ("n", "patch", "kernel", "seed", "start", "shard", "shards"):
            object.__setattr__(self, name, as_integer(getattr(self, name)))
        if self.n < 1:
            raise SettingError(f"n must be >= 1, got {self.n}")
        if not 16 <= self.patch <= 4096:
            raise SettingError(f"patch must be between 16 and 4096, got {self.patch}")
        if self.kernel % 2 == 0 or not 3 <= self.kernel <= 511:
            raise SettingError(f"kernel must be odd and between 3 and 511, got {self.kernel}")
        if self.interpolation not in ("nearest", "linear"):
            raise SettingError(
                f"interpolation must be nearest or linear, got {self.interpolation!r}"
            )
        factors = checked_range("reduce", self.reduce, 1, MOST_REDUCED)
        if self.images is None and factors != (1.0, 1.0):
            raise SettingError(f"reduce must be 1 without images, got {self.reduce}")
        object.__setattr__(self, "reduce", factors)
        default = "naive" if self.images is None else "realistic"
        object.__setattr__(self, "camera", checked_camera(self.camera or default))
        if self.mix is not None and self.walk != Walk():
            raise SettingError(f"walk must be part of the mix if there is one, got {self.walk}")
        checked_seed(self.seed)
        checked_index(self.start, "start")
        checked_index(self.start + self.n, "start + n")
        if not 0 <= self.shard < self.shards:
            raise SettingError(f"shard must be i/K with 0 <= i < K, got {self.shard}/{self.shards}")
        if self.shards > self.n:
            raise SettingError(f"shards must be <= n ({self.n}), got {self.shards}")

    @property
    def first(self) -> int:
        return self.start + self.shard * self.n // self.shards

    @property
    def count(self) -> int:
        return self.start + (self.shard + 1) * self.n // self.shards - self.first

    @property
    def side(self) -> int:
        """Side of the sharp scene that a sample needs, in pixels."""
        return self.patch + self.kernel - 1

    @property
    def reduced(self) -> bool:
        """Whether photos are reduced before patches are cut from them."""
        return self.reduce != (1.0, 1.0)

    @property
    def blur(self) -> Mix:
        """The families from which kernels are drawn: the mix, or only the walk."""
        return self.mix or Mix(((self.walk, 1),))

    @property
    def drawn(self) -> np.dtype:
        """One row of /params: the numbers drawn for a sample's kernel, then those of its camera.

        With a mix, the first field is the name of the family; with reduced photos, the last is the
        factor.
        """
        names = [(name, "<f8") for name in [*self.blur.numbers, *NUMBERS]]
        return np.dtype(([FAMILY] if self.mix else []) + names + ([REDUCE] if self.reduced else []))

    def stored(self, images: str | None) -> dict[str, Any]:
        """These settings as JSON values for the file; `images` is the digest of the photos.

        The settings of the walk are stored with the others, those of a mix under "mix". `reduce`
        is stored only if it is not 1: files of blurkit 0.2 and earlier do not have it.
        """
        flat = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        if not self.reduced:
            del flat["reduce"]
        walk, camera = (dataclasses.asdict(flat.pop(name)) for name in ("walk", "camera"))
        mix = flat.pop("mix")
        return flat | ({"mix": mix.stored()} if mix else walk) | camera | {"images": images}

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any], images: str | None = None) -> "SynthSettings":
        """The settings stored in a file, with the folder `images` in place of the photos' digest.

        Without a folder the digest itself is kept. In a file without `reduce`, it is 1.

        Raises
        ------
        SettingError
            "settings must be exactly inertia, interpolation, ..., got photos", or if a value breaks
            its rule or is not what `stored` writes
        """
        mixed = "mix" in stored
        names = set(cls(mix=cls().blur if mixed else None).stored(None)) | stored.keys() & {
            "reduce"
        }
        if set(stored) != names:
            rule = f"settings must be exactly {', '.join(sorted(names))}"
            raise SettingError(f"{rule}, got {reprlib.repr(sorted(stored))}")
        own, walk, camera = (
            {f.name: stored[f.name] for f in dataclasses.fields(part) if f.name in names}
            for part in (cls, Walk, Camera)
        )
        try:
            blur = {"mix": Mix.from_stored(stored["mix"])} if mixed else {"walk": Walk(**walk)}
            folder = stored["images"] if images is None else images
            made = cls(**own | blur | {"camera": Camera(**camera), "images": folder})
            if json.loads(json.dumps(made.stored(stored["images"]))) == stored:
                return made
        except SettingError:
            raise
        except (TypeError, ValueError, KeyError, OverflowError):  # lists, text, infinity
            pass
        raise SettingError(f"settings must be as synth stores them, got {reprlib.repr(stored)}")
