"""EXIF metadata, updated to match the pixels that are written."""

import warnings
from io import BytesIO
from struct import pack
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

ORIENTATION, CAMERA, GPS = 274, 34665, 34853
_WIDTH, _HEIGHT, _MAKER_NOTE = 40962, 40963, 37500  # in the CAMERA directory
_RESOLUTION = (282, 283, _UNIT := 296)
# tags for the layout and decoding of a TIFF's pixels, its profile, XMP and IPTC
_FILE_TAGS = {
    *(254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 277, 278, 279, 280, 281, 284),
    *(288, 289, 290, 291, 292, 293, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 330, 332),
    *(334, 338, 339, 340, 341, 342, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530),
    *(531, 532, 700, 33723, 34377, 34675, 37724),
}


def parse_exif(data: bytes) -> Any:
    """PIL.Image.Exif of an EXIF block or a whole TIFF; empty if it is broken."""
    exif = Image.Exif()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exif.load(data)
            dict(exif), exif.get_ifd(CAMERA), exif.get_ifd(GPS)  # parse now, not on first use
        except Exception:  # broken EXIF raises many kinds of errors; the photo is read without it
            return Image.Exif()
    return exif


def upright(exif: Any, pixels: NDArray[Any]) -> NDArray[Any]:
    """The pixels, (H, W) or (H, W, C), rotated and flipped as the orientation tag says."""
    turn = exif.get(ORIENTATION, 1)
    if turn in (3, 4, 6, 7):
        pixels = pixels[::-1]
    if turn in (2, 3, 7, 8):
        pixels = pixels[:, ::-1]
    if turn in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    return np.ascontiguousarray(pixels)


def updated_exif(exif: Any, height: int, width: int) -> bytes:
    """The EXIF block for an upright photo of this size; b"" if it would be empty.

    The orientation is set to 1 and the size to that of the photo. The thumbnail, which shows the
    old picture, and tags that describe the old file are removed. Begins with the byte order mark.
    """
    for tag in _FILE_TAGS:
        exif.pop(tag, None)
    if exif.get(_UNIT) == 1:  # resolution without a unit, which only a TIFF needs
        for tag in _RESOLUTION:
            exif.pop(tag, None)
    if not len(exif):
        return b""
    exif[ORIENTATION] = 1
    camera = exif.get_ifd(CAMERA)
    for tag, size in ((_WIDTH, width), (_HEIGHT, height)):
        if tag in camera:
            camera[tag] = size
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return exif.tobytes().removeprefix(b"Exif\0\0")
        except Exception:  # values whose types do not fit their tags
            return b""


def without_maker_note(exif_block: bytes) -> bytes:
    """The same block without the maker note, often its largest part."""
    exif = parse_exif(exif_block)
    exif.get_ifd(CAMERA).pop(_MAKER_NOTE, None)
    return exif.tobytes().removeprefix(b"Exif\0\0")


def with_exif(tiff: bytes, exif: Any) -> bytes:
    """A little-endian TIFF of one page with EXIF tags added to its own.

    A new directory is written in front of the old file. Pillow shifts the pixels' offsets by the
    length of that directory.
    """
    directory = ImageFileDirectory_v2(tiff[:8])
    file = BytesIO(tiff)
    file.seek(directory.next)
    directory.load(file)
    for tag in tuple(directory):
        directory[tag] = directory[tag]  # Pillow writes only tags that were set
    for tag in exif:
        directory[tag] = exif.get_ifd(tag) if tag in (CAMERA, GPS) else exif[tag]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        block = directory.tobytes(8)
    return tiff[:4] + pack("<I", 8) + block + tiff
