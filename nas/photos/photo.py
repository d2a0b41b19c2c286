"""Photos with everything that restoration must preserve: depth, grey, alpha, EXIF, ICC profile."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile

from blurkit.errors import FileError
from blurkit.files import AnyPath, write_whole
from blurkit.images.files import (
    check_header,
    check_image_name,
    image_bytes,
    opencv,
)
from nas.photos.exif import parse_exif, updated_exif, upright, without_maker_note
from nas.photos.tiff import read_tiff, tiff_bytes

JPEG_EXIF = 65_000  # bytes; a JPEG holds EXIF in one segment of 64 KiB
_LONGEST = {".jpg": 65_500, ".jpeg": 65_500, ".webp": 16_383}  # longest side in px
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


@dataclass(frozen=True, eq=False)
class Photo:
    """A decoded photo, upright.

    Parameters
    ----------
    pixels : (H, W, 3) RGB or (H, W) grey, uint8 or uint16
        As stored: no profile is applied.
    alpha : (H, W) of the same type, or None
        Colours are not premultiplied.
    exif : bytes
        Matches the upright photo, without a thumbnail; begins with the byte order mark. b"": none
    icc : bytes
        Profile for the kind of pixels (RGB or grey); b"": none
    """

    pixels: NDArray[Any]
    alpha: NDArray[Any] | None = None
    exif: bytes = b""
    icc: bytes = b""

    @property
    def rgb(self) -> NDArray[Any]:
        """The pixels, (H, W, 3); grey as three equal channels."""
        return self.pixels if self.pixels.ndim == 3 else np.stack([self.pixels] * 3, axis=2)


def read_photo(path: AnyPath) -> Photo:
    """Read a JPEG, PNG, TIFF, WebP or any other format that OpenCV decodes, of 8 or 16 bits.

    A palette becomes RGB, one bit becomes eight. The file is decoded once.

    Raises
    ------
    FileError
        "photo.jpg: No such file or directory", "anim.webp: animated images are not supported",
        "press.jpg: colours are CMYK; RGB or grey is needed",
        "light.exr: values are float32; 8 or 16 bits without sign are needed",
        or those of `blurkit.images.files.read_image` and `nas.photos.tiff.read_tiff`
    """
    data = image_bytes(Path(path))
    check_header(data, path)
    if data[:4] in _TIFF:
        pixels, alpha, icc = read_tiff(data, path)
        exif = parse_exif(data)
    else:
        pixels, alpha, exif, icc = _decoded(data, path)
    del data
    pixels = upright(exif, pixels)
    alpha = alpha if alpha is None else upright(exif, alpha)
    kind = b"RGB " if pixels.ndim == 3 else b"GRAY"
    height, width = pixels.shape[:2]
    return Photo(
        pixels, alpha, updated_exif(exif, height, width), icc if icc[16:20] == kind else b""
    )


def _decoded(data: bytes, name: object) -> tuple[NDArray[Any], NDArray[Any] | None, Any, bytes]:
    """Pixels and alpha as stored, EXIF and profile of any file except a TIFF."""
    cv2, coded = opencv(), np.frombuffer(data, np.uint8)
    try:
        image, kinds, blocks = cv2.imdecodeWithMetadata(coded, flags=cv2.IMREAD_UNCHANGED)
    except cv2.error:
        image = None
    if image is None:
        raise FileError(f"{name}: not an image that OpenCV can decode")
    _check_kind(data, name)
    if image.dtype not in (np.uint8, np.uint16):
        raise FileError(f"{name}: values are {image.dtype}; 8 or 16 bits without sign are needed")
    metadata = {
        kind: np.asarray(block).tobytes() for kind, block in zip(kinds, blocks, strict=True)
    }
    exif = parse_exif(metadata.get(cv2.IMAGE_METADATA_EXIF, b""))
    icc = metadata.get(cv2.IMAGE_METADATA_ICCP, b"")
    if image.ndim == 2:
        return image, None, exif, icc
    alpha = image[..., 3] if image.shape[2] == 4 else None
    grey = data[:4] == b"\x89PNG" and data[25] == 4
    return image[..., 0] if grey else image[..., 2::-1], alpha, exif, icc


def _check_kind(data: bytes, name: object) -> None:
    """FileError for images that OpenCV would decode to a different picture."""
    head = data[: data.find(b"IDAT")] if data[:4] == b"\x89PNG" else b""
    animated = (
        b"acTL" in head
        or (data[8:16] == b"WEBPVP8X" and data[20] & 2)
        or (data[:4] == b"GIF8" and GifImageFile(BytesIO(data)).is_animated)
    )
    if animated:
        raise FileError(f"{name}: animated images are not supported")
    if data[:2] == b"\xff\xd8" and JpegImageFile(BytesIO(data)).mode == "CMYK":
        raise FileError(f"{name}: colours are CMYK; RGB or grey is needed")
    if head and data[25] == 0 and b"tRNS" in head:
        raise FileError(f"{name}: one grey is transparent; an alpha channel is needed")


def check_holds(photo: Photo, ending: str) -> None:
    """FileError if the format of this ending cannot hold the photo; call before long work."""
    alpha, longest = photo.alpha, _LONGEST.get(ending)
    if (
        ending in (".jpg", ".jpeg")
        and alpha is not None
        and alpha.min() < np.iinfo(alpha.dtype).max
    ):
        raise FileError("JPEG cannot hold alpha: choose png, tif or webp")
    height, width = photo.pixels.shape[:2]
    if longest and max(height, width) > longest:
        raise FileError(f"{width}x{height} px is too large for {ending}")


def encode_photo(photo: Photo, ending: str, quality: int = 95) -> bytes:
    """Encode a photo as the bytes of a file.

    Parameters
    ----------
    photo : Photo
    ending : ".png", ".tif", ".tiff", ".jpg", ".jpeg" or ".webp"
        PNG and TIFF hold every photo exactly. JPEG and WebP have 8 bits, and JPEG has no alpha.
    quality : int in 1 .. 100
        Of JPEG (written without chroma subsampling) and WebP.

    Raises
    ------
    FileError
        "JPEG cannot hold alpha: choose png, tif or webp", "20000x100 px is too large for .webp"
    """
    check_holds(photo, ending)
    if ending in (".tif", ".tiff"):
        return tiff_bytes(photo.pixels, photo.alpha, photo.exif, photo.icc)
    if ending == ".png":
        return _png(photo)
    pixels, alpha = eight_bits(photo.pixels), photo.alpha
    jpeg, exif = ending != ".webp", photo.exif
    if alpha is not None and jpeg:
        alpha = None  # opaque, see check_holds
    if alpha is not None:
        pixels = np.dstack((eight_bits(photo.rgb), eight_bits(alpha)))
    if jpeg and len(exif) > JPEG_EXIF:
        exif = without_maker_note(exif)
        exif = exif if len(exif) <= JPEG_EXIF else b""
    icc = photo.icc if jpeg or photo.pixels.ndim == 3 else b""  # WebP is never grey
    exif = b"Exif\0\0" + exif if exif else b""
    file, image = BytesIO(), Image.fromarray(pixels)
    try:
        if jpeg:
            image.save(file, "jpeg", quality=quality, subsampling=0, exif=exif, icc_profile=icc)
        else:
            image.save(file, "webp", quality=quality, exact=True, exif=exif, icc_profile=icc)
    except (OSError, ValueError) as error:
        height, width = pixels.shape[:2]
        raise FileError(f"{width}x{height} px is too large for {ending}") from error
    return file.getvalue()


def _png(photo: Photo) -> bytes:
    """A PNG from OpenCV, as Pillow has no RGB of 16 bits."""
    cv2, alpha = opencv(), photo.alpha
    bgr = photo.pixels if photo.pixels.ndim == 2 and alpha is None else photo.rgb[..., ::-1]
    pixels = np.ascontiguousarray(bgr) if alpha is None else np.dstack((bgr, alpha))
    blocks = {cv2.IMAGE_METADATA_EXIF: photo.exif}
    if (
        photo.pixels.ndim == 3 or alpha is None
    ):  # grey with alpha is written as RGB, so a grey profile would be wrong
        blocks[cv2.IMAGE_METADATA_ICCP] = photo.icc
    kept = {kind: np.frombuffer(block, np.uint8)[None] for kind, block in blocks.items() if block}
    done, coded = cv2.imencodeWithMetadata(".png", pixels, list(kept), list(kept.values()))
    if not done:
        raise FileError(f"{pixels.shape[1]}x{pixels.shape[0]} px is too large for .png")
    return coded.tobytes()


def write_photo(path: AnyPath, photo: Photo, quality: int = 95) -> Path:
    """Write a photo in the format of the path's ending; a failed write leaves no partial file.

    Raises
    ------
    SettingError
        "out must end in .jpg .jpeg .png .tif .tiff .webp, got photo.txt"
    FileError
        "out.jpg: JPEG cannot hold alpha: choose png, tif or webp",
        "out.png: cannot be written (Permission denied)"
    """
    path = check_image_name(path)
    try:
        data = encode_photo(photo, path.suffix.lower(), quality)
    except FileError as error:
        raise FileError(f"{path}: {error}") from error
    return write_whole(path, data)


def restore_photo(photo: Photo, restore: Callable[[NDArray[Any]], NDArray[Any]]) -> Photo:
    """The photo with its colours restored and everything else kept.

    Parameters
    ----------
    photo : Photo
    restore : function from (H, W, 3) RGB to the same shape and type

    Notes
    -----
    Colours under full transparency are arbitrary, and a network would mix them into the visible
    ones. It is given the nearest visible colour instead, and the old colour is put back afterwards.
    Grey is restored as three equal channels; the result is the mean of the three.
    """
    hidden = None if photo.alpha is None else photo.alpha == 0
    if hidden is None or not hidden.any() or hidden.all():
        pixels = restore(photo.rgb)
    else:
        pixels = restore(_fill_hidden(photo.rgb, hidden))
        pixels[hidden] = photo.rgb[hidden]
    if photo.pixels.ndim == 2:
        pixels = np.rint(pixels.mean(axis=2, dtype=np.float32)).astype(photo.pixels.dtype)
    return replace(photo, pixels=pixels)


def _fill_hidden(rgb: NDArray[Any], hidden: NDArray[np.bool_]) -> NDArray[Any]:
    """The pixels, with the colour of the nearest visible pixel where `hidden`."""
    cv2 = opencv()
    _, nearest = cv2.distanceTransformWithLabels(
        hidden.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colours = np.empty((nearest.max() + 1, 3), rgb.dtype)
    colours[nearest[~hidden]] = rgb[~hidden]
    return colours[nearest]


def eight_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    """uint8 or uint16 to uint8, rounded to nearest."""
    return (
        values if values.dtype == np.uint8 else ((values + np.uint32(128)) // 257).astype(np.uint8)
    )
