"""Matrices out of a MATLAB file of version 5, from the format's description alone.

SciPy's reader is compiled code that trusts its file: one changed byte can crash the process.
"""

import math
import zlib
from collections.abc import Iterator

import numpy as np

NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8"}
NUMBERS |= {12: "i8", 13: "u8"}
MATRIX, COMPRESSED = 14, 15
CELL, NUMERIC = 1, range(6, 16)  # classes of array
COMPLEX = 0x800
MAX_CELLS = 100_000


def matrices(data: bytes, most_bytes: int, depth: int) -> dict[str, list[np.ndarray]]:
    """The arrays of real numbers in a file of version 5, by the name of their variable.

    Parameters
    ----------
    data : the file's bytes, from its header of 128 on
    most_bytes : int
        Limit to the bytes that compressed variables unpack to, together.
    depth : int
        Limit to cells within cells.

    Returns
    -------
    variables : dict of lists of arrays of two or more dimensions, as MATLAB shows them
        A cell gives all it holds, columns first; text, structures and complex numbers give none.

    Raises
    ------
    ValueError, zlib.error
        Saying what is wrong.
    OverflowError
        Where a limit is passed.
    """
    order = {b"IM": "<", b"MI": ">"}.get(bytes(data[126:128]), "")
    if not order:
        raise ValueError("no byte order in its header")
    found: dict[str, list[np.ndarray]] = {}
    whole, at, room = memoryview(data), 128, most_bytes
    while at < len(whole):
        kind, element, after = _element(whole, at, order)
        if kind == COMPRESSED:
            after = at + 8 + len(element)  # without padding
            unpacked = zlib.decompressobj().decompress(element, room + 1)
            if len(unpacked) > room:
                raise OverflowError(f"more than {most_bytes:,} bytes of values")
            room -= len(unpacked)
            kind, element, _ = _element(memoryview(unpacked), 0, order)
        name, arrays = _variable(kind, element, order, depth)
        found[name] = arrays
        at = after
    return found


def _element(data: memoryview, at: int, order: str) -> tuple[int, memoryview, int]:
    """Type and bytes of the element at an offset, and the offset of the next."""
    first, size = np.frombuffer(data[at : at + 8], f"{order}u4", 2).tolist()
    if first >> 16:  # a small one: type and size share a word, the bytes are in the next
        first, size, begin = first & 0xFFFF, first >> 16, at + 4
        after = at + 8
    else:
        begin = at + 8
        after = begin + -(-size // 8) * 8
    content = data[begin : begin + size]
    if len(content) != size or (begin == at + 4 and size > 4):
        raise ValueError("an element breaks off")
    return first, content, after


def _variable(kind: int, data: memoryview, order: str, depth: int) -> tuple[str, list[np.ndarray]]:
    """Name and arrays of a matrix element."""
    if kind != MATRIX:
        raise ValueError(f"an element of type {kind} where a matrix should be")
    if not data:  # an empty cell
        return "", []
    _, flags, at = _element(data, 0, order)
    _, sides, at = _element(data, at, order)
    _, name, at = _element(data, at, order)
    word = int(np.frombuffer(flags, f"{order}u4", 1)[0])
    shape = np.frombuffer(sides, f"{order}i4").tolist()
    text = bytes(name).decode("latin-1")
    if word & 0xFF == CELL:
        if depth == 0:
            raise OverflowError("cells within too many cells")
        return text, list(_cells(data, at, math.prod(shape), order, depth - 1))
    if word & 0xFF not in NUMERIC or word & COMPLEX or len(shape) > 3:
        return text, []
    stored, values, _ = _element(data, at, order)
    if stored not in NUMBERS:
        raise ValueError(f"numbers of unknown type {stored}")
    numbers = np.frombuffer(values, f"{order}{NUMBERS[stored]}")
    if min(shape, default=-1) < 0 or math.prod(shape) != numbers.size:
        raise ValueError(f"{numbers.size} numbers for the shape {tuple(shape)}")
    return text, [numbers.reshape(shape, order="F")]


def _cells(data: memoryview, at: int, count: int, order: str, depth: int) -> Iterator[np.ndarray]:
    if not 0 <= count <= MAX_CELLS:
        raise OverflowError(f"more than {MAX_CELLS:,} matrices")
    for _ in range(count):
        kind, element, at = _element(data, at, order)
        yield from _variable(kind, element, order, depth)[1]
