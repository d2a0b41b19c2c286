"""A trained network on an image of any size: padded, tiled, feathered, rounded."""

from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray

from blurkit.errors import FileError, SettingError
from blurkit.progress import bar


class _Cut(NamedTuple):
    """Tiles along one axis: their size and starts in pixels, and the weight of each pixel."""

    size: int
    starts: list[int]
    windows: list[NDArray[np.float32]]


def restore(
    model: torch.nn.Module,
    image: NDArray[np.uint8],
    *,
    tile: int = 512,
    overlap: int = 32,
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
        "overlap must be >= 0, got -1", or
        "tile must be >= 48 for overlap 32 and stride 16, got 32"
    FileError
        "the network's output is not finite: its weights are unusable"

    Notes
    -----
    The image is continued by reflection to a multiple of the stride. Tiles start on multiples
    of the stride, so a convolutional network sees each pixel in the same phase as without
    tiling; the weights of the tiles sum to one at each pixel and fall off as sin^2 towards a
    tile's edge, where the network lacks context. Beside the image and its result only one row
    of tiles is held in memory.

    Examples
    --------
    >>> model = torch.nn.Identity()
    >>> model.stride = 16
    >>> photo = np.arange(300, dtype=np.uint8).reshape(10, 10, 3)
    >>> bool((restore(model, photo) == photo).all())
    True
    """
    stride = cast(int, model.stride)
    _check(image, tile, overlap, stride)
    if device is None:
        device = next((p.device for p in model.parameters()), torch.device("cpu"))

    height, width, _ = image.shape
    padded = np.pad(image, ((0, -height % stride), (0, -width % stride), (0, 0)), mode="reflect")
    down = _cut(padded.shape[0], tile, overlap, stride)
    across = _cut(padded.shape[1], tile, overlap, stride)

    result = np.empty_like(padded)
    strip = np.zeros((down.size, *padded.shape[1:]), np.float32)
    bottoms = [*down.starts[1:], len(padded)]
    with bar(len(down.starts) * len(across.starts), "restoring", "tile", disable=not progress) as b:
        for y, bottom, wy in zip(down.starts, bottoms, down.windows, strict=True):
            for x, wx in zip(across.starts, across.windows, strict=True):
                region = padded[y : y + down.size, x : x + across.size]
                restored = _forward(model, region, device)
                strip[:, x : x + across.size] += wy[:, None, None] * wx[:, None] * restored
                b.update()
            # rows above the next tile are final; those it shares move up to meet it
            done = bottom - y
            result[y:bottom] = np.rint(np.clip(strip[:done], 0, 1) * 255)
            strip[:-done] = strip[done:]
            strip[-done:] = 0
    return result[:height, :width].copy()


def _forward(
    model: torch.nn.Module, region: NDArray[np.uint8], device: torch.device | str
) -> NDArray[np.float32]:
    """(h, w, 3) uint8 through the network to (h, w, 3) float32, not clamped."""
    with torch.inference_mode():
        pixels = torch.from_numpy(np.ascontiguousarray(region)).to(device)
        output = model(pixels.permute(2, 0, 1)[None].float() / 255)
        if not torch.isfinite(output).all():
            raise FileError("the network's output is not finite: its weights are unusable")
        return output[0].permute(1, 2, 0).float().cpu().numpy()


def _cut(length: int, tile: int, overlap: int, stride: int) -> _Cut:
    """The fewest, then the smallest, equal tiles that cover `length`; all in whole strides."""
    total, largest, shared = length // stride, tile // stride, -(-overlap // stride)
    if total <= largest:
        count, size = 1, total
    else:
        count = -(-(total - shared) // (largest - shared))
        size = -(-(total - shared) // count) + shared
    starts = [k * (total - size) // max(count - 1, 1) * stride for k in range(count)]
    size *= stride

    distance = np.minimum(np.arange(size) + 0.5, size - np.arange(size) - 0.5)
    ramp = np.sin(np.pi / 2 * np.minimum(distance / max(overlap, 1), 1)) ** 2
    weight = np.zeros(length)
    for start in starts:
        weight[start : start + size] += ramp
    windows = [(ramp / weight[start : start + size]).astype(np.float32) for start in starts]
    return _Cut(size, starts, windows)


def _check(image: np.ndarray, tile: int, overlap: int, stride: int) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise SettingError(
            f"image must be uint8 (H, W, 3) and not empty, got {image.dtype.name} {image.shape}"
        )
    check_tile(tile, overlap, stride)


def check_tile(tile: int, overlap: int, stride: int = 16) -> None:
    """SettingError where tiles of this side and overlap cannot cover an image."""
    if overlap < 0:
        raise SettingError(f"overlap must be >= 0, got {overlap}")
    least = (-(-overlap // stride) + 1) * stride
    if tile < least:
        raise SettingError(
            f"tile must be >= {least} for overlap {overlap} and stride {stride}, got {tile}"
        )
