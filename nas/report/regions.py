"""The region of a large photo that a report shows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blurkit.images.files import opencv

WIDTH, HEIGHT = 640, 480  # of the largest region on a page, in pixels

Region = tuple[slice, slice]


def most_detailed_region(image: NDArray[np.uint8], side: int) -> Region:
    """The square with the largest sum of absolute gradients, where blur is easiest to judge.

    Parameters
    ----------
    image : (H, W, 3) uint8
    side : int
        Of the square, in pixels; shorter where the image is smaller.

    Returns
    -------
    rows, columns : slice
    """
    grey = image.astype(np.float32).mean(axis=2)
    gradient = np.zeros_like(grey)
    gradient[1:] += np.abs(np.diff(grey, axis=0))
    gradient[:, 1:] += np.abs(np.diff(grey, axis=1))
    return largest_sum(gradient, min(side, grey.shape[0]), min(side, grey.shape[1]))


def largest_sum(values: NDArray[Any], height: int, width: int) -> Region:
    """The region of that size with the largest sum; values are uint8 or float32.

    Examples
    --------
    >>> largest_sum(np.diag([1, 2, 3]).astype(np.uint8), 2, 2)
    (slice(1, 3, None), slice(1, 3, None))
    """
    total = opencv().integral(values)
    sums = total[height:, width:] - total[:-height, width:]
    sums += total[:-height, :-width] - total[height:, :-width]
    y, x = (int(place) for place in np.unravel_index(sums.argmax(), sums.shape))
    return slice(y, y + height), slice(x, x + width)


def grow_region(region: Region, shape: Sequence[int]) -> Region:
    """That region and its surroundings, up to the size that a page shows.

    Examples
    --------
    >>> grow_region((slice(0, 256), slice(600, 856)), (720, 1280, 3))
    (slice(0, 480, None), slice(408, 1048, None))
    """
    rows, columns = region
    return _grow(rows, HEIGHT, shape[0]), _grow(columns, WIDTH, shape[1])


def _grow(part: slice, to: int, size: int) -> slice:
    length = min(max(to, part.stop - part.start), size)
    start = (part.start + part.stop - length) // 2
    start = max(0, min(start, size - length))
    return slice(start, start + length)
