"""Photos with all that a camera writes, for the tests of nas.photos."""

import cv2
import numpy as np
from PIL import Image, ImageCms

from nas.photos.exif import parse_exif, updated_exif

RGB_ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GREY_ICC = RGB_ICC[:16] + b"GRAY" + RGB_ICC[20:]


def noise(*shape, dtype=np.uint8):
    white = np.iinfo(dtype).max
    return np.random.default_rng(0).integers(0, white + 1, shape, dtype=dtype)


def smooth(height, width):
    return cv2.GaussianBlur(noise(height, width, 3), (0, 0), 8)


def camera_notes(orientation=1, width=40, height=30):
    """What a camera writes, with a thumbnail that shows the photo as it was."""
    exif = Image.Exif()
    exif[271], exif[274], exif[306] = "Maker", orientation, "2026:01:02 03:04:05"
    own = exif.get_ifd(34665)
    own[33434], own[40962], own[40963], own[37500] = 0.01, width, height, b"secret" * 5
    place = exif.get_ifd(34853)
    place[1], place[2] = "N", (48.0, 8.0, 1.5)
    return exif


def block(height, width):
    return updated_exif(parse_exif(camera_notes().tobytes()), height, width)


def notes_of(exif):
    """Everything in an EXIF block, without the directories' places in it."""
    found = parse_exif(exif)
    top = {k: v for k, v in found.items() if k not in (34665, 34853)}
    return top, dict(found.get_ifd(34665)), dict(found.get_ifd(34853))
