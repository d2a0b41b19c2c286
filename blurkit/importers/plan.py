"""The rows of an imported file: which crop of which pair each one is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from blurkit.errors import FileError
from blurkit.importers.pairs import some
from blurkit.importers.scan import Usable
from blurkit.importers.settings import ImportSettings
from blurkit.store import row_types

LONGEST = 2**16  # side of an image that the format allows, in pixels


@dataclass(frozen=True)
class Plan:
    """The rows of a file: the crops of each pair in turn, row by row from the top left.

    Attributes
    ----------
    usable : the pairs, in the order of the rows
    patch : (height, width) of every row, in pixels
    grids : for each pair the top and the left edges of its crops, in pixels
    firsts : the first row of each pair, then the number of rows
    types : of a row in each dataset of the file
    """

    usable: Sequence[Usable]
    patch: tuple[int, int]
    grids: Sequence[tuple[list[int], list[int]]]
    firsts: Sequence[int]
    types: dict[str, np.dtype]

    @property
    def count(self) -> int:
        return self.firsts[-1]

    def rows(self, k: int) -> range:
        """The rows of pair k."""
        return range(self.firsts[k], self.firsts[k + 1])

    def corner(self, k: int, row: int) -> tuple[int, int]:
        """Top and left edge of the crop in `row` of pair k, in pixels."""
        ys, xs = self.grids[k]
        down, right = divmod(row - self.firsts[k], len(xs))
        return ys[down], xs[right]

    def source(self, k: int, row: int) -> bytes:
        """The row's /source: the sharp image's name and the crop's top left corner in it."""
        y, x = self.corner(k, row)
        return f"{self.usable[k].pair.sharp}@{y},{x}".encode(errors="replace")


def make_plan(folder: Path, usable: Sequence[Usable], settings: ImportSettings) -> Plan:
    """Lay out the crops of all pairs; FileError if there is no crop and images differ in size."""
    sizes = Counter(item.shape for item in usable)
    if settings.crop is not None:
        patch = (settings.crop, settings.crop)
    elif len(sizes) > 1:
        counts = [f"{w}x{h} ({n:,} pairs)" for (h, w), n in sizes.most_common()]
        raise FileError(f"{folder}: images must have one size without crop, got {some(counts)}")
    else:
        patch = usable[0].shape
        if max(patch) > LONGEST:
            size = f"{patch[1]}x{patch[0]}"
            raise FileError(f"{folder}: images must have sides <= {LONGEST}, got {size}")
    step = settings.step or max(patch)
    grids = []
    for item in usable:
        ys, xs = (edges(length, crop, step) for length, crop in zip(item.shape, patch, strict=True))
        grids.append((ys, xs))
    firsts = np.cumsum([0, *(len(ys) * len(xs) for ys, xs in grids)]).tolist()
    room = max(len(item.pair.sharp.encode(errors="replace")) for item in usable)
    types = row_types(patch, None, None, room + len("@65535,65535"))
    return Plan(usable, patch, grids, firsts, types)


def edges(length: int, crop: int, step: int) -> list[int]:
    """Starts of crops that cover 0 .. length - 1, `step` apart, the last one moved inwards.

    >>> edges(1280, 512, 256), edges(720, 512, 256), edges(512, 512, 512)
    ([0, 256, 512, 768], [0, 208], [0])
    """
    last = length - crop
    return [*range(0, last, step), last]
