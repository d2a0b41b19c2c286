from pathlib import Path

import numpy as np
import pytest

from nas.cost.cache import cached, folder
from nas.cost.table import CostTable

KEY = {"version": 1, "device": "a CPU", "width": 8}


class Maker:
    """Makes a new table with each call, and counts them."""

    calls = 0

    def __call__(self):
        self.calls += 1
        operations, fusions = np.full((27, 8), self.calls / 3), np.zeros((4, 3))
        return CostTable("ms", 5.0, operations, fusions, 40.0, 8, (1, 2, 4, 8, 16))


@pytest.fixture
def make(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return Maker()


def only_file():
    (path,) = folder().iterdir()
    return path


def test_a_table_is_made_once(make):
    first = cached(KEY, make)
    assert cached(KEY, make).to_dict() == first.to_dict()
    assert make.calls == 1
    cached({**KEY, "device": "another"}, make)
    assert make.calls == 2
    assert cached(KEY, make).to_dict() == first.to_dict()


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "[]",
        lambda text: "[" * 10_000,
        lambda text: text.replace('"fixed": 5.0', '"fixed": NaN'),
        lambda text: text.replace("blurkit-costs", "other"),
        lambda text: text.replace("a CPU", "a GPU"),  # as if two keys had one name
    ],
)
def test_a_damaged_file_is_made_again(make, damage):
    cached(KEY, make)
    path = only_file()
    text = path.read_text()
    damaged = damage(text)
    assert damaged != text
    path.write_text(damaged)
    assert cached(KEY, make).operations[0, 0] == pytest.approx(2 / 3)
    assert cached(KEY, make).operations[0, 0] == pytest.approx(2 / 3)
    assert make.calls == 2
    assert only_file() == path  # and nothing is left behind


def test_bytes_that_are_no_text_are_made_again(make):
    cached(KEY, make)
    only_file().write_bytes(b"\xff\xfe{}")
    cached(KEY, make)
    assert make.calls == 2


def test_a_cache_that_cannot_be_written_is_no_error(make, tmp_path):
    (tmp_path / "blurkit").write_text("a file where the folder should be")
    cached(KEY, make)
    cached(KEY, make)
    assert make.calls == 2


def test_a_table_that_cannot_be_put_in_place_leaves_nothing(make, monkeypatch):
    def fail(*paths):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    cached(KEY, make)
    assert not list(folder().iterdir())


def test_the_folder_is_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert folder() == tmp_path / "blurkit"
    monkeypatch.setenv("HOME", str(tmp_path))
    for relative in ("", "cache"):
        monkeypatch.setenv("XDG_CACHE_HOME", relative)
        assert folder() == tmp_path / ".cache" / "blurkit"
