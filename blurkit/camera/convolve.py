"""Convolution of an image with a kernel, by the kernel's few non-zero taps or by FFT."""

import itertools

import numpy as np

from blurkit.errors import SettingError

BORDERS = ("valid", "reflect")
METHODS = ("auto", "taps", "fft")
_DTYPES = tuple(map(np.dtype, ("uint8", "uint16", "float32", "float64")))
_FFT_TAPS = 140  # taps per pixel that cost as much as the FFT; see the notes of `blur`
_TILE = 288  # px: side of the FFT's tiles


def blur(
    image: np.ndarray, kernel: np.ndarray, *, border: str = "valid", method: str = "auto"
) -> np.ndarray:
    """Convolve an image with a kernel: a true convolution, so the kernel acts flipped.

    Parameters
    ----------
    image : (H, W) or (H, W, C) array of uint8, uint16, float32 or float64
        Used as is: pass linear light for physically correct blur. Channels are independent.
    kernel : (K, K) array, K odd, finite
        Not normalised here: a kernel with sum 1 keeps the brightness.
    border : "valid" or "reflect"
        "valid" returns only the pixels that depend on nothing outside the image. "reflect" mirrors
        the image at its borders, without repeating the border pixel, and keeps the size.
    method : "auto", "taps" or "fft"
        Shift and add over the non-zero taps, or FFT; "auto" picks the faster one for the number
        of taps.

    Returns
    -------
    blurred : (H-K+1, W-K+1[, C]) for "valid", (H, W[, C]) for "reflect"; dtype of the image
        Integers are rounded half up and clipped. The methods agree within one grey level.

    Raises
    ------
    SettingError
        'border must be "valid" or "reflect", got "wrap"', and likewise for method;
        "kernel must be square with an odd side, got shape (4, 4)";
        "kernel must be finite, got nan or inf";
        "image must be (H, W) or (H, W, C), got shape (5,)";
        "image must be uint8, uint16, float32 or float64, got int64";
        "image must be at least as large as the kernel (31x31) with border valid, got 20x40"

    Notes
    -----
    Sums are computed in float32, or in float64 for float64 images. Shift and add costs one
    multiplication per non-zero tap and returned pixel; the FFT costs the same for any kernel, per
    pixel read. "auto" uses the taps where taps x returned pixels <= 140 x image pixels:
    `benchmarks/blur.py` measures where the two break even.

    Examples
    --------
    >>> image = np.arange(25, dtype=np.uint8).reshape(5, 5)
    >>> right = np.zeros((3, 3)); right[1, 2] = 1  # shifts the image to the right
    >>> blur(image, right)[0].tolist(), image[1, :3].tolist()
    ([5, 6, 7], [5, 6, 7])
    """
    image, taps = np.asarray(image), np.asarray(kernel)
    if border not in BORDERS:
        raise SettingError(f'border must be "valid" or "reflect", got "{border}"')
    if method not in METHODS:
        raise SettingError(f'method must be "auto", "taps" or "fft", got "{method}"')
    if taps.ndim != 2 or taps.shape[0] != taps.shape[1] or taps.shape[0] % 2 == 0:
        raise SettingError(f"kernel must be square with an odd side, got shape {taps.shape}")
    if not np.isfinite(taps).all():
        raise SettingError("kernel must be finite, got nan or inf")
    if image.ndim not in (2, 3) or 0 in image.shape:
        raise SettingError(f"image must be (H, W) or (H, W, C), got shape {image.shape}")
    if image.dtype not in _DTYPES:
        raise SettingError(
            f"image must be {', '.join(map(str, _DTYPES[:3]))} or {_DTYPES[3]}, got {image.dtype}"
        )

    size = taps.shape[0]
    planes = image if image.ndim == 3 else image[:, :, None]
    if border == "reflect":
        half = size // 2
        planes = np.pad(planes, ((half, half), (half, half), (0, 0)), mode="reflect")
    height, width = planes.shape[:2]
    if height < size or width < size:
        raise SettingError(
            f"image must be at least as large as the kernel ({size}x{size}) with border valid, "
            f"got {height}x{width}"
        )
    if method == "auto":
        by_taps = np.count_nonzero(taps) * (height - size + 1) * (width - size + 1)
        method = "taps" if by_taps <= _FFT_TAPS * height * width else "fft"
    blurred = (_by_taps if method == "taps" else _by_fft)(planes, taps)
    return blurred if image.ndim == 3 else blurred[:, :, 0]


def _by_taps(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Valid convolution of (H, W, C) by shift and add."""
    from blurkit._loops import taps

    height, width, channels = image.shape
    rows, columns = height - len(kernel) + 1, width - len(kernel) + 1
    blurred = np.empty((rows, columns * channels), image.dtype)
    blur_into = taps.blur_integers if image.dtype.kind == "u" else taps.blur_floats
    plane = np.ascontiguousarray(image).reshape(-1)
    weights = kernel.astype(_sum_type(image), order="C")
    blur_into(blurred, plane, width * channels, weights, channels)
    return blurred.reshape(rows, columns, channels)


def _by_fft(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Valid convolution of (H, W, C) by FFT, in tiles that fit the cache."""
    import cv2

    from blurkit._loops.spectra import multiply_packed

    sum_type, last = _sum_type(image), len(kernel) - 1
    rows, columns = image.shape[0] - last, image.shape[1] - last
    down, right = _tile(rows, last), _tile(columns, last)
    # the convolution is circular: only rows and columns before `last` wrap around
    tile = np.zeros((_fast_side(down + last), _fast_side(right + last)), sum_type)
    tile[: last + 1, : last + 1] = kernel
    response = cv2.dft(tile)
    top = np.iinfo(image.dtype).max if image.dtype.kind == "u" else None
    blurred = np.empty((image.shape[2], rows, columns), image.dtype)
    planes = cv2.split(np.ascontiguousarray(image))
    for y, x in itertools.product(range(0, rows, down), range(0, columns, right)):
        for plane, out in zip(planes, blurred, strict=True):
            part = plane[y : y + down + last, x : x + right + last]
            height, width = part.shape
            tile[:height, :width] = part  # values beyond it affect only what wraps around
            spectrum = cv2.dft(tile)
            multiply_packed(spectrum, response)
            full = cv2.dft(spectrum, dst=spectrum, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE)
            valid = full[last:height, last:width]
            if top is not None:
                valid = np.clip(valid + sum_type(0.5), 0, top)
            out[y : y + down, x : x + right] = valid
    return cv2.merge(list(blurred)).reshape(rows, columns, -1)


def _sum_type(image: np.ndarray) -> type[np.floating]:
    """The type in which sums are computed."""
    return np.float64 if image.dtype == np.float64 else np.float32


def _tile(length: int, last: int) -> int:
    """Result pixels along one side of a tile; all tiles are about equal."""
    most = max(_TILE, 4 * last) - last
    return -(-length // -(-length // most))


def _fast_side(side: int) -> int:
    """The next even number with no prime factors but 2, 3 and 5."""
    import cv2

    return 2 * cv2.getOptimalDFTSize(-(-side // 2))
