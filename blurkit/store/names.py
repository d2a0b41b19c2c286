"""The names of files that together are one dataset: shards, lists and patterns."""

import glob
import os
import re
from collections.abc import Iterable
from pathlib import Path

from blurkit.errors import FileError
from blurkit.files import AnyPath


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
    """Another shard of the dataset that the shard `path` belongs to; None if it was renamed."""
    match = re.fullmatch(r"(.*)-\d{5,}-of-(\d{5,})", path.stem)
    if match is None or int(match[2]) != shards:
        return None
    return path.with_name(shard_name(match[1] + path.suffix, shard, shards))


def is_pattern(path: AnyPath) -> bool:
    """Whether a path is to be expanded: it has *, ? or [, and no file bears this very name.

    >>> is_pattern("blur-*.h5"), is_pattern("blur.h5")
    (True, False)
    """
    return any(sign in os.fspath(path) for sign in "*?[") and not os.path.exists(path)


def expand(paths: AnyPath | Iterable[AnyPath]) -> list[Path]:
    """The files that a path, a pattern, or several of them name; a pattern's in sorted order.

    Raises
    ------
    FileError
        "no file matches blur-*.h5", "no file given"
    """
    found: list[Path] = []
    for path in [paths] if isinstance(paths, str | os.PathLike) else paths:
        if is_pattern(path):
            matches = sorted(glob.glob(os.fspath(path)))
            if not matches:
                raise FileError(f"no file matches {path}")
            found += map(Path, matches)
        else:
            found.append(Path(path))
    if not found:
        raise FileError("no file given")
    return found
