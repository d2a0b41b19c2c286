"""Before several files are written: what of each is there, and is there room for the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from blurkit.files import AnyPath
from blurkit.store.disk import require_space
from blurkit.store.layout import RowTypes, read_layout
from blurkit.store.reader import PART
from blurkit.store.structure import root_attributes
from blurkit.store.writer import discard, require_same, row_bytes


@dataclass(frozen=True)
class PlannedFile:
    """A file to be made: its final path, and what it will say of itself."""

    path: Path
    settings: Mapping[str, Any]
    seed: int
    start: int
    count: int

    @property
    def part(self) -> Path:
        return self.path.with_name(self.path.name + PART)

    def rows_done(self, types: RowTypes) -> int | None:
        """Rows on the disk already, as their seals say; None if the file was never begun.

        Raises
        ------
        FileError
            The file that is there was made with other settings, or is none of ours.
        """
        attributes = root_attributes(self.settings, self.seed, self.start, self.count)
        for there in (self.path, self.part):
            if there.exists():
                layout = read_layout(there)
                require_same(self.path, layout, attributes, types)
                finished = there == self.path
                return self.count if finished else int(np.count_nonzero(layout.map()["crc"]))
        return None


def check_space(out: AnyPath, counts: Mapping[Path, int], types: RowTypes, overwrite: bool) -> None:
    """FileError if there is no room for files that are not begun.

    `open_writer` and `prepare` find out by themselves: this is for those who have long work to do
    before.

    Parameters
    ----------
    out : path that stands for all of them in a message, in their folder
    counts : the files and their numbers of samples
    types : row types from `row_types`
    overwrite : True counts all files, and the room that those there give back
    """
    there = {path: [path, path.with_name(path.name + PART)] for path in counts}
    new = [path for path in counts if overwrite or not any(old.exists() for old in there[path])]
    old = [each for path in new for each in there[path]]
    require_space(Path(out), row_bytes(types) * sum(counts[path] for path in new), *old)


def prepare(
    out: AnyPath,
    files: Sequence[PlannedFile],
    types: RowTypes,
    *,
    overwrite: bool = False,
) -> list[int]:
    """Look at the files before the first row of any is made.

    Parameters
    ----------
    out : path that stands for all of them in a message, in their folder
    files : the files to be made
    types : row types from `row_types`
    overwrite : True throws all of them away

    Returns
    -------
    done : for each file, how many of its rows are on the disk already

    Raises
    ------
    FileError
        "blur.h5: needs 9,900,000 bytes, but only 4,000,000 are free in DIR", for all files that
        are not begun; those of `PlannedFile.rows_done`; "blur.h5: another process is writing it"
    """
    out, size = Path(out), row_bytes(types)
    if overwrite:
        old = [path for file in files for path in (file.path, file.part)]
        require_space(out, size * sum(file.count for file in files), *old)
        for file in files:
            discard(file.path, file.part)
        return [0] * len(files)
    done = [file.rows_done(types) for file in files]
    begun = zip(files, done, strict=True)
    require_space(out, size * sum(file.count for file, rows in begun if rows is None))
    return [rows or 0 for rows in done]
