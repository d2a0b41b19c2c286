"""How near a restored image is to the sharp one: PSNR and SSIM on 8-bit RGB."""

import numpy as np
from numpy.typing import NDArray

from blurkit.errors import SettingError

SSIM_WINDOW = 11


def psnr(image: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """Peak signal-to-noise ratio over all pixels and channels, in dB.

    Parameters
    ----------
    image, reference : (H, W, 3) uint8, sRGB in [0, 255]

    Returns
    -------
    float
        ``10 log10(255^2 / MSE)``; ``inf`` where the two are equal.

    Raises
    ------
    SettingError
        "image must be uint8 (H, W, 3), got float64 (4, 4)", or
        "image and reference must have one shape, got (4, 4, 3) and (5, 4, 3)"

    Notes
    -----
    The figure of the GoPro benchmark: no crop, rounded to 8 bits first, then the mean of the
    per-image values over a set.

    Examples
    --------
    >>> black = np.zeros((16, 16, 3), np.uint8)
    >>> round(psnr(black, black + 1), 2)
    48.13
    """
    from skimage.metrics import peak_signal_noise_ratio

    _check(image, reference)
    with np.errstate(divide="ignore"):
        return float(peak_signal_noise_ratio(reference, image, data_range=255))


def ssim(image: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """Structural similarity with a Gaussian window, the mean over pixels and channels.

    Parameters
    ----------
    image, reference : (H, W, 3) uint8, sRGB in [0, 255], H and W >= 11

    Returns
    -------
    float in [-1, 1], 1 where the two are equal

    Raises
    ------
    SettingError
        "image must be at least 11x11 for ssim, got 8x20", or as in `psnr`.

    Notes
    -----
    Wang et al. 2004 channel by channel: sigma 1.5, window 11, K = (0.01, 0.03), borders left
    out. MATLAB's ``ssim`` of an RGB volume is another number, higher by about 0.02.

    Examples
    --------
    >>> ramp = np.tile(np.arange(16, dtype=np.uint8)[:, None, None], (1, 16, 3))
    >>> ssim(ramp, ramp)
    1.0
    """
    from skimage.metrics import structural_similarity

    _check(image, reference)
    height, width, _ = image.shape
    if min(height, width) < SSIM_WINDOW:
        raise SettingError(f"image must be at least 11x11 for ssim, got {height}x{width}")
    score = structural_similarity(
        reference,
        image,
        channel_axis=2,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=255,
    )
    return float(score)


def _check(image: np.ndarray, reference: np.ndarray) -> None:
    for name, array in (("image", image), ("reference", reference)):
        if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
            raise SettingError(
                f"{name} must be uint8 (H, W, 3), got {array.dtype.name} {array.shape}"
            )
    if image.shape != reference.shape:
        raise SettingError(
            f"image and reference must have one shape, got {image.shape} and {reference.shape}"
        )
