"""What a camera notes in a photo (EXIF), made true again for the pixels that are written."""

import warnings
from io import BytesIO
from struct import pack
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

ORIENTATION, CAMERA, PLACE = 274, 34665, 34853  # PLACE: GPS
_WIDTH, _HEIGHT, _MAKER_NOTE = 40962, 40963, 37500  # in the camera's part
_RESOLUTION = (282, 283, _UNIT := 296)
# how and where the pixels of a TIFF lie, tables to decode them, profile and texts of other kinds
_OF_THE_FILE = {
    *(254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 277, 278, 279, 280, 281, 284),
    *(288, 289, 290, 291, 292, 293, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 330, 332),
    *(334, 338, 339, 340, 341, 342, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530),
    *(531, 532, 700, 33723, 34377, 34675, 37724),
}


def parse_exif(data: bytes) -> Any:
    """PIL.Image.Exif of an EXIF block, or of a whole TIFF; an empty one where it is broken."""
    exif = Image.Exif()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exif.load(data)
            dict(exif), exif.get_ifd(CAMERA), exif.get_ifd(PLACE)  # parsed here, not on first use
        except Exception:  # the photo's notes are broken in any of many ways: it does without
            return Image.Exif()
    return exif


def upright(exif: Any, pixels: NDArray[Any]) -> NDArray[Any]:
    """The pixels, (H, W) or (H, W, C), as they are to be seen: turned by the orientation tag."""
    turn = exif.get(ORIENTATION, 1)
    if turn in (3, 4, 6, 7):
        pixels = pixels[::-1]
    if turn in (2, 3, 7, 8):
        pixels = pixels[:, ::-1]
    if turn in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    return np.ascontiguousarray(pixels)


def truthful(exif: Any, height: int, width: int) -> bytes:
    """The EXIF block of an upright photo of this size: b"" if there is nothing to tell.

    The orientation is 1, the size is that of the photo; the thumbnail, which shows the photo as it
    was, and what is true of the old file alone are left out. It begins with the byte order mark.
    """
    for tag in _OF_THE_FILE:
        exif.pop(tag, None)
    if exif.get(_UNIT) == 1:  # resolutions without a unit: only a TIFF must have them
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
        except Exception:  # values of other types than their tags'
            return b""


def without_maker_note(exif_block: bytes) -> bytes:
    """The same block without what the maker of the camera keeps to itself, often the most of it."""
    exif = parse_exif(exif_block)
    exif.get_ifd(CAMERA).pop(_MAKER_NOTE, None)
    return exif.tobytes().removeprefix(b"Exif\0\0")


def with_exif(tiff: bytes, exif: Any) -> bytes:
    """A little-endian TIFF of one page with these notes beside its own tags.

    The page's directory is written anew, before all else; Pillow takes it that the pixels' places
    count from its end on, and so puts them right.
    """
    directory = ImageFileDirectory_v2(tiff[:8])
    file = BytesIO(tiff)
    file.seek(directory.next)
    directory.load(file)
    for tag in tuple(directory):
        directory[tag] = directory[tag]  # what is only loaded, Pillow does not write
    for tag in exif:
        directory[tag] = exif.get_ifd(tag) if tag in (CAMERA, PLACE) else exif[tag]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        block = directory.tobytes(8)
    return tiff[:4] + pack("<I", 8) + block + tiff
