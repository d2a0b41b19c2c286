"""A photo with all that must survive its restoration: depth, grey, alpha, EXIF, ICC profile."""

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
    decode_image,
    image_bytes,
    opencv,
)
from nas.photos.exif import parse_exif, truthful, upright, without_maker_note
from nas.photos.tiff import read_tiff, tiff_bytes

JPEG_NOTES = 65_000  # bytes: a JPEG has one segment of 64 KiB for EXIF
_LONGEST = {".jpg": 65_500, ".jpeg": 65_500, ".webp": 16_383}  # px of a side, libjpeg's and WebP's
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


@dataclass(frozen=True, eq=False)
class Photo:
    """A decoded photo, upright.

    Parameters
    ----------
    pixels : (H, W, 3) RGB or (H, W) grey, uint8 or uint16
        As stored: no profile is applied.
    alpha : (H, W) of the same type, or None
        Colours are not multiplied by it.
    exif : bytes
        True of the upright photo and without a thumbnail; from its byte order mark on. b"": none
    icc : bytes
        Profile of the pixels' kind (RGB or grey); b"": none
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
    """Read a JPEG, PNG, TIFF, WebP or whatever else OpenCV decodes, of 8 or 16 bits.

    A palette becomes RGB, one bit becomes eight.

    Raises
    ------
    FileError
        "photo.jpg: No such file or directory", "anim.webp: moves; a photo is needed",
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
    block = truthful(exif, *pixels.shape[:2])
    return Photo(pixels, alpha, block, icc if icc[16:20] == kind else b"")


def _decoded(data: bytes, name: object) -> tuple[NDArray[Any], NDArray[Any] | None, Any, bytes]:
    """Pixels and alpha as stored, EXIF and profile of any file but a TIFF."""
    decode_image(data, name)  # for what it finds wrong: sizes, broken files
    _check_kind(data, name)
    cv2 = opencv()
    flags = cv2.IMREAD_UNCHANGED
    try:
        coded = np.frombuffer(data, np.uint8)
        found, kinds, blocks = cv2.imdecodeWithMetadata(coded, flags=flags)
    except cv2.error:
        found = None
    if found is None:
        raise FileError(f"{name}: not an image that OpenCV can decode")
    if found.dtype not in (np.uint8, np.uint16):
        raise FileError(f"{name}: values are {found.dtype}; 8 or 16 bits without sign are needed")
    notes = {int(k): np.asarray(block).tobytes() for k, block in zip(kinds, blocks, strict=True)}
    exif = parse_exif(notes.get(cv2.IMAGE_METADATA_EXIF, b""))
    icc = notes.get(cv2.IMAGE_METADATA_ICCP, b"")
    if found.ndim == 2:
        return found, None, exif, icc
    alpha = found[..., 3] if found.shape[2] == 4 else None
    grey = data[:4] == b"\x89PNG" and data[25] == 4
    return found[..., 0] if grey else found[..., 2::-1], alpha, exif, icc


def _check_kind(data: bytes, name: object) -> None:
    """FileError for what decodes, but not to the photo that one sees."""
    head = data[: data.find(b"IDAT")] if data[:4] == b"\x89PNG" else b""
    moves = (
        b"acTL" in head
        or (data[8:16] == b"WEBPVP8X" and data[20] & 2)
        or (data[:4] == b"GIF8" and GifImageFile(BytesIO(data)).is_animated)
    )
    if moves:
        raise FileError(f"{name}: moves; a photo is needed")
    if data[:2] == b"\xff\xd8" and JpegImageFile(BytesIO(data)).mode == "CMYK":
        raise FileError(f"{name}: colours are CMYK; RGB or grey is needed")
    if head and data[25] == 0 and b"tRNS" in head:
        raise FileError(f"{name}: one grey is transparent; an alpha channel is needed")


def check_holds(photo: Photo, ending: str) -> None:
    """FileError where the format of an ending cannot hold a photo; ask before long work."""
    alpha, longest = photo.alpha, _LONGEST.get(ending)
    if (
        ending in (".jpg", ".jpeg")
        and alpha is not None
        and alpha.min() < np.iinfo(alpha.dtype).max
    ):
        raise FileError("JPEG cannot hold alpha: choose png, tif or webp")
    height, width = photo.pixels.shape[:2]
    if longest and max(height, width) > longest:
        raise FileError(f"{width}x{height} px do not fit in {ending}")


def encode_photo(photo: Photo, ending: str, quality: int = 95) -> bytes:
    """The bytes of a file that holds a photo.

    Parameters
    ----------
    photo : Photo
    ending : ".png", ".tif", ".tiff", ".jpg", ".jpeg" or ".webp"
        PNG and TIFF hold every photo exactly. JPEG and WebP have 8 bits, JPEG no alpha.
    quality : int in 1 .. 100
        Of JPEG, which keeps full colour resolution, and of WebP.

    Raises
    ------
    FileError
        "JPEG cannot hold alpha: choose png, tif or webp", "20000x100 px do not fit in .webp"
    """
    check_holds(photo, ending)
    if ending in (".tif", ".tiff"):
        return tiff_bytes(photo.pixels, photo.alpha, photo.exif, photo.icc)
    if ending == ".png":
        return _png(photo)
    pixels, alpha = eight_bits(photo.pixels), photo.alpha
    jpeg, exif = ending != ".webp", photo.exif
    if alpha is not None and jpeg:
        alpha = None  # opaque
    if alpha is not None:
        pixels = np.dstack((eight_bits(photo.rgb), eight_bits(alpha)))
    if jpeg and len(exif) > JPEG_NOTES:
        exif = without_maker_note(exif)
        exif = exif if len(exif) <= JPEG_NOTES else b""
    icc = photo.icc if jpeg or photo.pixels.ndim == 3 else b""  # WebP is never grey
    notes = {"exif": b"Exif\0\0" + exif} if exif else {}
    if icc:
        notes["icc_profile"] = icc
    file = BytesIO()
    how = {"subsampling": 0} if jpeg else {"exact": True}
    try:
        Image.fromarray(pixels).save(
            file, "jpeg" if jpeg else "webp", quality=quality, **how, **notes
        )
    except (OSError, ValueError) as error:
        height, width = pixels.shape[:2]
        raise FileError(f"{width}x{height} px do not fit in {ending}") from error
    return file.getvalue()


def _png(photo: Photo) -> bytes:
    """Through OpenCV: Pillow has no RGB of 16 bits."""
    cv2, alpha = opencv(), photo.alpha
    bgr = photo.pixels if photo.pixels.ndim == 2 and alpha is None else photo.rgb[..., ::-1]
    pixels = np.ascontiguousarray(bgr) if alpha is None else np.dstack((bgr, alpha))
    blocks = {cv2.IMAGE_METADATA_EXIF: photo.exif}
    if photo.pixels.ndim == 3 or alpha is None:  # else a profile of grey for what becomes RGB
        blocks[cv2.IMAGE_METADATA_ICCP] = photo.icc
    kept = {kind: np.frombuffer(block, np.uint8)[None] for kind, block in blocks.items() if block}
    done, coded = cv2.imencodeWithMetadata(".png", pixels, list(kept), list(kept.values()))
    if not done:
        raise FileError(f"{pixels.shape[1]}x{pixels.shape[0]} px do not fit in .png")
    return coded.tobytes()


def write_photo(path: AnyPath, photo: Photo, quality: int = 95) -> Path:
    """Write a photo in the format of the path's ending; the file appears whole or not at all.

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


def restored(photo: Photo, restore: Callable[[NDArray[Any]], NDArray[Any]]) -> Photo:
    """The photo with its colours restored, and all else as it was.

    Parameters
    ----------
    photo : Photo
    restore : function from (H, W, 3) RGB to the same shape and type

    Notes
    -----
    A network mixes neighbours. What colour lies under full transparency is left to chance, so there
    the network is shown the nearest colour that can be seen, and the old one is put back.
    Grey is restored as three equal channels, and is the mean of the three that come back.
    """
    hidden = None if photo.alpha is None else photo.alpha == 0
    if hidden is None or not hidden.any() or hidden.all():
        pixels = restore(photo.rgb)
    else:
        pixels = restore(_continued(photo.rgb, hidden))
        pixels[hidden] = photo.rgb[hidden]
    if photo.pixels.ndim == 2:
        pixels = np.rint(pixels.mean(axis=2, dtype=np.float32)).astype(photo.pixels.dtype)
    return replace(photo, pixels=pixels)


def _continued(rgb: NDArray[Any], hidden: NDArray[np.bool_]) -> NDArray[Any]:
    """Where hidden, the colour of the nearest pixel that is not."""
    cv2 = opencv()
    _, nearest = cv2.distanceTransformWithLabels(
        hidden.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colours = np.empty((nearest.max() + 1, 3), rgb.dtype)
    colours[nearest[~hidden]] = rgb[~hidden]
    return colours[nearest]


def eight_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    """uint8 or uint16 to uint8, to the nearest."""
    return (
        values if values.dtype == np.uint8 else ((values + np.uint32(128)) // 257).astype(np.uint8)
    )
