"""Reading one dataset file through memory maps that open on first use, in any process."""

import os
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from blurkit.errors import FileError
from blurkit.files import AnyPath
from blurkit.store.checksum import CHECK_ROWS
from blurkit.store.layout import Layout, read_layout
from blurkit.store.metadata import metadata_faults
from blurkit.store.names import PART, part_path


class PairFile:
    """A finished dataset file of blurry and sharp pairs, read in place.

    The file's structure is checked at once; the samples are mapped when first read. A pickled
    PairFile is only its path, so it can be sent to forked or spawned worker processes. Row `i` is
    the sample with index `start + i` of its settings.

    Parameters
    ----------
    path : of a finished file of `blurkit synth` or `blurkit import`

    Attributes
    ----------
    path : Path
    n : int, the number of samples; also len(pairs)
    blurry, sharp : (n, H, W, 3) uint8, sRGB in RGB order
    kernel : (n, K, K) float32, or None if the file has none (real pairs)
    params : (n,) structured array of the numbers drawn for each sample, or None
    source : (n,) bytes of UTF-8, where each sharp patch comes from, or None
    settings : dict, the settings that made the file
    seed, start : int
    attributes : dict, all root attributes

    Raises
    ------
    FileError
        "x.h5: no such file", "x.h5: not an HDF5 file",
        "x.h5.part: not finished; rerun the blurkit command that makes it", and those of
        `blurkit.store.layout.read_layout`.

    Example
    -------
    >>> pairs = PairFile("blur.h5")  # doctest: +SKIP
    >>> pairs.blurry[17].shape  # doctest: +SKIP
    (128, 128, 3)
    """

    def __init__(self, path: AnyPath) -> None:
        self.path = Path(path)
        part = part_path(self.path)
        if self.path.suffix == PART or (part.exists() and not self.path.exists()):
            name = self.path if self.path.suffix == PART else part
            raise FileError(f"{name}: not finished; rerun the blurkit command that makes it")
        self._layout: Layout = read_layout(self.path)
        self.n: int = self._layout.count
        self.attributes: dict[str, Any] = self._layout.attributes
        self.settings: dict[str, Any] = self.attributes["settings"]
        self.seed: int = self.attributes["seed"]
        self.start: int = self.attributes["start"]

    @cached_property
    def _maps(self) -> dict[str, np.ndarray]:
        try:
            return self._layout.map()
        except (OSError, ValueError) as error:  # gone or shortened since it was checked
            raise FileError(f"{self.path}: {error}") from error

    @property
    def blurry(self) -> np.ndarray:
        return self._maps["blurry"]

    @property
    def sharp(self) -> np.ndarray:
        return self._maps["sharp"]

    @property
    def kernel(self) -> np.ndarray | None:
        return self._maps.get("kernel")

    @property
    def params(self) -> np.ndarray | None:
        return self._maps.get("params")

    @property
    def source(self) -> np.ndarray | None:
        return self._maps.get("source")

    def label(self, row: int) -> str:
        """The name of a row's sample, such as "sample 17", by its index."""
        return f"sample {self.start + row}"

    def verify(self, done: Callable[[int], object] | None = None) -> Iterator[int]:
        """Check every row against its CRC; yields the numbers of damaged rows.

        Parameters
        ----------
        done : called with the number of rows checked since the last call
        """
        for first in range(0, self.n, CHECK_ROWS):
            damaged = self._layout.damaged(first, first + CHECK_ROWS)
            yield from (first + np.flatnonzero(damaged)).tolist()
            if done:
                done(len(damaged))

    def metadata_faults(self) -> list[str]:
        """Everything outside the rows that differs from what blurkit writes, in words."""
        return metadata_faults(self._layout)

    def __len__(self) -> int:
        return self.n

    def __reduce__(self) -> tuple[type["PairFile"], tuple[str]]:
        return PairFile, (os.path.abspath(self.path),)

    def __repr__(self) -> str:
        return f"PairFile({str(self.path)!r}: {self.n} samples)"
