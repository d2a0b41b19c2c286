"""A photo before and after, side by side, with the part that changed most at full size."""

import cv2
import numpy as np
from numpy.typing import NDArray

from blurkit.images.sheets import contact_sheet
from nas.photos.photo import Photo, eight_bits
from nas.report.regions import largest_sum

SIDE = 720  # longest side of each picture, in pixels
FRAME = (255, 200, 0)


def before_after(before: Photo, after: Photo) -> Photo:
    """One 8-bit picture of two photos of the same size.

    Photos of more than 720 px are downscaled. Below them is the part that changed most, at full
    size; a frame marks it in the photos. Alpha is shown over white.
    """
    old, new = _shown(before), _shown(after)
    height, width = old.shape[:2]
    if max(height, width) <= SIDE:
        return Photo(contact_sheet([old, new], 2, labels=["before", "after"]), icc=_profile(before))
    h, w = min(SIDE * 2 // 3, height), min(SIDE, width)
    rows, columns = largest_sum(cv2.absdiff(old, new).max(axis=2), h, w)
    factor = SIDE / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    top_left = round(columns.start * factor), round(rows.start * factor)
    bottom_right = round(columns.stop * factor), round(rows.stop * factor)
    wholes = []
    for image in (old, new):
        whole = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        cv2.rectangle(whole, top_left, bottom_right, FRAME, 2)
        wholes.append(whole)
    details = [image[rows, columns] for image in (old, new)]
    labels = ["before", "after", "before: detail, full size", "after: detail, full size"]
    return Photo(contact_sheet([*wholes, *details], 2, labels=labels), icc=_profile(before))


def _profile(photo: Photo) -> bytes:
    return photo.icc if photo.pixels.ndim == 3 else b""


def _shown(photo: Photo) -> NDArray[np.uint8]:
    rgb = eight_bits(photo.rgb)
    if photo.alpha is None:
        return rgb
    cover = eight_bits(photo.alpha)[..., None] / np.float32(255)
    return np.rint(rgb * cover + 255 * (1 - cover)).astype(np.uint8)
