"""The CRC-32 of a row over its bytes in all datasets, for rows in memory and rows on disk."""

import os
import zlib
from collections.abc import Iterator, Mapping

import numpy as np

CHECK_ROWS = 64  # rows checked at a time
PIECE = 2**22  # bytes read at a time; a forged shape must not decide how much memory is used
ORDER = ("blurry", "sharp", "kernel", "params", "source")  # in which a row's bytes are taken


def row_crcs(rows: Mapping[str, np.ndarray]) -> np.ndarray:
    """CRC-32 of each row over all datasets except `crc`, in the format's order; 0 becomes 1.

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
    """(n, ...) of any plain dtype as (n, bytes per row) uint8, without a copy if contiguous."""
    return np.ascontiguousarray(rows).reshape(len(rows), -1).view(np.uint8)


def crcs_on_disk(
    file: int,
    types: Mapping[str, np.dtype],
    offsets: Mapping[str, int],
    first: int,
    last: int,
) -> tuple[np.ndarray, np.ndarray]:
    """The stored CRCs of rows first .. last - 1, and those computed from their bytes.

    Uses reads, not memory maps, which would kill the process on a bad sector or a truncated file.
    If no row in the range was ever written, their bytes are not read.

    Returns
    -------
    stored, computed : (n,) uint32

    Raises
    ------
    EOFError, OSError
    """
    offset = offsets["crc"] + 4 * first
    stored = np.frombuffer(_read(file, 4 * (last - first), offset), "<u4")
    crcs = [0] * len(stored)
    if stored.any():
        for name in ORDER:
            if name in types:
                size = types[name].itemsize
                for row, data in _pieces(file, size, offsets[name] + first * size, len(crcs)):
                    crcs[row] = zlib.crc32(data, crcs[row])
    return stored, np.array([crc or 1 for crc in crcs], "<u4")


def _pieces(file: int, size: int, offset: int, rows: int) -> Iterator[tuple[int, memoryview]]:
    """(row, bytes) for rows of `size` bytes each; a long row comes in several pieces."""
    step = max(1, PIECE // size)
    for first in range(0, rows, step):
        n = min(step, rows - first)
        for at in range(0, size, PIECE):
            data = _read(file, n * min(PIECE, size - at), offset + first * size + at)
            for row in range(n):
                yield first + row, data[row * size : (row + 1) * size]


def _read(file: int, size: int, offset: int) -> memoryview:
    data, done = memoryview(bytearray(size)), 0
    while done < size:  # the system may read less than requested
        count = os.preadv(file, [data[done:]], offset + done)
        if not count:
            raise EOFError
        done += count
    return data
