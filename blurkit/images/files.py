"""Photos in and out through OpenCV: RGB inside, upright, eight bits; and sheets of pictures."""

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
MAX_SIDE = 2**20  # OpenCV's own
MAX_BYTES = 2**31  # of a file: more than so many pixels of 16 bits take uncompressed


def opencv() -> Any:
    """The `cv2` module; the only place that imports it.

    Raises
    ------
    FileError
        "OpenCV cannot be loaded (libGL.so.1: ...); on a machine without a display:
        pip uninstall opencv-python && pip install opencv-python-headless"
    """
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))
    os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")  # its own words on bad files; ours name them
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
        JPEG, PNG, TIFF, WebP or whatever else OpenCV decodes and `blurkit.images.headers` knows.
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
        "photo.jpg: No such file or directory", "photo.jpg: not a file" (a pipe would be waited
        for, without end), "photo.jpg: has 3,000,000,000 bytes, too many for an image"
    """
    path, name = Path(path), path if name is None else name
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise FileError(f"{name}: not a file")
        if about.st_size > MAX_BYTES:
            raise FileError(f"{name}: has {about.st_size:,} bytes, too many for an image")
        return path.read_bytes()
    except OSError as error:
        raise FileError(f"{name}: {error.strerror}") from error


def check_header(data: bytes, name: object) -> None:
    """Refuse an image file whose header asks for too much, before anything is decoded.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : what errors begin with

    Raises
    ------
    FileError
        "photo.png: 100000x100000 pixels, more than the 268,435,456 that are read",
        "photo.jpg: the image data end too early" (a download that broke off),
        "photo.png: claims 16384x16384 pixels, but has 300 bytes", or
        "photo.jpg: not an image that OpenCV can decode", which none of `blurkit.images.headers` is
    """
    said = claim(data)
    if said and (said.width * said.height > MAX_PIXELS or max(said[:2]) > MAX_SIDE):
        size = f"{said.width}x{said.height} pixels"
        raise FileError(f"{name}: {size}, more than the {MAX_PIXELS:,} that are read")
    if not _whole(data):
        raise FileError(f"{name}: the image data end too early")
    if said is None or not min(said[:2]):
        raise FileError(f"{name}: not an image that OpenCV can decode")
    if len(data) < said.least:
        size = f"{said.width}x{said.height} pixels"
        raise FileError(f"{name}: claims {size}, but has {len(data):,} bytes")


def decode_image(data: bytes, name: object) -> "NDArray[np.uint8]":
    """`read_image` for a file's bytes that are in memory already; errors begin with `name`."""
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
    """Write an 8-bit image; the file appears whole or not at all.

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
    coded = cv2.imencode(path.suffix.lower(), image[..., ::-1] if image.ndim == 3 else image)[1]
    return write_whole(path, coded.tobytes())


def check_image_name(path: AnyPath) -> Path:
    """`path` as a Path if `write_image` knows its ending; ask before long work."""
    path = Path(path)
    if path.suffix.lower() not in PHOTOS:
        raise SettingError(f"out must end in {' '.join(PHOTOS)}, got {path.name}")
    return path


def find_images(folder: AnyPath) -> list[Path]:
    """Every JPEG, PNG, TIFF and WebP file below a folder, in the order of their relative names.

    Hidden files and folders are passed over, links to folders are not followed. Files are judged
    by their ending only.

    Raises
    ------
    FileError
        "photos: not a folder", or
        "photos: holds no .jpg .jpeg .png .tif .tiff .webp file"
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileError(f"{folder}: not a folder")
    found = sorted(_walk(folder), key=lambda path: path.relative_to(folder).as_posix())
    if not found:
        raise FileError(f"{folder}: holds no {' '.join(PHOTOS)} file")
    return found


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and name.lower().endswith(PHOTOS):
                yield Path(place, name)


def _whole(data: bytes) -> bool:
    """False for a JPEG or PNG that breaks off: OpenCV would fill the rest with grey."""
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return b"IEND" in data
    if data[:2] != b"\xff\xd8":
        return True
    # a thumbnail's end marker lies before the pixels
    starts = (at for marker, at in jpeg_segments(data) if marker == 0xDA)
    at = next(starts, None)
    return at is not None and data.find(b"\xff\xd9", at) >= 0
