"""The camera: exact curves, highlights that survive the blur, the set noise, equal exposure."""

import numpy as np
import pytest
from scipy import stats

from blurkit import SettingError, dead_leaves, random_walk_kernel
from blurkit._loops import camera as loops
from blurkit._loops import curves
from blurkit.camera.camera import NUMBERS, PRESETS, RESPONSES, Camera, tables
from blurkit.camera.degrade import degrade_patch

DELTA = np.zeros((5, 5), np.float32)
DELTA[2, 2] = 1


def pair(scene, kernel, camera, index=0):
    """(blurry, sharp, drawn) as integers and a dict."""
    side = len(scene) - len(kernel) + 1
    blurry, sharp = np.zeros((2, side, side, scene.shape[2]), np.uint8)
    drawn = degrade_patch(blurry, sharp, scene, kernel, camera, seed=3, index=index)
    return blurry.astype(int), sharp.astype(int), dict(zip(NUMBERS, drawn.tolist(), strict=True))


def flat(value, side=68):
    return np.full((side, side, 3), value, np.uint8)


def test_curves_are_those_of_the_standard():
    value = np.arange(256) / 255
    srgb = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    for response, expected in zip(RESPONSES, (srgb, value**2.2, value), strict=True):
        assert np.abs(tables(response)[0] - expected).max() < 1e-14
        for v, light in zip(value[::15], expected[::15], strict=True):
            back = curves.to_value(light, RESPONSES.index(response))
            assert back == pytest.approx(v, abs=1e-12)


@pytest.mark.parametrize("response", ["srgb", "none"])
def test_every_byte_survives_light_and_back(response):
    light, encoded = tables(response)
    assert (encoded[np.rint(light * (len(encoded) - 1)).astype(int)] == np.arange(256)).all()


def test_blur_is_a_mean_of_light_not_of_bytes():
    scene = np.zeros((20, 20, 3), np.uint8)
    scene[:, 10:] = 255
    kernel = np.zeros((3, 3), np.float32)
    kernel[1, 0] = kernel[1, 2] = 0.5
    assert set(np.unique(pair(scene, kernel, PRESETS["naive"])[0])) == {0, 128, 255}
    assert set(np.unique(pair(scene, kernel, PRESETS["clean"])[0])) == {0, 188, 255}


def test_without_blur_both_images_are_equal():
    scene = dead_leaves(40, seed=1)
    camera = Camera(gain=(0.5, 2), highlight=(1, 5))
    for index in range(5):
        blurry, sharp, drawn = pair(scene, DELTA, camera, index)
        assert (blurry == sharp).all()
        light = tables("srgb")[0][scene[2:-2, 2:-2]] * drawn["gain"]
        dull = light < 0.9 * drawn["gain"]
        value = 255 * np.vectorize(lambda x: curves.to_value(min(x, 1.0), 0))(light)
        assert np.abs(sharp - value)[dull].max() < 0.7
        assert (sharp >= np.floor(value)).all()


def test_highlights_leave_brighter_traces_than_clipped_white():
    scene = flat(20)
    scene[30:33, 30:33] = 255
    kernel = random_walk_kernel(21, length=30, seed=1)
    traces = [
        pair(scene, kernel, Camera(highlight=by))[0].sum(dtype=int) for by in (1.0, 3.0, 10.0)
    ]
    assert traces == sorted(traces)
    assert traces[1] > 1.02 * traces[0]
    assert pair(scene, kernel, Camera(highlight=3.0))[1].max() == 255


def test_gain_darkens_and_brightens_both_pictures():
    for gain in (0.5, 1.5):
        blurry, sharp, _ = pair(flat(100), DELTA, Camera(gain=gain))
        expected = 255 * curves.to_value(gain * tables("srgb")[0][100], 0)
        assert abs(sharp - expected).max() < 0.7
        assert (blurry == sharp).all()


@pytest.mark.compiled
@pytest.mark.parametrize(("shot", "read"), [(0.001, 0.0), (0.0, 0.02), (0.002, 0.01)])
@pytest.mark.parametrize("value", [60, 150])
def test_noise_has_its_mean_and_variance(shot, read, value):
    camera = Camera(response="none", shot=shot, read=read)
    blurry, sharp, _ = pair(flat(value, 204), DELTA, camera)
    assert (sharp == value).all()
    expected = shot * value / 255 + read**2 + 1 / 12 / 255**2  # and that of rounding
    n = blurry.size
    assert blurry.mean() == pytest.approx(value, abs=5 * 255 * (expected / n) ** 0.5)
    assert (blurry / 255).var() == pytest.approx(expected, rel=5 * (2 / n) ** 0.5)


@pytest.mark.compiled
def test_noise_is_normal_enough_and_independent():
    blurry, _, _ = pair(flat(128, 204), DELTA, Camera(response="none", read=0.05))
    noise = (blurry - 128) / (255 * 0.05)
    assert abs(stats.skew(noise, axis=None)) < 0.05
    assert abs(stats.kurtosis(noise, axis=None)) < 0.4  # four uniform numbers summed: -0.3
    for shift in ((0, 1, 0), (1, 0, 0), (0, 0, 1)):
        other = np.roll(noise, shift, (0, 1, 2))
        assert abs((noise * other).mean()) < 5 / noise.size**0.5


def test_saturated_pixels_are_clean():
    noisy = Camera(shot=0.01, read=0.05)
    assert (pair(flat(255), DELTA, noisy)[0] == 255).all()
    assert (pair(flat(250), DELTA, noisy)[0] != 250).any()


def test_each_sample_draws_its_own_numbers_within_the_ranges():
    camera = PRESETS["realistic"]
    drawn = np.array([camera.draw(seed=2, index=i) for i in range(2000)])
    for name, column in zip(NUMBERS, drawn.T, strict=True):
        low, high = getattr(camera, name) or (0, 0)
        assert (low <= column).all()
        assert (column <= high * (1 + 1e-12)).all()  # a square root squared
        if high > low:
            at = (column - low) / (high - low)
            if name in ("shot", "read"):
                at = np.sqrt(at)
            assert stats.kstest(at, "uniform").pvalue > 1e-3
    assert (camera.draw(seed=2, index=7) == drawn[7]).all()


def test_jpeg_degrades_only_the_blurry_image_and_more_at_low_quality():
    scene, kernel = dead_leaves(72, seed=2), random_walk_kernel(9, seed=2)
    clean, sharp, drawn = pair(scene, kernel, Camera())
    assert drawn["jpeg"] == 0
    errors = []
    for quality in (95, 50, 10):
        blurry, same, drawn = pair(scene, kernel, Camera(jpeg=quality))
        assert drawn["jpeg"] == quality
        assert (same == sharp).all()
        errors.append(((blurry - clean) ** 2).mean())
    assert 0 < errors[0] < errors[1] < errors[2]


def test_odd_widths_and_grey_images_are_noisy_to_the_last_pixel():
    blurry, _, _ = pair(flat(128, 21)[..., :1].copy(), DELTA, Camera(read=0.09))
    assert blurry.shape == (17, 17, 1)
    assert (blurry != 128).mean() > 0.9
    noise = np.zeros(18, np.float32)
    loops.fill_noise(noise, np.uint64(1), np.uint64(0))
    assert len(set(noise.tolist())) > 14


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"response": "log"}, "response must be srgb, gamma or none, got 'log'"),
        ({"gain": 0}, r"gain must be one number or a pair \(lowest, highest\) in 0.1 .. 10, got 0"),
        ({"highlight": (2, 1)}, r"highlight must be one number .* in 1 .. 100, got \(2, 1\)"),
        ({"shot": float("nan")}, "shot must be one number .* in 0 .. 0.1, got nan"),
        ({"jpeg": 0}, "jpeg must be one number .* in 1 .. 100, got 0"),
    ],
)
def test_wrong_settings_are_refused(wrong, message):
    with pytest.raises(SettingError, match=f"^{message}$"):
        Camera(**wrong)
