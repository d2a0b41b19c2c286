"""The dataset file: a promise to readers, and no way for a writer to break it."""

import hashlib
import multiprocessing
import operator
import os
import pickle
import resource
import shutil
import subprocess
import sys
import time
import zlib
from collections import namedtuple
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blurkit.errors import FileError
from blurkit.store import PairFile, open_writer, read_layout, row_types
from blurkit.store.layout import seal

N = 20
TYPES = row_types((16, 24), 5, np.dtype([("length", "<f8"), ("jerks", "<f8")]), 20)
GOLDEN = Path(__file__).parent.parent / "golden" / "v1.h5"


def rows(seed: int = 0, types=TYPES) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    made = {}
    for name, kind in types.items():
        if name != "crc":
            data = rng.integers(1, 100, (N, kind.itemsize), dtype=np.uint8)
            made[name] = data.view(kind.base).reshape(N, *kind.shape)
    return made


def begin(path, types=TYPES, overwrite=False, **changed):
    kept = {"seed": 3, "length": [1.0, 2.0]} | changed
    return open_writer(path, types, settings=kept, seed=3, start=0, count=N, overwrite=overwrite)


def make(path, order=range(0, N, 4), types=TYPES, finish=True):
    with begin(path, types) as writer:
        data = rows(types=types)
        for first in order:
            writer.write(first, {name: part[first : first + 4] for name, part in data.items()})
        if finish:
            writer.finish()
    return path


def digest(path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return make(tmp_path_factory.mktemp("store") / "a.h5")


@pytest.fixture
def copy(finished, tmp_path):
    return Path(shutil.copy(finished, tmp_path / "copy.h5"))


# reading


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


# refusing


def foreign(path):
    with h5py.File(path, "w") as file:
        file["data"] = np.arange(3)


def newer(path):
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = 2


def external_link(path):
    with h5py.File(path, "r+") as file:
        del file["kernel"]
        file["kernel"] = h5py.ExternalLink("/nowhere/secret.h5", "/kernel")


def soft_link(path):
    with h5py.File(path, "r+") as file:
        del file["kernel"]
        file["kernel"] = h5py.SoftLink("/sharp")


def external_storage(path):
    with h5py.File(path, "r+") as file:
        del file["crc"]
        file.create_dataset("crc", (N,), "<u4", external=[("/etc/hostname", 0, 4 * N)])


def virtual(path):
    layout = h5py.VirtualLayout((N,), "<u4")
    layout[:] = h5py.VirtualSource(path, "params", (N,))
    with h5py.File(path, "r+") as file:
        del file["crc"]
        file.create_virtual_dataset("crc", layout)


def compressed(path):
    with h5py.File(path, "r+") as file:
        del file["kernel"]
        file.create_dataset("kernel", (N, 5, 5), "<f4", compression="gzip")


def never_allocated(path):
    with h5py.File(path, "r+") as file:
        del file["kernel"]
        file.create_dataset("kernel", (N, 2**16, 2**16), "<f4")


def other_count(path):
    with h5py.File(path, "r+") as file:
        file.attrs["count"] = N + 1


def float_images(path):
    with h5py.File(path, "r+") as file:
        del file["sharp"]
        file["sharp"] = np.zeros((N, 16, 24, 3), np.float32)


def objects(path):
    with h5py.File(path, "r+") as file:
        del file["source"]
        file["source"] = ["text"] * N


def no_crc(path):
    with h5py.File(path, "r+") as file:
        del file["crc"]


def group(path):
    with h5py.File(path, "r+") as file:
        del file["params"]
        file.create_group("params")


def not_json(path):
    with h5py.File(path, "r+") as file:
        file.attrs["settings"] = np.bytes_("{")


def text_in_a_heap(path):
    with h5py.File(path, "r+") as file:
        file.attrs["settings"] = "{}"


def attribute_bomb(path):
    with h5py.File(path, "r+", libver="latest") as file:
        file.attrs.create("settings", np.zeros(2**21, np.uint8))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_text("hello"), "not an HDF5 file"),
        (lambda path: path.write_bytes(b""), "not an HDF5 file"),
        (lambda path: path.unlink(), "no such file"),
        (lambda path: (path.unlink(), path.mkdir()), "not a file"),
        (lambda path: os.truncate(path, 9000), "truncated or damaged (Unable to "),
        (
            foreign,
            "an HDF5 file, but not one of blurkit's (no attribute format = 'blurkit')",
        ),
        (
            newer,
            "has format version 2; this blurkit reads versions up to 1, a newer one is needed",
        ),
        (external_link, "/kernel is a link to elsewhere, which is not followed"),
        (soft_link, "/kernel is a link to elsewhere, which is not followed"),
        (external_storage, "/crc is not stored in one piece inside the file"),
        (virtual, "/crc is not stored in one piece inside the file"),
        (compressed, "/kernel is not stored in one piece inside the file"),
        (never_allocated, "/kernel holds no data"),
        (other_count, "/blurry has 20 rows, not the 21 of its count"),
        (float_images, "/sharp has a type or shape that the format does not allow"),
        (objects, "/source has a type or shape that the format does not allow"),
        (no_crc, "has no dataset /crc"),
        (group, "/params is not a dataset"),
        (not_json, "its settings are not JSON"),
        # a damaged heap sends HDF5 into an endless loop, so text that lies there is not read
        (text_in_a_heap, "attribute settings must be an integer or text of fixed length"),
        (attribute_bomb, "attribute settings must be an integer or text of fixed length"),
    ],
)
def test_what_breaks_the_format_is_refused_by_name(copy, spoil, message):
    spoil(copy)
    with pytest.raises(FileError) as caught:
        PairFile(copy)
    assert str(caught.value).startswith(f"{copy}: {message}")


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


def test_an_unfinished_file_says_what_to_do(tmp_path):
    path = make(tmp_path / "a.h5", range(0, 8, 4), finish=False)
    for name in (path, f"{path}.part"):
        with pytest.raises(FileError) as caught:
            PairFile(name)
        assert str(caught.value) == (
            f"{path}.part: not finished; run the blurkit synth command that made it again"
        )


# writing


def test_bytes_depend_neither_on_the_order_nor_on_the_time(finished, tmp_path):
    time.sleep(1.1)  # HDF5 stores times in seconds where it is allowed to
    assert digest(make(tmp_path / "b.h5", [16, 4, 0, 12, 8])) == digest(finished)


def test_a_stopped_run_keeps_its_sealed_rows_and_ends_with_the_same_bytes(finished, tmp_path):
    path = make(tmp_path / "a.h5", [4, 12], finish=False)
    with begin(path) as writer:
        assert np.flatnonzero(~writer.missing).tolist() == [4, 5, 6, 7, 12, 13, 14, 15]
    make(path, [0, 8, 16])
    assert digest(path) == digest(finished)


def test_a_row_that_does_not_fit_its_seal_is_made_again(finished, tmp_path):
    # after a power cut the CRC may be on disk without its row
    path = make(tmp_path / "a.h5", finish=False)
    part = path.with_name("a.h5.part")
    with part.open("r+b") as file:
        file.seek(read_layout(part).offsets["sharp"] + 6 * TYPES["sharp"].itemsize + 100)
        file.write(b"\0\0\0")
    with begin(path) as writer:
        assert np.flatnonzero(writer.missing).tolist() == [6]
    make(path, [4])
    assert digest(path) == digest(finished)


def test_finishing_needs_every_row(tmp_path):
    with begin(tmp_path / "a.h5") as writer, pytest.raises(RuntimeError, match="20 rows are not"):
        writer.finish()
    assert not (tmp_path / "a.h5").exists()


def test_rows_of_another_type_are_refused(tmp_path):
    wrong = rows() | {"sharp": np.zeros((N, 16, 16, 3), np.uint8)}
    with begin(tmp_path / "a.h5") as writer, pytest.raises(TypeError, match="/sharp takes rows of"):
        writer.write(0, wrong)


def test_a_finished_file_with_these_settings_is_left_alone(copy):
    before = copy.stat().st_mtime_ns
    assert begin(copy) is None
    assert copy.stat().st_mtime_ns == before


@pytest.mark.parametrize("finish", [True, False])
def test_other_settings_are_refused_naming_the_difference(tmp_path, finish):
    path = make(tmp_path / "a.h5", finish=finish)
    with pytest.raises(FileError) as caught:
        begin(path, length=[1.0, 9.0])
    assert str(caught.value) == (
        f"{path}: was made with other settings (length: [1.0, 2.0] there, [1.0, 9.0] here); "
        "--overwrite begins again"
    )
    with begin(path, overwrite=True, length=[1.0, 9.0]) as writer:
        assert writer.missing.all()


def test_a_foreign_file_under_the_name_is_not_touched(tmp_path):
    for name in ("a.h5", "b.h5.part"):
        (tmp_path / name).write_text("a thesis")
        with pytest.raises(FileError, match="not an HDF5 file"):
            begin(tmp_path / name.removesuffix(".part"))
        assert (tmp_path / name).read_text() == "a thesis"


def test_a_second_writer_is_kept_out(tmp_path):
    path = tmp_path / "a.h5"
    with begin(path):
        for overwrite in (False, True):
            with pytest.raises(FileError) as caught:
                begin(path, overwrite=overwrite)
            assert str(caught.value) == f"{path}: another process is writing it"
    with begin(path) as writer:
        assert writer.missing.all()


def test_too_small_a_disk_is_found_before_the_first_sample(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10**6, 0, 4_000))
    needed = N * sum(kind.itemsize for kind in TYPES.values()) + 4096 * 7
    with pytest.raises(FileError) as caught:
        begin(tmp_path / "a.h5")
    assert str(caught.value) == (
        f"{tmp_path / 'a.h5'}: needs {needed:,} bytes, but only 4,000 are free in {tmp_path}"
    )
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a.h5").write_text("an earlier dataset")
    with pytest.raises(FileError, match="bytes, but only"):
        begin(tmp_path / "a.h5", overwrite=True)
    assert (tmp_path / "a.h5").read_text() == "an earlier dataset"


def test_a_run_killed_while_it_laid_out_its_file_leaves_no_obstacle(finished, tmp_path):
    (tmp_path / "a.h5.part.new").write_bytes(b"half a header" * 10_000)
    path = make(tmp_path / "a.h5")
    assert digest(path) == digest(finished)
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5"]


def test_a_limit_on_file_size_is_found_before_the_first_sample(tmp_path):
    # h5py itself crashes when it meets such a limit, so it must never get that far
    script = (
        "from pathlib import Path; from blurkit.store import open_writer, row_types\n"
        "open_writer(Path('a.h5'), row_types((64, 64), 5, None, 8), settings={}, seed=0, start=0,"
        " count=100)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.endswith("FileError: a.h5: 2,493,376 bytes cannot be reserved (File too large)")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    path = tmp_path / "file" / "a.h5"
    with pytest.raises(FileError) as caught:
        begin(path)
    assert str(caught.value) == f"{path}: cannot be written (Not a directory)"


def test_the_seal_covers_every_dataset_and_is_never_0():
    whole = seal(rows())
    for name in rows():
        changed = rows()
        changed[name] = changed[name].copy()
        changed[name].view(np.uint8).reshape(N, -1)[3, -1] ^= 1
        np.testing.assert_array_equal(np.flatnonzero(seal(changed) != whole), [3])
    assert zlib.crc32(bytes.fromhex("9d0ad96d")) == 0
    zero_crc = np.frombuffer(bytes.fromhex("9d0ad96d"), np.uint8)[None]  # CRC-32 of these is 0
    np.testing.assert_array_equal(seal({"blurry": zero_crc}), [1])
