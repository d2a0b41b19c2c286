"""Writing a dataset file: all of its structure first, then rows in any order, then its name.

The file is made whole under NAME.part with its space reserved. A row is written at its place and
sealed with its CRC afterwards, so the CRCs are the journal: after a kill, every row whose CRC is
right is kept. When the last row is there, NAME.part becomes NAME.
"""

import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from blurkit.errors import FileError
from blurkit.files import AnyPath
from blurkit.progress import bar
from blurkit.store.checksum import CHECK_ROWS, as_bytes, seal
from blurkit.store.disk import FileBusy, lock, require_space, reserve, write_all
from blurkit.store.layout import Layout, RowTypes, read_layout
from blurkit.store.metadata import metadata_faults
from blurkit.store.reader import PART
from blurkit.store.structure import ALIGNMENT, root_attributes, write_structure


def open_writer(
    path: AnyPath,
    types: RowTypes,
    *,
    settings: Mapping[str, Any],
    seed: int,
    start: int,
    count: int,
    overwrite: bool = False,
    progress: bool = False,
) -> "Writer | None":
    """Begin a dataset file, or go on with the one that an earlier run left unfinished.

    Parameters
    ----------
    path : path of the finished file; until then it is `path` + ".part"
    types : row types from `row_types`
    settings, seed, start, count : what the file says of itself
    overwrite : True throws away whatever is there and begins again
    progress : show a bar while the rows of an earlier run are checked

    Returns
    -------
    writer : Writer, or None if the finished file is there already, made with these settings

    Raises
    ------
    FileBusy
        "blur.h5: another process is writing it"
    FileError
        "blur.h5: was made with other settings (seed: 0 there, 1 here); --overwrite begins again",
        "blur.h5: needs 9,900,000 bytes, but only 4,000,000 are free in DIR",
        "blur.h5: needs 9,900,000 bytes, which cannot be reserved in DIR (File too large; 4,000,000
        are free)", "blur.h5.part: is damaged (...); --overwrite begins again", or
        "blur.h5: cannot be written (Permission denied)".
    """
    path = Path(path)
    attributes = root_attributes(settings, seed, start, count)
    part = path.with_name(path.name + PART)
    try:
        if overwrite:
            require_space(path, count * row_bytes(types), path, part)
            discard(path, part)
        elif path.exists():
            require_same(path, read_layout(path), attributes, types)
            return None
        if part.exists():
            held = lock(part, path)
            try:
                layout = _begun(part)
                require_same(path, layout, attributes, types)
                if faults := metadata_faults(layout):  # the finished bytes would be others
                    raise FileError(f"{part}: is damaged ({faults[0]}); --overwrite begins again")
                return Writer(path, layout, held, _missing(layout, progress))
            except BaseException:
                os.close(held)
                raise
        return _create(path, part, types, attributes)
    except OSError as error:
        raise FileError(f"{path}: cannot be written ({error.strerror or error})") from error


class Writer:
    """Fills the rows of one file, from any number of threads; holds the file's lock.

    Attributes
    ----------
    missing : (count,) bool, the rows that were not on disk when the file was opened
    """

    def __init__(self, path: Path, layout: Layout, file: int, missing: np.ndarray) -> None:
        self.path, self._layout, self._file, self.missing = path, layout, file, missing

    def write(self, first: int, rows: Mapping[str, np.ndarray]) -> None:
        """Put rows `first`, `first + 1`, ... in place, then seal them; thread-safe.

        Parameters
        ----------
        first : int
        rows : one array (n, ...) for each dataset but `crc`, in the dataset's type

        Raises
        ------
        FileError
            "blur.h5: cannot be written (No space left on device); blur.h5.part keeps what is done"
        """
        for name, data in (*rows.items(), ("crc", seal(rows))):
            kind = self._layout.types[name]
            if data.dtype != kind.base or data.shape[1:] != kind.shape:
                raise TypeError(f"/{name} takes rows of {kind}, got {data.dtype} {data.shape[1:]}")
            at = self._layout.offsets[name] + first * kind.itemsize
            try:
                write_all(self._file, as_bytes(data).reshape(-1).data, at)
            except OSError as error:
                raise FileError(
                    f"{self.path}: cannot be written ({error.strerror}); "
                    f"{self.path.name}{PART} keeps what is done"
                ) from error

    def settle(self) -> None:
        """Bring what is written so far to the disk; may run beside `write`."""
        try:
            getattr(os, "fdatasync", os.fsync)(self._file)
        except OSError as error:
            raise FileError(f"{self.path}: cannot be written ({error.strerror})") from error

    def finish(self) -> Path:
        """Bring everything to the disk and give the file its name; every row must be written."""
        left = int(np.count_nonzero(self._layout.map()["crc"] == 0))
        if left:
            raise RuntimeError(f"{left} rows are not written yet")
        if self.path.exists():
            raise FileError(f"{self.path}: is there now, made by somebody else; it is kept")
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
        file, self._file = self._file, -1  # a thread that is late must not meet the number again
        os.close(file)


def _create(path: Path, part: Path, types: RowTypes, attributes: Mapping[str, Any]) -> Writer:
    """A new file, which takes the name PART only when its structure is complete."""
    new = part.with_name(part.name + ".new")
    held = lock(new, path, create=True)
    try:
        needed = attributes["count"] * row_bytes(types)
        reserve(held, path, needed + ALIGNMENT * (len(types) + 1))  # h5py dies on a full disk
        write_structure(new, types, attributes)
        reserve(held, path, os.fstat(held).st_size)
        if part.exists() or path.exists():
            raise FileBusy(f"{path}: another process is writing it")
        os.fsync(held)  # after a power cut PART has its structure, or is not there
        new.rename(part)
        return Writer(path, read_layout(part), held, np.ones(attributes["count"], bool))
    except BaseException:
        new.unlink(missing_ok=True)
        os.close(held)
        raise


def row_bytes(types: RowTypes) -> int:
    """Bytes of a sample in all datasets of its file."""
    return sum(kind.itemsize for kind in types.values())


def _begun(part: Path) -> Layout:
    """The layout of an unfinished file, which --overwrite replaces where it is damaged."""
    try:
        return read_layout(part)
    except FileError as error:
        raise FileError(f"{error}; --overwrite begins again") from error


def discard(path: Path, part: Path) -> None:
    """Throw a file away, finished or not, unless somebody is writing it."""
    if part.exists():
        held = lock(part, path)
        part.unlink()
        os.close(held)
    path.unlink(missing_ok=True)


def require_same(
    path: Path, layout: Layout, attributes: Mapping[str, Any], types: RowTypes
) -> None:
    """FileError that names the difference, unless the file there is the one to be made here."""
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


def _missing(layout: Layout, progress: bool) -> np.ndarray:
    """(count,) bool: the rows still to be written."""
    firsts, found = range(0, layout.count, CHECK_ROWS), []
    with (
        ThreadPoolExecutor(os.cpu_count()) as pool,
        bar(layout.count, "Looking", "sample", disable=not progress, delay=1.0) as shown,
    ):
        for rows in pool.map(lambda first: layout.damaged(first, first + CHECK_ROWS), firsts):
            found.append(rows)
            shown.update(len(rows))
    return np.concatenate(found)
