"""The score of Köhler et al. 2012: a restored image against the frames of a camera's path."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from blurkit.errors import SettingError
from nas.evaluation.ms_ssim import LEAST, ms_ssim

LUMA = (0.299, 0.587, 0.114)


class Prepared(NamedTuple):
    """Of an image all that does not depend on its partner, so that it is computed once.

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
    """A restored image against one frame.

    Attributes
    ----------
    psnr : float, dB
    ms_ssim, ms_ssim_metrix : float <= 1, see `nas.evaluation.ms_ssim.ms_ssim`
    shift : (down, right) in whole pixels, by which the restored image was moved
    """

    psnr: float
    ms_ssim: float
    ms_ssim_metrix: float
    shift: tuple[int, int]


class Best(NamedTuple):
    """The best of all frames, for each number separately."""

    psnr: float
    ms_ssim: float
    ms_ssim_metrix: float


def prepare(image: NDArray[np.uint8]) -> Prepared:
    """What `score_frame` needs of a restored image or of a frame.

    Parameters
    ----------
    image : (H, W, 3) uint8, linear light as the benchmark's images are, H and W >= 176

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
    """One frame's PSNR and MS-SSIM, as eval_image.m of the benchmark computes them.

    Raises
    ------
    SettingError
        "image and frame must have one shape, got (800, 800, 3) and (800, 801, 3)"

    Notes
    -----
    For the restored z and the frame x, in this order: ``z <- z sum(x z) / sum(z z)`` over all
    pixels and channels, not clipped; z is moved by the whole pixels at which the circular
    cross-correlation of the channels' means is largest, zeros coming in, and x is set to 0 there;
    luma; ``10 log10(255^2 / MSE)`` over the whole frame. The scale is found before the shift.
    """
    from scipy.fft import irfft2

    z, x = restored.pixels, frame.pixels
    if z.shape != x.shape:
        raise SettingError(f"image and frame must have one shape, got {z.shape} and {x.shape}")
    energy = float(np.vdot(z, z))
    scale = float(np.vdot(x, z)) / energy if energy else 0.0
    height, width = x.shape[:2]
    like = irfft2(frame.spectrum * restored.spectrum.conj(), s=(height, width))
    row, column = (int(i) for i in np.unravel_index(like.argmax(), like.shape))
    shift = (_signed(row, height), _signed(column, width))
    to, off = zip(
        *(_moved(*each) for each in zip(shift, (height, width), strict=True)), strict=True
    )
    moved, seen = np.zeros((height, width)), np.zeros((height, width))
    moved[to] = scale * restored.luma[off]
    seen[to] = frame.luma[to]
    difference = (moved - seen).ravel()
    error = float(difference @ difference) / difference.size
    psnr = 10 * np.log10(255**2 / error) if error else np.inf
    return FrameScore(float(psnr), *ms_ssim(moved, seen), shift)


def best(scores: Iterable[FrameScore]) -> Best:
    """The best of all frames, for each number separately, as the benchmark reports it."""
    psnrs, wang, metrix, _ = zip(*scores, strict=True)
    return Best(max(psnrs), max(wang), max(metrix))


def kohler(image: NDArray[np.uint8], frames: Iterable[NDArray[np.uint8]]) -> Best:
    """A restored image against every ground-truth frame of its trajectory.

    Parameters
    ----------
    image : (H, W, 3) uint8, linear light, H and W >= 176
    frames : of the same shape and type, at least one; only one is held at a time

    Notes
    -----
    Köhler, Hirsch, Mohler, Schölkopf, Harmeling: Recording and Playback of Camera Shake, ECCV 2012,
    and their evaluation code. Figures of a paper are the means of this over the 48 images.

    Examples
    --------
    >>> photo = np.random.default_rng(0).integers(0, 120, (176, 180, 3), dtype=np.uint8)
    >>> kohler(photo, [photo[::-1], 2 * photo]).psnr  # brightness does not count
    inf
    """
    restored = prepare(image)
    return best(score_frame(restored, prepare(frame)) for frame in frames)


def _signed(at: int, side: int) -> int:
    """A circular shift of `at` as the nearest one with a sign, the lower half being positive."""
    return at if at < side // 2 else at - side


def _moved(shift: int, side: int) -> tuple[slice, slice]:
    """Along one axis: where the moved pixels come to lie, and where they come from."""
    to, off = (
        slice(max(shift, 0), side + min(shift, 0)),
        slice(max(-shift, 0), side - max(shift, 0)),
    )
    return to, off
