"""Reading and writing images through OpenCV: upright, RGB, eight bits."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blurkit.errors import FileError, SettingError
from blurkit.files import AnyPath, write_whole
from blurkit.images.headers import claim, jpeg_segments

if TYPE_CHECKING:
    from numpy.typing import NDArray

PHOTOS = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")
MAX_PIXELS = 2**28  # 268 megapixels, 0.8 GB decoded; a forged header could ask for more
MAX_SIDE = 2**20  # the limit of OpenCV
MAX_BYTES = 2**31  # of a file: more than MAX_PIXELS of 16-bit RGB take uncompressed


def opencv() -> Any:
    """The `cv2` module; the only place that imports it.

    Raises
    ------
    FileError
        "OpenCV cannot be loaded (libGL.so.1: ...); on a machine without a display:
        pip uninstall opencv-python && pip install opencv-python-headless"
    """
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))
    os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")  # its messages do not name the file
    try:
        import cv2
    except ImportError as error:
        raise FileError(
            f"OpenCV cannot be loaded ({error}); on a machine without a display: "
            "pip uninstall opencv-python && pip install opencv-python-headless"
        ) from error
    return cv2


def read_image(path: AnyPath) -> "NDArray[np.uint8]":
    """Read a photo upright, as 8-bit RGB.

    Parameters
    ----------
    path : path
        JPEG, PNG, TIFF, WebP or any other format that OpenCV and `blurkit.images.headers` know.
        EXIF orientation is applied, grey becomes three equal channels, alpha is dropped, 16 bits
        become 8; of several pages the first is read.

    Returns
    -------
    image : (H, W, 3) uint8, sRGB as stored, in RGB order

    Raises
    ------
    FileError
        "photo.jpg: not an image that OpenCV can decode", or those of `image_bytes` and
        `check_header`
    """
    return decode_image(image_bytes(path), path)


def image_bytes(path: AnyPath, name: object = None) -> bytes:
    """All bytes of an image file, undecoded.

    Parameters
    ----------
    path : path
    name : what errors begin with; the path by default

    Raises
    ------
    FileError
        "photo.jpg: No such file or directory", "photo.jpg: not a file" (reading a pipe could block
        for ever), "photo.jpg: has 3,000,000,000 bytes, too many for an image"
    """
    path, name = Path(path), path if name is None else name
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise FileError(f"{name}: not a file")
        if status.st_size > MAX_BYTES:
            raise FileError(f"{name}: has {status.st_size:,} bytes, too many for an image")
        return path.read_bytes()
    except OSError as error:
        raise FileError(f"{name}: {error.strerror}") from error


def check_header(data: bytes, name: object) -> None:
    """FileError if the header of an image file claims too many pixels; nothing is decoded.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : what errors begin with

    Raises
    ------
    FileError
        "photo.png: has 100000x100000 pixels, more than the limit of 268,435,456",
        "photo.jpg: is truncated" (an interrupted download),
        "photo.png: claims 16384x16384 pixels, but has 300 bytes", or
        "photo.jpg: not an image that OpenCV can decode", for formats unknown to
        `blurkit.images.headers`
    """
    size = claim(data)
    pixels = f"{size.width}x{size.height} pixels" if size else ""
    if size and (size.width * size.height > MAX_PIXELS or max(size.width, size.height) > MAX_SIDE):
        raise FileError(f"{name}: has {pixels}, more than the limit of {MAX_PIXELS:,}")
    if not _whole(data):
        raise FileError(f"{name}: is truncated")
    if size is None or not min(size.width, size.height):
        raise FileError(f"{name}: not an image that OpenCV can decode")
    if len(data) < size.least:
        raise FileError(f"{name}: claims {pixels}, but has {len(data):,} bytes")


def decode_image(data: bytes, name: object) -> "NDArray[np.uint8]":
    """`read_image` for the bytes of a file; errors begin with `name`."""
    check_header(data, name)
    cv2 = opencv()
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error:
        image = None
    if image is None:
        raise FileError(f"{name}: not an image that OpenCV can decode")
    return image


def write_image(path: AnyPath, image: "NDArray[np.uint8]") -> Path:
    """Write an 8-bit image; a failed write leaves no partial file.

    Parameters
    ----------
    path : path
        Its ending chooses the format: .png, .jpg, .jpeg, .tif, .tiff or .webp.
    image : (H, W, 3) or (H, W) uint8, sRGB in RGB order, or grey

    Raises
    ------
    SettingError
        "out must end in .jpg .jpeg .png .tif .tiff .webp, got sheet.txt"
    FileError
        "sheet.png: cannot be written (Permission denied)"
    """
    path = check_image_name(path)
    cv2 = opencv()
    encoded = cv2.imencode(path.suffix.lower(), image[..., ::-1] if image.ndim == 3 else image)[1]
    return write_whole(path, encoded.tobytes())


def check_image_name(path: AnyPath) -> Path:
    """`path` as a Path if `write_image` knows its ending; call before long work."""
    path = Path(path)
    if path.suffix.lower() not in PHOTOS:
        raise SettingError(f"out must end in {' '.join(PHOTOS)}, got {path.name}")
    return path


def find_images(folder: AnyPath) -> list[Path]:
    """All JPEG, PNG, TIFF and WebP files in a folder and its subfolders, sorted by relative name.

    Files are recognised by their ending. Hidden files and folders are ignored, and links to folders
    are not followed.

    Raises
    ------
    FileError
        "photos: not a folder", or
        "photos: contains no .jpg .jpeg .png .tif .tiff .webp file"
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileError(f"{folder}: not a folder")
    paths = sorted(_walk(folder), key=lambda path: path.relative_to(folder).as_posix())
    if not paths:
        raise FileError(f"{folder}: contains no {' '.join(PHOTOS)} file")
    return paths


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and name.lower().endswith(PHOTOS):
                yield Path(place, name)


def _whole(data: bytes) -> bool:
    """False for a truncated JPEG or PNG, which OpenCV would complete with grey."""
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return b"IEND" in data
    if data[:2] != b"\xff\xd8":
        return True
    # an end marker before the pixels is that of a thumbnail
    starts = (at for marker, at in jpeg_segments(data) if marker == 0xDA)
    at = next(starts, None)
    return at is not None and data.find(b"\xff\xd9", at) >= 0
