"""What a Dask worker does: one shard, from the rows that are on the disk to the finished file."""

import socket
import time
from pathlib import Path

from blurkit._version import __version__
from blurkit.dataset.settings import SynthSettings
from blurkit.dataset.synth import begin, fill, rows_kept
from blurkit.errors import FileError
from blurkit.scenes.photos import Photos
from blurkit.store import FileBusy, Writer

LOCK_WAIT = 300.0  # seconds in which a file must be given up by the process that wrote it before
REPORT = 1.0  # seconds between two words from a shard


def make_shard(
    path: Path,
    settings: SynthSettings,
    photos: Photos | None,
    *,
    token: Path,
    threads: int,
    topic: str,
    version: str,
) -> int:
    """A task: make one shard on this worker, or finish it; the number of its rows."""
    from distributed import get_worker

    worker, host = get_worker(), socket.gethostname()
    if version != __version__:
        raise FileError(f"worker at {host} has blurkit {__version__}, the command {version}")
    if not token.exists():
        raise FileError(
            f"{path.parent}: worker at {host} sees another folder here, or none; all workers must "
            "share it under this path"
        )
    writer = _writer(path, settings, photos)
    if writer is None:
        return settings.count
    with writer:
        done, told = rows_kept(writer, settings), 0.0

        def report(rows: int) -> None:
            nonlocal done, told
            done += rows
            if time.monotonic() - told >= REPORT:
                told = time.monotonic()
                worker.log_event(topic, {"shard": settings.shard, "done": done})

        report(0)
        fill(writer, settings, photos, threads, report)
        writer.finish()
    return settings.count


def _writer(path: Path, settings: SynthSettings, photos: Photos | None) -> Writer | None:
    """Begin the file, once the process that had it before is really gone."""
    until = time.monotonic() + LOCK_WAIT
    while True:
        try:
            return begin(path, settings, photos)
        except FileBusy:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
