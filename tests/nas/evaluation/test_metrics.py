import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

from blurkit.errors import SettingError
from nas.evaluation.metrics import psnr, ssim, ssim_matlab3d


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    sharp = rng.integers(0, 256, (24, 40, 3), dtype=np.uint8)
    noisy = np.clip(sharp + rng.normal(0, 20, sharp.shape), 0, 255).astype(np.uint8)
    return noisy, sharp


@pytest.mark.parametrize("offset", [1, 5, 255])
def test_a_known_error_gives_the_closed_form_psnr(offset):
    black = np.zeros((7, 5, 3), np.uint8)
    assert psnr(black, black + np.uint8(offset)) == pytest.approx(20 * math.log10(255 / offset))


def test_the_error_is_averaged_over_all_three_channels():
    black = np.zeros((4, 4, 3), np.uint8)
    red = black.copy()
    red[..., 0] = 30
    assert psnr(red, black) == pytest.approx(20 * math.log10(255 / 30) + 10 * math.log10(3))


def test_equal_images_are_perfect_without_a_warning(pair):
    assert psnr(pair[0], pair[0]) == math.inf
    assert ssim(pair[0], pair[0]) == ssim_matlab3d(pair[0], pair[0]) == 1.0


def test_both_are_symmetric(pair):
    noisy, sharp = pair
    assert psnr(noisy, sharp) == psnr(sharp, noisy)
    for score in (ssim, ssim_matlab3d):
        assert score(noisy, sharp) == pytest.approx(score(sharp, noisy), abs=1e-12)


def test_ssim_is_the_per_channel_gaussian_one(pair):
    """An independent computation from the definition, so that no setting can drift."""
    x, y = (image.astype(np.float64) for image in pair)

    def blur(a):
        return gaussian_filter(a, (1.5, 1.5, 0), truncate=3.5)

    mx, my = blur(x), blur(y)
    vx, vy, cov = blur(x * x) - mx**2, blur(y * y) - my**2, blur(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    score = (2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    assert ssim(*pair) == pytest.approx(score[5:-5, 5:-5].mean(), abs=1e-9)


@pytest.mark.parametrize("metric", [psnr, ssim, ssim_matlab3d])
def test_floats_and_greys_are_refused(metric):
    with pytest.raises(SettingError, match=r"^image must be uint8 \(H, W, 3\), got float64 \(4, 4"):
        metric(np.zeros((4, 4)), np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(SettingError, match=r"^reference must be uint8 .* got uint8 \(4, 4\)$"):
        metric(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8))


def test_other_shapes_and_small_images_are_refused():
    small = np.zeros((8, 20, 3), np.uint8)
    with pytest.raises(SettingError, match=r"the same shape, got \(8, 20, 3\) and \(20, 8, 3\)$"):
        psnr(small, small.transpose(1, 0, 2))
    with pytest.raises(SettingError, match=r"^image must be at least 11x11 for ssim, got 8x20$"):
        ssim(small, small)
    with pytest.raises(SettingError, match=r"^image must be at least 11x11 for ssim, got 8x20$"):
        ssim_matlab3d(small, small)


def test_the_3d_ssim_is_matlabs_of_the_rgb_volume(pair):
    """Each voxel's window written out: 11x11x11, Gaussian, borders continued by their value."""
    x, y = (image[:13, :12].astype(np.float64) for image in pair)
    padded = [np.pad(a, 5, mode="edge") for a in (x, y)]
    line = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window = line[:, None, None] * line[None, :, None] * line
    window /= window.sum()
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    scores = []
    for place in np.ndindex(x.shape):
        a, b = (p[tuple(slice(i, i + 11) for i in place)] for p in padded)
        ma, mb = (window * a).sum(), (window * b).sum()
        va, vb = (window * (a - ma) ** 2).sum(), (window * (b - mb) ** 2).sum()
        cov = (window * (a - ma) * (b - mb)).sum()
        scores.append((2 * ma * mb + c1) * (2 * cov + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2)))
    assert ssim_matlab3d(*(image[:13, :12] for image in pair)) == pytest.approx(np.mean(scores))


def test_the_3d_ssim_of_grey_is_the_one_of_its_channel():
    """Where the three channels are equal the depth says nothing: scikit-image's, inside borders."""
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (2, 60, 70, 1), dtype=np.uint8)
    x, y = np.repeat(grey, 3, axis=3)
    # a frame of one value is the same under either rule for the border
    for image in (x, y):
        image[:16] = image[-16:] = image[:, :16] = image[:, -16:] = 100
    inside = structural_similarity(
        *(np.pad(image[..., 0], 5, mode="edge") for image in (x, y)),
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=255,
    )
    assert ssim_matlab3d(x, y) == pytest.approx(inside, abs=1e-12)
    assert ssim_matlab3d(x, y) != pytest.approx(ssim(x, y), abs=1e-3)  # which leaves borders out
