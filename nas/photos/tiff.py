"""Reading and writing TIFF photos of 8 and 16 bits, in layouts that OpenCV gets wrong."""

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFile, imwrite

from blurkit.errors import FileError
from blurkit.images.files import MAX_PIXELS
from nas.photos.exif import parse_exif, with_exif

_ASSOCIATED, _WHITE_IS_ZERO, _PALETTE = 1, 0, 3
_KINDS = {0: 1, 1: 1, 2: 3, 3: 1, 6: 3}  # photometric interpretations and their channels


def read_tiff(data: bytes, name: object) -> tuple[NDArray[Any], NDArray[Any] | None, bytes]:
    """The first page of a TIFF.

    Parameters
    ----------
    data : bytes of the file
    name : what errors begin with

    Returns
    -------
    pixels : (H, W) or (H, W, 3) uint8 or uint16, as stored (not turned upright)
    alpha : (H, W) of the same type, or None; premultiplied colours are divided by it
    icc : profile, b"" if there is none

    Raises
    ------
    FileError
        "scan.tif: has 3 pages; one photo per file is needed",
        "scan.tif: colours are SEPARATED; RGB or grey is needed",
        "scan.tif: values are float32; 8 or 16 bits without sign are needed",
        "scan.tif: not a TIFF that can be decoded (...)"
    """
    try:
        with TiffFile(BytesIO(data)) as file:
            return _first_page(file, name)
    except (FileError, MemoryError):
        raise
    except Exception as error:  # tifffile and its decoders raise many kinds of errors
        why = " ".join(str(error).split())[:100]
        raise FileError(f"{name}: not a TIFF that can be decoded ({why})") from error


def _first_page(file: Any, name: object) -> tuple[NDArray[Any], NDArray[Any] | None, bytes]:
    page: Any = file.pages.first
    others = [p for p in file.pages[1:] if p.shape == page.shape and not p.is_reduced]
    if others:
        raise FileError(f"{name}: has {1 + len(others)} pages; one photo per file is needed")
    if page.imagelength * page.imagewidth > MAX_PIXELS or page.imagedepth > 1:
        raise FileError(f"{name}: must have <= {MAX_PIXELS / 1e6:.0f} megapixels")
    channels = _KINDS.get(int(page.photometric))
    if channels is None:
        raise FileError(f"{name}: colours are {page.photometric.name}; RGB or grey is needed")
    bits, extra = page.bitspersample, page.samplesperpixel - channels
    if page.dtype not in (np.bool_, np.uint8, np.uint16) or bits not in (1, 8, 16):
        kind = page.dtype.name if page.dtype and bits in (8, 16, 32, 64) else f"of {bits} bits"
        raise FileError(f"{name}: values are {kind}; 8 or 16 bits without sign are needed")
    if extra not in (0, 1):
        rule = "grey or RGB, with or without alpha, is needed"
        raise FileError(f"{name}: has {page.samplesperpixel} channels; {rule}")
    if page.nbytes > 8 * MAX_PIXELS:
        raise FileError(f"{name}: must have <= {MAX_PIXELS / 1e6:.0f} megapixels")

    pixels = page.asarray()
    if page.axes.startswith("S"):
        pixels = np.moveaxis(pixels, 0, -1)
    pixels = pixels.reshape(page.imagelength, page.imagewidth, -1)
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * 255
    alpha = pixels[..., channels].copy() if extra else None
    pixels = pixels[..., 0] if channels == 1 else pixels[..., :channels]
    white = np.iinfo(pixels.dtype).max
    if page.photometric == _WHITE_IS_ZERO:
        pixels = white - pixels
    elif page.photometric == _PALETTE:
        pixels = (np.moveaxis(page.colormap, 0, -1)[pixels] >> 8).astype(np.uint8)
    if alpha is not None and page.extrasamples[0] == _ASSOCIATED:
        pixels = _unpremultiplied(pixels, alpha, white)
    tag = page.tags.get("InterColorProfile")
    return pixels, alpha, bytes(tag.value) if tag else b""


def _unpremultiplied(pixels: NDArray[Any], alpha: NDArray[Any], white: int) -> NDArray[Any]:
    """Premultiplied colours divided by alpha."""
    cover = np.maximum(alpha, 1).astype(np.float32) / white
    if pixels.ndim == 3:
        cover = cover[..., None]
    return np.minimum(np.rint(pixels / cover), white).astype(pixels.dtype)


def tiff_bytes(
    pixels: NDArray[Any], alpha: NDArray[Any] | None, exif_block: bytes, icc: bytes
) -> bytes:
    """The bytes of a TIFF file: deflated, with unassociated alpha, EXIF and profile.

    Parameters
    ----------
    pixels : (H, W) or (H, W, 3) uint8 or uint16
    alpha : (H, W) of the same type, or None
    exif_block : from `nas.photos.exif.updated_exif`, or b""
    icc : profile, or b""
    """
    stack = pixels if pixels.ndim == 3 else pixels[..., None]
    if alpha is not None:
        stack = np.concatenate((stack, alpha[..., None]), axis=2)
    file = BytesIO()
    imwrite(
        file,
        stack if stack.shape[2] > 1 else pixels,
        byteorder="<",
        photometric="rgb" if pixels.ndim == 3 else "minisblack",
        planarconfig="contig" if stack.shape[2] > 1 else None,
        extrasamples=None if alpha is None else ["unassalpha"],
        compression="zlib",
        predictor=True,
        iccprofile=icc or None,
        metadata=None,
        software=False,
    )
    return with_exif(file.getvalue(), parse_exif(exif_block)) if exif_block else file.getvalue()
