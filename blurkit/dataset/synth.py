"""From settings to a dataset file, in threads, resumable at any moment."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from blurkit.dataset.samples import empty_rows, fill_rows, sample, sample_types, scan_photos
from blurkit.dataset.settings import SynthSettings
from blurkit.errors import FileError, SettingError
from blurkit.files import AnyPath
from blurkit.progress import bar
from blurkit.scenes.photos import Photos
from blurkit.store import PART, PlannedFile, Writer, check_space, open_writer, shard_name

# most that a thread computes before it writes; the file's bytes do not depend on them
BLOCK, BLOCK_BYTES = 64, 2**24
SETTLE = 0.25  # seconds between two requests that the disk write what there is

log = logging.getLogger(__name__)
T = TypeVar("T")


def synth(
    out: AnyPath = "blur.h5",
    settings: SynthSettings | None = None,
    *,
    threads: int | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> Path:
    """Synthesise a dataset of blurry/sharp pairs; a stopped run goes on where it was.

    Parameters
    ----------
    out : path
        The file; while it is being made it is called `out` + ".part". Where the settings ask for
        a shard, its number joins the name: shard 3 of 10 of blur.h5 is blur-00003-of-00010.h5.
    settings : SynthSettings
    threads : int >= 1, optional
        All processors by default. The file's bytes do not depend on it.
    overwrite : bool
        True throws away what is at `out` and begins again.
    progress : bool
        Show a bar with an ETA on stderr.

    Returns
    -------
    path : of the finished file, at once if it is there already with these settings

    Raises
    ------
    SettingError
        "out must not end in .part, got blur.h5.part", "threads must be >= 1, got 0"
    FileError
        Those of `blurkit.store.open_writer` and `blurkit.scenes.photos.scan`.
    KeyboardInterrupt
        Ctrl-C; the rows done so far are kept in `out` + ".part".

    Example
    -------
    >>> synth("blur.h5", SynthSettings(n=1000, images="photos"))  # doctest: +SKIP
    PosixPath('blur.h5')
    """
    settings = settings or SynthSettings()
    threads = thread_count(threads)
    path = shard_path(out, settings)
    try:
        if settings.images is not None:  # looking at photos takes minutes, and a full disk shall
            types = sample_types(settings, None)  # show at once
            check_space(path, {path: settings.count}, types, overwrite)
        photos = scan_photos(settings, threads, progress)
        writer = begin(path, settings, photos, overwrite=overwrite, progress=progress)
        if writer is None:
            log.info("%s is complete already, made with these settings", path)
            return path
        with writer:
            kept = rows_kept(writer, settings)
            sample(settings, settings.first, photos)  # compiles the loops before the clock starts
            with bar(settings.count, "Synthesising", "pair", kept, disable=not progress) as shown:
                fill(writer, settings, photos, threads, shown.update)
            return writer.finish()
    except KeyboardInterrupt:
        if path.with_name(path.name + PART).exists():
            log.warning("stopped: %s.part keeps what is done, the same command goes on", path)
        else:
            log.warning("stopped: nothing is done yet, the same command begins again")
        raise


def shard_path(out: AnyPath, settings: SynthSettings) -> Path:
    """The file's path: `out`, or for one of several shards blur-00003-of-00010.h5 beside it.

    Raises
    ------
    SettingError, FileError
        `out` is no name of a file, or its folder does not exist.
    """
    out = checked_out(out)
    if settings.shards == 1:
        return out
    return out.with_name(shard_name(out.name, settings.shard, settings.shards))


def checked_out(out: AnyPath) -> Path:
    """`out` as a Path if it can be the name of a dataset file in a folder that is there."""
    out = Path(out)
    if not out.name:
        raise SettingError(f"out must be the name of a file, got {str(out)!r}")
    if out.suffix == PART:
        raise SettingError(f"out must not end in {PART}, got {out.name}")
    if not out.absolute().parent.is_dir():
        raise FileError(f"{out}: cannot be written (no folder {out.parent})")
    return out


def planned(path: Path, settings: SynthSettings, photos: Photos | None) -> PlannedFile:
    """The file of these settings."""
    stored = settings.stored(photos.label if photos else None)
    return PlannedFile(path, stored, settings.seed, settings.first, settings.count)


def begin(
    path: Path,
    settings: SynthSettings,
    photos: Photos | None,
    *,
    overwrite: bool = False,
    progress: bool = False,
) -> Writer | None:
    """`blurkit.store.open_writer` for the file of these settings."""
    file = planned(path, settings, photos)
    return open_writer(
        path,
        sample_types(settings, photos),
        settings=file.settings,
        seed=file.seed,
        start=file.start,
        count=file.count,
        overwrite=overwrite,
        progress=progress,
    )


def rows_kept(writer: Writer, settings: SynthSettings) -> int:
    """How many rows an earlier run has left; said aloud if there are any."""
    kept = settings.count - int(writer.missing.sum())
    if kept:
        text = "%s: keeping the %d of %d samples done before"
        log.info(text, writer.path, kept, settings.count)
    return kept


def fill(
    writer: Writer,
    settings: SynthSettings,
    photos: Photos | None,
    threads: int,
    done: Callable[[int], object],
) -> None:
    """Compute and write the missing blocks in threads; each has one block in memory.

    `done(rows)` is called after each block, by one thread at a time.
    """
    types = sample_types(settings, photos)
    block = min(
        BLOCK, settings.count, max(1, BLOCK_BYTES // sum(t.itemsize for t in types.values()))
    )
    if photos:  # the samples of a photo stay in one block, if a block has room for them
        block = block // photos.group * photos.group or block
    # blocks begin at multiples of their size, as the groups of samples that share a photo do
    edges = [0, *range(block - settings.first % block, settings.count, block), settings.count]
    blocks = [(a, b) for a, b in pairwise(edges) if writer.missing[a:b].any()]
    queue, stop, lock = iter(blocks), threading.Event(), threading.Lock()

    def work() -> None:
        rows = empty_rows(types, block)
        for first, end in _taken(queue, stop):
            part = {name: data[: end - first] for name, data in rows.items()}
            fill_rows(part, settings, photos, settings.first + first)
            writer.write(first, part)
            with lock:
                done(int(writer.missing[first:end].sum()))

    def settle() -> None:  # else the disk would begin when the last sample is computed
        while not stop.wait(SETTLE):
            writer.settle()

    with ThreadPoolExecutor(threads + 1) as pool:
        settling = pool.submit(settle)
        try:
            for future in as_completed([pool.submit(work) for _ in range(threads)]):
                future.result()
        finally:
            stop.set()
        settling.result()


def _taken(queue: Iterator[T], stop: threading.Event) -> Iterator[T]:
    while not stop.is_set() and (item := next(queue, None)) is not None:
        yield item


def thread_count(threads: int | None) -> int:
    """The number asked for, or that of the processors that this process may use."""
    if threads is None:
        usable = getattr(os, "sched_getaffinity", None)  # a container may lend us only some
        return len(usable(0)) if usable else os.cpu_count() or 1
    if threads < 1:
        raise SettingError(f"threads must be >= 1, got {threads}")
    return threads
