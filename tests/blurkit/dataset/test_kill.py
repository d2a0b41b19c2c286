"""Stopped at any moment, by kill -9 or Ctrl-C, and never two at once: the bytes are the same."""

import logging
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from making import digest

from blurkit import SynthSettings, Walk, synth
from blurkit.errors import FileError
from blurkit.store import read_layout

COMMAND = ["-m", "blurkit", "synth", "--n", "8000", "--patch", "64", "--kernel", "15", "--quiet"]
SMALL = SynthSettings(n=6000, patch=16, kernel=7, walk=Walk(steps=32, length=(2, 5)), seed=5)
KILLS = 25

pytestmark = [
    pytest.mark.compiled,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


def sealed(part: Path) -> int:
    try:
        return int(np.count_nonzero(read_layout(part).map()["crc"]))
    except FileError:
        return 0


def start(folder: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *COMMAND], cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )


def stop_at(run: subprocess.Popen, part: Path, rows: int, how: signal.Signals) -> tuple[int, str]:
    """Send the signal once `rows` rows are sealed; the exit code and what the run said."""
    while run.poll() is None and sealed(part) < rows:
        time.sleep(0.002)
    run.send_signal(how)
    said = b"".join(run.communicate()).decode()
    return run.returncode, said


def test_the_command_killed_and_interrupted_ends_with_the_same_bytes(tmp_path):
    start(tmp_path).communicate()
    whole = digest(tmp_path / "blur.h5")
    (tmp_path / "blur.h5").unlink()
    part, kept = tmp_path / "blur.h5.part", [0]

    run = start(tmp_path)
    time.sleep(0.2)  # still importing
    run.kill()
    run.communicate()
    for rows in (1, 3000):
        code, _ = stop_at(start(tmp_path), part, rows, signal.SIGKILL)
        assert code == -signal.SIGKILL
        kept.append(sealed(part))
    assert kept == sorted(kept)
    assert 3000 <= kept[-1] < 8000

    code, said = stop_at(start(tmp_path), part, kept[-1] + 500, signal.SIGINT)
    assert code == 130
    assert f"resuming, {kept[-1]} of 8000 samples are already done" in said
    assert "stopped: blur.h5.part keeps the finished samples; rerun the command to resume" in said

    assert start(tmp_path).communicate()[0].startswith(b"blur.h5: 8,000 pairs")
    assert [p.name for p in tmp_path.iterdir()] == ["blur.h5"]
    assert digest(tmp_path / "blur.h5") == whole


@pytest.fixture
def whole(tmp_path, monkeypatch):
    """The digest of SMALL's file; blocks are so short that there are many moments between them."""
    monkeypatch.setattr(sys.modules["blurkit.dataset.shard"], "BLOCK", 2)
    (tmp_path / "whole").mkdir()
    return digest(synth(tmp_path / "whole" / "a.h5", SMALL, progress=False))


def forked(out: Path, **options) -> int:
    """`synth` in a child that has the loops compiled already; what it logs is added to out.log."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        log = logging.getLogger("blurkit")
        log.handlers, log.propagate = [logging.FileHandler(out.with_suffix(".log"))], False
        log.setLevel("INFO")
        synth(out, SMALL, progress=False, **options)
        code = 0
    except FileError as error:
        code = 3 if "another process is writing it" in str(error) else 4
    finally:
        os._exit(code)


def kept(part: Path) -> int:
    """Rows that are sealed; none may be sealed before it is there."""
    if not part.exists():
        return 0
    layout = read_layout(part)
    damaged, empty = layout.damaged(0, SMALL.n), layout.map()["crc"] == 0
    np.testing.assert_array_equal(damaged, empty)
    return int((~empty).sum())


def test_25_kills_at_random_moments_end_with_the_same_bytes(whole, tmp_path):
    (tmp_path / "run").mkdir()
    out, part = tmp_path / "run" / "a.h5", tmp_path / "run" / "a.h5.part"
    seed = random.randrange(2**32)
    draw = random.Random(seed)
    kills, before, most = 0, 0, 0
    for attempt in range(200):
        child = forked(out, threads=draw.randint(1, 3))
        goal = before + draw.randint(1, 300)
        if attempt % 5 == 0:  # while the file is laid out, or its rows are looked at
            time.sleep(draw.uniform(0, 0.02))
        while sealed(part) < goal and not out.exists() and attempt % 5:
            time.sleep(0.0005)
        time.sleep(draw.uniform(0, 0.002))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        log = out.with_suffix(".log")
        said = log.read_text() if log.exists() else ""
        log.unlink(missing_ok=True)
        if attempt % 5 and before:
            assert f"resuming, {before} of {SMALL.n} samples are already done" in said, seed
        if out.exists():
            assert digest(out) == whole, seed
            out.unlink()
        before, last = kept(part), before
        assert before >= last or before == 0, seed
        most = max(most, before)
        kills += os.WIFSIGNALED(status)
        if kills == KILLS and before:
            break
    assert kills == KILLS, seed
    assert most > 300, seed
    assert os.waitstatus_to_exitcode(os.waitpid(forked(out), 0)[1]) == 0
    said = out.with_suffix(".log").read_text()
    assert f"resuming, {before} of {SMALL.n} samples are already done" in said
    out.with_suffix(".log").unlink()
    assert [p.name for p in out.parent.iterdir()] == ["a.h5"], seed
    assert digest(out) == whole, seed


def test_of_two_at_once_one_refuses_or_finds_the_work_done(whole, tmp_path):
    refused = 0
    for race in range(8):
        out = tmp_path / f"{race}.h5"
        children = [forked(out, threads=1, overwrite=race % 2 == 1 and k == 1) for k in range(2)]
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        assert set(codes) <= {0, 3}
        assert 0 in codes
        refused += 3 in codes
        assert digest(out) == whole
        assert not list(tmp_path.glob(f"{race}.h5.*"))
    assert refused


def test_a_second_command_on_one_output_refuses(tmp_path):
    first = start(tmp_path)
    while not (tmp_path / "blur.h5.part").exists():
        time.sleep(0.002)
    first.send_signal(signal.SIGSTOP)
    for words in ([], ["--overwrite"]):
        command = [sys.executable, *COMMAND, *words]
        second = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert second.returncode == 1
        assert second.stderr == "Error: blur.h5: another process is writing it\n"
    first.send_signal(signal.SIGCONT)
    assert first.communicate()[0].startswith(b"blur.h5: 8,000 pairs")
