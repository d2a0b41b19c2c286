"""From settings to one dataset file, in threads; a run that is stopped at any moment can resume."""

import logging
from dataclasses import replace
from pathlib import Path

from blurkit.dataset.samples import sample, scan_photos
from blurkit.dataset.settings import SynthSettings
from blurkit.dataset.shard import Shard
from blurkit.files import AnyPath
from blurkit.kernel.checks import checked_threads
from blurkit.progress import bar
from blurkit.store import check_space, part_path

log = logging.getLogger(__name__)


def synth(
    out: AnyPath = "blur.h5",
    settings: SynthSettings | None = None,
    *,
    threads: int | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> Path:
    """Synthesise a dataset of blurry/sharp pairs; the same call resumes a stopped run.

    Parameters
    ----------
    out : path
        The file, called `out` + ".part" until it is complete. If the settings ask for one of
        several shards, its number is added: shard 3 of 10 of blur.h5 is blur-00003-of-00010.h5.
    settings : SynthSettings
    threads : int >= 1, optional
        All processors by default. The file's bytes do not depend on it.
    overwrite : bool
        True deletes what is at `out` and starts again.
    progress : bool
        Show a bar with an ETA on stderr.

    Returns
    -------
    path : of the finished file, at once if it already exists with these settings

    Raises
    ------
    SettingError
        "out must not end in .part, got blur.h5.part", "threads must be >= 1, got 0"
    FileError
        Those of `blurkit.store.open_writer` and `blurkit.scenes.photos.scan`.
    KeyboardInterrupt
        Ctrl-C; the finished rows are kept in `out` + ".part".

    Example
    -------
    >>> synth("blur.h5", SynthSettings(n=1000, images="photos"))  # doctest: +SKIP
    PosixPath('blur.h5')
    """
    settings = settings or SynthSettings()
    threads = checked_threads(threads)
    shard = Shard.at(out, settings)
    try:
        if settings.images is not None:  # a full disk is reported before minutes of reading photos
            check_space(shard.path, {shard.path: settings.count}, shard.types, overwrite)
            shard = replace(shard, photos=scan_photos(settings, threads, progress))
        writer = shard.open(overwrite=overwrite, progress=progress)
        if writer is None:
            log.info("%s is already complete with these settings", shard.path)
            return shard.path
        with writer:
            sample(settings, settings.first, shard.photos)  # compile before the clock starts
            with bar(
                settings.count, "Synthesising", "pair", writer.kept, disable=not progress
            ) as shown:
                shard.fill(writer, threads, shown.update)
            return writer.finish()
    except KeyboardInterrupt:
        if part_path(shard.path).exists():
            kept = "stopped: %s keeps the finished samples; rerun the command to resume"
            log.warning(kept, part_path(shard.path))
        else:
            log.warning("stopped before the first sample; rerun the command to start again")
        raise
