"""Spatially varying shake: closed forms, the reference, symmetries."""

import numpy as np
import pytest
from shaking import INTERPRETED, LENGTH, SIDE, STEADY, STEPS, WALK, off, path, scene

from blurkit import (
    Motion,
    SettingError,
    Walk,
    blur,
    kernel_at,
    random_walk_kernel,
    rasterise,
    shake,
)
from blurkit._loops.shake import mirror


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_no_motion_changes_nothing(dtype):
    image = scene().astype(dtype)
    still = shake(image, np.zeros((5, 3)))
    assert still.dtype == image.dtype
    assert off(still, image) < 1e-4
    assert (shake(image[..., 0], np.zeros((1, 3))) == still[..., 0]).all()


@pytest.mark.parametrize("method", ["tiles", "exact"])
def test_without_roll_it_is_the_uniform_blur_of_the_same_index(method):
    image = scene(SIDE // 2, SIDE // 2 + 3) if method == "exact" else scene()
    for index in range(2):
        made = path(Motion(WALK, roll=0), index=index)
        kernel = random_walk_kernel(
            59 if not INTERPRETED else 11,
            length=LENGTH,
            steps=STEPS,
            interpolation="linear",
            seed=3,
            index=index,
        )
        expected = blur(np.pad(image, ((40, 40), (40, 40), (0, 0)), mode="reflect"), kernel)
        margin = 40 - len(kernel) // 2
        expected = expected[margin : margin + len(image), margin:][:, : image.shape[1]]
        assert off(shake(image, made, method=method), expected) <= 1


@pytest.mark.parametrize(
    ("roll", "focal", "most", "rms"),
    [(0.5, None, 2, 0.15), (1.0, None, 2, 0.15), (3.0, None, 2, 0.15), (0.5, 70.0, 2, 0.15)],
)
def test_tiles_are_the_dense_warp_nearly(roll, focal, most, rms):
    image = scene().astype(np.float32)
    motion = Motion(WALK, roll=roll, focal=focal)
    made, length = path(motion, image), motion.focal_px(image.shape)
    exact = shake(image, made, focal=length, method="exact")
    error = shake(image, made, focal=length) - exact
    assert np.abs(error).max() < most
    assert np.sqrt((error**2).mean()) < rms
    assert off(exact, image) > 20


@pytest.mark.compiled
def test_the_dense_warp_is_that_of_opencv():
    import cv2

    image, made = scene(90, 131).astype(np.float32), path(Motion(roll=2.0))
    total, pad = np.zeros(image.shape), 60
    padded = np.pad(image, ((pad, pad), (pad, pad), (0, 0)), mode="reflect")
    samples = 0.5 * (made[1:] + made[:-1])
    middle = np.array([65.0, 44.5])
    for x, y, degrees in samples:
        angle = np.radians(degrees)
        back = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        shift = middle - back @ middle - (x, y) + pad
        inverse = np.column_stack([back, shift])
        rows, columns = np.mgrid[:90, :131]
        at = inverse @ np.stack([columns.ravel(), rows.ravel(), np.ones(rows.size)])
        x_map, y_map = at.reshape(2, 90, 131).astype(np.float32)
        total += cv2.remap(padded, x_map, y_map, cv2.INTER_LINEAR)
    # cv2.remap rounds its places to 1/32 px
    assert off(shake(image, made, method="exact"), total / len(samples)) < 1.5


def test_a_pure_roll_blurs_along_circles_and_leaves_the_middle():
    shape = (2001, 3001)
    made = path(Motion(STEADY, roll=1.0))
    assert kernel_at(made, 1000, 1500, shape) == pytest.approx(np.ones((1, 1)), abs=1e-6)
    for y, x in ((0, 0), (1000, 3000), (2000, 1500), (300, 700)):
        kernel = kernel_at(made, y, x, shape).astype(float)
        down, right = y - 1000, x - 1500
        radius = np.hypot(down, right)
        rows, columns = np.mgrid[: len(kernel), : len(kernel)] - len(kernel) // 2
        along = (columns * -down + rows * right) / radius  # across the ray from the middle
        outward = (columns * right + rows * down) / radius
        arc = radius * np.radians(1.0)
        held = kernel > 0
        assert np.ptp(along[held]) == pytest.approx(arc, abs=2.9)
        assert np.sqrt((kernel * along**2).sum()) == pytest.approx(arc / 12**0.5, abs=0.1)
        assert np.sqrt((kernel * outward**2).sum()) < 0.6


@pytest.mark.compiled
def test_a_pure_roll_keeps_a_disc_in_the_middle_and_smears_a_dot_at_the_corner():
    image = np.zeros((201, 201), np.float32)
    rows, columns = np.mgrid[:201, :201] - 100
    image[np.hypot(rows, columns) < 30] = 1
    image[20, 20] = 1
    made = shake(image, path(Motion(STEADY, roll=4.0), image))
    assert off(made[60:141, 60:141], image[60:141, 60:141]) < 0.6  # its stairs are smoothed
    assert off(made[80:121, 80:121], image[80:121, 80:121]) < 1e-5
    dot = made[:50, :50]
    assert dot.sum() == pytest.approx(1, abs=0.02)
    assert dot.max() < 0.3


def test_a_photo_mirrored_is_shaken_by_the_motion_mirrored():
    image, made = scene(), path(Motion(WALK, roll=2.0))
    across = shake(image, made)[:, ::-1]
    assert off(shake(image[:, ::-1], made * [-1, 1, -1]), across) <= 1
    down = shake(image, made)[::-1]
    assert off(shake(image[::-1], made * [1, -1, -1]), down) <= 1


def test_brightness_is_kept():
    flat = np.full((SIDE, SIDE, 3), 201, np.uint8)
    assert (shake(flat, path(Motion(WALK, roll=5.0))) == 201).all()
    single = np.zeros((2 * SIDE + 1, 2 * SIDE + 1))
    single[SIDE, SIDE] = 1
    made = shake(single, path(Motion(Walk(length=5.0, steps=STEPS), roll=1.0)))
    assert made.sum() == pytest.approx(1, abs=1e-3)


def test_a_point_becomes_the_local_kernel():
    image, made = np.zeros((SIDE, SIDE), np.float32), path(Motion(Walk(length=6.0), roll=1.0))
    y, x = SIDE // 3, SIDE // 2
    image[y, x] = 1
    blurred, kernel = shake(image, made), kernel_at(made, y, x, image.shape)
    half = len(kernel) // 2
    assert (
        off(blurred[y - half : y + half + 1, x - half : x + half + 1], kernel) < 0.1 * kernel.max()
    )


def test_without_roll_the_local_kernel_is_the_rasterised_one_everywhere():
    made = path(Motion(WALK, roll=0))
    for y, x in ((0, 0), (70, 10)):
        kernel = kernel_at(made, y, x, (100, 80))
        assert off(kernel, rasterise(made[:, :2], len(kernel), "linear")) < 1e-6


def test_perspective_moves_the_border_more_than_the_middle():
    line = np.column_stack([np.linspace(-10, 10, 9), np.zeros(9), np.zeros(9)])
    shape, focal = (1001, 2001), 1000.0
    middle = kernel_at(line, 500, 1000, shape, focal=focal)
    border = kernel_at(line, 500, 2000, shape, focal=focal)
    assert len(middle) == len(kernel_at(line, 500, 2000, shape)) == 21
    # d(f tan a) / da = f (1 + tan^2 a): twice as much at 45 degrees
    assert np.count_nonzero(border.sum(axis=0) > 1e-6) == pytest.approx(41, abs=1)


@pytest.mark.compiled
def test_threads_do_not_matter():
    image, made = scene(), path(Motion(roll=2.0))
    one = shake(image, made, threads=1)
    assert (shake(image, made, threads=4) == one).all()
    assert (shake(image, made) == one).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (3, 2, 4), (70, 5, 1)])
def test_any_size_works(shape):
    image = np.full(shape, 77, np.uint8)
    assert (shake(image, path(Motion(WALK, roll=3.0))) == image).all()


def test_borders_are_numpys_reflection():
    for size in (1, 2, 5):
        wide = np.pad(np.arange(size), 13, mode="reflect")
        assert [mirror(i, size) for i in range(-13, size + 13)] == wide.tolist()


def test_a_slow_path_in_many_steps_is_the_same_path_in_few():
    few = np.array([[-6.0, 2.0, -1.0], [5.0, -3.0, 0.5], [0.0, 4.0, 1.0]])
    at = np.linspace(0, 2, 401 if INTERPRETED else 20_001)
    many = np.column_stack([np.interp(at, [0, 1, 2], column) for column in few.T])
    assert off(shake(scene(), few), shake(scene(), many)) <= 2


@pytest.mark.parametrize(
    ("image", "made", "how", "message"),
    [
        (np.zeros(5, np.uint8), None, {}, r"image must be .*, got uint8 of shape \(5,\)"),
        (np.zeros((5, 5), int), None, {}, r"image must be .*, got int64 of shape \(5, 5\)"),
        (None, np.zeros(3), {}, r"trajectory must be a .*, n >= 1, got shape \(3,\)"),
        (None, np.zeros((0, 3)), {}, r"trajectory must be .*, got shape \(0, 3\)"),
        (None, np.full((2, 3), np.nan), {}, r"trajectory must be .*, got nan or inf"),
        (None, [[0, 0, 0], [1234.5, 0, 0]], {}, "trajectory must move .* 1000 px, got 1234.5"),
        (None, [[900, 0, 0]], {"focal": 1.0}, "trajectory must move .* 1000 px, got inf"),
        (None, None, {"focal": 0}, "focal must be > 0 px, got 0"),
        (None, None, {"method": "fast"}, 'method must be "tiles" or "exact", got "fast"'),
        (None, None, {"threads": 0}, "threads must be >= 1, got 0"),
    ],
)
def test_wrong_input_is_refused(image, made, how, message):
    image = np.zeros((9, 9), np.uint8) if image is None else image
    with pytest.raises(SettingError, match=f"^{message}$"):
        shake(image, np.zeros((2, 3)) if made is None else made, **how)
