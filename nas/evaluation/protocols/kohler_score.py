"""The score of Köhler et al. 2012: a restored image against the frames of a camera trajectory."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from blurkit.errors import SettingError
from nas.evaluation.ms_ssim import LEAST, ms_ssim

LUMA = (0.299, 0.587, 0.114)


class Prepared(NamedTuple):
    """What depends on one image alone, computed once and used in every comparison.

    Attributes
    ----------
    pixels : (H, W, 3) float64 in [0, 255]
    spectrum : (H, W // 2 + 1) complex128, of the mean over the channels
    luma : (H, W) float64 in [0, 255]
    """

    pixels: NDArray[np.float64]
    spectrum: NDArray[np.complex128]
    luma: NDArray[np.float64]


class FrameScore(NamedTuple):
    """The score of a restored image against one frame.

    Attributes
    ----------
    psnr : float, dB
    ms_ssim, ms_ssim_metrix : float <= 1, see `nas.evaluation.ms_ssim.ms_ssim`
    shift : (down, right), by which the restored image was moved, in whole pixels
    """

    psnr: float
    ms_ssim: float
    ms_ssim_metrix: float
    shift: tuple[int, int]


class Best(NamedTuple):
    """The best score over all frames, for each metric separately."""

    psnr: float
    ms_ssim: float
    ms_ssim_metrix: float


def prepare(image: NDArray[np.uint8]) -> Prepared:
    """Prepare a restored image or a frame for `score_frame`.

    Parameters
    ----------
    image : (H, W, 3) uint8, linear light, as in the benchmark; H and W >= 176

    Raises
    ------
    SettingError
        "image must be uint8 (H, W, 3), at least 176x176, got float64 (4, 4)"
    """
    from scipy.fft import rfft2

    colour = image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
    if not colour or min(image.shape[:2]) < LEAST:
        rule = f"image must be uint8 (H, W, 3), at least {LEAST}x{LEAST}"
        raise SettingError(f"{rule}, got {image.dtype} {image.shape}")
    pixels = image.astype(np.float64)
    return Prepared(pixels, rfft2(pixels @ np.full(3, 1 / 3)), pixels @ np.array(LUMA))


def score_frame(restored: Prepared, frame: Prepared) -> FrameScore:
    """PSNR and MS-SSIM against one frame, as computed by the benchmark's eval_image.m.

    Raises
    ------
    SettingError
        "image and frame must have the same shape, got (800, 800, 3) and (800, 801, 3)"

    Notes
    -----
    For the restored z and the frame x, in this order: ``z <- z sum(x z) / sum(z z)`` over all
    pixels and channels, not clipped; z is shifted by the whole pixels that maximise the circular
    cross-correlation of the channel means, filled with zeros where x is set to 0 as well; luma;
    ``10 log10(255^2 / MSE)`` over the whole frame. The scale is computed before the shift.
    """
    from scipy.fft import irfft2

    z, x = restored.pixels, frame.pixels
    if z.shape != x.shape:
        raise SettingError(f"image and frame must have the same shape, got {z.shape} and {x.shape}")
    energy = float(np.vdot(z, z))
    scale = float(np.vdot(x, z)) / energy if energy else 0.0
    height, width = x.shape[:2]
    correlation = irfft2(frame.spectrum * restored.spectrum.conj(), s=(height, width))
    row, column = (int(i) for i in np.unravel_index(correlation.argmax(), correlation.shape))
    down, right = _signed(row, height), _signed(column, width)
    rows, columns = _overlap(down, height), _overlap(right, width)
    moved, reference = np.zeros((height, width)), np.zeros((height, width))
    moved[rows, columns] = scale * restored.luma[_overlap(-down, height), _overlap(-right, width)]
    reference[rows, columns] = frame.luma[rows, columns]
    difference = (moved - reference).ravel()
    error = float(difference @ difference) / difference.size
    psnr = 10 * np.log10(255**2 / error) if error else np.inf
    wang, metrix = ms_ssim(moved, reference)
    return FrameScore(float(psnr), wang, metrix, (down, right))


def best(scores: Iterable[FrameScore]) -> Best:
    """The best score over all frames, for each metric separately, as the benchmark reports it."""
    psnrs, wang, metrix, _ = zip(*scores, strict=True)
    return Best(max(psnrs), max(wang), max(metrix))


def kohler(image: NDArray[np.uint8], frames: Iterable[NDArray[np.uint8]]) -> Best:
    """The best score of a restored image over all ground-truth frames of its trajectory.

    Parameters
    ----------
    image : (H, W, 3) uint8, linear light, H and W >= 176
    frames : iterable of images of the same shape and dtype, at least one; read one at a time

    Notes
    -----
    Köhler, Hirsch, Mohler, Schölkopf, Harmeling: Recording and Playback of Camera Shake, ECCV 2012,
    and their evaluation code. Papers report the mean of this score over the 48 images.

    Examples
    --------
    >>> photo = np.random.default_rng(0).integers(0, 120, (176, 180, 3), dtype=np.uint8)
    >>> kohler(photo, [photo[::-1], 2 * photo]).psnr  # insensitive to brightness
    inf
    """
    restored = prepare(image)
    return best(score_frame(restored, prepare(frame)) for frame in frames)


def _signed(shift: int, side: int) -> int:
    """A circular shift in [0, side) as the equivalent one in [-side/2, side/2)."""
    return shift if shift < side // 2 else shift - side


def _overlap(shift: int, side: int) -> slice:
    """The pixels of an axis that pixels moved by `shift` land on."""
    return slice(max(shift, 0), side + min(shift, 0))
