"""Rows of many files, read in place through memory maps of a few files at a time.

A map holds a file descriptor: mapping all shards of a large dataset would exceed the limit on open
files.
"""

import mmap
import os
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from blurkit.errors import FileError
from blurkit.store.layout import Layout, RowTypes, read_layout

# files that a PairSet keeps open: a quarter of the process's limit (ulimit -n)
_ALLOWED = resource.getrlimit(resource.RLIMIT_NOFILE)[0]  # negative: no limit
MOST_OPEN = 4096 if _ALLOWED < 0 else max(16, min(4096, _ALLOWED // 4))
SLOW = 1e-9  # seconds per byte: memory is faster, disks are slower
AHEAD = 64  # rows requested from the disk before waiting for the first


class Files:
    """The files of a PairSet; a file's structure is read, and the file opened, on first use.

    Parameters
    ----------
    paths : sequence of Path
    counts : sequence of int, the rows of each
    types : the type of a row in each dataset that all files share
    layouts : the files' structures, if already read
    """

    def __init__(
        self,
        paths: Sequence[Path],
        counts: Sequence[int],
        types: RowTypes,
        layouts: Sequence[Layout] = (),
    ) -> None:
        self.paths, self.types = paths, types
        self.cold = True  # the last rows came from the disk, not from memory
        self.edges = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        self._places = {i: self._checked(i, layout) for i, layout in enumerate(layouts)}

    def __len__(self) -> int:
        return int(self.edges[-1])

    def place(self, number: int) -> "Place":
        """Where the rows of the file with this number are."""
        if number not in self._places:
            self._places[number] = self._checked(number, read_layout(self.paths[number]))
        return self._places[number]

    def open(self, number: int) -> "OpenFile":
        """Map a file; FileError if it has been replaced since its structure was read."""
        try:
            return OpenFile(self.paths[number], self.place(number))
        except (OSError, ValueError) as error:  # gone, or empty
            why = getattr(error, "strerror", None) or error
            raise FileError(f"{self.paths[number]}: {why}") from error

    def all_rows(self) -> dict[str, "Rows"]:
        """The rows of each dataset; all share the open files."""
        # lru_cache holds no lock that a fork in the middle of a read could leave locked for ever
        opened = lru_cache(MOST_OPEN)(self.open)
        return {name: Rows(self, opened, name, kind) for name, kind in self.types.items()}

    def _checked(self, number: int, layout: Layout) -> "Place":
        same = layout.count == self.edges[number + 1] - self.edges[number]
        for name, kind in self.types.items():
            same = same and name in layout.types
            same = same and (name == "source" or layout.types[name] == kind)
        if not same:
            raise FileError(f"{layout.path}: has been replaced since it was first read")
        return Place(layout, self.types)


class Rows:
    """One dataset across all files, like an array from which only the requested rows are read.

    `rows[17]` is one row, `rows[3:9]` and `rows.take([8, 2, 40])` are arrays of several.

    Attributes
    ----------
    shape : (n, ...), dtype, ndim : as for an array
    """

    def __init__(
        self, files: Files, opened: Callable[[int], "OpenFile"], name: str, kind: np.dtype
    ) -> None:
        self._files, self._opened, self._name, self._kind = files, opened, name, kind
        self.shape: tuple[int, ...] = (len(files), *kind.shape)
        self.dtype, self.ndim = kind.base, 1 + len(kind.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, which: int | slice) -> Any:
        if isinstance(which, slice):
            return self.take(range(*which.indices(len(self))))
        row = which.__index__()
        return self.take([row + len(self) if row < 0 else row])[0]

    def take(self, rows: Sequence[int] | np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Copy rows, in the given order.

        Parameters
        ----------
        rows : (k,) int, 0 <= row < n; repeats are allowed
        out : (k, ...) of the dataset's dtype, C-contiguous, optional
            Written and returned.

        Returns
        -------
        array : (k, ...) of the dataset's dtype, contiguous, a copy

        Raises
        ------
        IndexError
            "row must be between 0 and 99, got 100"
        ValueError
            "out must be (3, 128, 128, 3) uint8 and contiguous, got (2, 128, 128, 3) uint8"
        FileError
            A file is gone, damaged or replaced.
        """
        indices = np.asarray(rows, np.int64)
        outside = indices[(indices < 0) | (indices >= len(self))]
        if outside.size:
            raise IndexError(f"row must be between 0 and {len(self) - 1}, got {outside[0]}")
        numbers = np.searchsorted(self._files.edges, indices, side="right") - 1
        places = indices - self._files.edges[numbers]
        shape = (len(indices), *self._kind.shape)
        result = np.empty(shape, self.dtype) if out is None else out
        if result.shape != shape or result.dtype != self.dtype or not result.flags.c_contiguous:
            rule = f"out must be {shape} {self.dtype} and contiguous"
            raise ValueError(f"{rule}, got {result.shape} {result.dtype}")
        for first in range(0, len(result), AHEAD):
            part = slice(first, first + AHEAD)
            self._read(result[part], numbers[part], places[part])
        return result

    def _read(self, out: np.ndarray, numbers: np.ndarray, places: np.ndarray) -> None:
        """Fill `out` with the rows at these places in the files of these numbers."""
        name = self._name
        files = {number: self._opened(number) for number in set(numbers.tolist())}
        listed = list(zip(numbers.tolist(), places.tolist(), strict=True))
        for file in files.values():
            file.check()
        if self._files.cold:  # a request takes half as long as copying a row from memory
            for number, row in listed:
                files[number].prefetch(name, row)
        began = time.perf_counter()
        if len(files) == 1 and name != "source":
            ((_, file),) = files.items()
            np.take(file.rows(name), places, axis=0, out=out, mode="clip")
        else:
            for k, (number, row) in enumerate(listed):
                out[k] = files[number].rows(name)[row]
        self._files.cold = time.perf_counter() - began > SLOW * out.nbytes


class Place:
    """Where the rows of one file are.

    Attributes
    ----------
    types, offsets : dict of dataset name to the type of a row, and to the byte offset of the first
    start, count : int, the index of the first sample, and their number
    identity : inode and size of the file
    """

    __slots__ = ("count", "identity", "offsets", "start", "types")

    def __init__(self, layout: Layout, types: RowTypes) -> None:
        # most files have the same types: share one dict
        self.types: RowTypes = types if types == layout.types else layout.types
        self.offsets: Mapping[str, int] = layout.offsets
        self.start: int = layout.attributes["start"]
        self.count = layout.count
        self.identity = _identity(layout.path.stat())


class OpenFile:
    """One file's memory map, closed when the last reference to it is gone."""

    __slots__ = ("_map", "_path", "_place", "_rows")

    def __init__(self, path: Path, place: Place) -> None:
        self._path, self._place = path, place
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if _identity(os.fstat(file)) != place.identity:
                raise FileError(f"{path}: has been replaced since it was first read")
            self._map = mmap.mmap(file, 0, access=mmap.ACCESS_READ)
        finally:
            os.close(file)  # the map has its own descriptor
        self._rows: dict[str, np.ndarray] = {}

    def rows(self, name: str) -> np.ndarray:
        """The rows of a dataset, (n, ...), as a read-only view of the map."""
        if name not in self._rows:
            kind, at = self._place.types[name], self._place.offsets[name]
            shape = (self._place.count, *kind.shape)
            self._rows[name] = np.ndarray(shape, kind.base, self._map, at)
        return self._rows[name]

    def check(self) -> None:
        """FileError if the file has been truncated: reading past its end would kill the process."""
        if self._map.size() < len(self._map):
            raise FileError(f"{self._path}: has been truncated since it was first read")

    def prefetch(self, name: str, row: int) -> None:
        """Ask the system to load a row into memory, without waiting for it."""
        size = self._place.types[name].itemsize
        at = self._place.offsets[name] + row * size
        begin = at - at % mmap.PAGESIZE
        self._map.madvise(mmap.MADV_WILLNEED, begin, at + size - begin)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_ino, status.st_size
