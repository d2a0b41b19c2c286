"""Multi-scale structural similarity of grey images, in the two forms in use."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from blurkit.errors import SettingError
from blurkit.images.files import opencv

Grey = NDArray[np.float64]

EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
LEAST = 176  # px, shortest side: at the fifth scale the 11x11 window still fits
MARGIN = 5  # px, half of the 11x11 window
BAND = 64  # rows processed at a time
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
# analysis low-pass filter of the biorthogonal 9/7 wavelet: first half and centre
LOW_PASS = (
    0.037828455507260,
    -0.023849465019560,
    -0.110624404418440,
    0.377402855612830,
    0.852698679008890,
)


class MsSsim(NamedTuple):
    """The two metrics known as MS-SSIM, each at most 1; 1 if the images are equal."""

    wang: float
    metrix: float


class _Terms(NamedTuple):
    """Means over the valid region of one scale: luminance l, contrast c, structure s, products."""

    l: float  # noqa: E741
    c: float
    s: float
    cs: float
    lcs: float


def ms_ssim(image: Grey, reference: Grey) -> MsSsim:
    """Structural similarity over five scales: Wang et al.'s and that of the MeTriX MuX package.

    Parameters
    ----------
    image, reference : (H, W) float64, grey in [0, 255] (not clipped), H and W >= 176

    Returns
    -------
    MsSsim

    Raises
    ------
    SettingError
        "image must be float64 (H, W), got uint8 (4, 4, 3)", "image must be at least 176x176 for
        ms_ssim, got 175x200", "image and reference must have the same shape, got ..."

    Notes
    -----
    Each scale uses an 11x11 Gaussian window with sigma 1.5, K = (0.01, 0.03), borders ignored.
    Exponents 0.0448, 0.2856, 0.3001, 0.2363, 0.1333. With l, c, s the terms of Wang et al. 2004
    and < > the mean over pixels:

    - wang: ``<c s>_1^e1 ... <c s>_4^e4 <l c s>_5^e5``; each scale is the previous one averaged
      over 2x2 pixels (Wang, Simoncelli, Bovik 2003, and the authors' code).
    - metrix: ``<c>_1^e1 ... <c>_5^e5 <s>_1^e1 ... <s>_5^e5 <l>_5^e5``; each scale is the previous
      one after the low-pass filter of the 9/7 wavelet, with reflected borders, subsampled by 2
      (MeTriX MuX 1.0, mssim_index.m; called MSSIM in the benchmark of Köhler et al.).

    Negative means count as 0.

    Examples
    --------
    >>> ramp = np.tile(np.linspace(0, 255, 176), (176, 1))
    >>> [round(float(value), 9) for value in ms_ssim(ramp, ramp)]
    [1.0, 1.0]
    """
    for name, array in (("image", image), ("reference", reference)):
        if array.dtype != np.float64 or array.ndim != 2:
            raise SettingError(f"{name} must be float64 (H, W), got {array.dtype} {array.shape}")
    if image.shape != reference.shape:
        shapes = f"{image.shape} and {reference.shape}"
        raise SettingError(f"image and reference must have the same shape, got {shapes}")
    if min(image.shape) < LEAST:
        size = "x".join(map(str, image.shape))
        raise SettingError(f"image must be at least {LEAST}x{LEAST} for ms_ssim, got {size}")
    first = _terms(image, reference)
    means = [first, *_coarser(image, reference, _mean_2x2)]
    waves = [first, *_coarser(image, reference, _wavelet)]
    wang = _power([scale.cs for scale in means[:-1]] + [means[-1].lcs])
    metrix = _power([scale.c for scale in waves]) * _power([scale.s for scale in waves])
    return MsSsim(wang, metrix * max(waves[-1].l, 0.0) ** EXPONENTS[-1])


def _power(values: list[float]) -> float:
    return float(np.prod([max(v, 0.0) ** e for v, e in zip(values, EXPONENTS, strict=True)]))


def _coarser(x: Grey, y: Grey, halve: Callable[[Grey], Grey]) -> list[_Terms]:
    terms = []
    for _ in EXPONENTS[1:]:
        x, y = halve(x), halve(y)
        terms.append(_terms(x, y))
    return terms


def _mean_2x2(x: Grey) -> Grey:
    """Half the size; odd sides are padded with their edge pixels."""
    x = np.pad(x, [(0, side % 2) for side in x.shape], mode="edge")
    rows = x[::2] + x[1::2]
    return (rows[:, ::2] + rows[:, 1::2]) / 4


def _wavelet(x: Grey) -> Grey:
    cv2 = opencv()
    taps = np.array([*LOW_PASS, *LOW_PASS[-2::-1]])
    taps /= taps.sum()
    smooth = cv2.sepFilter2D(x, -1, taps, taps, borderType=cv2.BORDER_REFLECT)
    return np.ascontiguousarray(smooth[::2, ::2])


def _window(x: Grey) -> Grey:
    """Weighted by the Gaussian window, valid region only."""
    taps = np.exp(-(np.arange(-MARGIN, MARGIN + 1) ** 2) / (2 * 1.5**2))
    taps /= taps.sum()
    return opencv().sepFilter2D(x, -1, taps, taps)[MARGIN:-MARGIN, MARGIN:-MARGIN]


def _terms(x: Grey, y: Grey) -> _Terms:
    """Computed in bands of rows that fit in the CPU cache."""
    inside = x.shape[0] - 2 * MARGIN
    sums = np.zeros(5)
    for top in range(0, inside, BAND):
        rows = slice(top, min(top + BAND, inside) + 2 * MARGIN)
        sums += [term.sum() for term in _maps(x[rows], y[rows])]
    return _Terms(*(float(total) for total in sums / (inside * (x.shape[1] - 2 * MARGIN))))


def _maps(x: Grey, y: Grey) -> tuple[Grey, ...]:
    """l, c, s, c s and l c s at each pixel of the valid region."""
    mx, my = _window(x), _window(y)
    xx, yy, xy = mx * mx, my * my, mx * my
    vx, vy, both = _window(x * x) - xx, _window(y * y) - yy, _window(x * y) - xy
    luminance = (2 * xy + C1) / (xx + yy + C1)
    spread = np.sqrt(np.maximum(vx, 0) * np.maximum(vy, 0))
    total = vx + vy + C2
    cs = (2 * both + C2) / total
    c, s = (2 * spread + C2) / total, (both + C2 / 2) / (spread + C2 / 2)
    return luminance, c, s, cs, luminance * cs
