"""A photo taken again by a shaken camera: light, noise and the card of kernels."""

import numpy as np
import pytest

from blurkit import (
    Camera,
    Degrade,
    Motion,
    SettingError,
    SynthSettings,
    Walk,
    dead_leaves,
    shake,
    shaken_trajectory,
    snapshot,
)
from blurkit.handheld.snapshot import with_kernels
from blurkit.images.sheets import COLOURS

STEPS = 32
MOTION = Motion(Walk(steps=STEPS, length=8.0), roll=1.0)
STILL = Motion(Walk(steps=STEPS, length=0.0), roll=0.0)


def photo(rows=40, columns=50):
    return dead_leaves(max(rows, columns), seed=2)[:rows, :columns]


def off(one, other):
    return np.abs(one.astype(float) - other.astype(float)).max()


def test_naive_is_the_shake_of_the_bytes():
    made, path = snapshot(photo(), MOTION, "naive", seed=5)
    assert off(made, shake(photo(), path)) <= 1


def test_clean_blurs_light():
    board = np.zeros((40, 40), np.uint8)
    board[::2] = 255
    long = Motion(Walk(steps=STEPS, length=(20, 20), inertia=1, jitter=0.3), roll=0.0)
    made = {name: snapshot(board, long, name, seed=1)[0] for name in ("naive", "clean")}
    assert made["naive"].mean() == pytest.approx(127.5, abs=4)
    assert made["clean"].mean() > 160  # half the light is byte 188


def test_a_still_camera_changes_nothing():
    assert (snapshot(photo(), STILL, seed=1)[0] == photo()).all()
    assert (snapshot(photo(), STILL, "naive", seed=1)[0] == photo()).all()


def test_without_roll_it_is_what_degrade_makes_of_it():
    # noise and exposure too: the same streams, read row by row
    walk = Walk(steps=STEPS, length=(2.0, 5.0))
    settings = SynthSettings(kernel=11, walk=walk, interpolation="linear", camera="realistic")
    for index in range(3):
        pair = Degrade(settings, border="reflect")(photo(), seed=4, index=index)
        motion = Motion(walk, roll=0.0)
        made, _ = snapshot(photo(), motion, "realistic", seed=4, index=index)
        assert off(made, pair.blurry) <= 2


def test_any_channels_any_camera_any_threads():
    for image in (photo()[..., 0], photo()[..., :1], photo()):
        camera = Camera(read=0.01, jpeg=80)
        one, path = snapshot(image, MOTION, camera, seed=1, threads=1)
        again, same = snapshot(image, MOTION, camera, seed=1, threads=3)
        assert one.shape == image.shape
        assert (one == again).all()
        assert (path == same).all()
    assert (snapshot(photo(), MOTION, seed=1)[0] != snapshot(photo(), MOTION, seed=2)[0]).any()


@pytest.mark.parametrize("shape", [(200, 300), (20, 30), (3, 2)])
def test_the_card_lies_in_the_corner_and_covers_nothing_else(shape):
    image = np.full((*shape, 3), 90, np.uint8)
    path = shaken_trajectory(MOTION, shape, seed=1)
    marked = with_kernels(image, path)
    assert marked.shape == image.shape
    assert (image == 90).all()
    changed = (marked != image).any(axis=2)
    assert changed.any()
    rows, columns = np.nonzero(changed)
    if min(shape) > 10:
        assert rows.min() > 0.5 * shape[0]
        assert columns.min() > 0.5 * shape[1]
        assert changed[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].all()


def test_the_card_shows_five_kernels():
    image = np.zeros((600, 600, 3), np.uint8)
    path = shaken_trajectory(MOTION, image.shape, seed=1)
    marked = with_kernels(image, path)
    rows, columns = np.nonzero((marked != 0).any(axis=2))
    card = marked[rows.min() + 2 : rows.max() - 1, columns.min() + 2 : columns.max() - 1]
    third = len(card) // 3
    night = [
        [(card[y : y + third, x : x + third] == COLOURS[0]).all() for x in (0, third, 2 * third)]
        for y in (0, third, 2 * third)
    ]
    assert night == [[False, True, False], [True, False, True], [False, True, False]]


def test_wrong_photos_are_refused():
    rule = r"photo must be \(H, W\) or \(H, W, C\) of uint8, got float32 of shape \(8, 8\)"
    with pytest.raises(SettingError, match=f"^{rule}$"):
        snapshot(np.zeros((8, 8), np.float32))
    with pytest.raises(SettingError, match="preset must be naive, clean, realistic, got 'raw'"):
        snapshot(photo(), camera="raw")
