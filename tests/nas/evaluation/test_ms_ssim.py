import numpy as np
import pytest
from scipy.ndimage import correlate
from skimage.metrics import structural_similarity

from blurkit.errors import SettingError
from nas.evaluation.ms_ssim import EXPONENTS, LOW_PASS, _terms, ms_ssim


@pytest.fixture
def pair():
    """Odd sides, so that every way to halve them shows; smooth, so that coarse scales differ."""
    rng = np.random.default_rng(0)
    sharp = correlate(rng.uniform(0, 255, (181, 190)), np.full((5, 5), 1 / 25))
    blurry = correlate(sharp, np.full((3, 7), 1 / 21)) + rng.normal(0, 4, sharp.shape)
    return blurry, sharp


def maps(x, y):
    """l, c and s from the definition, with a window of two dimensions over every valid place."""
    offsets = np.arange(-5, 6)
    window = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * 1.5**2))
    window /= window.sum()

    def mean(a):
        return np.einsum("ijkl,kl", np.lib.stride_tricks.sliding_window_view(a, (11, 11)), window)

    mx, my = mean(x), mean(y)
    sx, sy = np.sqrt(mean(x * x) - mx**2), np.sqrt(mean(y * y) - my**2)
    both, c1, c2 = mean(x * y) - mx * my, 2.55**2, 7.65**2
    luminance = (2 * mx * my + c1) / (mx**2 + my**2 + c1)
    contrast = (2 * sx * sy + c2) / (sx**2 + sy**2 + c2)
    return luminance, contrast, (both + c2 / 2) / (sx * sy + c2 / 2)


def test_wang_is_the_product_of_contrast_and_structure_with_luminance_at_the_last(pair):
    x, y = pair
    expected = 1.0
    for scale, exponent in enumerate(EXPONENTS):
        luminance, contrast, structure = maps(x, y)
        both = contrast * structure * (luminance if scale == 4 else 1)
        expected *= both.mean() ** exponent
        # MATLAB's imfilter of an even window looks right and down, and continues by reflection
        x, y = (correlate(a, np.full((2, 2), 0.25), origin=-1)[::2, ::2] for a in (x, y))
    assert 0.3 < expected < 0.95
    assert ms_ssim(*pair).wang == pytest.approx(expected, abs=1e-9)


def test_metrix_has_the_means_of_contrast_and_structure_apart_and_wavelets_between(pair):
    x, y = pair
    taps = np.array([*LOW_PASS, *LOW_PASS[3::-1]])
    expected = 1.0
    for scale, exponent in enumerate(EXPONENTS):
        luminance, contrast, structure = maps(x, y)
        expected *= contrast.mean() ** exponent * structure.mean() ** exponent
        if scale == 4:
            expected *= luminance.mean() ** exponent
        low = np.outer(taps, taps) / taps.sum() ** 2
        x, y = (correlate(a, low, mode="reflect")[::2, ::2] for a in (x, y))
    found = ms_ssim(*pair)
    assert found.metrix == pytest.approx(expected, abs=1e-9)
    assert abs(found.metrix - found.wang) > 1e-3  # one is not the other


def test_a_scale_is_scikit_images_ssim(pair):
    score = structural_similarity(
        *pair, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )
    assert _terms(*pair).lcs == pytest.approx(score, abs=1e-9)


@pytest.mark.parametrize(("a", "b"), [(100.0, 200.0), (7.0, 30.0)])
def test_flat_images_differ_in_luminance_alone(a, b):
    found = ms_ssim(np.full((176, 180), a), np.full((176, 180), b))
    luminance = (2 * a * b + 2.55**2) / (a * a + b * b + 2.55**2)
    assert found == pytest.approx([luminance ** EXPONENTS[-1]] * 2)


def test_a_negative_has_no_structure_in_common(pair):
    """A power of a mean below 0 would be NaN."""
    assert ms_ssim(255 - pair[1], pair[1]) == (0, 0)


def test_it_is_symmetric_and_1_for_equal_images(pair):
    assert ms_ssim(*pair) == pytest.approx(ms_ssim(*pair[::-1]), abs=1e-12)
    assert ms_ssim(pair[0], pair[0]) == pytest.approx((1, 1), abs=1e-12)


@pytest.mark.parametrize(
    ("image", "reference", "message"),
    [
        (
            np.zeros((4, 4, 3), np.uint8),
            np.zeros((9, 9)),
            "image must be float64 (H, W), got uint8",
        ),
        (np.zeros((176, 176)), np.zeros(9), "reference must be float64 (H, W), got float64 (9,)"),
        (np.zeros((175, 200)), np.zeros((175, 200)), "image must be at least 176x176 for ms_ssim"),
        (
            np.zeros((176, 176)),
            np.zeros((176, 177)),
            "same shape, got (176, 176) and (176, 177)",
        ),
    ],
)
def test_bad_images_say_what(image, reference, message):
    with pytest.raises(SettingError) as error:
        ms_ssim(image, reference)
    assert message in str(error.value)
