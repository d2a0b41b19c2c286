"""Retry with smaller tiles when memory runs out."""

from collections.abc import Callable
from typing import TypeVar

import torch

from blurkit.errors import FileError

T = TypeVar("T")
# error texts of torch on Linux, on Windows and in C++, and of OpenCV
OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "bad_alloc", "Failed to allocate")


def in_tiles_that_fit(
    work: Callable[[int], T], tile: int, least: int, on_shrink: Callable[[int], object]
) -> T:
    """Call `work(tile)`, halving the tile down to `least` each time memory runs out.

    Parameters
    ----------
    work : callable
        Takes the side of a tile in pixels. Out-of-memory errors, on CPU or GPU, are retried; all
        others are propagated.
    tile, least : int, pixels
        The side to start with, and the smallest that `work` accepts.
    on_shrink : callable
        Called with each smaller side before it is tried.

    Returns
    -------
    the return value of `work`

    Raises
    ------
    FileError
        "not enough memory, even for tiles of 48 px"

    Examples
    --------
    >>> def hungry(tile):
    ...     if tile > 100:
    ...         raise MemoryError
    ...     return tile
    >>> in_tiles_that_fit(hungry, 512, 48, on_shrink=print)
    256
    128
    64
    64
    """
    while True:
        try:
            return work(tile)
        except Exception as error:
            if not _is_out_of_memory(error):
                raise
            if tile <= least:
                raise FileError(f"not enough memory, even for tiles of {tile} px") from error
        # outside the handler, whose traceback keeps the tensors alive
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        tile = max(least, tile // 2)
        on_shrink(tile)


def _is_out_of_memory(error: Exception) -> bool:
    # on the CPU, torch and OpenCV have no exception class for it
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return any(phrase in str(error) for phrase in OUT_OF_MEMORY)
