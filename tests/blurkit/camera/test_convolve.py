"""Blur by both methods, against an independent convolution and in limit cases."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage, signal

from blurkit import SettingError, blur, random_walk_kernel

METHODS = pytest.mark.parametrize("method", ["taps", "fft"])
SIDES = st.integers(9, 24)


def picture(shape, dtype, seed=0):
    """Noise over the whole range of its dtype."""
    values = np.random.default_rng(seed).random(shape)
    kind = np.dtype(dtype)
    return (values * np.iinfo(kind).max).astype(kind) if kind.kind == "u" else values.astype(kind)


def reference(image, kernel):
    """Valid convolution of each channel by SciPy, in float64."""
    planes = image.astype(float).reshape(*image.shape[:2], -1)
    channels = [signal.convolve2d(plane, kernel, "valid") for plane in np.moveaxis(planes, 2, 0)]
    return np.stack(channels, axis=2).reshape(*channels[0].shape, *image.shape[2:])


@METHODS
@settings(max_examples=30, deadline=None)
@given(
    height=SIDES,
    width=SIDES,
    channels=st.sampled_from([(), (1,), (3,), (5,)]),
    dtype=st.sampled_from(["uint8", "uint16", "float32", "float64"]),
    kernel=hnp.arrays(
        np.float64,
        st.sampled_from([(1, 1), (3, 3), (9, 9)]),
        elements=st.floats(0, 1, width=32) | st.just(0.0),
    ),
)
def test_equals_an_independent_convolution(method, height, width, channels, dtype, kernel):
    kernel = kernel / max(kernel.sum(), 1)
    image = picture((height, width, *channels), dtype)
    blurred = blur(image, kernel, method=method)
    expected = reference(image, kernel)
    assert blurred.dtype == image.dtype
    assert blurred.shape == expected.shape
    # half a level from rounding, and a little of float32 on top
    allowed = {"uint8": 0.501, "uint16": 0.6, "float32": 2e-6, "float64": 1e-13}[dtype]
    assert np.abs(blurred - expected).max() <= allowed


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), dtype=st.sampled_from(["uint8", "uint16"]))
def test_both_methods_agree_within_one_grey_level(seed, dtype):
    image = picture((40, 50, 3), dtype, seed)
    kernel = random_walk_kernel(15, steps=40, length=12, seed=seed)
    taps, fft, auto = (
        blur(image, kernel, method=method).astype(int) for method in ("taps", "fft", "auto")
    )
    assert np.abs(taps - fft).max() <= 1
    assert (auto == taps).all()


@pytest.mark.compiled
def test_auto_agrees_on_a_dense_kernel_too():
    image = picture((200, 130, 3), "uint8")
    kernel = np.full((31, 31), 1 / 961)
    auto = blur(image, kernel).astype(int)
    assert (auto == blur(image, kernel, method="fft")).all()
    assert np.abs(auto - blur(image, kernel, method="taps")).max() <= 1


@pytest.mark.compiled
@pytest.mark.parametrize("shape", [(300, 601), (577, 290, 2), (260, 259, 5)])
@pytest.mark.parametrize("side", [3, 29, 101])
def test_tiles_meet_without_a_seam(shape, side):
    image, kernel = picture(shape, "float64"), picture((side, side), "float64", seed=1)
    fft, taps = (blur(image, kernel, method=method) for method in ("fft", "taps"))
    np.testing.assert_allclose(fft, taps, atol=1e-12 * kernel.sum())


@METHODS
@pytest.mark.parametrize("taps", range(27))
def test_any_number_of_taps(method, taps):
    image, kernel = picture((12, 40, 3), "float64"), np.zeros(49)
    kernel[np.random.default_rng(taps).choice(49, taps, replace=False)] = 1 + np.arange(taps)
    kernel = kernel.reshape(7, 7)
    np.testing.assert_allclose(
        blur(image, kernel, method=method), reference(image, kernel), atol=1e-12 * 27**2
    )


@pytest.mark.compiled
def test_strips_meet_without_a_seam():
    # taller than what is converted from integers at once
    image, kernel = picture((900, 300), "uint8"), random_walk_kernel(15, seed=6, length=12)
    assert np.abs(blur(image, kernel, method="taps") - reference(image, kernel)).max() < 0.51


@METHODS
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_a_delta_kernel_changes_nothing(method, dtype):
    image = picture((20, 30, 3), dtype)
    delta = np.zeros((7, 7))
    delta[3, 3] = 1
    assert np.allclose(blur(image, delta, method=method), image[3:-3, 3:-3], atol=1e-6)
    assert np.allclose(blur(image, delta, method=method, border="reflect"), image, atol=1e-6)


@METHODS
def test_a_shifted_delta_shifts_the_image_in_the_same_direction(method):
    # correlation instead of convolution would shift the other way, unseen on symmetric kernels
    image = picture((20, 30), "uint8")
    kernel = np.zeros((5, 5))
    kernel[2 + 1, 2 + 2] = 1  # down by 1, right by 2
    assert (blur(image, kernel, method=method) == image[1:-3, 0:-4]).all()


@METHODS
def test_a_uniform_image_keeps_its_value(method):
    kernel = random_walk_kernel(15, seed=1, steps=60)
    for value in (0, 1, 127, 255):
        image = np.full((30, 40, 3), value, np.uint8)
        assert (blur(image, kernel, method=method) == value).all()


@METHODS
def test_flipping_image_and_kernel_flips_the_result(method):
    image, kernel = picture((30, 40), "float64"), random_walk_kernel(15, seed=2, steps=60)
    flipped = blur(image[::-1, ::-1], kernel[::-1, ::-1], method=method)
    assert np.allclose(flipped[::-1, ::-1], blur(image, kernel, method=method), atol=1e-12)


@METHODS
def test_blur_is_linear(method):
    a, b = picture((2, 30, 40), "float64")
    kernel = random_walk_kernel(9, seed=3, steps=60)
    whole = blur(2 * a - 3 * b, kernel, method=method)
    parts = 2 * blur(a, kernel, method=method) - 3 * blur(b, kernel, method=method)
    assert np.allclose(whole, parts, atol=1e-12)


@METHODS
@pytest.mark.parametrize("shape", [(20, 30), (4, 5), (1, 3), (1, 1)])
def test_reflection_mirrors_without_repeating_the_border(method, shape):
    image, kernel = picture(shape, "float64"), random_walk_kernel(9, seed=4, steps=60)
    blurred = blur(image, kernel, border="reflect", method=method)
    expected = ndimage.convolve(image, kernel.astype(float), mode="mirror")
    assert np.allclose(blurred, expected, atol=1e-12)


def test_halves_are_rounded_up():
    image = np.array([[0, 1, 2, 254, 255]], np.uint8)
    assert blur(image, np.array([[0.5]]), method="taps").tolist() == [[0, 1, 1, 127, 128]]


@METHODS
def test_integers_are_clipped_not_wrapped(method):
    image = np.array([[0, 1, 2, 254, 255]], np.uint8)
    assert blur(image, np.array([[2.0]]), method=method).tolist() == [[0, 2, 4, 255, 255]]
    assert blur(image, np.array([[-1.0]]), method=method).tolist() == [[0, 0, 0, 0, 0]]


@METHODS
def test_a_kernel_of_zeros_gives_black(method):
    assert not blur(picture((9, 9), "uint8"), np.zeros((3, 3)), method=method).any()


@METHODS
def test_views_and_wide_images(method):
    # wider than the block that is worked on at once, and neither contiguous nor writable
    image = np.broadcast_to(picture((12, 1, 3), "uint8"), (12, 700, 3))[::-1, ::-1]
    kernel = random_walk_kernel(5, seed=5, steps=60, length=3)
    expected = reference(image, kernel)
    assert np.abs(blur(image, kernel, method=method) - expected).max() < 0.51


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"border": "wrap"}, 'border must be "valid" or "reflect", got "wrap"'),
        ({"method": "gpu"}, 'method must be "auto", "taps" or "fft", got "gpu"'),
        ({"kernel": np.ones((4, 4))}, "kernel must be square with an odd side, got shape (4, 4)"),
        ({"kernel": np.ones((3, 5))}, "kernel must be square with an odd side, got shape (3, 5)"),
        ({"kernel": np.full((3, 3), np.nan)}, "kernel must be finite, got nan or inf"),
        ({"image": np.ones(5)}, "image must be (H, W) or (H, W, C), got shape (5,)"),
        ({"image": np.ones((0, 5))}, "image must be (H, W) or (H, W, C), got shape (0, 5)"),
        (
            {"image": np.ones((9, 9), int)},
            "image must be uint8, uint16, float32 or float64, got int64",
        ),
        (
            {"image": np.ones((20, 2)), "kernel": np.ones((3, 3))},
            "image must be at least as large as the kernel (3x3) with border valid, got 20x2",
        ),
    ],
)
def test_a_bad_argument_names_rule_and_value(arguments, message):
    good = {"image": np.ones((9, 9)), "kernel": np.ones((3, 3))}
    with pytest.raises(SettingError, match=f"^{re.escape(message)}$"):
        blur(**{**good, **arguments})
