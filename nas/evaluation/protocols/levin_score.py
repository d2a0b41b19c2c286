"""The score of Levin et al. 2009: PSNR of grey images after the best shift by quarter pixels."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from blurkit.errors import SettingError

BORDER = 15  # px, left out at each side
REACH = 5  # px, largest shift
STEPS = 4  # shifts in a pixel
LEAST = 2 * BORDER + 1


class Shifted(NamedTuple):
    """PSNR in dB after the best shift, and that shift: (down, right) in pixels, of the samples."""

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
        psnr ``inf`` where the two are equal after a shift. A shift of (0, 1) means that the
        image was read one pixel further to the right.

    Raises
    ------
    SettingError
        "image must be float64 (H, W), at least 31x31, got uint8 (4, 4)",
        "image and reference must have one shape, got (40, 40) and (40, 41)"

    Notes
    -----
    comp_upto_shift.m of Levin, Weiss, Durand, Freeman: Understanding and evaluating blind
    deconvolution algorithms, CVPR 2009: 15 pixels at each border are left out, the image is
    shifted by -5, -4.75 ... 5 pixels along both axes with bilinear interpolation, the least sum
    of squared differences counts. The paper's own figure is the ratio of that sum to the one of
    a deconvolution with the true kernel; papers since give the PSNR.

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
        raise SettingError(f"image and reference must have one shape, got {shapes}")
    inner = reference[BORDER:-BORDER, BORDER:-BORDER]
    near = BORDER - REACH
    room = image[near:-near, near:-near]
    least, shift = np.inf, (0.0, 0.0)
    for at, moved in _shifts(room, inner.shape):
        difference = (moved - inner).ravel()
        error = float(difference @ difference)
        if error < least:
            least, shift = error, at
    psnr = 10 * np.log10(255**2 * inner.size / least) if least else np.inf
    return Shifted(float(psnr), shift)


def _shifts(
    room: NDArray[np.float64], shape: tuple[int, ...]
) -> Iterator[tuple[tuple[float, float], NDArray[np.float64]]]:
    """Every shift, and the image of `shape` that it gives: interpolated 16 times, then sliced."""
    height, width = shape
    for y in range(STEPS):
        rows = _between(room, y / STEPS)
        for x in range(STEPS):
            fine = _between(rows.T, x / STEPS).T
            for down in range(fine.shape[0] - height + 1):
                for right in range(fine.shape[1] - width + 1):
                    shift = (down - REACH + y / STEPS, right - REACH + x / STEPS)
                    yield shift, fine[down : down + height, right : right + width]


def _between(room: NDArray[np.float64], part: float) -> NDArray[np.float64]:
    """Linear interpolation between each row and the next; one row fewer, but for a part of 0."""
    return room if part == 0 else (1 - part) * room[:-1] + part * room[1:]
