"""From a source to a dataset file: scan the pairs, then crop and write them in threads."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from blurkit.errors import FileError, SettingError
from blurkit.files import AnyPath, write_whole
from blurkit.importers import folders
from blurkit.importers.databases import lmdb_pairs
from blurkit.importers.pairs import KINDS, SIDES, Problem, Source, in_words
from blurkit.importers.plan import Plan, make_plan
from blurkit.importers.scan import label, read, scan
from blurkit.importers.settings import ImportSettings
from blurkit.kernel.checks import checked_threads
from blurkit.progress import bar
from blurkit.store import Writer, checked_out, open_writer, part_path

BLOCK_BYTES = 2**24  # most that a thread crops before it writes; the bytes do not depend on it
FOLDERS = {
    "gopro": folders.gopro,
    "nafnet": folders.nafnet,
    "list": folders.listed,
    "pairs": folders.pairs,
}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Imported:
    """The result of an import.

    Attributes
    ----------
    path : Path of the finished file
    rows : int, the number of crops in it
    pairs : int, the number of image pairs that they were cut from
    patch : (height, width) of a crop, in pixels
    problems : what could not be imported, each with its kind, name and reason
    """

    path: Path
    rows: int
    pairs: int
    patch: tuple[int, int]
    problems: tuple[Problem, ...]


def import_pairs(
    folder: AnyPath,
    settings: ImportSettings,
    out: AnyPath = "real.h5",
    *,
    strict: bool = False,
    report: AnyPath | None = None,
    threads: int | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> Imported:
    """Import real blurry/sharp pairs into a dataset file; the same call resumes a stopped run.

    Every pair is decoded twice: once to check it, before anything is written, and once to write it.
    Pairs that cannot be used are named in the log, counted in the file's settings and skipped. With
    `settings.crop`, squares are cut every `settings.step` pixels; the last ones of each row and
    column are moved inwards, so that every pixel is covered. Without it, all images must have the
    same size.

    Parameters
    ----------
    folder : of the source; only the list file of `settings` is read from elsewhere
    settings : ImportSettings
    out : path
        The file, called `out` + ".part" until it is complete.
    strict : True makes every skipped pair an error, before the file is begun
    report : path of a text file, optional
        Everything that was skipped, one per line: kind, tab, name and reason.
    threads : int >= 1, optional
        All processors by default. The file's bytes do not depend on it.
    overwrite : True deletes what is at `out` and starts again
    progress : show a bar with an ETA on stderr

    Returns
    -------
    imported : Imported

    Raises
    ------
    SettingError
        "out must not end in .part, got a.h5.part", "report must be another file than out, got a.h5"
    FileError
        "DIR: must contain train/input/ and train/target/; DIR contains test/",
        "DIR: '../a.png' is outside of it", "DIR: no usable pair; 2 without a partner: ...",
        "DIR: some images cannot be used; ..." (strict),
        "DIR: images must have one size without crop, got 320x180 (60 pairs), 1280x720 (5 pairs)",
        "a.png has changed since the run began", and those of `blurkit.store.open_writer`

    Example
    -------
    >>> settings = ImportSettings("gopro", split="train", input="blur", crop=512, step=256)
    >>> import_pairs("GOPRO_Large", settings, "gopro.h5").rows  # doctest: +SKIP
    16824
    """
    folder, out, threads = Path(folder), checked_out(out), checked_threads(threads)
    if report is not None and Path(report).absolute() == out.absolute():
        raise SettingError(f"report must be another file than out, got {report}")
    with _opened(folder, settings) as source:
        usable, problems = scan(source, settings.crop, threads, progress)
        _report(folder, problems, bool(usable), strict, report)
        plan = make_plan(folder, usable, settings)
        skipped = {
            kind: sum(problem.kind == kind for problem in problems) for kind in sorted(KINDS)
        }
        writer = open_writer(
            out,
            plan.types,
            settings={
                **settings.stored(),
                "pairs": len(usable),
                "skipped": skipped,
                "files": label(usable),
            },
            seed=0,
            start=0,
            count=plan.count,
            overwrite=overwrite,
            progress=progress,
        )
        if writer is None:
            log.info("%s is already complete with these images and settings", out)
        else:
            with writer:
                _fill(writer, source, plan, threads, progress)
                writer.finish()
    return Imported(out, plan.count, len(usable), plan.patch, tuple(problems))


@contextmanager
def _opened(folder: Path, settings: ImportSettings) -> Iterator[Source]:
    if not folder.is_dir():
        raise FileError(f"{folder}: not a folder")
    if settings.source == "lmdb":
        with lmdb_pairs(folder, settings) as source:
            yield source
    else:
        yield FOLDERS[settings.source](folder, settings)


def _report(
    folder: Path,
    problems: Sequence[Problem],
    any_usable: bool,
    strict: bool,
    report: AnyPath | None,
) -> None:
    """Log what is skipped; FileError if nothing is left, or if `strict` and anything is skipped."""
    if report is not None:
        write_whole(report, "".join(f"{problem.kind}\t{problem}\n" for problem in problems))
    words = in_words(problems)
    if not any_usable:
        raise FileError(f"{folder}: no usable pair; {'; '.join(words) or 'it contains none'}")
    if strict and problems:
        raise FileError(f"{folder}: some images cannot be used; {'; '.join(words)}")
    for text in words:
        log.warning("skipped %s", text)


def _fill(writer: Writer, source: Source, plan: Plan, threads: int, progress: bool) -> None:
    """Write the missing rows; each thread holds some crops of one pair in memory."""
    if writer.kept:
        text = "%s: resuming, %d of %d crops are already done"
        log.info(text, writer.path, writer.kept, plan.count)

    def work(k: int) -> int:
        missing = int(writer.missing[plan.rows(k).start : plan.rows(k).stop].sum())
        if missing:
            _write(writer, source, plan, k)
        return missing

    pool = ThreadPoolExecutor(threads)
    try:
        with bar(plan.count, "Importing", "crop", writer.kept, disable=not progress) as shown:
            for future in as_completed([pool.submit(work, k) for k in range(len(plan.usable))]):
                shown.update(future.result())
    except KeyboardInterrupt:
        kept = "stopped: %s keeps the finished crops; rerun the command to resume"
        log.warning(kept, part_path(writer.path))
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _write(writer: Writer, source: Source, plan: Plan, k: int) -> None:
    """Crop one pair of images and write its missing rows, some at a time."""
    images, rows = dict(zip(SIDES, read(source, plan.usable[k]), strict=True)), plan.rows(k)
    height, width = plan.patch
    block = max(1, BLOCK_BYTES // sum(kind.itemsize for kind in plan.types.values()))
    for first in range(rows.start, rows.stop, block):
        part = range(first, min(first + block, rows.stop))
        if writer.missing[part.start : part.stop].any():
            corners = [plan.corner(k, row) for row in part]
            data: dict[str, Any] = {
                side: np.stack([image[y : y + height, x : x + width] for y, x in corners])
                for side, image in images.items()
            }
            data["source"] = np.array([plan.source(k, row) for row in part], plan.types["source"])
            writer.write(first, data)
