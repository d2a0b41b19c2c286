"""Run a network over an image of any size: pad, cut into overlapping tiles, blend."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray

from blurkit.errors import FileError, SettingError


class _Cut(NamedTuple):
    """Tiles along one axis: their size and starts in pixels, and their blending weights."""

    size: int
    starts: list[int]
    windows: list[NDArray[np.float32]]


class Tiles:
    """The tiles of an image, and the network's blended output over them.

    Parameters
    ----------
    model : torch.nn.Module
        In eval mode; maps (1, 3, h, w) float32 sRGB in [0, 1] to the same shape, for h and w
        multiples of its attribute ``stride``.
    shape : (H, W)
    tile, overlap : int
        See `nas.restoration.restore.restore`.

    Notes
    -----
    The image is padded by reflection to a multiple of the stride. Tiles start at multiples of the
    stride, so a convolutional network sees each pixel in the same phase as without tiling. The
    weights of the tiles sum to one at each pixel and fall off as sin^2 towards a tile's edges,
    where the network lacks context.
    """

    def __init__(
        self, model: torch.nn.Module, shape: tuple[int, int], tile: int, overlap: int
    ) -> None:
        self.model, self.shape, stride = model, shape, cast(int, model.stride)
        self._padding = (0, -shape[0] % stride), (0, -shape[1] % stride), (0, 0)
        self._rows = _cut(shape[0] + self._padding[0][1], tile, overlap, stride)
        self._columns = _cut(shape[1] + self._padding[1][1], tile, overlap, stride)

    def __len__(self) -> int:
        return len(self._rows.starts) * len(self._columns.starts)

    def bands(
        self,
        image: NDArray[Any],
        device: torch.device | str,
        done: Callable[[], object] = lambda: None,
    ) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield the network's output in bands of rows from top to bottom.

        Parameters
        ----------
        image : (H, W, 3) uint8, or float in [0, 255]
        device : torch device of the network
        done : callable
            Called after each tile.

        Yields
        ------
        rows : slice
        band : (rows, W, 3) float32, nominally in [0, 1], not clamped
            Valid only until the next band: apart from the image, only one row of tiles is kept.
        """
        (height, width), down, across = self.shape, self._rows, self._columns
        padded = np.pad(image, self._padding, mode="reflect")
        strip = np.zeros((down.size, *padded.shape[1:]), np.float32)
        bottoms = [*down.starts[1:], len(padded)]
        for y, bottom, wy in zip(down.starts, bottoms, down.windows, strict=True):
            for x, wx in zip(across.starts, across.windows, strict=True):
                region = padded[y : y + down.size, x : x + across.size]
                output = _forward(self.model, region, device)
                strip[:, x : x + across.size] += wy[:, None, None] * wx[:, None] * output
                done()
            # rows above the next tile are final; shared rows move to the top of the strip
            final, bottom = bottom - y, min(bottom, height)
            yield slice(y, bottom), strip[: bottom - y, :width]
            strip[:-final] = strip[final:]
            strip[-final:] = 0


def check_tile(tile: int, overlap: int, stride: int = 16) -> None:
    """SettingError "tile must be >= 48 ..." unless such tiles can cover an image."""
    if overlap < 0:
        raise SettingError(f"overlap must be >= 0, got {overlap}")
    least = (-(-overlap // stride) + 1) * stride
    if tile < least:
        raise SettingError(
            f"tile must be >= {least} for overlap {overlap} and stride {stride}, got {tile}"
        )


def _forward(
    model: torch.nn.Module, region: NDArray[Any], device: torch.device | str
) -> NDArray[np.float32]:
    """(h, w, 3) in [0, 255] through the network to (h, w, 3) float32 in [0, 1], not clamped."""
    with torch.inference_mode():
        pixels = torch.from_numpy(np.ascontiguousarray(region)).to(device)
        output = model(pixels.permute(2, 0, 1)[None].float() / 255)
        if not torch.isfinite(output).all():
            raise FileError("the network's output is not finite: its weights are unusable")
        return output[0].permute(1, 2, 0).float().cpu().numpy()


def _cut(length: int, tile: int, overlap: int, stride: int) -> _Cut:
    """Equal tiles that cover `length`: as few, then as small as possible, in whole strides."""
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
