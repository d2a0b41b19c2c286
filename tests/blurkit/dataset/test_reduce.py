"""Datasets of reduced photos, and datasets made before photos could be reduced."""

import json

import numpy as np
import pytest

from blurkit import Degrade, SynthSettings, Walk, synth, verify
from blurkit.dataset.describe import describe
from blurkit.dataset.samples import sample, scan_photos
from blurkit.errors import FileError, SettingError
from blurkit.images.files import read_image, write_image
from blurkit.store import PairFile, part_path


@pytest.fixture
def photos(tmp_path):
    """A folder of three photos of noise that may be reduced to a third."""
    (tmp_path / "photos").mkdir()
    for k in range(3):
        photo = np.random.default_rng(k).integers(0, 256, (70, 80, 3), dtype=np.uint8)
        write_image(tmp_path / "photos" / f"{k}.png", photo)
    return tmp_path / "photos"


def small(photos, **changed):
    walk = Walk(steps=32, length=(2.0, 5.0))
    settings = {"n": 12, "patch": 16, "kernel": 7, "walk": walk, "seed": 5, "images": str(photos)}
    return SynthSettings(**settings | {"camera": "naive"} | changed)


def make(path, settings, **how):
    return PairFile(synth(path, settings, progress=False, **how))


def test_reduce_1_is_the_file_without_it(photos, tmp_path):
    one = make(tmp_path / "a.h5", small(photos))
    other = make(tmp_path / "b.h5", small(photos, reduce=(1, 1)))
    assert one.path.read_bytes() == other.path.read_bytes()
    assert "reduce" not in one.settings
    assert "reduce" not in one.params.dtype.names
    assert SynthSettings.from_stored(one.settings, str(photos)).reduce == (1.0, 1.0)


@pytest.mark.parametrize("camera", ["naive", "realistic"])
def test_rows_are_samples_and_bytes_do_not_depend_on_threads(photos, tmp_path, camera):
    settings = small(photos, reduce=(1, 3), camera=camera)
    pairs = make(tmp_path / "a.h5", settings, threads=1)
    other = make(tmp_path / "b.h5", settings, threads=3)
    assert pairs.path.read_bytes() == other.path.read_bytes()
    again = sample(settings, 7, scan_photos(settings))
    for name, value in again.items():
        np.testing.assert_array_equal(getattr(pairs, name)[7], value)


def test_factors_are_kept_and_the_sharp_patch_is_the_reduced_photo(photos, tmp_path):
    pairs = make(tmp_path / "a.h5", small(photos, reduce=2))
    assert pairs.params.dtype.names[-1] == "reduce"
    assert (pairs.params["reduce"] == 2).all()
    for row in range(len(pairs)):
        name, place = pairs.source[row].decode().rsplit("@", 1)
        y, x = map(int, place.split(","))
        square = read_image(photos / name)[y : y + 32, x : x + 32]
        sums = square.reshape(16, 2, 16, 2, 3).sum((1, 3), dtype=int)
        np.testing.assert_array_equal(pairs.sharp[row], (sums + 2) // 4)
    drawn = make(tmp_path / "b.h5", small(photos, reduce=(1, 3))).params["reduce"]
    assert len(set(drawn.tolist())) == len(drawn)
    assert drawn.min() >= 1
    assert drawn.max() <= 3


def test_the_settings_come_back_from_the_file(photos, tmp_path):
    settings = small(photos, reduce=(1, 2.5))
    stored = make(tmp_path / "a.h5", settings).settings
    assert stored["reduce"] == [1.0, 2.5]
    assert SynthSettings.from_stored(stored, str(photos)) == settings
    assert SynthSettings.from_stored(stored).images == stored["images"]
    for strange in ([1, 1], 2.5, "2", [3, 1], None):
        with pytest.raises(SettingError):
            SynthSettings.from_stored(stored | {"reduce": strange}, str(photos))
    assert describe(tmp_path / "a.h5")["  reduce"] == "[1.0, 2.5]"


def test_verify_makes_reduced_samples_again(photos, tmp_path):
    path = make(tmp_path / "a.h5", small(photos, reduce=(1, 2), n=30)).path
    verdict = verify(path, deep=30, images=str(photos), progress=False)
    assert verdict.sound
    assert len(verdict.again) == 30
    with pytest.raises(SettingError, match="images must be given"):
        verify(path, deep=1, progress=False)


def test_an_unfinished_file_from_before_resumes_or_is_refused(photos, tmp_path):
    whole = make(tmp_path / "whole.h5", small(photos))
    part = part_path(tmp_path / "a.h5")
    part.write_bytes(whole.path.read_bytes())  # as 0.2 left it after its last row
    assert b'"reduce"' not in part.read_bytes()
    with pytest.raises(FileError) as caught:
        make(tmp_path / "a.h5", small(photos, reduce=2))
    assert str(caught.value).endswith(
        "was made with other settings (reduce: not set in the file, [2.0, 2.0] now); "
        "use --overwrite to start again"
    )
    assert make(tmp_path / "a.h5", small(photos)).path.read_bytes() == whole.path.read_bytes()
    with pytest.raises(FileError, match=r"\(reduce: not set in the file, \[2.0, 2.0\] now\)"):
        make(tmp_path / "whole.h5", small(photos, reduce=2))


def test_degrade_takes_the_scene_as_it_is(photos):
    settings = small(photos, reduce=(1, 3))
    scene = np.empty((settings.side, settings.side, 3), np.uint8)
    chosen = scan_photos(settings)
    chosen.cut(scene, 4)
    pair, row = Degrade(settings)(scene, seed=5, index=4), sample(settings, 4, chosen)
    np.testing.assert_array_equal(pair.blurry, row["blurry"])
    np.testing.assert_array_equal(pair.sharp, row["sharp"])
    assert "reduce" not in pair.params


@pytest.mark.parametrize(
    ("reduce", "message"),
    [
        (0.5, "reduce must be one number or a pair (lowest, highest) in 1 .. 16, got 0.5"),
        ((2, 1), "reduce must be one number or a pair (lowest, highest) in 1 .. 16, got (2, 1)"),
        (17, "reduce must be one number or a pair (lowest, highest) in 1 .. 16, got 17"),
        (float("nan"), "reduce must be one number or a pair (lowest, highest) in 1 .. 16, got nan"),
    ],
)
def test_factors_that_break_a_rule(reduce, message):
    with pytest.raises(SettingError) as caught:
        small("photos", reduce=reduce)
    assert str(caught.value) == message


def test_generated_scenes_are_not_reduced():
    with pytest.raises(SettingError, match="reduce must be 1 without images, got 2"):
        SynthSettings(reduce=2)
    stored = json.loads(json.dumps(small("photos", reduce=2).stored(None)))
    with pytest.raises(SettingError, match="reduce must be 1 without images"):
        SynthSettings.from_stored(stored)
