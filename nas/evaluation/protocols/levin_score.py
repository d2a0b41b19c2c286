"""The score of Levin et al. 2009: PSNR of grey images after the best quarter-pixel shift."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from blurkit.errors import SettingError

BORDER = 15  # px, ignored on each side
REACH = 5  # px, largest shift
STEPS = 4  # shifts per pixel
LEAST = 2 * BORDER + 1


class Shifted(NamedTuple):
    """PSNR in dB after the best shift, and that shift, (down, right) in pixels."""

    psnr: float
    shift: tuple[float, float]


def levin(image: NDArray[np.float64], reference: NDArray[np.float64]) -> Shifted:
    """PSNR inside the borders after the best of 41x41 shifts.

    Parameters
    ----------
    image, reference : (H, W) float64, grey in [0, 255], H and W >= 31

    Returns
    -------
    Shifted
        The PSNR is ``inf`` if the two are equal after a shift. A shift of (0, 1) means that the
        image was sampled one pixel further to the right.

    Raises
    ------
    SettingError
        "image must be float64 (H, W), at least 31x31, got uint8 (4, 4)",
        "image and reference must have the same shape, got (40, 40) and (40, 41)"

    Notes
    -----
    comp_upto_shift.m of Levin, Weiss, Durand, Freeman: Understanding and evaluating blind
    deconvolution algorithms, CVPR 2009: 15 pixels at each border are ignored, the image is
    shifted by -5, -4.75 ... 5 pixels along both axes with bilinear interpolation, and the smallest
    sum of squared differences counts. The paper itself reports the ratio of that sum to the one
    of a deconvolution with the true kernel; later papers report the PSNR.

    Examples
    --------
    >>> photo = np.random.default_rng(0).uniform(0, 255, (40, 50))
    >>> levin(np.roll(photo, 3, axis=1), photo)
    Shifted(psnr=inf, shift=(0.0, 3.0))
    """
    for name, array in (("image", image), ("reference", reference)):
        if array.dtype != np.float64 or array.ndim != 2 or min(array.shape) < LEAST:
            rule = f"{name} must be float64 (H, W), at least {LEAST}x{LEAST}"
            raise SettingError(f"{rule}, got {array.dtype} {array.shape}")
    if image.shape != reference.shape:
        shapes = f"{image.shape} and {reference.shape}"
        raise SettingError(f"image and reference must have the same shape, got {shapes}")
    inner = reference[BORDER:-BORDER, BORDER:-BORDER]
    margin = BORDER - REACH
    reachable = image[margin:-margin, margin:-margin]
    least_error, best_shift = np.inf, (0.0, 0.0)
    for shift, shifted in _shifts(reachable, inner.shape):
        difference = (shifted - inner).ravel()
        error = float(difference @ difference)
        if error < least_error:
            least_error, best_shift = error, shift
    psnr = 10 * np.log10(255**2 * inner.size / least_error) if least_error else np.inf
    return Shifted(float(psnr), best_shift)


def _shifts(
    image: NDArray[np.float64], shape: tuple[int, ...]
) -> Iterator[tuple[tuple[float, float], NDArray[np.float64]]]:
    """All shifts, each with the image of `shape` it gives: 16 interpolations, then slices."""
    height, width = shape
    for y in range(STEPS):
        rows = _between(image, y / STEPS)
        for x in range(STEPS):
            fine = _between(rows.T, x / STEPS).T
            for down in range(fine.shape[0] - height + 1):
                for right in range(fine.shape[1] - width + 1):
                    shift = (down - REACH + y / STEPS, right - REACH + x / STEPS)
                    yield shift, fine[down : down + height, right : right + width]


def _between(image: NDArray[np.float64], part: float) -> NDArray[np.float64]:
    """Linear interpolation between successive rows; one row fewer unless `part` is 0."""
    return image if part == 0 else (1 - part) * image[:-1] + part * image[1:]
