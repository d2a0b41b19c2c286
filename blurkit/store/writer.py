"""Writing a dataset file: first its structure, then rows in any order, then its final name.

NAME.part is created with its full size and structure. A row's bytes are written first and its CRC
after them, so the CRCs are the journal: after a kill, every row whose CRC matches is kept. When the
last row is written, NAME.part is renamed to NAME.
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
from blurkit.store.checksum import CHECK_ROWS, as_bytes, row_crcs
from blurkit.store.disk import FileBusy, lock, require_space, reserve, write_all
from blurkit.store.layout import Layout, RowTypes, read_layout
from blurkit.store.metadata import metadata_faults
from blurkit.store.names import part_path
from blurkit.store.structure import ALIGNMENT, root_attributes, write_structure

START_AGAIN = "use --overwrite to start again"


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
    """Begin a dataset file, or resume one that an earlier run left unfinished.

    Parameters
    ----------
    path : of the finished file, called `path` + ".part" until then
    types : row types from `row_types`
    settings, seed, start, count : root attributes of the file
    overwrite : True deletes what exists and starts again
    progress : show a bar while the rows of an earlier run are checked

    Returns
    -------
    writer : Writer, or None if the finished file already exists with these settings

    Raises
    ------
    FileBusy
        "blur.h5: another process is writing it"
    FileError
        "blur.h5: was made with other settings (seed: 0 in the file, 1 now); use --overwrite to
        start again",
        "blur.h5: needs 9,900,000 bytes, but only 4,000,000 are free in DIR",
        "blur.h5: needs 9,900,000 bytes, which cannot be reserved in DIR (File too large; 4,000,000
        are free)", "blur.h5.part: is damaged (...); use --overwrite to start again", or
        "blur.h5: cannot be written (Permission denied)".
    """
    path = Path(path)
    attributes = root_attributes(settings, seed, start, count)
    part = part_path(path)
    try:
        if overwrite:
            require_space(path, count * row_bytes(types), path, part)
            discard(path)
        elif path.exists():
            require_same(path, read_layout(path), attributes, types)
            return None
        if part.exists():
            held = lock(part, path)
            try:
                layout = _begun(part)
                require_same(path, layout, attributes, types)
                if faults := metadata_faults(layout):  # the finished bytes would differ
                    raise FileError(f"{part}: is damaged ({faults[0]}); {START_AGAIN}")
                return Writer(path, layout, held, _missing(layout, progress))
            except BaseException:
                os.close(held)
                raise
        return _create(path, part, types, attributes)
    except OSError as error:
        raise FileError(f"{path}: cannot be written ({error.strerror or error})") from error


class Writer:
    """Writes the rows of one file from any number of threads; holds the file's lock.

    Attributes
    ----------
    missing : (count,) bool, the rows that were not on disk when the file was opened
    """

    def __init__(self, path: Path, layout: Layout, file: int, missing: np.ndarray) -> None:
        self.path, self._layout, self._file, self.missing = path, layout, file, missing

    @property
    def kept(self) -> int:
        """The number of rows written by an earlier run."""
        return int(np.count_nonzero(~self.missing))

    def write(self, first: int, rows: Mapping[str, np.ndarray]) -> None:
        """Write rows `first`, `first + 1`, ..., then their CRCs; thread-safe.

        Parameters
        ----------
        first : int
        rows : one array (n, ...) for each dataset except `crc`, in the dataset's type

        Raises
        ------
        FileError
            "blur.h5: cannot be written (No space left on device); blur.h5.part keeps the finished
            rows"
        """
        for name, data in (*rows.items(), ("crc", row_crcs(rows))):
            kind = self._layout.types[name]
            if data.dtype != kind.base or data.shape[1:] != kind.shape:
                raise TypeError(f"/{name} takes rows of {kind}, got {data.dtype} {data.shape[1:]}")
            at = self._layout.offsets[name] + first * kind.itemsize
            try:
                write_all(self._file, as_bytes(data).reshape(-1).data, at)
            except OSError as error:
                raise FileError(
                    f"{self.path}: cannot be written ({error.strerror}); "
                    f"{part_path(self.path).name} keeps the finished rows"
                ) from error

    def flush(self) -> None:
        """Flush what is written so far to the disk; may run during `write`."""
        try:
            getattr(os, "fdatasync", os.fsync)(self._file)
        except OSError as error:
            raise FileError(f"{self.path}: cannot be written ({error.strerror})") from error

    def finish(self) -> Path:
        """Flush everything to the disk and rename the file; every row must be written."""
        left = int(np.count_nonzero(self._layout.map()["crc"] == 0))
        if left:
            raise RuntimeError(f"{left} rows are not written yet")
        if self.path.exists():
            raise FileError(f"{self.path}: was created by another process, which is kept")
        os.fsync(self._file)
        part_path(self.path).rename(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return self.path

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *_: object) -> None:
        file, self._file = self._file, -1  # a late thread must not write to a reused descriptor
        os.close(file)


def _create(path: Path, part: Path, types: RowTypes, attributes: Mapping[str, Any]) -> Writer:
    """A new file, renamed to NAME.part only when its structure is complete."""
    new = part.with_name(part.name + ".new")
    held = lock(new, path, create=True)
    try:
        needed = attributes["count"] * row_bytes(types)
        reserve(held, path, needed + ALIGNMENT * (len(types) + 1))  # h5py crashes on a full disk
        write_structure(new, types, attributes)
        reserve(held, path, os.fstat(held).st_size)
        if part.exists() or path.exists():
            raise FileBusy(f"{path}: another process is writing it")
        os.fsync(held)  # after a power cut NAME.part has its structure, or does not exist
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
    """The layout of an unfinished file."""
    try:
        return read_layout(part)
    except FileError as error:
        raise FileError(f"{error}; {START_AGAIN}") from error


def discard(path: Path) -> None:
    """Delete a file, finished or not, unless another process is writing it."""
    part = part_path(path)
    if part.exists():
        held = lock(part, path)
        part.unlink()
        os.close(held)
    path.unlink(missing_ok=True)


def require_same(
    path: Path, layout: Layout, attributes: Mapping[str, Any], types: RowTypes
) -> None:
    """FileError naming the differences, unless the existing file is the one to be made."""
    old, new = (
        {**each["settings"], "blurkit_version": each["blurkit_version"]}
        for each in (layout.attributes, json.loads(json.dumps(attributes)))
    )
    names = [name for name in new | old if new.get(name) != old.get(name)]
    differences = [
        f"{name}: {old.get(name, 'not set')} in the file, {new.get(name, 'not set')} now"
        for name in names
    ]
    if not differences and layout.types != types:
        differences = ["its rows have another type"]
    if differences:
        raise FileError(
            f"{path}: was made with other settings ({'; '.join(differences)}); {START_AGAIN}"
        )


def _missing(layout: Layout, progress: bool) -> np.ndarray:
    """(count,) bool, the rows still to be written."""
    firsts, damaged = range(0, layout.count, CHECK_ROWS), []
    with (
        ThreadPoolExecutor(os.cpu_count()) as pool,
        bar(layout.count, "Checking", "sample", disable=not progress, delay=1.0) as shown,
    ):
        for rows in pool.map(lambda first: layout.damaged(first, first + CHECK_ROWS), firsts):
            damaged.append(rows)
            shown.update(len(rows))
    return np.concatenate(damaged)
