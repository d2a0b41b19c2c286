"""Damage: every flipped bit and every truncation is found, and none crashes or hangs."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import N, make

from blurkit.errors import FileError
from blurkit.store import PairFile, read_layout


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return make(tmp_path_factory.mktemp("store") / "a.h5")


@pytest.fixture
def copy(finished, tmp_path):
    return Path(shutil.copy(finished, tmp_path / "copy.h5"))


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(share=st.floats(0, 1, exclude_max=True))
def test_truncated_anywhere_is_refused(finished, tmp_path, share):
    data = finished.read_bytes()
    (tmp_path / "cut.h5").write_bytes(data[: int(share * len(data))])
    with pytest.raises(FileError):
        PairFile(tmp_path / "cut.h5")


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_in_the_data_is_found_and_elsewhere_never_crashes(
    finished, tmp_path, share, bit
):
    path, data = tmp_path / "flipped.h5", bytearray(finished.read_bytes())
    at = int(share * len(data))
    data[at] ^= 1 << bit
    path.write_bytes(data)
    layout = read_layout(finished)
    inside = {
        (at - first) // layout.types[name].itemsize
        for name, first in layout.offsets.items()
        if first <= at < first + N * layout.types[name].itemsize
    }
    try:
        bad = set(PairFile(path).verify())
    except FileError:
        assert not inside
    else:
        assert inside <= bad
