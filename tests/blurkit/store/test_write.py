"""Writing a dataset file: no order, kill, full disk or second writer breaks it."""

import time
import zlib

import numpy as np
import pytest
from making import TYPES, N, begin, digest, make, rows

from blurkit.errors import FileError
from blurkit.store import read_layout
from blurkit.store.checksum import row_crcs
from blurkit.store.layout import Layout


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


def test_a_part_whose_metadata_is_damaged_is_not_gone_on_with(tmp_path):
    # its rows may be right, but the finished bytes would not be those of the settings
    path = make(tmp_path / "a.h5", [4, 12], finish=False)
    part = path.with_name("a.h5.part")
    at = part.read_bytes().find(b"channel")  # a label, in a heap that has no checksum
    with part.open("r+b") as file:
        file.seek(at)
        file.write(b"k")
    with pytest.raises(FileError) as caught:
        begin(path)
    assert str(caught.value) == (
        f"{part}: is damaged (a byte outside the samples is damaged, at {at:,}); "
        "use --overwrite to start again"
    )
    with begin(path, overwrite=True) as writer:
        assert writer.missing.all()


def test_a_check_that_is_interrupted_gives_the_lock_back(finished, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    path = make(tmp_path / "a.h5", [4, 12], finish=False)
    with monkeypatch.context() as patched:
        patched.setattr(Layout, "damaged", interrupt)
        with pytest.raises(KeyboardInterrupt):
            begin(path)
    assert digest(make(path, [0, 8, 16])) == digest(finished)


def test_a_late_thread_cannot_write_into_whatever_has_the_number_of_its_file_now(tmp_path):
    writer = begin(tmp_path / "a.h5")
    with writer:
        pass
    with (tmp_path / "diary").open("w+b") as other:
        with pytest.raises(FileError, match="Bad file descriptor"):
            writer.write(0, rows())
        assert other.read() == b""


def test_a_file_that_has_taken_the_name_meanwhile_is_kept(tmp_path):
    with begin(tmp_path / "a.h5") as writer:
        writer.write(0, rows())
        (tmp_path / "a.h5").write_text("a thesis")
        with pytest.raises(FileError, match="was created by another process, which is kept"):
            writer.finish()
    assert (tmp_path / "a.h5").read_text() == "a thesis"


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
        f"{path}: was made with other settings (length: [1.0, 2.0] in the file, [1.0, 9.0] now); "
        "use --overwrite to start again"
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


def test_a_run_killed_while_it_laid_out_its_file_leaves_no_obstacle(finished, tmp_path):
    (tmp_path / "a.h5.part.new").write_bytes(b"half a header" * 10_000)
    path = make(tmp_path / "a.h5")
    assert digest(path) == digest(finished)
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5"]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    path = tmp_path / "file" / "a.h5"
    with pytest.raises(FileError) as caught:
        begin(path)
    assert str(caught.value) == f"{path}: cannot be written (Not a directory)"


def test_the_seal_covers_every_dataset_and_is_never_0():
    whole = row_crcs(rows())
    for name in rows():
        changed = rows()
        changed[name] = changed[name].copy()
        changed[name].view(np.uint8).reshape(N, -1)[3, -1] ^= 1
        np.testing.assert_array_equal(np.flatnonzero(row_crcs(changed) != whole), [3])
    assert zlib.crc32(bytes.fromhex("9d0ad96d")) == 0
    zero_crc = np.frombuffer(bytes.fromhex("9d0ad96d"), np.uint8)[None]  # CRC-32 of these is 0
    np.testing.assert_array_equal(row_crcs({"blurry": zero_crc}), [1])
