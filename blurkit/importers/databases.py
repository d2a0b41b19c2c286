"""Pairs in two LMDB databases with a meta_info.txt each, as written by BasicSR and NAFNet."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from blurkit.errors import FileError
from blurkit.importers.pairs import SIDES, Pair, Problem, Source, holds, inside
from blurkit.importers.settings import ImportSettings, leads_out

META = "meta_info.txt"
LINE = re.compile(r"(\S.*)\.\w+ \(\d+,\d+,\d+\) \d+")


@contextmanager
def lmdb_pairs(root: Path, settings: ImportSettings) -> Iterator[Source]:
    """Lines of meta_info.txt are NAME (h,w,c) COMPRESSION; the key is NAME without its ending.

    Keys are only looked up, never used as paths. The shapes in meta_info.txt are ignored.

    Raises
    ------
    FileError
        "lmdb cannot be loaded (...): pip install 'blurkit[lmdb]'",
        "DIR: blur.lmdb/ must contain data.mdb and meta_info.txt; DIR/blur.lmdb contains data.mdb",
        "blur.lmdb/data.mdb: truncated, 600,000 of 1,036,288 bytes",
        "blur.lmdb/meta_info.txt line 3: '../a' is outside of it"
    """
    lmdb = _package()
    databases, keys, problems = {}, {}, list[Problem]()
    with ExitStack() as opened:
        for side in SIDES:
            name = str(getattr(settings, side))
            with _named(lmdb, root / name):
                databases[side] = opened.enter_context(_open(lmdb, root, name))
                keys[side] = _keys(root, name, databases[side], problems)
        for side, other in (SIDES, SIDES[::-1]):
            alone = [key for key in keys[side] if key not in keys[other]]
            where = getattr(settings, side)
            lacking = f"not in {getattr(settings, other)}/"
            problems += [Problem("no_partner", f"{where}/{key}", lacking) for key in alone]

        def load(side: str, key: str) -> bytes:
            with _named(lmdb, f"{side} {key}"), databases[side].begin() as view:
                value = view.get(key.encode())
            if value is None:
                raise FileError(f"{side} {key}: listed, but not stored")
            return bytes(value)

        both = sorted(keys["blurry"].keys() & keys["sharp"].keys())
        yield Source([Pair(key, key) for key in both], problems, load)


def _package() -> Any:
    try:
        import lmdb
    except ImportError as error:
        raise FileError(f"lmdb cannot be loaded ({error}): pip install 'blurkit[lmdb]'") from error
    return lmdb


@contextmanager
def _named(lmdb: Any, name: object) -> Iterator[None]:
    """Turn LMDB's errors into FileError."""
    try:
        yield
    except lmdb.Error as error:
        raise FileError(f"{name}: LMDB cannot read it ({error})") from error


@contextmanager
def _open(lmdb: Any, root: Path, name: str) -> Iterator[Any]:
    """The database, read-only and without its lock file."""
    place = inside(root, name)
    files = [inside(root, f"{name}/{each}") for each in ("data.mdb", META)]
    if not all(file.is_file() for file in files):
        contents = holds(place if place.is_dir() else root)
        raise FileError(f"{root}: {name}/ must contain data.mdb and {META}; {contents}")
    with lmdb.open(str(place), readonly=True, lock=False, create=False, readahead=False) as data:
        needed = (data.info()["last_pgno"] + 1) * data.stat()["psize"]
        size = files[0].stat().st_size
        if size < needed:  # LMDB maps the file, and a read past its end would kill the process
            raise FileError(f"{files[0]}: truncated, {size:,} of {needed:,} bytes")
        yield data


def _keys(root: Path, name: str, database: Any, problems: list[Problem]) -> dict[str, None]:
    """The keys listed in meta_info.txt; keys listed twice or not at all are added to `problems`."""
    listed: dict[str, None] = {}
    meta = root / name / META
    for number, line in enumerate(meta.read_text("utf-8", "replace").split("\n"), 1):
        match = LINE.fullmatch(line.strip())
        if match is None:
            if line.strip():
                where = f"{name}/{META} line {number}"
                expected = f"NAME (h,w,c) COMPRESSION expected: {line.strip()[:200]}"
                problems.append(Problem("unclear", where, expected))
            continue
        key = match[1]
        if leads_out(key):
            raise FileError(f"{meta} line {number}: {key!r} is outside of it")
        if key in listed:
            problems.append(Problem("unclear", f"{name}/{key}", "listed twice"))
        listed[key] = None
    with database.begin() as view:
        stored = {key.decode("utf-8", "replace") for key in view.cursor().iternext(values=False)}
    more = sorted(stored - listed.keys())
    problems += [Problem("unclear", f"{name}/{key}", f"not listed in {META}") for key in more]
    return listed
