"""The dataset file is a promise to readers: plain HDF5, in any process, for ever."""

import multiprocessing
import operator
import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
from making import N, digest, make, rows

from blurkit.errors import FileError
from blurkit.store import PairFile, row_types

GOLDEN = Path(__file__).parents[2] / "golden" / "v1.h5"


def test_what_was_written_is_read(finished):
    pairs = PairFile(finished)
    for name, data in rows().items():
        np.testing.assert_array_equal(getattr(pairs, name), data)
    assert len(pairs) == pairs.n == N
    assert (pairs.seed, pairs.start, pairs.settings["length"]) == (3, 0, [1.0, 2.0])
    assert list(pairs.verify()) == []


def test_plain_h5py_reads_it_with_labels_and_image_attributes(finished):
    # the promise to HDFView, h5web and everyone without blurkit
    with h5py.File(finished) as file:
        assert list(file) == ["blurry", "crc", "kernel", "params", "sharp", "source"]
        np.testing.assert_array_equal(file["sharp"][:], rows()["sharp"])
        assert [d.label for d in file["blurry"].dims] == ["sample", "y", "x", "channel"]
        assert file["blurry"].attrs["IMAGE_SUBCLASS"] == b"IMAGE_TRUECOLOR"
        assert file["source"].dtype == np.dtype("S20")
        assert h5py.check_string_dtype(file["source"].dtype).encoding == "utf-8"
        assert all({"units", "description"} <= set(data.attrs) for data in file.values())
        assert file["blurry"].id.get_offset() % 4096 == 0


def test_optional_datasets_are_absent_not_empty(tmp_path):
    types = row_types((16, 16), None, None, 8)
    pairs = PairFile(make(tmp_path / "real.h5", types=types))
    assert pairs.kernel is None
    assert pairs.params is None
    assert pairs.blurry.shape == (N, 16, 16, 3)


def test_a_pickled_file_is_its_path_and_opens_in_a_spawned_worker(finished):
    # an h5py Dataset cannot be pickled, and a memmap would be pickled with all its samples
    pairs = PairFile(finished)
    assert pairs.blurry.size
    assert len(pickle.dumps(pairs)) < 500
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        there = pool.apply(operator.attrgetter("sharp"), (pairs,))
    np.testing.assert_array_equal(there, pairs.sharp)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_worker_reads_the_file_its_parent_opened(finished):
    pairs = PairFile(finished)
    first = pairs.sharp[0].copy()
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for there in pool.map(operator.attrgetter("sharp"), [pairs, pairs]):
            np.testing.assert_array_equal(there[0], first)


def test_golden_file_of_version_1_stays_readable():
    # made by blurkit 0.1.0 and never made again: a file from each version is readable for ever
    pairs = PairFile(GOLDEN)
    assert digest(GOLDEN) == "f94ed27f2a6604fd387100157379c911a79932bcb0b5917f490592cd05ce73b3"
    assert (len(pairs), pairs.blurry.shape, pairs.kernel.shape) == (3, (3, 16, 16, 3), (3, 5, 5))
    assert pairs.attributes["format_version"] == 1
    assert pairs.settings["length"] == [2.0, 4.0]
    assert pairs.source[0] == b"dead-leaves"
    assert list(pairs.verify()) == []
    np.testing.assert_allclose(pairs.kernel.sum(axis=(1, 2)), 1, atol=1e-6)


def test_an_unfinished_file_says_what_to_do(tmp_path):
    path = make(tmp_path / "a.h5", range(0, 8, 4), finish=False)
    for name in (path, f"{path}.part"):
        with pytest.raises(FileError) as caught:
            PairFile(name)
        assert str(caught.value) == (
            f"{path}.part: not finished; rerun the blurkit command that makes it"
        )
