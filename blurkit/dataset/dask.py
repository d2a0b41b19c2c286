"""Shards made on a Dask cluster: one task a shard, resumed on another worker if its worker dies."""

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blurkit._version import __version__
from blurkit.dataset.settings import SynthSettings
from blurkit.dataset.shard import Shard
from blurkit.dataset.shards import plan
from blurkit.errors import FileError, SettingError
from blurkit.files import AnyPath
from blurkit.kernel.checks import checked_threads
from blurkit.progress import bar
from blurkit.scenes.photos import Photos
from blurkit.store import FileBusy, Writer

if TYPE_CHECKING:
    from distributed import Client, Future
    from tqdm import tqdm

CONNECT = 15.0  # seconds in which a scheduler must answer
RETRIES = 3  # of a shard that fails
LOCK_WAIT = 300.0  # seconds to wait for the lock of a process that died
REPORT = 1.0  # seconds between two progress events of a shard

log = logging.getLogger(__name__)


def synth_on_dask(
    out: AnyPath,
    settings: SynthSettings | None = None,
    *,
    shards: int,
    address: str,
    threads: int = 1,
    overwrite: bool = False,
    progress: bool = True,
) -> list[Path]:
    """`blurkit.synth_shards` on the workers of a Dask scheduler; the files are the same.

    A shard whose worker dies is resumed on another worker from the rows on disk. Needs
    `pip install blurkit[dask]` here, on the scheduler and on the workers.

    Parameters
    ----------
    out, settings, shards, overwrite, progress : as for `blurkit.synth_shards`
        The folders of `out` and of the photos must be shared by all workers, under the same path.
    address : of the scheduler, such as "tcp://10.0.0.5:8786"
    threads : int >= 1
        Threads of a task. A worker runs as many tasks at once as it has threads, so 1 fills it.

    Returns
    -------
    paths : of the finished files, in order

    Raises
    ------
    SettingError
        "dask must be the address of a scheduler such as tcp://HOST:8786, got x", and those of
        `synth_shards`
    FileError
        "dask needs another package: pip install 'blurkit[dask]'", "tcp://HOST:8786: no Dask
        scheduler answers", "DIR: worker at HOST sees another folder here; ...", the error of a
        shard that failed 4 times, and those of `synth_shards`
    KeyboardInterrupt
        Ctrl-C; workers finish the shards they have begun, the others are cancelled.
    """
    settings, threads = settings or SynthSettings(), checked_threads(threads)
    with _connected(address) as client:
        planned, done = plan(
            os.path.abspath(out), settings, shards, overwrite=overwrite, progress=progress
        )
        paths = [shard.path for shard in planned]
        unfinished = [i for i, path in enumerate(paths) if not path.exists()]
        if not unfinished:
            log.info("all %d files are already complete with these settings", shards)
            return paths
        if not client.nthreads():
            log.info("%s has no workers yet, waiting for the first", address)
        with (
            _token(paths[0].parent) as token,
            bar(settings.n, "Synthesising", "pair", sum(done), disable=not progress) as shown,
        ):
            _Run(client, address, planned, done, token, threads, shown).finish(unfinished)
    return paths


class _Run:
    """The client's side of a run: submits the shards, retries them, moves the bar."""

    def __init__(
        self,
        client: "Client",
        address: str,
        shards: Sequence[Shard],
        done: Sequence[int],
        token: Path,
        threads: int,
        shown: "tqdm",
    ) -> None:
        self._client, self._address, self._shards, self._shown = client, address, shards, shown
        self._done, self._lock = list(done), threading.Lock()
        self._token, self._threads = token, threads
        self._topic = f"blurkit-{uuid.uuid4().hex}"
        # as a task of its own the list of photos goes to each worker once, and again if it is lost
        self._photos = client.submit(_itself, shards[0].photos, key=f"{self._topic}-photos")

    def finish(self, unfinished: Sequence[int]) -> None:
        """Make these shards; returns when the last is finished."""
        from distributed import as_completed

        self._client.subscribe_topic(self._topic, self._on_event)
        futures = {i: self._submit(i, 0) for i in unfinished}
        attempts = {future.key: (i, 0) for i, future in futures.items()}
        running = as_completed(list(futures.values()), loop=self._client.loop)
        try:
            for future in running:
                i, attempt = attempts.pop(future.key)
                if future.status == "finished":
                    self._show(i, self._shards[i].settings.count)
                    continue
                retry = self._retry(i, attempt, future)
                attempts[retry.key] = i, attempt + 1
                futures[i] = retry
                running.add(retry)
        except KeyboardInterrupt:
            log.warning("stopped: finished samples are kept; rerun the command to resume")
            raise
        finally:
            self._client.cancel([future for future in futures.values() if not future.done()])
            self._client.unsubscribe_topic(self._topic)

    def _submit(self, i: int, attempt: int) -> "Future":
        return self._client.submit(
            make_shard,
            replace(self._shards[i], photos=None),
            self._photos,
            token=self._token,
            threads=self._threads,
            topic=self._topic,
            version=__version__,
            key=f"{self._topic}-{i}-{attempt}",
            pure=False,
        )

    def _retry(self, i: int, attempt: int, failed: "Future") -> "Future":
        if failed.status != "error":
            raise FileError(
                f"{self._address}: lost the Dask scheduler; finished samples are kept, rerun the "
                "command to resume"
            )
        error, path = failed.exception(), self._shards[i].path
        reason = str(error) if isinstance(error, FileError) else f"{path}: {error!r}"
        if isinstance(error, SettingError) or attempt == RETRIES:
            raise FileError(reason) from error
        log.warning("%s; trying again, %d of %d", reason, attempt + 1, RETRIES)
        return self._submit(i, attempt + 1)

    def _on_event(self, event: tuple[float, dict[str, int]]) -> None:
        self._show(event[1]["shard"], event[1]["done"])

    def _show(self, i: int, done: int) -> None:
        with self._lock:  # events arrive in a thread of the client
            self._shown.update(done - self._done[i])
            self._done[i] = done


def _itself(value: Any) -> Any:
    return value


def make_shard(
    shard: Shard, photos: Photos | None, *, token: Path, threads: int, topic: str, version: str
) -> None:
    """A task on a worker: make one shard, or resume it."""
    from distributed import get_worker

    worker, host = get_worker(), socket.gethostname()
    if version != __version__:
        raise FileError(f"worker at {host} has blurkit {__version__}, the command {version}")
    if not token.exists():
        raise FileError(
            f"{shard.path.parent}: worker at {host} sees another folder here, or none; all workers "
            "must share it under this path"
        )
    shard = replace(shard, photos=photos)
    writer = _open(shard)
    if writer is None:
        return
    with writer:
        done, reported = writer.kept, 0.0

        def report(rows: int) -> None:
            nonlocal done, reported
            done += rows
            if time.monotonic() - reported >= REPORT:
                reported = time.monotonic()
                worker.log_event(topic, {"shard": shard.settings.shard, "done": done})

        report(0)
        shard.fill(writer, threads, report)
        writer.finish()


def _open(shard: Shard) -> Writer | None:
    """Open the file once the process that wrote it before has released its lock."""
    until = time.monotonic() + LOCK_WAIT
    while True:
        try:
            return shard.open()
        except FileBusy:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)


@contextmanager
def _connected(address: str) -> Iterator["Client"]:
    """A client of the scheduler; the address is tried first, as a failed Client leaves threads."""
    try:
        from distributed import Client
        from distributed.comm import get_address_host_port
    except ImportError as error:
        raise FileError("dask needs another package: pip install 'blurkit[dask]'") from error
    try:
        place = get_address_host_port(address)
    except ValueError:
        raise SettingError(
            f"dask must be the address of a scheduler such as tcp://HOST:8786, got {address}"
        ) from None
    until = time.monotonic() + CONNECT
    while True:
        try:
            socket.create_connection(place, timeout=CONNECT).close()
            break
        except OSError as error:
            if time.monotonic() > until:
                why = error.strerror or error
                raise FileError(f"{address}: no Dask scheduler answers ({why})") from error
            time.sleep(0.5)
    try:
        client = Client(address, timeout=CONNECT, set_as_default=False)
    except OSError as error:
        raise FileError(f"{address}: no Dask scheduler answers ({error})") from error
    with client:
        yield client


@contextmanager
def _token(folder: Path) -> Iterator[Path]:
    """An empty file by which workers recognise the folder during the run."""
    token = folder / f".blurkit-{uuid.uuid4().hex}"
    try:
        token.touch()
        yield token
    except PermissionError as error:
        raise FileError(f"{folder}: cannot be written ({error.strerror})") from error
    finally:
        token.unlink(missing_ok=True)
