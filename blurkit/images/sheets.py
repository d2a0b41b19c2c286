"""Contact sheets of images, and blur kernels drawn in colour."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from blurkit.errors import SettingError
from blurkit.images.files import opencv

PAPER, INK = 255, 40
TILE = 96  # approximate side of a kernel on a sheet, in pixels
STOPS = (0.0, 0.15, 0.6, 1.0)
COLOURS = np.array([(13, 17, 28), (84, 60, 74), (236, 160, 84), (255, 250, 235)])


def contact_sheet(
    images: Sequence[NDArray[np.uint8]],
    columns: int | None = None,
    gap: int = 8,
    labels: Sequence[str] | None = None,
) -> NDArray[np.uint8]:
    """Lay out images on a white page, row by row, each centred in its cell.

    Parameters
    ----------
    images : sequence of (H, W, 3) or (H, W) uint8
        At least one; they may differ in size.
    columns : int >= 1, optional
        Images per row; by default, as many as rows.
    gap : int >= 0
        Margin between and around the cells, in pixels.
    labels : sequence of str, optional
        One line of text under each image ("" for none).

    Returns
    -------
    sheet : (H, W, 3) uint8

    Raises
    ------
    SettingError
        "images must hold at least one image", "columns must be >= 1, got 0"

    Example
    -------
    >>> tile = np.zeros((10, 20, 3), np.uint8)
    >>> contact_sheet([tile] * 6, columns=3, gap=2).shape
    (26, 68, 3)
    """
    if not len(images):
        raise SettingError("images must hold at least one image")
    if columns is not None and columns < 1:
        raise SettingError(f"columns must be >= 1, got {columns}")
    columns = min(columns or math.isqrt(len(images) - 1) + 1, len(images))
    text = [""] * len(images) if labels is None else list(labels)
    rows = range(0, len(images), columns)
    widths = [max(image.shape[1] for image in images[c::columns]) for c in range(columns)]
    heights = [max(image.shape[0] for image in images[r : r + columns]) for r in rows]
    lines = [24 if any(text[r : r + columns]) else 0 for r in rows]
    left = [gap + sum(widths[:c]) + gap * c for c in range(columns + 1)]
    top = [gap + sum(heights[:r]) + sum(lines[:r]) + gap * r for r in range(len(heights) + 1)]
    sheet = np.full((top[-1], left[-1], 3), PAPER, np.uint8)
    for k, image in enumerate(images):
        row, column = divmod(k, columns)
        height, width = image.shape[:2]
        y = top[row] + (heights[row] - height) // 2
        x = left[column] + (widths[column] - width) // 2
        sheet[y : y + height, x : x + width] = image if image.ndim == 3 else image[..., None]
        if text[k]:
            middle = left[column] + widths[column] // 2
            _write_text(sheet, text[k], middle, top[row] + heights[row] + 17, widths[column] + gap)
    return sheet


def _write_text(sheet: NDArray[np.uint8], text: str, middle: int, base: int, width: int) -> None:
    """Write one centred line, scaled down if it would be wider than `width` pixels."""
    cv2 = opencv()
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, 0.5
    (long, _), _ = cv2.getTextSize(text, font, scale, 1)
    if long > width:
        scale *= width / long
        (long, _), _ = cv2.getTextSize(text, font, scale, 1)
    place = (max(0, middle - long // 2), base)
    cv2.putText(sheet, text, place, font, scale, (INK, INK, INK), 1, cv2.LINE_AA)


def kernel_sheet(kernels: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Kernels side by side, each enlarged and scaled to its own maximum.

    Colour runs from dark blue over amber to white with the square root of the weight, so that faint
    taps are visible beside strong ones.

    Parameters
    ----------
    kernels : (n, K, K) float, >= 0, n >= 1
    columns : int >= 1, optional
        By default, as many as rows.

    Returns
    -------
    sheet : (H, W, 3) uint8
    """
    if kernels.ndim != 3 or len(kernels) < 1:
        raise SettingError(f"kernels must be (n, K, K) with n >= 1, got {kernels.shape}")
    side = max(TILE, 2 * kernels.shape[1])
    return contact_sheet([kernel_tile(kernel, side) for kernel in kernels], columns, gap=4)


def kernel_tile(kernel: np.ndarray, side: int) -> np.ndarray:
    """One kernel, enlarged by a whole factor to at most about `side` pixels: (S, S, 3) uint8."""
    top = max(float(kernel.max()), np.finfo(np.float32).tiny)
    tone = np.sqrt(np.clip(kernel, 0, None) / top)
    tile = np.stack([np.interp(tone, STOPS, channel) for channel in COLOURS.T], axis=-1)
    return enlarged(np.rint(tile).astype(np.uint8), max(1, side // len(kernel)))


def enlarged(image: np.ndarray, times: int) -> np.ndarray:
    return image.repeat(times, axis=0).repeat(times, axis=1)
