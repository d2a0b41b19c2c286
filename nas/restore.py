"""A trained network on an image of any size, at one scale or at several."""

from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from blurkit.errors import SettingError
from blurkit.progress import bar

from .scales import check_scales
from .tiles import Tiles, check_tile

SMALLEST = 320  # px: no image is reduced to a shorter longest side than this
WINDOW = 32  # of the longest side: over how much of the photo a scale is judged


def restore(
    model: torch.nn.Module,
    image: NDArray[np.uint8],
    *,
    tile: int = 512,
    overlap: int = 32,
    scales: Sequence[float] | None = None,
    device: torch.device | str | None = None,
    progress: bool = False,
) -> NDArray[np.uint8]:
    """Run a deblurring network over an image of any size.

    Parameters
    ----------
    model : torch.nn.Module
        In eval mode; (1, 3, h, w) float32 sRGB in [0, 1] to the same shape, for h and w
        multiples of its attribute ``stride``.
    image : (H, W, 3) uint8, sRGB, H and W >= 1
    tile : int
        Longest side given to the network, in pixels; at least one stride more than `overlap`.
        It bounds the memory: an image that fits is restored whole, any other in tiles.
    overlap : int >= 0
        Pixels that neighbouring tiles share, at least; there the two are blended.
    scales : numbers in 1 .. 8, optional
        By how much the image is reduced before the network sees it. By default the model's own,
        its attribute ``scales``, or 1 alone. Scales that would leave a longest side of less than
        320 px are left out, but never the smallest.
    device : torch device, optional
        Where the model is; by default that of its first parameter.
    progress : bool
        Show a bar over the tiles.

    Returns
    -------
    (H, W, 3) uint8, sRGB

    Raises
    ------
    SettingError
        "image must be uint8 (H, W, 3) and not empty, got float64 (4, 4)",
        "overlap must be >= 0, got -1", "scales must be up to 8 numbers in 1 .. 8, got (0.5,)" or
        "tile must be >= 48 for overlap 32 and stride 16, got 32"
    FileError
        "the network's output is not finite: its weights are unusable"

    Notes
    -----
    Tiles: see `nas.tiles.Tiles`. A network that was trained on blur of up to 24 px undoes 48 px in
    an image of half the size. What it changes there is enlarged and added to the image. Several
    scales are averaged, each pixel with weights in proportion to the square of the local energy
    of the change: the change that a network makes which estimates the conditional mean has the
    energy by which the squared error is expected to fall (orthogonality principle), so the
    scale that changes most is where most is to be gained.

    Examples
    --------
    >>> model = torch.nn.Identity()
    >>> model.stride = 16
    >>> photo = np.arange(300, dtype=np.uint8).reshape(10, 10, 3)
    >>> bool((restore(model, photo) == photo).all())
    True
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise SettingError(
            f"image must be uint8 (H, W, 3) and not empty, got {image.dtype.name} {image.shape}"
        )
    check_tile(tile, overlap, cast(int, model.stride))
    own_scales: Sequence[float] = getattr(model, "scales", (1.0,))
    chosen = check_scales(scales or own_scales)
    longest = max(image.shape[:2])
    chosen = [s for s in chosen if s == chosen[0] or longest / s >= SMALLEST]
    if device is None:
        device = next((p.device for p in model.parameters()), torch.device("cpu"))

    reduced = [_reduced(image, scale) for scale in chosen]
    cuts = [Tiles(model, part.shape[:2], tile, overlap) for part in reduced]
    with bar(sum(map(len, cuts)), "restoring", "tile", disable=not progress) as shown:
        if chosen == [1.0]:
            result = np.empty_like(image)
            for rows, band in cuts[0].bands(image, device, shown.update):
                result[rows] = np.rint(np.clip(band, 0, 1) * 255)
            return result
        change, weight = np.zeros(image.shape, np.float32), np.zeros(image.shape[:2], np.float32)
        for part, cut in zip(reduced, cuts, strict=True):
            own = np.empty(part.shape, np.float32)
            for rows, band in cut.bands(part, device, shown.update):
                own[rows] = 255 * band - part[rows]
            own = _enlarged(own, image.shape)
            energy = _local_energy(own) ** 2
            change += own * energy[:, :, None]
            weight += energy
        change /= np.maximum(weight, np.finfo(np.float32).tiny)[:, :, None]
        return np.rint(np.clip(image + change, 0, 255)).astype(np.uint8)


def _reduced(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    if scale == 1:
        return image
    height, width = (max(1, round(side / scale)) for side in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA).astype(
        np.uint8, copy=False
    )


def _enlarged(change: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    if change.shape == shape:
        return change
    size = shape[1], shape[0]
    return cv2.resize(change, size, interpolation=cv2.INTER_CUBIC).astype(np.float32, copy=False)


def _local_energy(change: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean square of the change around each pixel, (H, W), above 0."""
    height, width = change.shape[:2]
    window = max(height, width) / WINDOW
    factor = max(1.0, window / 4)  # the average is smooth: a coarse grid will do
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    coarse = cv2.resize(np.square(change).mean(axis=2), size, interpolation=cv2.INTER_AREA)
    coarse = cv2.GaussianBlur(coarse, (0, 0), window / factor)
    fine = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.maximum(fine, 1e-6).astype(np.float32, copy=False)
