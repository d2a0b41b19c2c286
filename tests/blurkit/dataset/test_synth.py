"""Synthesis: the same bytes from any number of threads, blocks, kills and resumes."""

import hashlib
import importlib
import os
from pathlib import Path

import numpy as np
import pytest

from blurkit.camera.camera import NUMBERS, Camera
from blurkit.dataset.samples import sample, scan_photos
from blurkit.dataset.settings import SynthSettings
from blurkit.dataset.synth import synth
from blurkit.errors import FileError, SettingError
from blurkit.images.files import read_image, write_image
from blurkit.kernel.walk import Walk
from blurkit.store import PairFile, read_layout

SMALL = SynthSettings(n=12, patch=16, kernel=7, walk=Walk(steps=32, length=(2.0, 5.0)), seed=5)
module = importlib.import_module("blurkit.dataset.shard")


def digest(path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def small(**changed) -> SynthSettings:
    return SynthSettings(**{**SMALL.__dict__, **changed})


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return synth(tmp_path_factory.mktemp("synth") / "a.h5", SMALL, progress=False)


# laws


@pytest.mark.parametrize(("threads", "block"), [(1, 64), (2, 5), (3, 1)])
def test_bytes_do_not_depend_on_threads_or_blocks(finished, tmp_path, monkeypatch, threads, block):
    monkeypatch.setattr(module, "BLOCK", block)
    path = synth(tmp_path / "b.h5", SMALL, threads=threads, progress=False)
    assert digest(path) == digest(finished)


def test_bytes_do_not_depend_on_threads_or_blocks_with_photos(photos, tmp_path, monkeypatch):
    settings = small(images=str(photos), n=40)
    first = synth(tmp_path / "a.h5", settings, threads=1, progress=False)
    monkeypatch.setattr(module, "BLOCK", 3)
    second = synth(tmp_path / "b.h5", settings, threads=3, progress=False)
    assert digest(first) == digest(second)


@pytest.mark.parametrize("source", [None, "photos"])
def test_every_row_is_its_sample(photos, tmp_path, source):
    settings = small(images=source and str(photos), start=3)
    pairs = PairFile(synth(tmp_path / "a.h5", settings, progress=False))
    scenes = scan_photos(settings)
    for row in (11, 0, 5):
        for name, value in sample(settings, settings.start + row, scenes).items():
            np.testing.assert_array_equal(getattr(pairs, name)[row], value)


def test_a_sample_is_the_same_in_any_file_that_holds_it(finished, tmp_path):
    later = PairFile(synth(tmp_path / "b.h5", small(start=7, n=4), progress=False))
    np.testing.assert_array_equal(later.blurry, PairFile(finished).blurry[7:11])
    other = PairFile(synth(tmp_path / "c.h5", small(seed=6), progress=False))
    assert not np.array_equal(other.blurry[0], PairFile(finished).blurry[0])


def test_blurry_is_the_sharp_scene_under_the_stored_kernel(photos, tmp_path):
    # an independent convolution of the photo itself; a shifted or flipped kernel would show
    from scipy.signal import convolve2d

    pairs = PairFile(synth(tmp_path / "a.h5", small(images=str(photos)), progress=False))
    for row in range(len(pairs)):
        name, place = pairs.source[row].decode().rsplit("@", 1)
        y, x = map(int, place.split(","))
        photo = read_image(photos / name).astype(float)
        np.testing.assert_array_equal(pairs.sharp[row], photo[y : y + 16, x : x + 16])
        scene = photo[y - 3 : y + 19, x - 3 : x + 19]
        for channel in range(3):
            expected = convolve2d(scene[..., channel], pairs.kernel[row], mode="valid")
            assert np.abs(expected - pairs.blurry[row, ..., channel]).max() <= 0.51


def test_what_was_drawn_is_kept_within_its_ranges(finished):
    params = PairFile(finished).params
    assert params.dtype.names == ("length", "jitter", "jerks", "shrink", *NUMBERS)
    assert (params["length"] >= 2).all()
    assert (params["length"] <= 5).all()
    assert len(set(params["length"].tolist())) == len(params)


def test_the_file_keeps_settings_but_neither_threads_nor_paths(photos, tmp_path):
    path = synth(tmp_path / "a.h5", small(images=str(photos)), threads=2, progress=False)
    kept = PairFile(path).settings
    assert kept.pop("images").startswith("3 photos, SHA-256 ")
    parts = (SynthSettings, Walk, Camera)
    names = {name for part in parts for name in part.__dataclass_fields__}
    assert set(kept) == names - {"walk", "mix", "camera", "images", "reduce"}
    assert str(tmp_path).encode() not in path.read_bytes()


def test_one_row_more_than_a_block_and_one_row_alone(tmp_path):
    for n in (1, 65):
        pairs = PairFile(synth(tmp_path / f"{n}.h5", small(n=n), progress=False))
        assert list(pairs.verify()) == []
        assert len(pairs) == n


# stopping and going on


def sealed(part: Path) -> int:
    try:
        return int(np.count_nonzero(read_layout(part).map()["crc"]))
    except FileError:
        return 0


def test_a_failing_thread_stops_the_run_and_keeps_what_is_done(photos, tmp_path, monkeypatch):
    settings, real = small(images=str(photos), n=48), module.fill_rows
    monkeypatch.setattr(module, "BLOCK", 16)

    def fail_later(rows, settings, photos, first):
        if first >= 16:
            raise FileError("2.png: gone")
        real(rows, settings, photos, first)

    monkeypatch.setattr(module, "fill_rows", fail_later)
    with pytest.raises(FileError, match="gone"):
        synth(tmp_path / "a.h5", settings, threads=1, progress=False)
    assert sealed(tmp_path / "a.h5.part") == 16
    monkeypatch.setattr(module, "fill_rows", real)
    again = synth(tmp_path / "a.h5", settings, threads=1, progress=False)
    assert digest(again) == digest(synth(tmp_path / "b.h5", settings, progress=False))


def test_the_same_call_again_does_nothing_and_says_so(finished, caplog):
    caplog.set_level("INFO")
    before = os.stat(finished).st_mtime_ns
    assert synth(finished, SMALL, progress=False) == finished
    assert os.stat(finished).st_mtime_ns == before
    assert caplog.messages == [f"{finished} is already complete with these settings"]


@pytest.mark.parametrize("step", ["scan_photos", "sample", "fill_rows"])
def test_ctrl_c_says_what_is_kept_whenever_it_comes(photos, tmp_path, monkeypatch, caplog, step):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    settings, out = small(images=str(photos)), tmp_path / "a.h5"
    place = module if step == "fill_rows" else importlib.import_module("blurkit.dataset.synth")
    with monkeypatch.context() as patched:
        patched.setattr(place, step, interrupt)
        with pytest.raises(KeyboardInterrupt):
            synth(out, settings, threads=1, progress=False)
    said = f"stopped: {out}.part keeps the finished samples; rerun the command to resume"
    if step == "scan_photos":
        said = "stopped before the first sample; rerun the command to start again"
    assert caplog.messages == [said]
    whole = synth(tmp_path / "b.h5", settings, progress=False)
    assert digest(synth(out, settings, progress=False)) == digest(whole)


def test_other_photos_on_the_same_name_are_refused(photos, tmp_path):
    settings = small(images=str(photos))
    synth(tmp_path / "a.h5", settings, progress=False)
    write_image(photos / "3.png", np.zeros((60, 60, 3), np.uint8))
    with pytest.raises(FileError, match=r"images: 3 photos, .* in the file, 4 photos, .* now"):
        synth(tmp_path / "a.h5", settings, progress=False)


def test_nothing_is_written_or_deleted_when_no_photo_serves(photos, tmp_path):
    (tmp_path / "a.h5").write_text("an earlier dataset")
    with pytest.raises(FileError, match="no photo is at least 166x166"):
        synth(tmp_path / "a.h5", small(patch=160, images=str(photos)), overwrite=True)
    assert (tmp_path / "a.h5").read_text() == "an earlier dataset"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n": 0}, "n must be >= 1, got 0"),
        ({"patch": 15}, "patch must be between 16 and 4096, got 15"),
        ({"kernel": 20}, "kernel must be odd and between 3 and 511, got 20"),
        ({"kernel": 1}, "kernel must be odd and between 3 and 511, got 1"),
        ({"interpolation": "cubic"}, "interpolation must be nearest or linear, got 'cubic'"),
        ({"seed": -1}, "seed must be between 0 and 2**64 - 1, got -1"),
        ({"start": -1}, "start must be between 0 and 2**63 - 1, got -1"),
    ],
)
def test_settings_that_break_a_rule(changed, message):
    with pytest.raises(SettingError) as caught:
        small(**changed)
    assert str(caught.value) == message


def test_threads_must_be_positive(tmp_path):
    with pytest.raises(SettingError, match="threads must be >= 1, got 0"):
        synth(tmp_path / "a.h5", SMALL, threads=0)


def test_missing_folder_for_the_file_is_named(tmp_path):
    with pytest.raises(FileError, match=r"cannot be written \(no folder .*nowhere\)"):
        synth(tmp_path / "nowhere" / "a.h5", SMALL)
