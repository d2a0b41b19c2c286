"""Restore an image of any size with a network, at one or several scales."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from blurkit.errors import SettingError
from blurkit.progress import bar
from nas.restoration.memory import in_tiles_that_fit
from nas.restoration.scales import check_scales
from nas.restoration.tiles import Tiles, check_tile

SMALLEST = 320  # px, longest side below which no image is downscaled
LEVEL = {np.dtype(np.uint8): 1, np.dtype(np.uint16): 257}  # levels per 8-bit level
ROWS = 256  # rows processed at a time, to bound memory
WINDOWS = 32  # a scale's change is averaged over 1/32 of the longest side


def restore(
    model: torch.nn.Module,
    image: NDArray[Any],
    *,
    tile: int = 512,
    overlap: int = 32,
    scales: Sequence[float] | None = None,
    device: torch.device | str | None = None,
    progress: bool = False,
    on_shrink: Callable[[int], object] = lambda tile: None,
) -> NDArray[Any]:
    """Restore an image of any size with a deblurring network.

    Parameters
    ----------
    model : torch.nn.Module
        In eval mode; maps (1, 3, h, w) float32 sRGB in [0, 1] to the same shape, for h and w
        multiples of its attribute ``stride``.
    image : (H, W, 3) uint8 or uint16, sRGB, H and W >= 1
    tile : int
        Longest side passed to the network, in pixels; at least one stride more than `overlap`.
        It bounds memory: an image that fits is restored whole, a larger one in tiles.
    overlap : int >= 0
        Least overlap of neighbouring tiles, in pixels; they are blended there.
    scales : numbers in 1 .. 8, optional
        Factors by which the image is downscaled before the network sees it. Default: the model's
        attribute ``scales``, or 1. Scales that would leave less than 320 px of the longest side
        are skipped, except for the smallest.
    device : torch device, optional
        Device of the model. Default: the device of its first parameter.
    progress : bool
        Show a bar over the tiles.
    on_shrink : callable
        Tiles are halved when memory runs out; called with each new side.

    Returns
    -------
    (H, W, 3) sRGB, of the image's dtype
        16-bit images are processed without loss of precision.

    Raises
    ------
    SettingError
        "image must be uint8 or uint16 (H, W, 3) and not empty, got float64 (4, 4)",
        "overlap must be >= 0, got -1", "scales must be up to 8 numbers in 1 .. 8, got (0.5,)" or
        "tile must be >= 48 for overlap 32 and stride 16, got 32"
    FileError
        "the network's output is not finite: its weights are unusable",
        "not enough memory, even for tiles of 48 px"

    Notes
    -----
    For tiling see `nas.restoration.tiles.Tiles`. A network trained on blur of up to 24 px removes
    blur of 48 px from an image of half the size; the change it makes there is upscaled and added
    to the image. The changes at several scales are averaged with per-pixel weights proportional
    to the square of their local energy. For a network that estimates the conditional mean, the
    energy of the change is the expected reduction of the squared error (orthogonality principle),
    so the scale with the largest change promises the largest gain.

    Examples
    --------
    >>> model = torch.nn.Identity()
    >>> model.stride = 16
    >>> photo = np.arange(300, dtype=np.uint8).reshape(10, 10, 3)
    >>> bool((restore(model, photo) == photo).all())
    True
    """
    if image.dtype not in LEVEL or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise SettingError(
            "image must be uint8 or uint16 (H, W, 3) and not empty, "
            f"got {image.dtype.name} {image.shape}"
        )
    stride = cast(int, model.stride)
    check_tile(tile, overlap, stride)
    own_scales: Sequence[float] = getattr(model, "scales", (1.0,))
    chosen = check_scales(scales or own_scales)
    longest = max(image.shape[:2])
    chosen = [s for s in chosen if s == chosen[0] or longest / s >= SMALLEST]
    if device is None:
        device = next((p.device for p in model.parameters()), torch.device("cpu"))

    # in [0, 255]; uint16 keeps its precision as float
    pixels = image if image.dtype == np.uint8 else image / np.float32(LEVEL[image.dtype])
    reduced = [_reduced(pixels, scale) for scale in chosen]

    def attempt(tile: int) -> NDArray[Any]:
        tilings = [Tiles(model, part.shape[:2], tile, overlap) for part in reduced]
        with bar(
            sum(map(len, tilings)), "restoring", "tile", disable=not progress, delay=2
        ) as shown:
            if chosen == [1.0]:
                return _at_full_size(image, pixels, tilings[0], device, shown.update)
            return _at_scales(image, reduced, tilings, device, shown.update)

    least = (-(-overlap // stride) + 1) * stride
    return in_tiles_that_fit(attempt, min(tile, -(-longest // stride) * stride), least, on_shrink)


def _at_full_size(
    image: NDArray[Any],
    pixels: NDArray[Any],
    tiles: Tiles,
    device: torch.device | str,
    done: Callable[[], object],
) -> NDArray[Any]:
    result, white = np.empty_like(image), np.iinfo(image.dtype).max
    for rows, band in tiles.bands(pixels, device, done):
        result[rows] = np.rint(np.clip(band, 0, 1) * white)
    return result


def _at_scales(
    image: NDArray[Any],
    reduced: Sequence[NDArray[Any]],
    tilings: Sequence[Tiles],
    device: torch.device | str,
    done: Callable[[], object],
) -> NDArray[Any]:
    """The image plus the mean of the changes at all scales, weighted by their local energy."""
    change, weight = np.zeros(image.shape, np.float32), np.zeros(image.shape[:2], np.float32)
    for part, tiles in zip(reduced, tilings, strict=True):
        scale_change = np.empty(part.shape, np.float32)
        for rows, band in tiles.bands(part, device, done):
            scale_change[rows] = 255 * band - part[rows]
        scale_change = _enlarged(scale_change, image.shape)
        scale_weight = _local_energy(scale_change) ** 2
        scale_change *= scale_weight[:, :, None]
        change += scale_change
        weight += scale_weight
    change /= np.maximum(weight, np.finfo(np.float32).tiny)[:, :, None]
    result, level, white = np.empty_like(image), LEVEL[image.dtype], np.iinfo(image.dtype).max
    for y in range(0, len(image), ROWS):
        rows = slice(y, y + ROWS)
        result[rows] = np.rint(np.clip(image[rows] + level * change[rows], 0, white))
    return result


def _reduced(image: NDArray[Any], scale: float) -> NDArray[Any]:
    if scale == 1:
        return image
    height, width = (max(1, round(side / scale)) for side in image.shape[:2])
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))


def _enlarged(change: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    if change.shape == shape:
        return change
    size = shape[1], shape[0]
    return cv2.resize(change, size, interpolation=cv2.INTER_CUBIC).astype(np.float32, copy=False)


def _local_energy(change: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean square of the change around each pixel, (H, W), positive."""
    height, width = change.shape[:2]
    window = max(height, width) / WINDOWS
    factor = max(1.0, window / 4)  # the average is smooth, so a coarse grid suffices
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    energy = np.empty((height, width), np.float32)
    for y in range(0, height, ROWS):
        energy[y : y + ROWS] = np.square(change[y : y + ROWS]).mean(axis=2)
    coarse = cv2.resize(energy, size, interpolation=cv2.INTER_AREA)
    coarse = cv2.GaussianBlur(coarse, (0, 0), window / factor)
    fine = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.maximum(fine, 1e-6).astype(np.float32, copy=False)
