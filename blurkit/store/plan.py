"""Checks before several files are written: which rows exist, and whether the rest will fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from blurkit.files import AnyPath
from blurkit.store.disk import require_space
from blurkit.store.layout import RowTypes, read_layout
from blurkit.store.names import part_path
from blurkit.store.structure import root_attributes
from blurkit.store.writer import discard, require_same, row_bytes


@dataclass(frozen=True)
class PlannedFile:
    """A file to be made: its final path and its root attributes."""

    path: Path
    settings: Mapping[str, Any]
    seed: int
    start: int
    count: int

    def rows_done(self, types: RowTypes) -> int | None:
        """The number of rows already on disk, by their CRCs; None if the file was never begun.

        Raises
        ------
        FileError
            The existing file was made with different settings, or not by blurkit.
        """
        attributes = root_attributes(self.settings, self.seed, self.start, self.count)
        for path in (self.path, part_path(self.path)):
            if path.exists():
                layout = read_layout(path)
                require_same(self.path, layout, attributes, types)
                finished = path == self.path
                return self.count if finished else int(np.count_nonzero(layout.map()["crc"]))
        return None


def check_space(out: AnyPath, counts: Mapping[Path, int], types: RowTypes, overwrite: bool) -> None:
    """FileError if there is no room for the files that are not begun.

    `open_writer` and `prepare` check this themselves; call it first if long work comes before them.

    Parameters
    ----------
    out : path in their folder that stands for all of them in a message
    counts : number of samples of each file
    types : row types from `row_types`
    overwrite : True counts all files, and the space freed by deleting the existing ones
    """
    names = {path: (path, part_path(path)) for path in counts}
    new = [path for path in counts if overwrite or not any(n.exists() for n in names[path])]
    old = [name for path in new for name in names[path]]
    require_space(Path(out), row_bytes(types) * sum(counts[path] for path in new), *old)


def prepare(
    out: AnyPath,
    files: Sequence[PlannedFile],
    types: RowTypes,
    *,
    overwrite: bool = False,
) -> list[int]:
    """Check the files before the first row of any is made.

    Parameters
    ----------
    out : path in their folder that stands for all of them in a message
    files : the files to be made
    types : row types from `row_types`
    overwrite : True deletes all of them

    Returns
    -------
    done : for each file, the number of its rows already on disk

    Raises
    ------
    FileError
        "blur.h5: needs 9,900,000 bytes, but only 4,000,000 are free in DIR", for all files that
        are not begun; those of `PlannedFile.rows_done`; "blur.h5: another process is writing it"
    """
    out, size = Path(out), row_bytes(types)
    if overwrite:
        old = [path for file in files for path in (file.path, part_path(file.path))]
        require_space(out, size * sum(file.count for file in files), *old)
        for file in files:
            discard(file.path)
        return [0] * len(files)
    done = [file.rows_done(types) for file in files]
    begun = zip(files, done, strict=True)
    require_space(out, size * sum(file.count for file, rows in begun if rows is None))
    return [rows or 0 for rows in done]
