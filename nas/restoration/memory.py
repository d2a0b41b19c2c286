"""Work in tiles that shrink where the memory does not suffice."""

from collections.abc import Callable
from typing import TypeVar

import torch

from blurkit.errors import FileError

T = TypeVar("T")
# in the words of torch on Linux, on Windows and in C++, and of OpenCV
SHORTAGE = ("can't allocate memory", "not enough memory", "bad_alloc", "Failed to allocate")


def in_tiles_that_fit(
    work: Callable[[int], T], tile: int, least: int, told: Callable[[int], object]
) -> T:
    """`work(tile)`, with half the tile each time that the memory ran out, down to `least`.

    Parameters
    ----------
    work : function of a tile's side in pixels
        It may raise what running out of memory raises, on a GPU or not; anything else it raises
        ends the work.
    tile, least : int, pixels
        The side to begin with, and the smallest that `work` accepts.
    told : function
        Called with each smaller side, before it is tried.

    Returns
    -------
    what `work` returns

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
    >>> in_tiles_that_fit(hungry, 512, 48, told=print)
    256
    128
    64
    64
    """
    while True:
        try:
            return work(tile)
        except Exception as error:
            if not _is_shortage(error):
                raise
            if tile <= least:
                raise FileError(f"not enough memory, even for tiles of {tile} px") from error
        # out of the handler: the traceback would hold on to the tensors
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        tile = max(least, tile // 2)
        told(tile)


def _is_shortage(error: Exception) -> bool:
    """Whether it is memory that is short; on the CPU torch and OpenCV have no class for it."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return any(phrase in str(error) for phrase in SHORTAGE)
