"""PSNR and SSIM of 8-bit RGB images."""

import numpy as np
from numpy.typing import NDArray

from blurkit.errors import SettingError

SSIM_WINDOW = 11
SSIM_SIGMA = 1.5


def psnr(image: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """Peak signal-to-noise ratio over all pixels and channels, in dB.

    Parameters
    ----------
    image, reference : (H, W, 3) uint8, sRGB in [0, 255]

    Returns
    -------
    float
        ``10 log10(255^2 / MSE)``; ``inf`` if the images are equal.

    Raises
    ------
    SettingError
        "image must be uint8 (H, W, 3), got float64 (4, 4)", or
        "image and reference must have the same shape, got (4, 4, 3) and (5, 4, 3)"

    Notes
    -----
    As in the GoPro benchmark: no crop, images rounded to 8 bits, figures averaged over the images
    of a set.

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
    """Structural similarity with a Gaussian window, averaged over pixels and channels.

    Parameters
    ----------
    image, reference : (H, W, 3) uint8, sRGB in [0, 255], H and W >= 11

    Returns
    -------
    float in [-1, 1]; 1 if the images are equal

    Raises
    ------
    SettingError
        "image must be at least 11x11 for ssim, got 8x20"; also those of `psnr`

    Notes
    -----
    Wang et al. 2004, each channel separately: sigma 1.5, window 11, K = (0.01, 0.03), borders
    ignored. `ssim_matlab3d` is about 0.02 higher; both are in use.

    Examples
    --------
    >>> ramp = np.tile(np.arange(16, dtype=np.uint8)[:, None, None], (1, 16, 3))
    >>> ssim(ramp, ramp)
    1.0
    """
    from skimage.metrics import structural_similarity

    _check(image, reference)
    _check_window(image)
    score = structural_similarity(
        reference,
        image,
        channel_axis=2,
        gaussian_weights=True,
        sigma=SSIM_SIGMA,
        use_sample_covariance=False,
        data_range=255,
    )
    return float(score)


def ssim_matlab3d(image: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """Structural similarity of the RGB volume, equal to MATLAB's ``ssim(rgb, reference)``.

    Parameters
    ----------
    image, reference : (H, W, 3) uint8, sRGB in [0, 255], H and W >= 11

    Returns
    -------
    float in [-1, 1]; 1 if the images are equal

    Raises
    ------
    SettingError
        "image must be at least 11x11 for ssim, got 8x20"; also those of `psnr`

    Notes
    -----
    Reported by MPRNet and NAFNet: the image is a volume of depth 3, the window an 11x11x11
    Gaussian with sigma 1.5, borders are padded with their edge values, and the mean is over all
    voxels. This mixes the channels, and the value is about 0.02 higher than `ssim`.

    Examples
    --------
    >>> ramp = np.tile(np.arange(16, dtype=np.uint8)[:, None, None], (1, 16, 3))
    >>> ssim_matlab3d(ramp, ramp)
    1.0
    """
    _check(image, reference)
    _check_window(image)
    x, y = image.astype(np.float64), reference.astype(np.float64)
    mx, my = _window(x), _window(y)
    vx, vy, both = _window(x * x) - mx * mx, _window(y * y) - my * my, _window(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    score = (2 * mx * my + c1) * (2 * both + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))
    return float(score.mean())


def _window(volume: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted by an 11x11x11 Gaussian window, borders padded with their edge values."""
    from scipy.ndimage import correlate1d

    offsets = np.arange(SSIM_WINDOW) - SSIM_WINDOW // 2
    weights = np.exp(-(offsets**2) / (2 * SSIM_SIGMA**2))
    weights /= weights.sum()
    for axis in range(3):
        volume = correlate1d(volume, weights, axis=axis, mode="nearest")
    return volume


def _check_window(image: np.ndarray) -> None:
    height, width, _ = image.shape
    if min(height, width) < SSIM_WINDOW:
        raise SettingError(f"image must be at least 11x11 for ssim, got {height}x{width}")


def _check(image: np.ndarray, reference: np.ndarray) -> None:
    for name, array in (("image", image), ("reference", reference)):
        if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
            raise SettingError(
                f"{name} must be uint8 (H, W, 3), got {array.dtype.name} {array.shape}"
            )
    if image.shape != reference.shape:
        raise SettingError(
            f"image and reference must have the same shape, got {image.shape} and {reference.shape}"
        )
