"""The pipeline as a transform in other people's loaders; none of their packages is imported."""

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
    """Turn a sharp image into a pair, in the form in which it came.

    - An array (H, W, C) uint8, or a PIL image, becomes (blurry, sharp), arrays.
    - A tensor (C, H, W), uint8 or floats in [0, 1], becomes (blurry, sharp), tensors of its class
      and dtype on its device: a step of torchvision.transforms.v2.Compose. Put v2.ToImage() before
      it, for v2 moves only the first of several plain tensors. Floats are rounded to 8 bits.
    - Called as `shake(image=array, ...)`, it returns the dict with "image" blurry and "sharp"
      added, the convention of albumentations: `shake(**compose(image=array))`.

    Parameters
    ----------
    settings, border : as of `blurkit.Degrade`
    seed : int, optional
        With a seed, an image is blurred by what (seed, epoch, the image's bytes) decide, whatever
        the worker or the order. Without, anew each time.

    Attributes
    ----------
    epoch : int
        Another epoch, other blur, under the same seed. Workers that a loader keeps from epoch to
        epoch hold copies of their own: set it where they are made.

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
        made = (np.moveaxis(each, -1, 0) for each in self._arrays(rows))
        scale = values.dtype.type(255)
        arrays = (np.ascontiguousarray(each if whole else each / scale) for each in made)
        blurry, clear = (sharp.new_tensor(each).as_subclass(type(sharp)) for each in arrays)
        return blurry, clear


class KernelGenerator:
    """Batches of kernels as deepinv's generators make them: {"filter": (B, 1, K, K)} by `step`.

    Parameters
    ----------
    settings : SynthSettings
        kernel, walk or mix, and interpolation count.
    as_tensor : callable
        Makes a tensor of a NumPy array: torch.from_numpy. By default the array is returned.

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
        blur, way = settings.blur, settings.interpolation
        made = kernels(batch_size, settings.kernel, blur, interpolation=way, seed=seed)
        return {"filter": self.as_tensor(made[:, None])}
