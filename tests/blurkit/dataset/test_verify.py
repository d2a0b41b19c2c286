"""verify: one call, one verdict; --deep proves that the rows are what the settings give."""

import json
import os
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from blurkit import SynthSettings, Walk, synth
from blurkit.cli import main
from blurkit.dataset.verify import verify
from blurkit.errors import FileError, SettingError
from blurkit.images.files import write_image
from blurkit.store import PairFile, open_writer, read_layout, row_types
from blurkit.store import structure as structure_module
from blurkit.store.checksum import row_crcs

SMALL = SynthSettings(n=12, patch=16, kernel=7, walk=Walk(steps=32, length=(2, 5)), seed=5, start=3)


def write_row(path, name, row, value):
    """Overwrite one row of a dataset and its CRC, as another program might."""
    layout = read_layout(path)
    data = {key: np.array(part[row : row + 1]) for key, part in layout.map().items()}
    data[name][:] = value
    data["crc"] = row_crcs(data)
    with path.open("r+b") as file:
        for key, part in data.items():
            file.seek(layout.offsets[key] + row * layout.types[key].itemsize)
            file.write(part.tobytes())


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return synth(tmp_path_factory.mktemp("verify") / "a.h5", SMALL, progress=False)


def command(*words, code=0):
    done = CliRunner().invoke(main, ["verify", *map(str, words)])
    assert done.exit_code == code, done.output
    return done.output.splitlines()[-1]


def test_a_sound_file(finished):
    verdict = verify(finished, progress=False)
    assert verdict.sound
    assert str(verdict) == f"{finished}: all 12 samples are intact"
    verdict = verify(finished, deep=99, seed=4, progress=False)
    assert verdict.again == tuple(range(12))
    assert str(verdict).endswith("are intact; 12 regenerated (seed 4) are identical")


def test_the_rows_made_again_are_drawn_by_a_seed_that_is_told(finished):
    first = verify(finished, deep=3, progress=False)
    assert len(set(first.again)) == 3
    assert verify(finished, deep=3, seed=first.seed, progress=False).again == first.again
    assert len({verify(finished, deep=3, seed=s, progress=False).again for s in range(5)}) > 1


@pytest.mark.parametrize("name", ["blurry", "sharp", "kernel", "params", "source"])
def test_a_sealed_row_that_is_not_its_sample_is_found_by_deep_alone(copy, name):
    value = b"photo.png@1,2" if name == "source" else 7
    write_row(copy, name, 4, value)
    assert verify(copy, progress=False).sound
    verdict = verify(copy, deep=12, seed=1, progress=False)
    assert verdict.different == (f"4 (/{name})",)
    assert command(copy, "--deep", 12, "--seed", 1, code=1) == (
        f"Error: {copy}: 1 of 12 regenerated (seed 1) differ: 4 (/{name})"
    )


def test_everything_that_is_wrong_is_told_at_once(copy):
    write_row(copy, "sharp", 2, 1)
    layout = read_layout(copy)
    with copy.open("r+b") as file:
        for row in (1, 5):
            file.seek(layout.offsets["blurry"] + row * layout.types["blurry"].itemsize)
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 1]))
    with h5py.File(copy, "r+") as file:
        file.attrs["note"] = 1
    assert command(copy, "--deep", 12, "--seed", 0, code=1) == (
        f"Error: {copy}: 2 of 12 samples are damaged: 1, 5; its metadata differs from what "
        "blurkit writes: attribute note is not part of the format; "
        "3 of 12 regenerated (seed 0) differ: 1 (/blurry), 2 (/sharp), 5 (/blurry)"
    )


def test_files_from_photos_need_the_same_photos(photos, tmp_path):
    settings = SynthSettings(**SMALL.__dict__ | {"images": str(photos), "n": 40})
    path = synth(tmp_path / "p.h5", settings, progress=False)
    assert command(path, "--deep", 5, "--seed", 1, "--images", photos).endswith(
        "5 regenerated (seed 1) are identical"
    )
    said = command(path, "--deep", 5, code=2)
    assert said == f"Error: images must be given, as {path} was made from photos"
    other = synth(tmp_path / "g.h5", SMALL, progress=False)  # needs none, though given one
    assert command(path, other, "--deep", 2, "--seed", 1, "--images", photos).startswith(
        f"{other}: all "
    )
    write_image(photos / "3.png", np.zeros((60, 60, 3), np.uint8))
    with pytest.raises(FileError) as caught:
        verify(path, deep=1, images=str(photos), progress=False)
    assert str(caught.value).startswith(f"{path}: was made from other photos (3 photos, SHA-256 ")
    assert ", not 4 photos, SHA-256 " in str(caught.value)


def test_deep_where_it_cannot_be(finished, photos, tmp_path, monkeypatch):
    with pytest.raises(SettingError, match=r"images must not be given, as .* generated scenes$"):
        verify(finished, deep=1, images=str(photos), progress=False)
    types = row_types((16, 16), None, None, 8)
    real = {name: np.ones((2, *t.shape), t.base) for name, t in types.items() if name != "crc"}
    about = {"settings": {"made": "by a camera"}, "seed": 0, "start": 0, "count": 2}
    with open_writer(tmp_path / "real.h5", types, **about) as writer:
        writer.write(0, real)
        path = writer.finish()
    assert verify(path, progress=False).sound
    with pytest.raises(FileError, match=r"cannot be regenerated: settings must be exactly gain, "):
        verify(path, deep=1, progress=False)
    monkeypatch.setattr(structure_module, "__version__", "0.0.9")
    path = synth(tmp_path / "old.h5", SMALL, progress=False)
    assert verify(path, progress=False).sound
    with pytest.raises(FileError) as caught:
        verify(path, deep=1, progress=False)
    assert "blurkit 0.0.9 made it and its samples may differ from those of" in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"seed": 6}, "its seed is 6, in its settings 5"),
        ({"start": 4}, "its samples are 4 to 15, in its settings 3 to 14"),
        ({"start": 0}, "its samples are 0 to 11, in its settings 3 to 14"),
    ],
)
def test_a_file_that_contradicts_itself(copy, changed, fault):
    layout = read_layout(copy)
    about = {name: layout.attributes[name] for name in ("settings", "seed", "start", "count")}
    path = copy.with_name("forged.h5")
    with open_writer(path, layout.types, **about | changed) as writer:
        data = {name: np.array(part) for name, part in layout.map().items() if name != "crc"}
        writer.write(0, data)
        writer.finish()
    assert verify(path, progress=False).metadata == (fault,)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"deep": -1}, "deep must be >= 0, got -1"),
        ({"deep": 1, "seed": -1}, "seed must be >= 0, got -1"),
        ({"images": "."}, "images must not be given without deep, got ."),
    ],
)
def test_wrong_options_are_code_2(finished, options, message):
    with pytest.raises(SettingError) as caught:
        verify(finished, progress=False, **options)
    assert str(caught.value) == message
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    assert command(finished, *words, code=2) == f"Error: {message}"


# settings out of the file


@pytest.mark.parametrize(
    "settings",
    [
        SMALL,
        SynthSettings(),
        SynthSettings(seed=2**64 - 1, interpolation="linear", walk=Walk(inertia=1, jerks=0)),
    ],
)
def test_settings_survive_the_file(settings):
    stored = json.loads(json.dumps(settings.stored("3 photos")))
    again = SynthSettings.from_stored(stored, images="photos")
    assert again == SynthSettings(**settings.__dict__ | {"images": "photos"})


@pytest.mark.parametrize(
    "changed",
    [
        {"patch": 15},
        {"patch": "16"},
        {"patch": 16.5},
        {"patch": True},
        {"patch": None},
        {"n": 10**400},
        {"seed": -1},
        {"length": [5, 2]},
        {"length": 3},
        {"length": "23"},
        {"length": {}},
        {"jitter": [float("nan"), 1]},
        {"inertia": [0.5]},
        {"steps": 10**9},
        {"steps": 32.5},
        {"interpolation": ["nearest"]},
        {"more": 1},
    ],
)
def test_stored_settings_that_synth_would_not_keep(changed):
    with pytest.raises(SettingError):
        SynthSettings.from_stored(json.loads(json.dumps(SMALL.stored(None))) | changed)


def test_the_unfinished_and_the_foreign_are_code_1(finished, tmp_path):
    part = Path(shutil.copy(finished, tmp_path / "b.h5.part"))
    assert "not finished" in command(part, code=1)
    foreign = tmp_path / "c.h5"
    foreign.write_text("hello")
    assert command(foreign, code=1) == f"Error: {foreign}: not an HDF5 file"
    assert len(PairFile(finished)) == 12
