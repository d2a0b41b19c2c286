"""An import ends with the same bytes whatever happens, or says that its images are others."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from making_pairs import digest, put, run

from blurkit.errors import FileError
from blurkit.importers import write
from blurkit.store import PairSet, Writer


@pytest.fixture
def six(root) -> Path:
    for k in range(6):
        put(root, f"blur/{k}.png", f"sharp/{k}.png", shape=(40, 30 + k))
    return root


def test_the_bytes_do_not_depend_on_threads_nor_on_the_folder_s_place(six):
    one = run(six, crop=16, step=8, threads=1)
    two = run(six, crop=16, step=8, threads=2, out="two.h5")
    six = six.rename(six.parent / "moved")
    moved = run(six, crop=16, step=8, out="moved.h5")
    assert digest(one.path) == digest(two.path) == digest(moved.path)
    with pytest.raises(FileError, match="holds samples 0 to "):  # and are known to be the same
        PairSet([one.path, two.path])


def test_a_kill_in_the_middle_ends_with_the_same_bytes(six, caplog):
    whole = digest(run(six, crop=16, step=8, out="whole.h5").path)
    script = (
        "import os, signal; from blurkit.store import Writer; from blurkit.cli import main\n"
        "real, done = Writer.write, []\n"
        "def write(self, first, rows):\n"
        "    if len(done) == 3: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    done.append(real(self, first, rows))\n"
        "Writer.write = write; main()"
    )
    words = ["import", "pairs", "data", "--blurry", "blur", "--sharp", "sharp", "--threads", "1"]
    words += ["--crop", "16", "--step", "8", "--quiet"]
    killed = subprocess.run([sys.executable, "-c", script, *words], cwd=six.parent)
    assert killed.returncode == -signal.SIGKILL
    assert not (six.parent / "real.h5").exists()
    caplog.set_level("INFO")
    made = run(six, crop=16, step=8)
    assert "resuming, 36 of 84 crops are already done" in caplog.text  # 12 per image
    assert digest(made.path) == whole
    assert not made.path.with_name("real.h5.part").exists()


def test_a_second_run_only_looks(six, monkeypatch, caplog):
    made = run(six, crop=16)
    monkeypatch.setattr(Writer, "write", None)
    caplog.set_level("INFO")
    assert run(six, crop=16) == made
    assert "is already complete with these images and settings" in caplog.text


def test_other_images_or_settings_on_the_same_name_are_refused(six):
    run(six, crop=16)
    with pytest.raises(FileError, match=r"other settings \(crop: 16 in the file, 20 now; step"):
        run(six, crop=20)
    path = six / "blur/3.png"
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-4] + b"xxxx")  # IEND's checksum: decodes as before
    assert path.stat().st_size == size
    with pytest.raises(FileError, match=r"other settings \(files: SHA-256 "):
        run(six, crop=16)
    run(six, crop=16, overwrite=True)


def test_an_image_that_changes_during_the_run_is_named(six, monkeypatch):
    begin = write.open_writer

    def change_first(*arguments, **options):
        put(six, "sharp/3.png", shape=(40, 50))
        return begin(*arguments, **options)

    monkeypatch.setattr(write, "open_writer", change_first)
    with pytest.raises(FileError, match=r"^sharp/3\.png has changed since the run began$"):
        run(six, crop=16)
