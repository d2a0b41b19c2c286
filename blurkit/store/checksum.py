"""The seal of a row: a CRC-32 over its bytes, of rows in memory and of rows on disk."""

import os
import zlib
from collections.abc import Iterator, Mapping

import numpy as np

CHECK_ROWS = 64  # rows checked at once
PIECE = 2**22  # bytes read at once; a forged shape must not decide how much memory is taken
ORDER = ("blurry", "sharp", "kernel", "params", "source")  # in which the CRC runs over a row


def seal(rows: Mapping[str, np.ndarray]) -> np.ndarray:
    """CRC-32 of each row over all datasets but `crc`, in the format's order; never 0.

    Returns
    -------
    crc : (n,) uint32
    """
    parts = [as_bytes(rows[name]) for name in ORDER if name in rows]
    crcs = np.empty(len(parts[0]), "<u4")
    for row in range(len(crcs)):
        crc = 0
        for part in parts:
            crc = zlib.crc32(part[row], crc)
        crcs[row] = crc or 1
    return crcs


def as_bytes(rows: np.ndarray) -> np.ndarray:
    """(n, ...) of any plain dtype as (n, bytes a row) uint8, without a copy where contiguous."""
    return np.ascontiguousarray(rows).reshape(len(rows), -1).view(np.uint8)


def seals_on_disk(
    file: int,
    types: Mapping[str, np.dtype],
    offsets: Mapping[str, int],
    first: int,
    last: int,
) -> tuple[np.ndarray, np.ndarray]:
    """The seals that rows first .. last - 1 have, and those that they should have.

    Reads, where memory maps would die of a bad sector or of a file that is cut meanwhile. Rows
    that were never sealed are not read when no row here was.

    Returns
    -------
    stored, right : (n,) uint32

    Raises
    ------
    EOFError, OSError
    """
    place = offsets["crc"] + 4 * first
    stored = np.frombuffer(_read(file, 4 * (last - first), place), "<u4")
    crcs = [0] * len(stored)
    if stored.any():
        for name in ORDER:
            if name in types:
                size = types[name].itemsize
                for row, data in _pieces(file, size, offsets[name] + first * size, len(crcs)):
                    crcs[row] = zlib.crc32(data, crcs[row])
    return stored, np.array([crc or 1 for crc in crcs], "<u4")


def _pieces(file: int, size: int, place: int, rows: int) -> Iterator[tuple[int, memoryview]]:
    """(row, bytes) for rows of `size` bytes each; a row of many bytes comes in several pieces."""
    step = max(1, PIECE // size)
    for first in range(0, rows, step):
        n = min(step, rows - first)
        for at in range(0, size, PIECE):
            data = _read(file, n * min(PIECE, size - at), place + first * size + at)
            for row in range(n):
                yield first + row, data[row * size : (row + 1) * size]


def _read(file: int, size: int, place: int) -> memoryview:
    data, done = memoryview(bytearray(size)), 0
    while done < size:  # the system may read less than it was asked for
        got = os.preadv(file, [data[done:]], place + done)
        if not got:
            raise EOFError
        done += got
    return data
