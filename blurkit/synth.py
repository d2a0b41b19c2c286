"""From settings to a dataset file, in threads, resumable at any moment."""

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import numpy as np

from blurkit.errors import FileError, SettingError
from blurkit.photos import Photos
from blurkit.progress import bar
from blurkit.samples import empty_rows, fill_rows, sample, sample_types, scan_photos
from blurkit.settings import SynthSettings
from blurkit.store import PART, Writer, check_space, open_writer

# most that a thread computes before it writes; the file's bytes do not depend on them
BLOCK, BLOCK_BYTES = 64, 2**24

log = logging.getLogger(__name__)


def synth(
    out: str | os.PathLike[str] = "blur.h5",
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
        The file; while it is being made it is called `out` + ".part".
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
        Those of `blurkit.store.open_writer` and `blurkit.photos.scan`.
    KeyboardInterrupt
        Ctrl-C; the rows done so far are kept in `out` + ".part".

    Example
    -------
    >>> synth("blur.h5", SynthSettings(n=1000, images="photos"))  # doctest: +SKIP
    PosixPath('blur.h5')
    """
    settings = settings or SynthSettings()
    threads = _threads(threads)
    out = Path(out)
    if not out.name:
        raise SettingError(f"out must be the name of a file, got {str(out)!r}")
    if out.suffix == PART:
        raise SettingError(f"out must not end in {PART}, got {out.name}")
    if not out.absolute().parent.is_dir():
        raise FileError(f"{out}: cannot be written (no folder {out.parent})")
    try:
        if settings.images is not None:  # looking at photos takes minutes, and a full disk shall
            check_space(out, sample_types(settings, None), settings.n, overwrite)  # show at once
        photos = scan_photos(settings, threads, progress)
        types = sample_types(settings, photos)
        writer = open_writer(
            out,
            types,
            settings=settings.stored(photos.label if photos else None),
            seed=settings.seed,
            start=settings.start,
            count=settings.n,
            overwrite=overwrite,
            progress=progress,
        )
        if writer is None:
            log.info("%s is complete already, made with these settings", out)
            return out
        with writer:
            kept = settings.n - int(writer.missing.sum())
            if kept:
                log.info("%s: keeping the %d of %d samples done before", out, kept, settings.n)
            sample(settings, settings.start, photos)  # compiles the loops before the clock starts
            with bar(settings.n, "Synthesising", "pair", kept, disable=not progress) as shown:
                _fill(writer, settings, photos, types, threads, shown.update)
            return writer.finish()
    except KeyboardInterrupt:
        if out.with_name(out.name + PART).exists():
            log.warning("stopped: %s.part keeps what is done, the same command goes on", out)
        else:
            log.warning("stopped: nothing is done yet, the same command begins again")
        raise


def _fill(
    writer: Writer,
    settings: SynthSettings,
    photos: Photos | None,
    types: Mapping[str, np.dtype],
    threads: int,
    done: Callable[[int], object],
) -> None:
    """Compute and write the missing blocks in threads; each has one block in memory."""
    block = min(BLOCK, settings.n, max(1, BLOCK_BYTES // sum(t.itemsize for t in types.values())))
    if photos:  # the samples of a photo stay in one block, if a block has room for them
        block = block // photos.group * photos.group or block
    firsts = [f for f in range(0, settings.n, block) if writer.missing[f : f + block].any()]
    queue, stop, lock = iter(firsts), threading.Event(), threading.Lock()

    def work() -> None:
        rows = empty_rows(types, block)
        for first in _taken(queue, stop):
            missing = writer.missing[first : first + block]
            part = {name: data[: len(missing)] for name, data in rows.items()}
            fill_rows(part, settings, photos, settings.start + first)
            writer.write(first, part)
            with lock:
                done(int(missing.sum()))

    with ThreadPoolExecutor(threads) as pool:
        try:
            for future in as_completed([pool.submit(work) for _ in range(threads)]):
                future.result()
        finally:
            stop.set()


def _taken(queue: Iterator[int], stop: threading.Event) -> Iterator[int]:
    while not stop.is_set() and (first := next(queue, None)) is not None:
        yield first


def _threads(threads: int | None) -> int:
    if threads is None:
        usable = getattr(os, "sched_getaffinity", None)  # a container may lend us only some
        return len(usable(0)) if usable else os.cpu_count() or 1
    if threads < 1:
        raise SettingError(f"threads must be >= 1, got {threads}")
    return threads
