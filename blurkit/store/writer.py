"""Writing a dataset file: all of its structure first, then rows in any order, then its name.

The file is made whole under NAME.part with its space reserved. A row is written at its place and
sealed with its CRC afterwards, so the CRCs are the journal: after a kill, every row whose CRC is
right is kept. When the last row is there, NAME.part becomes NAME.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from blurkit.errors import FileError
from blurkit.store.layout import Layout, RowTypes, read_layout
from blurkit.store.reader import PART
from blurkit.store.seal import CHECK_ROWS, as_bytes, seal
from blurkit.store.structure import ALIGNMENT, root_attributes, write_structure


def open_writer(
    path: str | os.PathLike[str],
    types: RowTypes,
    *,
    settings: Mapping[str, Any],
    seed: int,
    start: int,
    count: int,
    overwrite: bool = False,
) -> "Writer | None":
    """Begin a dataset file, or go on with the one that an earlier run left unfinished.

    Parameters
    ----------
    path : path of the finished file; until then it is `path` + ".part"
    types : row types from `row_types`
    settings, seed, start, count : what the file says of itself
    overwrite : True throws away whatever is there and begins again

    Returns
    -------
    writer : Writer, or None if the finished file is there already, made with these settings

    Raises
    ------
    FileError
        "blur.h5: was made with other settings (seed: 0 there, 1 here); --overwrite begins again",
        "blur.h5: another process is writing it",
        "blur.h5: needs 9,900,000 bytes, but only 4,000,000 are free in DIR",
        "blur.h5: 9,900,000 bytes cannot be reserved (File too large)", or
        "blur.h5: cannot be written (Permission denied)".
    """
    path = Path(path)
    attributes = root_attributes(settings, seed, start, count)
    part = path.with_name(path.name + PART)
    try:
        if overwrite:
            _require_space(path, count * _row_bytes(types), path, part)
            _discard(path, part)
        elif path.exists():
            _require_same(path, read_layout(path), attributes, types)
            return None
        if part.exists():
            lock = _lock(part, path)
            try:
                layout = read_layout(part)
                _require_same(path, layout, attributes, types)
            except BaseException:
                os.close(lock)
                raise
            return Writer(path, layout, lock)
        return _create(path, part, types, attributes)
    except OSError as error:
        raise FileError(f"{path}: cannot be written ({error.strerror or error})") from error


class Writer:
    """Fills the rows of one file, from any number of threads; holds the file's lock.

    Attributes
    ----------
    missing : (count,) bool, the rows that were not on disk when the file was opened
    """

    def __init__(self, path: Path, layout: Layout, lock: int) -> None:
        self.path, self._layout, self._file = path, layout, lock
        self.missing = _missing(layout)

    def write(self, first: int, rows: Mapping[str, np.ndarray]) -> None:
        """Put rows `first`, `first + 1`, ... in place, then seal them; thread-safe.

        Parameters
        ----------
        first : int
        rows : one array (n, ...) for each dataset but `crc`, in the dataset's type
        """
        for name, data in (*rows.items(), ("crc", seal(rows))):
            kind = self._layout.types[name]
            if data.dtype != kind.base or data.shape[1:] != kind.shape:
                raise TypeError(f"/{name} takes rows of {kind}, got {data.dtype} {data.shape[1:]}")
            at = self._layout.offsets[name] + first * kind.itemsize
            _write_all(self._file, as_bytes(data).reshape(-1).data, at)

    def finish(self) -> Path:
        """Bring everything to the disk and give the file its name; every row must be written."""
        left = int(np.count_nonzero(self._layout.map()["crc"] == 0))
        if left:
            raise RuntimeError(f"{left} rows are not written yet")
        os.fsync(self._file)
        self.path.with_name(self.path.name + PART).rename(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return self.path

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


def _create(path: Path, part: Path, types: RowTypes, attributes: Mapping[str, Any]) -> Writer:
    """A new file, which takes the name PART only when its structure is complete."""
    new = part.with_name(part.name + ".new")
    lock = _lock(new, path, create=True)
    try:
        needed = attributes["count"] * _row_bytes(types)
        _reserve(lock, path, needed + ALIGNMENT * (len(types) + 1))  # h5py dies on a full disk
        write_structure(new, types, attributes)
        _reserve(lock, path, os.fstat(lock).st_size)
        if part.exists() or path.exists():
            raise FileError(f"{path}: another process is writing it")
        new.rename(part)
        return Writer(path, read_layout(part), lock)
    except BaseException:
        new.unlink(missing_ok=True)
        os.close(lock)
        raise


def _reserve(file: int, path: Path, needed: int) -> None:
    """Take the space from the disk now, so that a full disk is found before the first sample."""
    reserved = os.fstat(file).st_blocks * 512
    _require_space(path, needed - reserved)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file, 0, needed)
        else:
            os.ftruncate(file, needed)
    except OSError as error:
        raise FileError(
            f"{path}: {needed:,} bytes cannot be reserved ({error.strerror})"
        ) from error


def _require_space(path: Path, needed: int, *given_back: Path) -> None:
    folder = path.resolve().parent
    free = shutil.disk_usage(folder).free
    free += sum(old.stat().st_blocks * 512 for old in given_back if old.is_file())
    if needed > free:
        raise FileError(f"{path}: needs {needed:,} bytes, but only {free:,} are free in {folder}")


def _row_bytes(types: RowTypes) -> int:
    return sum(kind.itemsize for kind in types.values())


def _lock(file: Path, path: Path, create: bool = False) -> int:
    """Open `file` and keep every other writer out of it for as long as it is open."""
    opened = os.open(file, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0), 0o666)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        moved = not file.exists() or not os.path.samestat(os.fstat(opened), file.stat())
    except BlockingIOError:
        moved = True
    if moved:
        os.close(opened)
        raise FileError(f"{path}: another process is writing it")
    return opened


def _discard(path: Path, part: Path) -> None:
    if part.exists():
        lock = _lock(part, path)
        part.unlink()
        os.close(lock)
    path.unlink(missing_ok=True)


def _require_same(
    path: Path, layout: Layout, attributes: Mapping[str, Any], types: RowTypes
) -> None:
    there, here = (
        {**each["settings"], "blurkit_version": each["blurkit_version"]}
        for each in (layout.attributes, json.loads(json.dumps(attributes)))
    )
    names = [name for name in here | there if here.get(name) != there.get(name)]
    differences = [f"{name}: {there.get(name)} there, {here.get(name)} here" for name in names]
    if not differences and layout.types != types:
        differences = ["its rows have another type"]
    if differences:
        raise FileError(
            f"{path}: was made with other settings ({'; '.join(differences)}); "
            "--overwrite begins again"
        )


def _missing(layout: Layout) -> np.ndarray:
    """(count,) bool: the rows still to be written."""
    firsts = range(0, layout.count, CHECK_ROWS)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return np.concatenate(
            list(pool.map(lambda first: layout.damaged(first, first + CHECK_ROWS), firsts))
        )


def _write_all(file: int, data: memoryview, at: int) -> None:
    while data:  # the system may write less than it was given
        done = os.pwrite(file, data, at)
        data, at = data[done:], at + done
