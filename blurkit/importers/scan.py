"""Check every pair of a source before anything is written, and sort out unusable ones."""

import hashlib
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from blurkit.errors import FileError
from blurkit.images.files import decode_image
from blurkit.importers.pairs import SIDES, Pair, Problem, Source
from blurkit.progress import bar


@dataclass(frozen=True)
class Usable:
    """A pair that can be imported.

    Attributes
    ----------
    pair : Pair
    shape : (height, width) of both images, in pixels
    files : (length in bytes, CRC-32) of the blurry and of the sharp image file
    """

    pair: Pair
    shape: tuple[int, int]
    files: tuple[tuple[int, int], ...]


def scan(
    source: Source, crop: int | None, threads: int, progress: bool
) -> tuple[list[Usable], list[Problem]]:
    """Read and decode every pair; those that cannot be used are added to the source's problems."""
    usable, problems = [], list(source.problems)
    with (
        ThreadPoolExecutor(threads) as pool,
        bar(len(source.pairs), "Checking", "pair", disable=not progress) as shown,
    ):
        try:
            for result in pool.map(lambda pair: _check(source, pair, crop), source.pairs):
                if isinstance(result, Usable):
                    usable.append(result)
                else:
                    problems.append(result)
                shown.update()
        finally:
            pool.shutdown(cancel_futures=True)
    return usable, problems


def read(source: Source, usable: Usable) -> tuple[np.ndarray, np.ndarray]:
    """The blurry and the sharp image, (H, W, 3) uint8, if the files have not changed.

    Raises
    ------
    FileError
        "a.png has changed since the run began", or the error of reading a file
    """
    images = []
    for side, fingerprint in zip(SIDES, usable.files, strict=True):
        data = source.load(side, getattr(usable.pair, side))
        if _fingerprint(data) != fingerprint:
            raise FileError(f"{usable.pair.title(side)} has changed since the run began")
        images.append(decode_image(data, usable.pair.title(side)))
    blurry, sharp = images
    return blurry, sharp


def label(usable: Sequence[Usable]) -> str:
    """SHA-256 over the names, lengths and CRCs of all files, in the order of the rows."""
    digest = hashlib.sha256()
    for item in usable:
        for side, (length, crc) in zip(SIDES, item.files, strict=True):
            line = f"{getattr(item.pair, side)}\t{length}\t{crc:08x}\n"
            digest.update(line.encode(errors="surrogateescape"))
    return f"SHA-256 {digest.hexdigest()}"


def _check(source: Source, pair: Pair, crop: int | None) -> Usable | Problem:
    files, shapes = [], []
    try:
        for side in SIDES:
            data = source.load(side, getattr(pair, side))
            files.append(_fingerprint(data))
            height, width = decode_image(data, pair.title(side)).shape[:2]
            shapes.append((height, width))
    except FileError as error:
        return Problem("unreadable", pair.sharp, str(error))
    size, other = (f"{width}x{height}" for height, width in shapes)
    if size != other:
        return Problem("other_size", pair.sharp, f"blurry {size}, sharp {other}")
    if crop is not None and min(shapes[0]) < crop:
        return Problem("too_small", pair.sharp, size)
    return Usable(pair, shapes[0], tuple(files))


def _fingerprint(data: bytes) -> tuple[int, int]:
    return len(data), zlib.crc32(data)
