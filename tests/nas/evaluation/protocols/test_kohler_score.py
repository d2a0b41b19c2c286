import math

import numpy as np
import pytest
from scipy.ndimage import uniform_filter
from skimage.metrics import peak_signal_noise_ratio
from skimage.registration import phase_cross_correlation

from blurkit.errors import SettingError
from nas.evaluation.ms_ssim import ms_ssim
from nas.evaluation.protocols.kohler_score import (
    Best,
    FrameScore,
    best,
    kohler,
    prepare,
    score_frame,
)

LUMA = np.array([0.299, 0.587, 0.114])


@pytest.fixture
def photo():
    """(180, 192, 3), in [0, 120], smooth and without symmetry."""
    rng = np.random.default_rng(0)
    smooth = uniform_filter(rng.uniform(0, 1, (180, 192, 3)), (7, 5, 0))
    return np.rint(120 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.uint8)


def score(restored, frame):
    return score_frame(prepare(restored), prepare(frame))


def test_brightness_does_not_count(photo):
    """The scale is not clipped: 2 x 120 would be within 8 bits, 3 x would not."""
    found = score(photo, 2 * photo)
    assert found.psnr > 250
    assert found[1:3] == pytest.approx((1, 1), abs=1e-12)
    bright = np.minimum(2 * photo, 255).astype(np.uint8)
    assert score(bright, photo).psnr > 250


@pytest.mark.parametrize("by", [(0, 0), (7, -4), (-12, 3), (-5, -9), (11, 6)])
def test_a_shifted_copy_scores_as_the_unshifted_one_but_for_the_scale(photo, by):
    """The scale is found before the shift, so of a shifted copy a factor remains: closed form."""
    x = np.zeros_like(photo)
    x[20:-20, 20:-20] = photo[20:-20, 20:-20]  # what leaves the frame is black
    z = np.roll(x, by, axis=(0, 1))
    found = score(z, x)
    assert found.shift == (-by[0], -by[1])
    exact = x.astype(float)
    scale = (exact * np.roll(exact, by, axis=(0, 1))).sum() / (exact**2).sum()
    error = ((1 - scale) ** 2 * (exact @ LUMA) ** 2).mean()
    if by == (0, 0):
        assert found.psnr == math.inf
    else:
        assert found.psnr == pytest.approx(10 * math.log10(255**2 / error), abs=1e-6)
        assert found[1:3] == pytest.approx(ms_ssim(scale * (exact @ LUMA), exact @ LUMA))


def test_a_known_error_gives_the_closed_form_psnr(photo):
    """An error orthogonal to the image leaves the scale at 1."""
    z = photo[:, ::2].repeat(2, axis=1) + np.uint8(20)
    error = np.tile(np.array([10, -10]), 96)[:, None]
    found = score(z, (z + error).astype(np.uint8))
    assert found.shift == (0, 0)
    assert found.psnr == pytest.approx(20 * math.log10(255 / 10), abs=1e-9)


def test_it_is_the_benchmarks_own_computation(photo):
    """Step by step on colour images, with another's registration and PSNR."""
    rng = np.random.default_rng(1)
    z = np.roll(photo, (9, -6), axis=(0, 1))
    z = np.clip(z * 0.7 + rng.normal(0, 6, z.shape), 0, 255).astype(np.uint8)
    xf, zf = photo.astype(float), z.astype(float)
    scaled = (xf * zf).sum() / (zf * zf).sum() * zf
    (down, right), _, _ = phase_cross_correlation(
        xf.mean(axis=2), scaled.mean(axis=2), normalization=None
    )
    assert (down, right) == (-9, 6)
    moved, mask = np.zeros_like(xf), np.zeros_like(xf)
    moved[:-9, 6:], mask[:-9, 6:] = scaled[9:, :-6], 1
    grey, seen = moved @ LUMA, (xf * mask) @ LUMA
    found = score(z, photo)
    assert found.shift == (-9, 6)
    assert found.psnr == pytest.approx(peak_signal_noise_ratio(seen, grey, data_range=255))
    assert found[1:3] == pytest.approx(ms_ssim(grey, seen))


def test_the_best_frame_is_chosen_for_each_number_separately():
    frames = [FrameScore(30, 0.8, 0.7, (0, 0)), FrameScore(29, 0.9, 0.6, (1, 0))]
    assert best(frames) == Best(30, 0.9, 0.7)


def test_frames_are_read_one_at_a_time_and_the_best_counts(photo):
    alive = []

    def frames():
        for shift in (5, 0, 3):
            alive.append(shift)
            yield np.roll(photo, shift, axis=1)[:, ::-1] if shift else photo

    assert kohler(photo, frames()).psnr == math.inf
    assert alive == [5, 0, 3]


def test_a_black_image_has_a_score(photo):
    found = score(np.zeros_like(photo), photo)
    assert math.isfinite(found.psnr)
    assert found.psnr == pytest.approx(20 * math.log10(255 / np.sqrt(((photo @ LUMA) ** 2).mean())))


def test_bad_images_say_what(photo):
    with pytest.raises(SettingError, match=r"at least 176x176, got uint8 \(20, 20, 3\)"):
        prepare(photo[:20, :20])
    with pytest.raises(SettingError, match=r"must be uint8 \(H, W, 3\), .* got float64"):
        prepare(photo / 255)
    with pytest.raises(SettingError, match="image and frame must have the same shape"):
        score(photo, photo[1:])
