"""The pipeline as a transform for torchvision, albumentations and deepinv; imports none of them."""

import secrets
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from blurkit.dataset.online import Degrade
from blurkit.dataset.settings import SynthSettings
from blurkit.errors import SettingError
from blurkit.kernel.batch import kernels
from blurkit.kernel.checks import checked_seed


class DegradeTransform:
    """Turn a sharp image into a blurry/sharp pair of the same type.

    - An array (H, W, C) uint8 or a PIL image gives two arrays (blurry, sharp).
    - A tensor (C, H, W), uint8 or floats in [0, 1], gives two tensors of the same class and dtype
      on the same device, for use in torchvision.transforms.v2.Compose. Put v2.ToImage() before it,
      as v2 transforms only the first of several plain tensors. Floats are rounded to 8 bits.
    - Called as `shake(image=array, ...)`, it returns the dict with a blurry "image" and a new entry
      "sharp", the convention of albumentations: `shake(**compose(image=array))`.

    Parameters
    ----------
    settings, border : as for `blurkit.Degrade`
    seed : int, optional
        With a seed, the blur depends only on (seed, epoch, the image's bytes), not on the worker or
        the order. Without one, it differs at every call.

    Attributes
    ----------
    epoch : int
        Another epoch gives other blur with the same seed. Persistent workers of a loader have their
        own copies of the transform, so set it before they are started.

    Example
    -------
    >>> from blurkit import SynthSettings, dead_leaves
    >>> shake = DegradeTransform(SynthSettings(camera="realistic"), border="reflect", seed=0)
    >>> blurry, sharp = shake(dead_leaves(96, seed=1))
    >>> sorted(shake(image=dead_leaves(96, seed=1), label=3))
    ['image', 'label', 'sharp']
    """

    def __init__(
        self,
        settings: SynthSettings | None = None,
        *,
        border: str = "reflect",
        seed: int | None = None,
    ) -> None:
        self.degrade = Degrade(settings, border=border)
        self.seed = seed if seed is None else checked_seed(seed)
        self.epoch = 0

    def __call__(self, sharp: Any = None, /, *, image: Any = None, **rest: Any) -> Any:
        if sharp is None:
            if image is None:
                raise SettingError("image must be an array or a tensor, got None")
            blurry, clear = self(image)
            return {**rest, "image": blurry, "sharp": clear}
        if hasattr(sharp, "new_tensor"):
            return self._tensors(sharp)
        return self._arrays(np.asarray(sharp))

    def _arrays(self, sharp: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        seed, index = secrets.randbits(64), 0
        if self.seed is not None:
            content = zlib.crc32(sharp.tobytes())
            seed, index = self.seed, (self.epoch << 32 | content) % 2**63
        pair = self.degrade(sharp, seed=seed, index=index)
        return pair.blurry, pair.sharp

    def _tensors(self, sharp: Any) -> tuple[Any, Any]:
        values = sharp.detach().cpu().numpy()
        whole = values.dtype == np.uint8
        if values.ndim != 3:
            raise SettingError(f"tensor must be (C, H, W), got shape {values.shape}")
        if not whole and not (values.min() >= 0 and values.max() <= 1):
            got = f"{values.min():g} to {values.max():g}"
            raise SettingError(f"tensor must be uint8 or floats in [0, 1], got {got}")
        rows = np.moveaxis(values, 0, -1)
        if not whole:
            rows = np.rint(rows * np.float32(255)).astype(np.uint8)
        scale = values.dtype.type(255)
        tensors = []
        for image in self._arrays(rows):
            array = np.moveaxis(image, -1, 0)
            array = np.ascontiguousarray(array if whole else array / scale)
            tensors.append(sharp.new_tensor(array).as_subclass(type(sharp)))
        return tensors[0], tensors[1]


class KernelGenerator:
    """Batches of kernels like deepinv's generators: `step` returns {"filter": (B, 1, K, K)}.

    Parameters
    ----------
    settings : SynthSettings
        Of these, kernel, walk or mix, and interpolation are used.
    as_tensor : callable
        Converts the NumPy array, such as torch.from_numpy. By default the array is returned.

    Example
    -------
    >>> KernelGenerator().step(batch_size=4, seed=1)["filter"].shape
    (4, 1, 31, 31)
    """

    def __init__(
        self,
        settings: SynthSettings | None = None,
        *,
        as_tensor: Callable[[np.ndarray], Any] = np.asarray,
    ) -> None:
        self.settings, self.as_tensor = settings or SynthSettings(), as_tensor

    def step(self, batch_size: int = 1, seed: int | None = None, **_: Any) -> dict[str, Any]:
        settings = self.settings
        batch = kernels(
            batch_size,
            settings.kernel,
            settings.blur,
            interpolation=settings.interpolation,
            seed=seed,
        )
        return {"filter": self.as_tensor(batch[:, None])}
