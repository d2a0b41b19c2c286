"""Samples for a page's before/after slider: one region of several images, pixel for pixel."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blurkit.errors import FileError
from blurkit.images.files import opencv

MIN_SIDE = 480  # smaller ones are enlarged to about this, each pixel to a square
LOSSLESS = 101  # of OpenCV's WebP qualities, which end at 100

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Picture:
    """One image of a sample: what it is, what to say of it, and its bytes as a data: address."""

    label: str
    note: str
    address: str


@dataclass(frozen=True)
class Sample:
    """Images of one size that show one scene, in the order of their choice.

    Parameters
    ----------
    name : str
    width, height : int
        Of the images, in pixels.
    factor : int >= 1
        By how much they are enlarged where there is room.
    pictures : tuple of Picture
        The first is shown on the left, the second on the right, until others are chosen.
    """

    name: str
    width: int
    height: int
    factor: int
    pictures: tuple[Picture, ...]


def sample(
    name: str, images: Sequence[Image], labels: Sequence[str], notes: Sequence[str]
) -> Sample:
    """Embed images, without any loss.

    Parameters
    ----------
    images : sequence of (H, W, 3) uint8 sRGB, all of one size
    labels, notes : one for each image
    """
    height, width = images[0].shape[:2]
    pictures = zip(labels, notes, map(embed, images), strict=True)
    factor = max(1, round(MIN_SIDE / max(height, width)))
    return Sample(name, width, height, factor, tuple(Picture(*parts) for parts in pictures))


def embed(image: Image) -> str:
    """The image as a data: address, WebP without loss.

    Examples
    --------
    >>> embed(np.zeros((4, 4, 3), np.uint8)).partition(",")[0]
    'data:image/webp;base64'
    """
    cv2 = opencv()
    done, coded = cv2.imencode(".webp", image[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, LOSSLESS])
    if not done:
        raise FileError("OpenCV cannot write WebP here: a page needs it for its samples")
    return "data:image/webp;base64," + base64.b64encode(coded.tobytes()).decode("ascii")
