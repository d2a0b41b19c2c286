"""Blurring during training: the dataset's pipeline applied to one image at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from blurkit.camera.camera import NUMBERS
from blurkit.camera.degrade import degrade_patch
from blurkit.dataset.settings import SynthSettings
from blurkit.errors import SettingError
from blurkit.kernel.batch import fill_mix
from blurkit.kernel.checks import checked_index, checked_seed

BORDERS = ("valid", "reflect")


@dataclass(frozen=True)
class Pair:
    """A blurry image, its sharp partner, and what was drawn to blur it.

    Attributes
    ----------
    blurry, sharp : (H, W, C) uint8
    kernel : (K, K) float32
    params : dict of the numbers drawn for blur and camera, as in a dataset's /params
    """

    blurry: np.ndarray
    sharp: np.ndarray
    kernel: np.ndarray
    params: Mapping[str, Any]


class Degrade:
    """Degrade an array as `blurkit synth` degrades a sharp patch.

    Parameters
    ----------
    settings : SynthSettings
        Of these, kernel, walk or mix, interpolation and camera are used. Not reduce: the image is
        the scene, which a dataset with reduced photos has already reduced.
    border : "valid" or "reflect"
        "valid" returns only pixels whose blur does not depend on anything outside the image, as in
        a dataset: the pair is smaller than the image by kernel - 1. "reflect" mirrors the image
        at its border and keeps its size.

    Raises
    ------
    SettingError
        'border must be valid or reflect, got wrap'

    Example
    -------
    >>> from blurkit import SynthSettings, dead_leaves
    >>> degrade = Degrade(SynthSettings(camera="realistic"), border="reflect")
    >>> pair = degrade(dead_leaves(96, seed=1), seed=0, index=17)
    >>> pair.blurry.shape, pair.kernel.shape
    ((96, 96, 3), (31, 31))
    """

    def __init__(self, settings: SynthSettings | None = None, *, border: str = "valid") -> None:
        if border not in BORDERS:
            raise SettingError(f"border must be valid or reflect, got {border}")
        self.settings, self.border = replace(settings or SynthSettings(), reduce=1), border

    def __call__(self, sharp: np.ndarray, *, seed: int | None = None, index: int = 0) -> Pair:
        """Degrade one image.

        Parameters
        ----------
        sharp : (H, W) or (H, W, C) uint8, sRGB
        seed, index : int
            The same (seed, index) gives the same kernel, camera and noise; applied to the scene
            of a dataset's sample, it gives that sample. A seed of None draws a new one.

        Raises
        ------
        SettingError
            "sharp must be (H, W) or (H, W, C) of uint8, got float32 of shape (8, 8)",
            "sharp must be at least as large as the kernel (31x31), got 20x40", and those of
            `random_walk_kernel` for seed and index
        """
        image = np.asarray(sharp)
        if image.dtype != np.uint8 or image.ndim not in (2, 3) or 0 in image.shape:
            rule = "sharp must be (H, W) or (H, W, C) of uint8"
            raise SettingError(f"{rule}, got {image.dtype} of shape {image.shape}")
        seed, index = checked_seed(seed), checked_index(index)
        side = self.settings.kernel
        scene = image if image.ndim == 3 else image[:, :, None]
        if min(scene.shape[:2]) < side:
            raise SettingError(
                f"sharp must be at least as large as the kernel ({side}x{side}), "
                f"got {scene.shape[0]}x{scene.shape[1]}"
            )
        if self.border == "reflect":
            margin = (side // 2, side // 2)
            scene = np.pad(scene, (margin, margin, (0, 0)), mode="reflect")
        scene = np.ascontiguousarray(scene)
        kernels, params = np.empty((1, side, side), np.float32), np.empty(1, self.settings.drawn)
        interpolation = self.settings.interpolation
        fill_mix(
            kernels, params, self.settings.blur, seed=seed, start=index, interpolation=interpolation
        )
        rows, columns = scene.shape[0] - side + 1, scene.shape[1] - side + 1
        blurry, clear = np.empty((2, rows, columns, scene.shape[2]), np.uint8)
        camera = self.settings.camera
        drawn = degrade_patch(blurry, clear, scene, kernels[0], camera, seed=seed, index=index)
        for name, number in zip(NUMBERS, drawn, strict=True):
            params[name] = number
        if image.ndim == 2:
            blurry, clear = blurry[:, :, 0], clear[:, :, 0]
        numbers = dict(zip(params.dtype.names or (), params[0].item(), strict=True))
        return Pair(blurry, clear, kernels[0], numbers)
