"""Files appear whole or not at all."""

import stat
from pathlib import Path

import pytest

from blurkit.errors import FileError
from blurkit.files import whole_file, write_whole


def test_text_and_bytes_are_written_and_nothing_else_is_left(tmp_path):
    assert write_whole(tmp_path / "a.txt", "é\n") == tmp_path / "a.txt"
    write_whole(str(tmp_path / "b.bin"), b"\xff")
    assert (tmp_path / "a.txt").read_bytes() == b"\xc3\xa9\n"
    assert (tmp_path / "b.bin").read_bytes() == b"\xff"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "b.bin"]


def test_the_mode_is_that_of_any_other_new_file(tmp_path):
    (tmp_path / "plain").touch()
    write_whole(tmp_path / "whole", "")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "whole")}
    assert len(modes) == 1


def test_a_name_as_long_as_the_file_system_allows(tmp_path):
    write_whole(tmp_path / ("n" * 251 + ".png"), "")


def fail(error: Exception, path: Path) -> None:
    with whole_file(path) as part:
        assert part.parent == path.parent
        assert part.suffix == path.suffix  # some libraries choose the format by it
        part.write_text("half")
        raise error


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("no")])
def test_an_error_keeps_the_old_file_and_leaves_nothing(tmp_path, error):
    path = write_whole(tmp_path / "a.txt", "old")
    with pytest.raises((FileError, ValueError)) as caught:
        fail(error, path)
    message = f"{path}: cannot be written (No space left on device)"
    assert str(caught.value) == (message if isinstance(error, OSError) else "no")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    path = tmp_path / "nowhere" / "a.txt"
    with pytest.raises(FileError) as caught:
        write_whole(path, "")
    assert str(caught.value) == f"{path}: cannot be written (No such file or directory)"
