"""Shards made on a Dask cluster: one task a shard, each resumable where its worker died."""

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blurkit._version import __version__
from blurkit.dataset.settings import SynthSettings
from blurkit.dataset.shards import Plan, plan
from blurkit.dataset.synth import begin, fill, rows_kept, thread_count
from blurkit.errors import FileError, SettingError
from blurkit.files import AnyPath
from blurkit.progress import bar
from blurkit.scenes.photos import Photos
from blurkit.store import FileBusy, Writer

if TYPE_CHECKING:
    from distributed import Client, Future
    from tqdm import tqdm

CONNECT = 15.0  # seconds in which a scheduler must answer
RETRIES = 3  # of a shard that fails or whose workers keep dying
LOCK_WAIT = 300.0  # seconds in which a file must be given up by the process that wrote it before
REPORT = 1.0  # seconds between two words from a shard

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

    A shard whose worker dies goes on, on another worker, with the rows that are on the disk. Needs
    `pip install blurkit[dask]` here, on the scheduler and on the workers.

    Parameters
    ----------
    out, settings, shards, overwrite, progress : as of `blurkit.synth_shards`
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
        scheduler answers", "DIR: worker at HOST sees another folder here; ...", what fails in
        every one of 4 attempts at a shard, and those of `synth_shards`
    KeyboardInterrupt
        Ctrl-C; shards that run are finished by their workers, the others are given up.
    """
    settings, threads = settings or SynthSettings(), thread_count(threads)
    with _connected(address) as client:
        todo = plan(os.path.abspath(out), settings, shards, overwrite=overwrite, progress=progress)
        left = [i for i, path in enumerate(todo.paths) if not path.exists()]
        if not left:
            log.info("all %d files are complete already, made with these settings", shards)
            return list(todo.paths)
        if not client.nthreads():
            log.info("%s has no workers yet, waiting for the first", address)
        with (
            _token(todo.paths[0].parent) as token,
            bar(settings.n, "Synthesising", "pair", sum(todo.done), disable=not progress) as shown,
        ):
            _Run(client, address, todo, token, threads, shown).finish(left)
    return list(todo.paths)


class _Run:
    """What the client knows of the shards on their way."""

    def __init__(
        self,
        client: "Client",
        address: str,
        todo: Plan,
        token: Path,
        threads: int,
        shown: "tqdm",
    ) -> None:
        self._client, self._address, self._plan, self._shown = client, address, todo, shown
        self._done, self._lock = list(todo.done), threading.Lock()
        self._topic = f"blurkit-{uuid.uuid4().hex}"
        # as a task of its own the list of photos goes to each worker once, and again if it is lost
        photos = client.submit(_itself, todo.photos, key=f"{self._topic}-photos")
        self._facts = {"photos": photos, "token": token, "threads": threads, "topic": self._topic}
        self._facts["version"] = __version__

    def finish(self, left: Sequence[int]) -> None:
        """Make these shards; returns when the last is finished."""
        from distributed import as_completed

        self._client.subscribe_topic(self._topic, self._heard)
        futures = {i: self._submit(i, 0) for i in left}
        shard_of = {future.key: (i, 0) for i, future in futures.items()}
        running = as_completed(list(futures.values()), loop=self._client.loop)
        try:
            for future in running:
                i, attempt = shard_of.pop(future.key)
                if future.status == "finished":
                    self._report(i, self._plan.shards[i].count)
                    continue
                again = self._submit_again(i, attempt, future)
                shard_of[again.key] = i, attempt + 1
                futures[i] = again
                running.add(again)
        except KeyboardInterrupt:
            log.warning("stopped: what is done is kept, the same command goes on")
            raise
        finally:
            self._client.cancel([future for future in futures.values() if not future.done()])
            self._client.unsubscribe_topic(self._topic)

    def _submit(self, i: int, attempt: int) -> "Future":
        todo, key = self._plan, f"{self._topic}-{i}-{attempt}"
        return self._client.submit(
            make_shard, todo.paths[i], todo.shards[i], **self._facts, key=key, pure=False
        )

    def _submit_again(self, i: int, attempt: int, failed: "Future") -> "Future":
        if failed.status != "error":
            raise FileError(
                f"{self._address}: the Dask scheduler is gone; what is done is kept, the same "
                "command goes on"
            )
        error, path = failed.exception(), self._plan.paths[i]
        said = str(error) if isinstance(error, FileError) else f"{path}: {error!r}"
        if isinstance(error, SettingError) or attempt == RETRIES:
            raise FileError(said) from error
        log.warning("%s; trying again, %d of %d", said, attempt + 1, RETRIES)
        return self._submit(i, attempt + 1)

    def _heard(self, event: tuple[float, dict[str, int]]) -> None:
        self._report(event[1]["shard"], event[1]["done"])

    def _report(self, i: int, done: int) -> None:
        with self._lock:  # words arrive in a thread of the client's
            self._shown.update(done - self._done[i])
            self._done[i] = done


def _itself(value: Any) -> Any:
    return value


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


@contextmanager
def _connected(address: str) -> Iterator["Client"]:
    """A client of the scheduler; one that never answers must not leave half a client behind."""
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
    """An empty file by which a worker knows the folder, while the run goes on."""
    token = folder / f".blurkit-{uuid.uuid4().hex}"
    try:
        token.touch()
        yield token
    except PermissionError as error:
        raise FileError(f"{folder}: cannot be written ({error.strerror})") from error
    finally:
        token.unlink(missing_ok=True)
