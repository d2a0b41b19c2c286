"""Full disks: found before the first sample, with both figures, and nothing is left behind."""

import errno
import os
import re
import resource
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from making import TYPES, N, begin, digest, make

from blurkit.errors import FileError

# a small disk of one's own, which vanishes with the process
SMALL_DISK = 'mount -t tmpfs -o size="$1" none "$2" && cd "$2" && shift 2 && exec "$@"'


def on_a_small_disk(folder, size, *command):
    """Run the command in `folder` on a disk of its own; skips where that is not allowed."""
    try:
        subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", folder], check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine does not let us mount a small disk")
    words = ["unshare", "-rm", "sh", "-c", SMALL_DISK, "sh", size, folder, *command]
    return subprocess.run(words, capture_output=True, text=True)


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
    message = "FileError: a.h5: needs 2,493,376 bytes, which cannot be reserved in .* "
    assert re.search(message + r"\(File too large; [\d,]+ are free\)$", last)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("source", ["scenes", "photos"])
def test_a_full_disk_stops_the_command_and_stays_as_it_was(tmp_path, source):
    script = (
        "import os, sys; from blurkit.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print(os.listdir('.'))"
    )
    words = ["synth", "--n", "1000", "--patch", "64"]
    if source == "photos":  # looking at them may take long, so it comes later: here is none
        words += ["--images", str(tmp_path)]
    (tmp_path / "disk").mkdir()
    done = on_a_small_disk(tmp_path / "disk", "2m", sys.executable, "-c", script, *words)
    assert done.returncode == 1
    needed = r"Error: blur\.h5: needs [\d,]{9,} bytes, but only 2,097,152 are free in "
    assert re.match(needed + re.escape(f"{tmp_path}/disk\n"), done.stderr), done.stderr
    assert done.stdout == "[]\n"


FILLS = """
import os, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from making import begin, digest, rows
from blurkit.errors import FileError
if sys.argv[2] == "unreserved":
    def refuse(*_): raise OSError(95, "Operation not supported")
    os.posix_fallocate = refuse
writer = begin(Path("a.h5"))
try:
    with open("other", "wb", buffering=0) as file:
        while file.write(bytes(4096)): pass
except OSError as error:
    print(error.strerror)
try:
    with writer:
        for row in range(20):
            writer.write(row, {name: data[row : row + 1] for name, data in rows().items()})
        writer.finish()
except FileError as error:
    print(error)
    os.unlink("other")
    with begin(Path("a.h5")) as writer:
        print(int(writer.missing.sum()) == 20 - row)
        writer.write(row, {name: data[row:] for name, data in rows().items()})
        writer.finish()
print(digest("a.h5"))
"""


@pytest.mark.parametrize("kind", ["reserved", "unreserved"])
def test_a_disk_that_others_fill_meanwhile(tmp_path, kind):
    # where the file system cannot reserve, a run stops and goes on when there is room again
    (tmp_path / "disk").mkdir()
    tests = str(Path(__file__).parents[2] / "support")
    command = [sys.executable, "-c", FILLS, tests, kind]
    done = on_a_small_disk(tmp_path / "disk", "128k", *command)
    expected = ["No space left on device", digest(make(tmp_path / "b.h5"))]
    if kind == "unreserved":
        message = (
            "a.h5: cannot be written (No space left on device); a.h5.part keeps the finished rows"
        )
        expected[1:1] = [message, "True"]
    assert done.stdout.splitlines() == expected, done.stderr


@pytest.mark.parametrize("cause", [errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_that_cannot_reserve_still_serves(tmp_path, monkeypatch, cause):
    whole = digest(make(tmp_path / "a.h5"))

    def refuse(*_):
        raise OSError(cause, os.strerror(cause))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    assert digest(make(tmp_path / "b.h5")) == whole
