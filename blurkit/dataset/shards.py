"""A large dataset as several files, each of which any process can make alone."""

import dataclasses
import logging
from dataclasses import dataclass
from pathlib import Path

from blurkit.dataset.samples import sample, sample_types, scan_photos
from blurkit.dataset.settings import SynthSettings
from blurkit.dataset.synth import begin, fill, planned, rows_kept, shard_path, thread_count
from blurkit.errors import SettingError
from blurkit.files import AnyPath
from blurkit.progress import bar
from blurkit.scenes.photos import Photos
from blurkit.store import check_space, prepare

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """The shards of a dataset before any of them is written.

    Attributes
    ----------
    photos : Photos, or None where scenes are generated
    shards : tuple of SynthSettings, one a shard
    paths : tuple of Path, their files
    done : tuple of int, the rows of each that are on the disk already
    """

    photos: Photos | None
    shards: tuple[SynthSettings, ...]
    paths: tuple[Path, ...]
    done: tuple[int, ...]


def plan(
    out: AnyPath,
    settings: SynthSettings,
    shards: int,
    *,
    threads: int | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> Plan:
    """Look at photos, files and free space before the first sample; see `synth_shards`."""
    if settings.shards != 1:
        had = f"{settings.shard}/{settings.shards}"
        raise SettingError(f"settings must be those of the whole dataset, got shard {had}")
    if shards < 1:
        raise SettingError(f"shards must be >= 1, got {shards}")
    dataclasses.replace(settings, shards=shards)  # refuses more shards than samples
    parts = tuple(dataclasses.replace(settings, shard=i, shards=shards) for i in range(shards))
    paths = tuple(shard_path(out, part) for part in parts)
    if settings.images is not None:  # see `synth`
        counts = {path: part.count for path, part in zip(paths, parts, strict=True)}
        check_space(out, counts, sample_types(settings, None), overwrite)
    photos = scan_photos(settings, threads, progress)
    files = [planned(path, part, photos) for path, part in zip(paths, parts, strict=True)]
    done = prepare(out, files, sample_types(settings, photos), overwrite=overwrite)
    return Plan(photos, parts, paths, tuple(done))


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

    The rows of the files, joined in order, are those of the one file that `synth` makes. A stopped
    run goes on where it was.

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
        True throws away all the shards that are there and begins again.
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
        Ctrl-C; the rows done so far are kept.

    Example
    -------
    >>> synth_shards("blur.h5", SynthSettings(n=10**6), shards=10)  # doctest: +SKIP
    [PosixPath('blur-00000-of-00010.h5'), ...]
    """
    settings, threads = settings or SynthSettings(), thread_count(threads)
    todo = plan(out, settings, shards, threads=threads, overwrite=overwrite, progress=progress)
    if all(path.exists() for path in todo.paths):
        log.info("all %d files are complete already, made with these settings", shards)
        return list(todo.paths)
    try:
        sample(settings, settings.start, todo.photos)  # compiles the loops before the clock starts
        begun = sum(todo.done)
        with bar(settings.n, "Synthesising", "pair", begun, disable=not progress) as shown:
            for path, part, done in zip(todo.paths, todo.shards, todo.done, strict=True):
                writer = begin(path, part, todo.photos)
                if writer is None:
                    continue
                shown.set_postfix_str(f"file {part.shard + 1} of {shards}", refresh=False)
                with writer:
                    shown.update(rows_kept(writer, part) - done)
                    fill(writer, part, todo.photos, threads, shown.update)
                    writer.finish()
    except KeyboardInterrupt:
        log.warning("stopped: what is done is kept, the same command goes on")
        raise
    return list(todo.paths)
