"""Rows of many files read where they are: few files open at a time, nothing mapped.

A memory map keeps a descriptor, so maps of all shards of a large dataset would pass the limit of
open files; and a mapped file that is cut short kills its reader, where a read is an error.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from blurkit.errors import FileError
from blurkit.store.layout import Layout, RowTypes, read_layout

MOST_OPEN = 128  # files that a set keeps open; systems allow 256 or 1,024 a process
AHEAD = 64  # rows that the disk is asked for at once (benchmarks/reading.py)


def _advise(descriptor: int, at: int, size: int) -> None:
    os.posix_fadvise(descriptor, at, size, os.POSIX_FADV_WILLNEED)


# what is in memory already is read at once, and the disk is only asked for the rest
NOWAIT = getattr(os, "RWF_NOWAIT", 0)
ADVISE = _advise if hasattr(os, "posix_fadvise") else None  # macOS has none


class Files:
    """The files of a set: their structure is read, and they are opened, when a row is asked for.

    Parameters
    ----------
    paths : sequence of Path
    counts : sequence of int, the rows of each
    types : the type of a row in each dataset that all files have
    layouts : the files' structures where they have been read already
    """

    def __init__(
        self,
        paths: Sequence[Path],
        counts: Sequence[int],
        types: RowTypes,
        layouts: Sequence[Layout] = (),
    ) -> None:
        self.paths, self.types = paths, types
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
        """Open a file, if it is still the one whose structure was read."""
        path, place = self.paths[number], self.place(number)
        try:
            file = OpenFile(path, place)
            if _identity(os.fstat(file.descriptor)) != place.identity:
                raise FileError(f"{path}: has been replaced since it was first read")
        except OSError as error:
            raise FileError(f"{path}: {error.strerror}") from error
        return file

    def all_rows(self) -> dict[str, "Rows"]:
        """The rows of each dataset; all share the files that are open."""
        # this cache holds no lock that a fork in the middle of a read could leave locked for ever
        opened = lru_cache(MOST_OPEN)(self.open)
        return {name: Rows(self, opened, name, kind) for name, kind in self.types.items()}

    def _checked(self, number: int, layout: Layout) -> "Place":
        same = layout.count == self.edges[number + 1] - self.edges[number]
        for name, kind in self.types.items():
            same = same and name in layout.types
            same = same and (name == "source" or layout.types[name] == kind)
        if not same:
            raise FileError(f"{layout.path}: has been replaced since it was first read")
        return Place(layout)


class Rows:
    """One dataset of all the files, as an array of which only the rows asked for are read.

    `rows[17]` is one row, `rows[3:9]` and `rows.take([8, 2, 40])` are arrays of several.

    Attributes
    ----------
    shape : (n, ...), dtype, ndim : as of an array
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
        """These rows, in this order, each read from its own place.

        Parameters
        ----------
        rows : (k,) int, 0 <= row < n; repeats are allowed
        out : (k, ...) of the dataset's dtype, C-contiguous, optional
            Written and returned.

        Returns
        -------
        array : (k, ...) of the dataset's dtype, contiguous and the caller's own

        Raises
        ------
        IndexError
            "row must be between 0 and 99, got 100"
        ValueError
            "out must be (3, 128, 128, 3) uint8 and contiguous, got (2, 128, 128, 3) uint8"
        FileError
            A file is gone, damaged or replaced.
        """
        wanted = np.asarray(rows, np.int64)
        outside = wanted[(wanted < 0) | (wanted >= len(self))]
        if outside.size:
            raise IndexError(f"row must be between 0 and {len(self) - 1}, got {outside[0]}")
        numbers = np.searchsorted(self._files.edges, wanted, side="right") - 1
        places = wanted - self._files.edges[numbers]
        shape = (len(wanted), *self._kind.shape)
        found = np.empty(shape, self.dtype) if out is None else out
        if found.shape != shape or found.dtype != self.dtype or not found.flags.c_contiguous:
            raise ValueError(
                f"out must be {shape} {self.dtype} and contiguous, got {found.shape} {found.dtype}"
            )
        wanted_places = list(zip(numbers.tolist(), places.tolist(), strict=True))
        for first in range(0, len(found), AHEAD):
            some = wanted_places[first : first + AHEAD]
            self._read(found[first : first + AHEAD], some)
        return found

    def _read(self, found: np.ndarray, places: Sequence[tuple[int, int]]) -> None:
        """Fill `found` from these places, (file, row in it); the disk is asked for all at once."""
        name, size, preadv = self._name, self._kind.itemsize, os.preadv
        files = [self._opened(number) for number, _ in places]
        if name == "source":  # of which each file has its own length
            for k, (file, (_, row)) in enumerate(zip(files, places, strict=True)):
                text = bytearray(file.text_bytes)
                file.read(name, row, memoryview(text))
                found[k] = bytes(text)
            return
        starts = [
            file.offsets[name] + row * size for file, (_, row) in zip(files, places, strict=True)
        ]
        target, end, late = found.reshape(-1).view(np.uint8).data, 0, []
        for file, at in zip(files, starts, strict=True):
            into = target[end : end + size]
            end += size
            try:
                got = preadv(file.descriptor, (into,), at, NOWAIT)
            except OSError:  # not in memory, or the file system cannot tell
                got = 0
            if got != size:
                late.append((file, at, into))
        if ADVISE is not None and len(late) > 1:
            for file, at, _ in late:
                ADVISE(file.descriptor, at, size)
        for file, at, into in late:
            file.read(name, (at - file.offsets[name]) // size, into)


class Place:
    """Where the rows of one file are.

    Attributes
    ----------
    offsets : dict of dataset name to the byte where its first row begins
    start : int, the index of the first sample
    text_bytes : int, bytes of a row of /source
    identity : which file on the disk that was
    """

    __slots__ = ("identity", "offsets", "start", "text_bytes")

    def __init__(self, layout: Layout) -> None:
        self.offsets: Mapping[str, int] = layout.offsets
        self.start: int = layout.attributes["start"]
        self.text_bytes = layout.types["source"].itemsize if "source" in layout.types else 0
        self.identity = _identity(layout.path.stat())


class OpenFile:
    """A descriptor that is closed when nobody holds it any more, in whichever thread."""

    __slots__ = ("descriptor", "offsets", "path", "text_bytes")

    def __init__(self, path: Path, place: Place) -> None:
        self.path, self.offsets, self.text_bytes = path, place.offsets, place.text_bytes
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def read(self, name: str, row: int, into: memoryview) -> None:
        """Fill `into`, which is as long as a row, though the system may give less at a time."""
        size = len(into)
        at = self.offsets[name] + row * size
        try:
            got = 0
            while got < size:
                more = os.preadv(self.descriptor, [into[got:]], at + got)
                if not more:
                    raise FileError(f"{self.path}: ends before its last row")
                got += more
        except OSError as error:
            raise FileError(f"{self.path}: {error.strerror}") from error

    def __del__(self) -> None:
        if hasattr(self, "descriptor"):
            os.close(self.descriptor)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_ino, status.st_size
