"""The folder of a run: overwritten whole, and filled by one process at a time."""

import subprocess
import sys

import pytest

from blurkit.errors import FileError
from nas import retrain as retrain_command
from nas.retrain import RetrainSettings, retrain

TRAIN = RetrainSettings(width=2, crop=16, batch=2, steps=6, every=2)
pytestmark = pytest.mark.usefixtures("one_thread")


def test_overwriting_a_training_leaves_nothing_of_the_former_one(pairs_file, tmp_path, monkeypatch):
    retrain("unet", pairs_file, tmp_path, TRAIN, progress=False)

    def stop(self, start, stop, progress):
        raise KeyboardInterrupt

    monkeypatch.setattr(retrain_command.Trainer, "run", stop)
    with pytest.raises(KeyboardInterrupt):
        retrain("unet", pairs_file, tmp_path, TRAIN, overwrite=True, progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["settings.json"]


def test_a_folder_that_another_process_fills_is_refused(pairs_file, tmp_path):
    hold = "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)"
    command = [sys.executable, "-c", f"{hold}; print('held', flush=True); sys.stdin.read()"]
    (tmp_path / "net").mkdir()
    with subprocess.Popen(
        [*command, tmp_path / "net"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(FileError, match=r"net: in use by another process$"):
            retrain("frame", pairs_file, tmp_path / "net", TRAIN, progress=False)
        assert not list((tmp_path / "net").iterdir())
        other.stdin.close()
    assert retrain("frame", pairs_file, tmp_path / "net", TRAIN, progress=False).exists()
