"""Shards: the rows of one file in several, made by any process, in any order."""

import hashlib
import shutil
from collections import namedtuple
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blurkit.dataset.settings import SynthSettings
from blurkit.dataset.shard import Shard
from blurkit.dataset.shards import synth_shards
from blurkit.dataset.synth import synth
from blurkit.errors import FileError, SettingError
from blurkit.kernel.walk import Walk
from blurkit.store import PairFile

SMALL = SynthSettings(n=50, patch=16, kernel=7, walk=Walk(steps=32, length=(2.0, 5.0)), start=7)


def changed(settings=SMALL, **values) -> SynthSettings:
    return SynthSettings(**{**vars(settings), **values})


def digests(paths) -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


@pytest.fixture
def photos(photos):
    """Two, so that no shard begins where another photo does."""
    (photos / "2.png").unlink()
    return photos


@given(n=st.integers(1, 10**9), shards=st.integers(1, 50), start=st.integers(0, 10**9))
def test_shards_are_balanced_runs_that_cover_the_dataset(n, shards, start):
    shards = min(n, shards)
    parts = [SynthSettings(n=n, start=start, shard=i, shards=shards) for i in range(shards)]
    assert parts[0].first == start
    for part, following in pairwise(parts):
        assert part.first + part.count == following.first
    assert parts[-1].first + parts[-1].count == start + n
    counts = [part.count for part in parts]
    assert max(counts) - min(counts) <= 1 <= min(counts)


@pytest.mark.parametrize("source", ["scenes", "photos"])
def test_rows_of_the_shards_are_the_rows_of_the_whole(photos, tmp_path, source):
    # 50 samples of 2 photos: shards of 16 or 17 begin in the middle of what shares a photo
    settings = changed(images=str(photos) if source == "photos" else None)
    whole = PairFile(synth(tmp_path / "whole.h5", settings, progress=False))
    paths = synth_shards(tmp_path / "x.h5", settings, shards=3, progress=False)
    assert [path.name for path in paths] == [f"x-0000{i}-of-00003.h5" for i in range(3)]
    parts = [PairFile(path) for path in paths]
    for name in ("blurry", "sharp", "kernel", "params", "source"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(joined, getattr(whole, name))
    assert [part.start for part in parts] == [7, 23, 40]
    assert [part.n for part in parts] == [16, 17, 17]
    assert [part.settings["shard"] for part in parts] == [0, 1, 2]
    assert {part.settings["n"] for part in parts} == {50}


def test_a_shard_made_alone_has_the_same_bytes(tmp_path):
    paths = synth_shards(tmp_path / "x.h5", SMALL, shards=3, progress=False)
    (tmp_path / "alone").mkdir()
    alone = synth(tmp_path / "alone" / "x.h5", changed(shard=1, shards=3), threads=2)
    assert alone == tmp_path / "alone" / paths[1].name
    assert digests([alone]) == digests(paths[1:2])


def test_one_shard_is_the_file_itself(tmp_path):
    assert synth_shards(tmp_path / "x.h5", SMALL, shards=1, progress=False) == [tmp_path / "x.h5"]


def test_a_stopped_run_goes_on_and_skips_what_is_finished(tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO")
    expected = digests(synth_shards(tmp_path / "x.h5", SMALL, shards=3, progress=False))
    shutil.rmtree(tmp_path, ignore_errors=True)
    tmp_path.mkdir()
    fill, opened = Shard.fill, []

    def stop_in_the_second(shard, writer, threads, done):
        opened.append(shard.settings.shard)
        if len(opened) == 2:
            fill(shard, writer, 1, done)
            raise KeyboardInterrupt
        fill(shard, writer, threads, done)

    monkeypatch.setattr(Shard, "fill", stop_in_the_second)
    with pytest.raises(KeyboardInterrupt):
        synth_shards(tmp_path / "x.h5", SMALL, shards=3, progress=False)
    assert caplog.messages[-1] == "stopped: finished samples are kept; rerun the command to resume"
    names = ["x-00000-of-00003.h5", "x-00001-of-00003.h5.part"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names

    paths = synth_shards(tmp_path / "x.h5", SMALL, shards=3, progress=False)
    assert opened == [0, 1, 1, 2]
    assert digests(paths) == expected
    assert f"{paths[1]}: resuming, 17 of 17 samples are already done" in caplog.messages
    synth_shards(tmp_path / "x.h5", SMALL, shards=3, progress=False)
    assert caplog.messages[-1] == "all 3 files are already complete with these settings"


def test_the_bar_counts_what_an_earlier_run_has_done(tmp_path, capsys):
    synth(tmp_path / "x.h5", changed(shard=1, shards=3), progress=False)
    synth_shards(tmp_path / "x.h5", SMALL, shards=3)
    said = capsys.readouterr().err
    assert "17/50" in said
    assert "50/50" in said


def test_overwrite_begins_all_again(tmp_path):
    first = digests(synth_shards(tmp_path / "x.h5", SMALL, shards=2, progress=False))
    other = changed(seed=9)
    with pytest.raises(FileError, match=r"x-00000-of-00002\.h5: was made with other settings"):
        synth_shards(tmp_path / "x.h5", other, shards=2, progress=False)
    paths = synth_shards(tmp_path / "x.h5", other, shards=2, overwrite=True, progress=False)
    assert not set(digests(paths)) & set(first)
    assert len(list(tmp_path.iterdir())) == 2


def test_space_for_all_that_is_missing_is_checked_before_the_first_sample(tmp_path, monkeypatch):
    synth(tmp_path / "x.h5", changed(shard=1, shards=3), progress=False)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10**6, 0, 50_000))
    with pytest.raises(FileError) as caught:  # one of the two missing shards would fit
        synth_shards(tmp_path / "x.h5", SMALL, shards=3, progress=False)
    row = 2 * 16 * 16 * 3 + 7 * 7 * 4 + (4 + 5) * 8 + len("dead-leaves@65535,65535") + 4
    assert str(caught.value) == (
        f"{tmp_path / 'x.h5'}: needs {33 * row:,} bytes, but only 50,000 are free in {tmp_path}"
    )
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"shard": 10, "shards": 10}, "shard must be i/K with 0 <= i < K, got 10/10"),
        ({"shard": -1, "shards": 2}, "shard must be i/K with 0 <= i < K, got -1/2"),
        ({"shards": 0}, "shard must be i/K with 0 <= i < K, got 0/0"),
        ({"shards": 51}, "shards must be <= n (50), got 51"),
    ],
)
def test_shards_that_break_a_rule(values, message):
    with pytest.raises(SettingError) as caught:
        changed(**values)
    assert str(caught.value) == message


def test_the_number_of_shards_has_rules_too(tmp_path):
    for shards, message in ((0, "shards must be >= 1, got 0"), (51, r"shards must be <= n \(50\)")):
        with pytest.raises(SettingError, match=message):
            synth_shards(tmp_path / "x.h5", SMALL, shards=shards)
    with pytest.raises(SettingError, match="must be those of the whole dataset, got shard 1/3"):
        synth_shards(tmp_path / "x.h5", changed(shard=1, shards=3), shards=2)
