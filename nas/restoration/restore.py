"""A trained network on an image of any size, at one scale or at several."""

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

SMALLEST = 320  # px: no image is reduced to a shorter longest side than this
LEVEL = {np.dtype(np.uint8): 1, np.dtype(np.uint16): 257}  # steps to one of 8 bits
ROWS = 256  # of a whole photo, taken at a time
WINDOW = 32  # of the longest side: over how much of the photo a scale is judged


def restore(
    model: torch.nn.Module,
    image: NDArray[Any],
    *,
    tile: int = 512,
    overlap: int = 32,
    scales: Sequence[float] | None = None,
    device: torch.device | str | None = None,
    progress: bool = False,
    told: Callable[[int], object] = lambda tile: None,
) -> NDArray[Any]:
    """Run a deblurring network over an image of any size.

    Parameters
    ----------
    model : torch.nn.Module
        In eval mode; (1, 3, h, w) float32 sRGB in [0, 1] to the same shape, for h and w
        multiples of its attribute ``stride``.
    image : (H, W, 3) uint8 or uint16, sRGB, H and W >= 1
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
    told : function
        Called with the new side when the memory does not suffice for tiles of `tile` px: they are
        halved, as often as it takes.

    Returns
    -------
    (H, W, 3) sRGB, uint8 or uint16 as the image is; of 16 bits none is lost on the way

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
    Tiles: see `nas.restoration.tiles.Tiles`. A network that was trained on blur of up to 24 px
    undoes 48 px in an image of half the size. What it changes there is enlarged and added to the
    image. Several scales are averaged, each pixel with weights in proportion to the square of the
    local energy of the change: the change that a network makes which estimates the conditional
    mean has the energy by which the squared error is expected to fall (orthogonality principle),
    so the scale that changes most is where most is to be gained.

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

    # the network's 0 .. 255; of uint16, with all the steps between
    pixels = image if image.dtype == np.uint8 else image / np.float32(LEVEL[image.dtype])
    reduced = [_reduced(pixels, scale) for scale in chosen]

    def attempt(tile: int) -> NDArray[Any]:
        cuts = [Tiles(model, part.shape[:2], tile, overlap) for part in reduced]
        with bar(sum(map(len, cuts)), "restoring", "tile", disable=not progress, delay=2) as shown:
            if chosen == [1.0]:
                return _at_full_size(image, pixels, cuts[0], device, shown.update)
            return _at_scales(image, reduced, cuts, device, shown.update)

    least = (-(-overlap // stride) + 1) * stride
    return in_tiles_that_fit(attempt, min(tile, -(-longest // stride) * stride), least, told)


def _at_full_size(
    image: NDArray[Any],
    pixels: NDArray[Any],
    cut: Tiles,
    device: torch.device | str,
    done: Callable[[], object],
) -> NDArray[Any]:
    result, white = np.empty_like(image), np.iinfo(image.dtype).max
    for rows, band in cut.bands(pixels, device, done):
        result[rows] = np.rint(np.clip(band, 0, 1) * white)
    return result


def _at_scales(
    image: NDArray[Any],
    reduced: Sequence[NDArray[Any]],
    cuts: Sequence[Tiles],
    device: torch.device | str,
    done: Callable[[], object],
) -> NDArray[Any]:
    """The image plus the mean change at all scales, weighted by its local energy."""
    change, weight = np.zeros(image.shape, np.float32), np.zeros(image.shape[:2], np.float32)
    for part, cut in zip(reduced, cuts, strict=True):
        own = np.empty(part.shape, np.float32)
        for rows, band in cut.bands(part, device, done):
            own[rows] = 255 * band - part[rows]
        own = _enlarged(own, image.shape)
        energy = _local_energy(own) ** 2
        own *= energy[:, :, None]
        change += own
        weight += energy
    change /= np.maximum(weight, np.finfo(np.float32).tiny)[:, :, None]
    result, level, white = np.empty_like(image), LEVEL[image.dtype], np.iinfo(image.dtype).max
    for y in range(0, len(image), ROWS):  # in parts: whole photos of floats take much memory
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
    """Mean square of the change around each pixel, (H, W), above 0."""
    height, width = change.shape[:2]
    window = max(height, width) / WINDOW
    factor = max(1.0, window / 4)  # the average is smooth: a coarse grid will do
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    energy = np.empty((height, width), np.float32)
    for y in range(0, height, ROWS):
        energy[y : y + ROWS] = np.square(change[y : y + ROWS]).mean(axis=2)
    coarse = cv2.resize(energy, size, interpolation=cv2.INTER_AREA)
    coarse = cv2.GaussianBlur(coarse, (0, 0), window / factor)
    fine = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.maximum(fine, 1e-6).astype(np.float32, copy=False)
