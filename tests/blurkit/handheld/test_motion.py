"""The path of a camera that shifts and rolls, and its settings."""

import numpy as np
import pytest
from shaking import LENGTH, STEADY, STEPS, WALK, path

from blurkit import Motion, SettingError, Walk, random_walk_trajectory


def test_its_shift_is_the_random_walk_and_its_roll_is_as_wide_as_its_setting():
    for index in range(4):
        made = path(Motion(WALK, roll=(0.2, 0.9)), index=index)
        walk = random_walk_trajectory(length=LENGTH, steps=STEPS, seed=3, index=index)
        assert (made[:, :2] == walk).all()
        assert 0.2 <= np.ptp(made[:, 2]) <= 0.9
        assert abs(np.trapezoid(made[:, 2])) < 1e-9
        assert (made == path(Motion(WALK, roll=(0.2, 0.9)), index=index)).all()


@pytest.mark.compiled
def test_rolls_are_their_own():
    made = np.array([path(Motion(WALK, roll=1.0), index=i) for i in range(200)])
    rolls, walks = made[..., 2], made[..., 0]
    assert 60 < (rolls[:, -1] > rolls[:, 0]).sum() < 140
    correlation = [np.corrcoef(a, b)[0, 1] for a, b in zip(rolls, walks, strict=True)]
    assert abs(np.mean(correlation)) < 0.2


def test_a_steady_roll_is_a_straight_line():
    roll = path(Motion(STEADY, roll=2.0))[:, 2]
    assert np.abs(roll) == pytest.approx(np.abs(np.linspace(-1, 1, STEPS)), abs=1e-12)


def test_jerks_turn_the_roll_back():
    calm = Walk(length=0.0, inertia=1.0, jitter=0.0, jerks=5.0, steps=200)
    turns = [np.diff(np.sign(np.diff(path(Motion(calm, roll=1.0), index=i)[:, 2]))) for i in (0, 1)]
    assert 0 < np.count_nonzero(turns) < 30


def test_degrees_become_pixels():
    # 0.5 degrees at 50 mm on a sensor of 5 um: 10,000 px * 0.5 * pi / 180
    motion = Motion(Walk(inertia=1, jitter=0, jerks=0), roll=0, angle=0.5, focal=50, pitch=5)
    ends = path(motion)[[0, -1], :2]
    assert np.hypot(*(ends[1] - ends[0])) == pytest.approx(10_000 * np.radians(0.5))
    assert motion.focal_px((10, 10)) == 10_000
    # the same lens on full frame, its picture 6000 px wide
    assert Motion(focal=50).focal_px((4000, 6000, 3)) == pytest.approx(50 / 36 * 6000, rel=1e-4)
    assert Motion().focal_px((4000, 6000)) is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"roll": -1}, r"roll must be one number .* in 0 .. 30, got -1"),
        ({"focal": 0}, "focal must be > 0 mm, got 0"),
        ({"focal": 50, "pitch": float("nan")}, "pitch must be > 0 um, got nan"),
        ({"angle": 1}, "angle needs the focal length"),
        ({"pitch": 4}, "pitch needs the focal length"),
        ({"focal": 50, "angle": 100}, r"angle must be one number .* in 0 .. 90, got 100"),
    ],
)
def test_wrong_motions_are_refused(wrong, message):
    with pytest.raises(SettingError, match=f"^{message}$"):
        Motion(**wrong)
