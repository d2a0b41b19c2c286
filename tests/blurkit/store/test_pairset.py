"""Many files as one dataset: the same rows, few open files, and no sample twice."""

import multiprocessing
import os
import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest

from blurkit.dataset.settings import SynthSettings
from blurkit.dataset.shards import synth_shards
from blurkit.dataset.synth import synth
from blurkit.errors import FileError
from blurkit.kernel.walk import Walk
from blurkit.store import PairFile, PairSet, rows

SMALL = SynthSettings(n=40, patch=16, kernel=7, walk=Walk(steps=32, length=(2.0, 5.0)), start=7)
NAMES = ("blurry", "sharp", "kernel", "params", "source")


def make(path, **changed) -> Path:
    settings = SynthSettings(**{**vars(SMALL), **changed})
    return synth(path, settings, threads=1, progress=False)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return make(tmp_path_factory.mktemp("whole") / "whole.h5")


@pytest.fixture(scope="module")
def sharded(tmp_path_factory):
    out = tmp_path_factory.mktemp("shards") / "x.h5"
    synth_shards(out, SMALL, shards=12, progress=False)
    return out.parent


@pytest.fixture
def folder(sharded, tmp_path):
    """A copy of the shards to spoil."""
    return Path(shutil.copytree(sharded, tmp_path / "copy"))


def x(number: int) -> str:
    return f"x-{number:05d}-of-00012.h5"


def refused(*paths) -> str:
    with pytest.raises(FileError) as caught:
        PairSet(paths)
    return str(caught.value)


# reading


def test_rows_of_many_files_are_those_of_the_whole(whole, sharded):
    one, many = PairFile(whole), PairSet(sharded / "x-*.h5")
    assert len(many) == many.n == 40
    picked = [39, 0, 17, 17, 3, 38]
    for name in NAMES:
        expected, got = getattr(one, name), getattr(many, name)
        assert (got.shape, got.dtype, got.ndim) == (expected.shape, expected.dtype, expected.ndim)
        np.testing.assert_array_equal(got.take(picked), expected[picked])
        np.testing.assert_array_equal(got[:], expected)
        np.testing.assert_array_equal(got[35:3:-4], expected[35:3:-4])
        for row in (0, 13, -1, np.int32(39)):
            np.testing.assert_array_equal(got[row], expected[row])
    assert [many.label(row) for row in (0, 39)] == ["sample 7", "sample 46"]


def test_one_file_is_a_dataset_too(whole):
    pairs = PairSet(whole)
    np.testing.assert_array_equal(pairs.sharp[:], PairFile(whole).sharp)
    assert pairs.name == str(whole)
    assert pairs.blurry.take([]).shape == (0, 16, 16, 3)


def test_a_row_is_the_callers_own(whole):
    pairs = PairSet(whole)
    pairs.sharp[3][:] = 0
    assert pairs.sharp[3].any()


def test_rows_are_read_into_the_array_that_is_given(sharded):
    pairs = PairSet(sharded / "x-*.h5")
    out = np.zeros((3, 16, 16, 3), np.uint8)
    assert pairs.sharp.take([30, 2, 30], out) is out
    np.testing.assert_array_equal(out, pairs.sharp.take([30, 2, 30]))
    for wrong in (out[:2], out[:, ::-1], out.astype(np.int8)):
        with pytest.raises(ValueError, match=r"^out must be \(3, 16, 16, 3\) uint8 and contiguous"):
            pairs.sharp.take([30, 2, 30], wrong)


@pytest.mark.parametrize("row", [40, -41])
def test_rows_outside_are_an_index_error(sharded, row):
    pairs = PairSet(sharded / "x-*.h5")
    with pytest.raises(IndexError, match="row must be between 0 and 39, got "):
        pairs.blurry[row]
    with pytest.raises(IndexError, match="row must be between 0 and 39, got -1"):
        pairs.blurry.take([3, -1])


def test_files_are_given_as_paths_patterns_or_both(whole, sharded, tmp_path, monkeypatch):
    monkeypatch.chdir(sharded)
    assert PairSet("x-0000[0-9]*").paths == tuple(Path(x(i)) for i in range(10))
    joined = PairSet([Path(x(11)), "x-0000?-of-*.h5"])
    assert joined.paths[:2] == (Path(x(11)), Path(x(0)))
    np.testing.assert_array_equal(joined.sharp[0], PairFile(x(11)).sharp[0])
    odd = Path(shutil.copy(whole, tmp_path / "a[1].h5"))  # a name before it is a pattern
    assert PairSet(odd).paths == (odd,)


def test_a_pickled_set_is_little_more_than_its_paths(sharded, monkeypatch):
    monkeypatch.chdir(sharded)
    pairs = PairSet("x-*.h5")
    last = pairs.sharp[39]
    data = pickle.dumps(pairs)
    assert len(data) < 1000 + 12 * 150
    monkeypatch.chdir("/")
    monkeypatch.setattr(rows, "read_layout", None)  # would fail if a file were opened
    again = pickle.loads(data)  # noqa: S301
    assert (again.n, again.identity) == (40, pairs.identity)
    monkeypatch.undo()
    np.testing.assert_array_equal(again.sharp[39], last)


def everything(pairs: PairSet) -> np.ndarray:
    return pairs.sharp[:]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_read_the_same(sharded, method):
    pairs = PairSet(sharded / "x-*.h5")
    expected = everything(pairs)
    with multiprocessing.get_context(method).Pool(2) as pool:
        for there in pool.map(everything, [pairs, pairs]):
            np.testing.assert_array_equal(there, expected)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's /proc")
def test_few_files_are_open_however_many_there_are(sharded, monkeypatch):
    monkeypatch.setattr(rows, "MOST_OPEN", 3)
    before = len(os.listdir("/proc/self/fd"))
    pairs = PairSet(sharded / "x-*.h5")
    assert len(os.listdir("/proc/self/fd")) == before  # none until a row is asked for
    everything(pairs)
    assert len(os.listdir("/proc/self/fd")) == before + 3
    del pairs
    assert len(os.listdir("/proc/self/fd")) == before


def test_threads_do_not_close_each_others_files(sharded, monkeypatch):
    monkeypatch.setattr(rows, "MOST_OPEN", 1)
    pairs = PairSet(sharded / "x-*.h5")
    expected = everything(pairs)
    order = np.random.default_rng(0).integers(0, 40, (200, 8))
    with ThreadPoolExecutor(8) as pool:
        for picked, there in zip(order, pool.map(pairs.sharp.take, order), strict=True):
            np.testing.assert_array_equal(there, expected[picked])


def test_reading_goes_past_h5py(sharded, monkeypatch):
    # its fancy indexing is a hundred times slower, and its handles do not survive a fork
    pairs = PairSet(sharded / "x-*.h5")
    monkeypatch.setattr(h5py, "File", None)
    assert everything(pairs).shape == (40, 16, 16, 3)


def test_damaged_rows_are_numbered_through_all_files(folder):
    with open(folder / x(3), "r+b") as file:
        file.seek(Path(file.name).read_bytes().find(PairFile(file.name).sharp[1].tobytes()))
        file.write(b"\0\0\0\0")
    assert list(PairSet(folder / "x-*.h5").verify()) == [11]  # three in each of three files, + 1


def test_identity_tells_files_and_order(sharded, whole):
    files = [sharded / x(i) for i in range(3)]
    sets = [files, files[:2], files[::-1], files[:1], [whole]]
    assert len({PairSet(paths).identity for paths in sets}) == 5
    assert PairSet(files).identity == PairSet([sharded / "x-0000[012]*"]).identity


def test_identity_of_one_file_never_changes():
    # runs of nas keep it in their settings.json, and go on only with the same data
    golden = Path(__file__).parents[2] / "golden" / "v1.h5"
    assert PairSet(golden).identity == "3444f8b0a00f33b8"


# joining


def test_datasets_of_other_settings_are_joined(whole, tmp_path):
    other = make(tmp_path / "other.h5", seed=1, kernel=9)
    pairs = PairSet([whole, other])
    assert len(pairs) == 80
    assert pairs.kernel is None  # of two sizes
    np.testing.assert_array_equal(pairs.blurry[40:], PairFile(other).blurry)
    assert [pairs.label(row) for row in (0, 41)] == ["whole.h5 sample 7", "other.h5 sample 8"]


def test_sources_of_other_lengths_are_joined(whole, tmp_path):
    from blurkit.images.files import write_image

    photo = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    (tmp_path / "photos").mkdir()
    write_image(tmp_path / "photos" / "a-name-longer-than-dead-leaves.png", photo)
    photos = make(tmp_path / "photos.h5", images=str(tmp_path / "photos"), n=3)
    one, other = PairFile(whole).source, PairFile(photos).source
    assert other.dtype.itemsize > one.dtype.itemsize
    for pairs in (PairSet([whole, photos]), PairSet([photos, whole])):
        assert sorted(pairs.source[:]) == sorted([*one.tolist(), *other.tolist()])


def test_other_patches_are_refused(whole, tmp_path):
    other = make(tmp_path / "other.h5", patch=24)
    assert refused(whole, other) == (f"{other}: its patches are 24x24, those of {whole} are 16x16")


def test_the_same_file_twice_is_refused(whole, tmp_path):
    link = tmp_path / "link.h5"
    link.symlink_to(whole)
    assert refused(whole, link) == f"{link}: given twice"


def test_the_same_samples_twice_are_refused(whole, tmp_path, sharded):
    copy = Path(shutil.copy(whole, tmp_path / "copy.h5"))
    same = "holds samples {} of the same settings and seed as"
    assert refused(whole, copy) == f"{copy}: {same.format('7 to 46')} {whole}"
    longer = make(tmp_path / "longer.h5", n=45, start=40)
    assert refused(longer, whole) == f"{longer}: {same.format('40 to 46')} {whole}"
    assert refused(sharded / "x-*.h5", whole).startswith(f"{whole}: ")
    assert len(PairSet([whole, make(tmp_path / "next.h5", start=47)])) == 80


def test_nothing_to_read_is_refused(tmp_path):
    assert refused(tmp_path / "x-*.h5") == f"no file matches {tmp_path}/x-*.h5"
    assert refused() == "no file given"
    assert refused(tmp_path / "x.h5") == f"{tmp_path}/x.h5: no such file"


def test_missing_shards_are_named(folder, caplog):
    (folder / x(2)).unlink()
    (folder / x(5)).rename(folder / f"{x(5)}.part")
    (folder / x(9)).rename(folder / "y.h5")
    pairs = PairSet([*folder.glob("x-0000*.h5"), folder / x(10)])
    assert len(pairs) == sum(PairFile(path).n for path in pairs.paths)
    assert caplog.messages == [
        f"{pairs.paths[0]}: 4 of the 12 shards of its dataset are missing: 2, "
        f"5 ({x(5)}.part is not finished), 9, 11 ({x(11)} exists, but was not given)"
    ]
    caplog.clear()
    PairSet(folder / "y.h5")  # renamed: nobody knows where the others should be
    assert "11 of the 12 shards of its dataset are missing: 0, 1, 2, 3, 4, 5" in caplog.text
    assert caplog.messages[0].endswith("7, ...")


# files that change under the reader


def test_a_file_replaced_while_it_is_read_is_refused(folder, monkeypatch):
    monkeypatch.setattr(rows, "MOST_OPEN", 1)
    pairs = PairSet(folder / "x-*.h5")
    shutil.copy(folder / x(11), folder / "new.h5")
    (folder / "new.h5").replace(folder / x(0))
    with pytest.raises(FileError) as caught:
        everything(pairs)
    message = f"{folder / x(0)}: has been replaced since it was first read"
    assert str(caught.value) == message
    again = pickle.loads(pickle.dumps(pairs))  # noqa: S301
    with pytest.raises(FileError, match="has been replaced"):  # four rows where three were
        everything(again)


def test_a_file_cut_short_while_it_is_read_is_an_error_and_no_crash(folder):
    pairs = PairSet(folder / "x-*.h5")
    everything(pairs)
    os.truncate(folder / x(11), 9000)  # to read the map beyond it would end the process
    with pytest.raises(FileError, match=r"x-00011-of-00012\.h5: has been truncated since"):
        everything(pairs)


def test_a_file_gone_before_it_is_read_is_named(folder):
    pairs = PairSet(folder / "x-*.h5")
    (folder / x(4)).unlink()
    with pytest.raises(FileError, match=r"x-00004-of-00012\.h5: No such file"):
        everything(pairs)
