"""What a family of blur must have, and one kernel of it."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from blurkit.errors import SettingError
from blurkit.kernel.checks import checked_interpolation, checked_size, sample_key

SIDES = (31, 127, 511, 2047)  # px: tried in turn where the size follows the blur


class Block(NamedTuple):
    """Kernels of consecutive samples, and which of them a family is to write.

    Attributes
    ----------
    kernels : (n, K, K) float32, C-contiguous; written
    drawn : (n, numbers of the family) float64; written
    rows : (m,) int64
        The rows to write. Row r is sample start + r; the other rows are left alone.
    seed, start : uint64
    linear : bool
        Whether each point of a path is shared among four pixels; otherwise the nearest one has it.
    """

    kernels: np.ndarray
    drawn: np.ndarray
    rows: np.ndarray
    seed: np.uint64
    start: np.uint64
    linear: bool


class KernelFamily(Protocol):
    """Checked settings of a family of blur, a frozen dataclass, with the loop that draws it."""

    @property
    def name(self) -> str:
        """The family's name in commands and files."""

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers drawn for a kernel, in the loop's order, as in /params; "shrink" is last."""

    def fill(self, block: Block) -> None:
        """Write a block's rows in place. Checks nothing, releases the GIL."""


def single_kernel(
    family: KernelFamily, size: int | None, interpolation: str, seed: int | None, index: int
) -> np.ndarray:
    """The kernel (size, size) float32 of one sample; without a size, the smallest that holds it.

    Raises
    ------
    SettingError
        "size must be odd and >= 3, got 20"; "size must be given for a blur that does not fit into
        2047 px"; 'interpolation must be "nearest" or "linear", got "x"'; and those of seed and
        index
    """
    linear = checked_interpolation(interpolation) == "linear"
    sample_seed, start = sample_key(seed, index)
    rows, drawn = np.zeros(1, np.int64), np.empty((1, len(family.numbers)))

    def make(side: int) -> tuple[np.ndarray, float]:
        kernels = np.empty((1, side, side), np.float32)
        family.fill(Block(kernels, drawn, rows, sample_seed, start, linear))
        return kernels[0], drawn[0, -1]

    return _smallest(make) if size is None else make(checked_size(size))[0]


def _smallest(make: Callable[[int], tuple[np.ndarray, float]]) -> np.ndarray:
    """The kernel of make(side) -> (kernel, shrink) on the smallest square that holds it unshrunk.

    The side is odd and at least 3; outside of that square about its middle the kernel is zero.
    """
    for side in SIDES:
        kernel, shrink = make(side)
        if shrink == 1:
            reach = max(1, np.abs(np.argwhere(kernel) - side // 2).max())
            window = slice(side // 2 - reach, side // 2 + reach + 1)
            return kernel[window, window].copy()
    raise SettingError(f"size must be given for a blur that does not fit into {SIDES[-1]} px")
