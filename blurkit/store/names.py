"""File names: those of unfinished files, of shards, and patterns."""

import glob
import os
import re
from collections.abc import Iterable
from pathlib import Path

from blurkit.errors import FileError, SettingError
from blurkit.files import AnyPath

PART = ".part"


def checked_out(out: AnyPath) -> Path:
    """`out` as a Path if a dataset file may have this name and its folder exists.

    Raises
    ------
    SettingError
        "out must be a file name, got ''", "out must not end in .part, got blur.h5.part"
    FileError
        "x/blur.h5: cannot be written (no folder x)"
    """
    out = Path(out)
    if not out.name:
        raise SettingError(f"out must be a file name, got {str(out)!r}")
    if out.suffix == PART:
        raise SettingError(f"out must not end in {PART}, got {out.name}")
    if not out.absolute().parent.is_dir():
        raise FileError(f"{out}: cannot be written (no folder {out.parent})")
    return out


def part_path(path: Path) -> Path:
    """The name of a dataset file until it is complete."""
    return Path(f"{path}{PART}")


def shard_name(name: str, shard: int | str, shards: int) -> str:
    """The name of one of several shards; "*" stands for all of them.

    >>> shard_name("blur.h5", 3, 10), shard_name("blur.h5", "*", 10)
    ('blur-00003-of-00010.h5', 'blur-*-of-00010.h5')
    """
    width = max(5, len(str(shards)))
    number = shard if isinstance(shard, str) else f"{shard:0{width}d}"
    path = Path(name)
    return f"{path.stem}-{number}-of-{shards:0{width}d}{path.suffix}"


def sibling(path: Path, shard: int, shards: int) -> Path | None:
    """The path of another shard of the same dataset; None if `path` does not look like a shard."""
    match = re.fullmatch(r"(.*)-\d{5,}-of-(\d{5,})", path.stem)
    if match is None or int(match[2]) != shards:
        return None
    return path.with_name(shard_name(match[1] + path.suffix, shard, shards))


def is_pattern(path: AnyPath) -> bool:
    """Whether a path is a pattern: it has *, ? or [, and no file of exactly this name exists.

    >>> is_pattern("blur-*.h5"), is_pattern("blur.h5")
    (True, False)
    """
    return any(sign in os.fspath(path) for sign in "*?[") and not os.path.exists(path)


def expand(paths: AnyPath | Iterable[AnyPath]) -> list[Path]:
    """The files named by a path, a pattern, or several of them; those of a pattern are sorted.

    Raises
    ------
    FileError
        "no file matches blur-*.h5", "no file given"
    """
    files: list[Path] = []
    for path in [paths] if isinstance(paths, str | os.PathLike) else paths:
        if is_pattern(path):
            matches = sorted(glob.glob(os.fspath(path)))
            if not matches:
                raise FileError(f"no file matches {path}")
            files += map(Path, matches)
        else:
            files.append(Path(path))
    if not files:
        raise FileError("no file given")
    return files
