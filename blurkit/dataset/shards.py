"""A large dataset as several files, each of which any process can make alone."""

import logging
from dataclasses import replace
from pathlib import Path

from blurkit.dataset.samples import sample, scan_photos
from blurkit.dataset.settings import SynthSettings
from blurkit.dataset.shard import Shard
from blurkit.errors import SettingError
from blurkit.files import AnyPath
from blurkit.kernel.checks import checked_threads
from blurkit.progress import bar
from blurkit.store import check_space, prepare

log = logging.getLogger(__name__)


def plan(
    out: AnyPath,
    settings: SynthSettings,
    shards: int,
    *,
    threads: int | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> tuple[list[Shard], list[int]]:
    """Check photos, files and free space before the first sample; see `synth_shards`.

    Returns
    -------
    shards : in order
    done : the number of rows of each that are already on disk
    """
    if settings.shards != 1:
        got = f"{settings.shard}/{settings.shards}"
        raise SettingError(f"settings must be those of the whole dataset, got shard {got}")
    if shards < 1:
        raise SettingError(f"shards must be >= 1, got {shards}")
    replace(settings, shards=shards)  # refuses more shards than samples
    planned = [Shard.at(out, replace(settings, shard=i, shards=shards)) for i in range(shards)]
    if settings.images is not None:  # see `synth`
        counts = {shard.path: shard.settings.count for shard in planned}
        check_space(out, counts, planned[0].types, overwrite)
        photos = scan_photos(settings, threads, progress)
        planned = [replace(shard, photos=photos) for shard in planned]
    files = [shard.planned for shard in planned]
    return planned, prepare(out, files, planned[0].types, overwrite=overwrite)


def synth_shards(
    out: AnyPath = "blur.h5",
    settings: SynthSettings | None = None,
    *,
    shards: int,
    threads: int | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> list[Path]:
    """Synthesise a dataset as several self-contained files, one after the other.

    The rows of the files, joined in order, are those of the one file that `synth` makes. The same
    call resumes a stopped run.

    Parameters
    ----------
    out : path
        blur.h5 stands for blur-00000-of-00010.h5, blur-00001-of-00010.h5, ...
    settings : SynthSettings of the whole dataset
    shards : int, 1 <= shards <= n
        Number of files; 1 makes `out` itself.
    threads : int >= 1, optional
        All processors by default, all of them on each shard.
    overwrite : bool
        True deletes all existing shards and starts again.
    progress : bool
        Show a bar with an ETA over all shards on stderr.

    Returns
    -------
    paths : of the finished files, in order

    Raises
    ------
    SettingError
        "shards must be >= 1, got 0", "shards must be <= n (5), got 10", and those of `synth`
    FileError
        Those of `synth`; the space for all shards is checked before the first sample.
    KeyboardInterrupt
        Ctrl-C; the finished rows are kept.

    Example
    -------
    >>> synth_shards("blur.h5", SynthSettings(n=10**6), shards=10)  # doctest: +SKIP
    [PosixPath('blur-00000-of-00010.h5'), ...]
    """
    settings, threads = settings or SynthSettings(), checked_threads(threads)
    planned, done = plan(
        out, settings, shards, threads=threads, overwrite=overwrite, progress=progress
    )
    paths = [shard.path for shard in planned]
    if all(path.exists() for path in paths):
        log.info("all %d files are already complete with these settings", shards)
        return paths
    try:
        sample(settings, settings.start, planned[0].photos)  # compile before the clock starts
        with bar(settings.n, "Synthesising", "pair", sum(done), disable=not progress) as shown:
            for shard, rows in zip(planned, done, strict=True):
                writer = shard.open()
                if writer is None:
                    continue
                number = shard.settings.shard + 1
                shown.set_postfix_str(f"file {number} of {shards}", refresh=False)
                with writer:
                    shown.update(writer.kept - rows)
                    shard.fill(writer, threads, shown.update)
                    writer.finish()
    except KeyboardInterrupt:
        log.warning("stopped: finished samples are kept; rerun the command to resume")
        raise
    return paths
