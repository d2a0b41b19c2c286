"""Samples for a page's before/after slider: the same region of several images."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blurkit.errors import FileError
from blurkit.images.files import opencv

MIN_SIDE = 480  # pixels; smaller images are enlarged to about this, by a whole factor
LOSSLESS = 101  # OpenCV's lossy WebP qualities end at 100

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Picture:
    """One image of a sample: its label, a note such as its PSNR, and a data: URL."""

    label: str
    note: str
    url: str


@dataclass(frozen=True)
class Sample:
    """Images of one scene, all of one size, in the order in which a page lists them.

    Parameters
    ----------
    name : str
    width, height : int
        Of the images, in pixels.
    factor : int >= 1
        How much they are enlarged if there is room.
    pictures : tuple of Picture
        Initially the first is on the left and the second on the right.
    """

    name: str
    width: int
    height: int
    factor: int
    pictures: tuple[Picture, ...]


def sample(
    name: str, images: Sequence[Image], labels: Sequence[str], notes: Sequence[str]
) -> Sample:
    """Embed images without loss.

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
    """The image as a data: URL of lossless WebP.

    Examples
    --------
    >>> embed(np.zeros((4, 4, 3), np.uint8)).partition(",")[0]
    'data:image/webp;base64'
    """
    cv2 = opencv()
    success, coded = cv2.imencode(".webp", image[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, LOSSLESS])
    if not success:
        raise FileError("this build of OpenCV cannot write WebP, which the samples of a page need")
    return "data:image/webp;base64," + base64.b64encode(coded.tobytes()).decode("ascii")
