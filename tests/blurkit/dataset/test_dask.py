"""Shards on a real Dask scheduler with two worker processes, one of which is killed."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import blurkit.dataset.dask
from blurkit.cli import main
from blurkit.dataset.dask import synth_on_dask
from blurkit.dataset.settings import SynthSettings
from blurkit.dataset.shards import synth_shards
from blurkit.errors import FileError, SettingError
from blurkit.images.files import write_image
from blurkit.kernel.walk import Walk
from blurkit.store import read_layout

Client = pytest.importorskip("distributed").Client
pytestmark = pytest.mark.compiled  # the workers would be too slow

SETTINGS = SynthSettings(n=8000, patch=64, kernel=15, seed=3)
TINY = SynthSettings(n=30, patch=16, kernel=7, walk=Walk(steps=32, length=(2.0, 5.0)))
QUIET = ["--no-dashboard", "--scheduler-file"]


def digests(paths) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


class Cluster:
    """A scheduler and its workers as processes of their own."""

    def __init__(self, folder):
        self.folder, self.file, self.workers = folder, folder / "scheduler.json", []
        self.scheduler = self.start("scheduler", "--host", "127.0.0.1", "--port", "0")
        while not self.file.exists():
            assert self.scheduler.poll() is None
            time.sleep(0.05)
        self.address = json.loads(self.file.read_text())["address"]

    def start(self, kind, *words):
        command = [sys.executable, "-m", "dask", kind, *QUIET, str(self.file), *words]
        with open(self.folder / "log.txt", "ab") as said:
            return subprocess.Popen(command, cwd=self.folder, stdout=said, stderr=said)

    def add_worker(self):
        words = ("--no-nanny", "--nthreads", "1", "--local-directory", str(self.folder))
        self.workers.append(self.start("worker", *words))
        return self.workers[-1]

    def stop(self):
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    made.add_worker()
    made.add_worker()
    with Client(made.address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=120)
    yield made
    made.stop()


class Shown:
    """Stands in for the progress bar and keeps what it was told."""

    def __init__(self, total, desc, unit, done, disable):
        self.total, self.seen = total, [done]

    def update(self, more):
        self.seen.append(self.seen[-1] + more)


def sealed(part) -> int:
    try:
        return int(np.count_nonzero(read_layout(part).map()["crc"]))
    except FileError:  # renamed meanwhile, or not there yet
        return 0


def kill_in_the_middle(cluster, folder, killed, give_up):
    """SIGKILL a worker that is in the middle of a shard; remember which worker and which file."""
    while not killed and not give_up.is_set():
        for worker in cluster.workers:
            for link in Path(f"/proc/{worker.pid}/fd").iterdir():
                with contextlib.suppress(OSError):  # closed meanwhile
                    part = Path(os.readlink(link))
                    if part.parent == folder and 200 <= sealed(part) <= 1500:
                        worker.send_signal(signal.SIGKILL)
                        killed.append((worker, part.name, part.stat().st_ino))
                        return
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's /proc")
def test_a_killed_worker_costs_no_row_and_changes_no_byte(cluster, tmp_path, monkeypatch):
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    expected = digests(synth_shards(tmp_path / "here/x.h5", SETTINGS, shards=4, progress=False))
    bars, killed, give_up = [], [], threading.Event()

    @contextlib.contextmanager
    def bar(*arguments, **options):
        bars.append(Shown(*arguments, **options))
        yield bars[-1]

    monkeypatch.setattr(blurkit.dataset.dask, "bar", bar)
    arguments = cluster, tmp_path / "there", killed, give_up
    killer = threading.Thread(target=kill_in_the_middle, args=arguments)
    killer.start()
    try:
        paths = synth_on_dask(tmp_path / "there/x.h5", SETTINGS, shards=4, address=cluster.address)
    finally:
        give_up.set()
        killer.join()
    ((victim, part, inode),) = killed
    assert victim.wait() == -signal.SIGKILL
    assert digests(paths) == expected
    assert sorted(p.name for p in (tmp_path / "there").iterdir()) == sorted(expected)
    # the shard went on in the file that was begun
    assert (tmp_path / "there" / part.removesuffix(".part")).stat().st_ino == inode
    (shown,) = bars
    assert (shown.total, shown.seen[0], shown.seen[-1]) == (8000, 0, 8000)
    assert any(done % 2000 for done in shown.seen)  # it moves within shards too
    cluster.workers.remove(victim)
    cluster.add_worker()


@pytest.mark.slow
def test_photos_and_finished_shards(cluster, tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    photo = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    write_image(tmp_path / "photos" / "a.png", photo)
    monkeypatch.chdir(tmp_path)  # the workers stand elsewhere
    settings = SynthSettings(**{**vars(TINY), "images": "photos", "camera": None})
    (tmp_path / "here").mkdir()
    expected = digests(synth_shards("here/x.h5", settings, shards=3, progress=False))
    words = ["synth", "--n", "30", "--patch", "16", "--kernel", "7", "--steps", "32", "--quiet"]
    words += ["--length", "2", "5", "--images", "photos", "--out", "x.h5", "--shards", "3"]
    for said in ("", "blurkit: all 3 files are already complete with these settings\n"):
        result = CliRunner().invoke(main, [*words, "--dask", cluster.address])
        assert result.exit_code == 0, result.output
        assert result.output.startswith(f"{said}x-*-of-00003.h5: 3 files, 30 pairs of 16x16, ")
    paths = [tmp_path / name for name in expected]
    assert digests(paths) == expected
    paths[1].unlink()
    before = paths[0].stat().st_mtime_ns
    synth_on_dask("x.h5", settings, shards=3, address=cluster.address, progress=False)
    assert digests(paths) == expected
    assert paths[0].stat().st_mtime_ns == before
    assert not list(tmp_path.glob(".blurkit-*"))


@pytest.mark.slow
def test_what_fails_on_a_worker_is_tried_again_and_then_told(
    cluster, tmp_path, monkeypatch, caplog
):
    @contextlib.contextmanager
    def nowhere(folder):
        yield folder / "not-there"

    monkeypatch.setattr(blurkit.dataset.dask, "_token", nowhere)
    with pytest.raises(FileError) as caught:
        synth_on_dask(tmp_path / "x.h5", TINY, shards=1, address=cluster.address, progress=False)
    assert "sees another folder here, or none; all workers must share it" in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path}: worker at ")
    tried = [message for message in caplog.messages if "trying again" in message]
    assert [message[-6:] for message in tried] == ["1 of 3", "2 of 3", "3 of 3"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_ctrl_c_gives_up_what_has_not_begun_and_says_so(cluster, tmp_path):
    words = ["--n", "40000", "--patch", "64", "--shards", "40", "--dask", cluster.address]
    run = subprocess.Popen(
        [sys.executable, "-m", "blurkit", "synth", *words], cwd=tmp_path, stderr=subprocess.PIPE
    )
    while run.poll() is None and not list(tmp_path.glob("*.h5")):
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    said = run.communicate()[1].decode()
    assert run.returncode == 130
    assert "blurkit: stopped: finished samples are kept; rerun the command to resume" in said
    assert "Traceback" not in said
    until = time.monotonic() + 120
    while list(tmp_path.glob("*.part")) and time.monotonic() < until:  # what runs is finished
        time.sleep(0.1)
    made = {path.name for path in tmp_path.iterdir()}
    assert 1 <= len(made) < 10
    assert all(name.endswith(".h5") for name in made)


@pytest.mark.parametrize("address", ["nonsense", "foo://here:1", "tcp://here"])
def test_an_address_must_be_one(tmp_path, address):
    with pytest.raises(SettingError) as caught:
        synth_on_dask(tmp_path / "x.h5", TINY, shards=2, address=address)
    assert str(caught.value) == (
        f"dask must be the address of a scheduler such as tcp://HOST:8786, got {address}"
    )


def test_a_scheduler_that_does_not_answer_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(blurkit.dataset.dask, "CONNECT", 0.1)
    with pytest.raises(FileError) as caught:
        synth_on_dask(tmp_path / "x.h5", TINY, shards=2, address="tcp://127.0.0.1:9")
    assert str(caught.value) == (
        "tcp://127.0.0.1:9: no Dask scheduler answers (Connection refused)"
    )
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_the_command_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.chdir(tmp_path)
    words = ["synth", "--n", "30", "--shards", "2", "--dask", "tcp://127.0.0.1:8786"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 1
    assert result.output == ("Error: dask needs another package: pip install 'blurkit[dask]'\n")
    assert os.listdir() == []


@pytest.mark.slow
def test_a_scheduler_that_dies_is_told_and_the_same_call_goes_on(cluster, tmp_path):
    (tmp_path / "cluster").mkdir()
    doomed = Cluster(tmp_path / "cluster")
    doomed.add_worker()
    settings = SynthSettings(**{**vars(SETTINGS), "n": 4000})
    killer = threading.Thread(target=kill_when_begun, args=(doomed, tmp_path))
    killer.start()
    try:
        with pytest.raises(FileError) as caught:
            synth_on_dask(tmp_path / "x.h5", settings, shards=2, address=doomed.address)
    finally:
        killer.join()
        doomed.stop()
    assert str(caught.value) == (
        f"{doomed.address}: lost the Dask scheduler; finished samples are kept, rerun the command "
        "to resume"
    )
    paths = synth_on_dask(tmp_path / "x.h5", settings, shards=2, address=cluster.address)
    assert all(path.exists() for path in paths)


def kill_when_begun(cluster, folder):
    until = time.monotonic() + 30
    while not list(folder.glob("*.part")) and time.monotonic() < until:
        time.sleep(0.01)
    cluster.scheduler.kill()
