"""Check that everything outside the rows is as the writer writes it.

A file's root attributes and row types decide every byte of its metadata. So a second file with the
same attributes is written, without rows, and compared. This finds every flipped bit, and names and
attributes that the format does not have. HDF5 is used only to describe the differences; it follows
no link and reads no variable-length text (a damaged heap can send it into an endless loop).
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import h5py
import numpy as np

from blurkit.errors import FileError
from blurkit.files import AnyPath
from blurkit.store.layout import Layout, read_layout
from blurkit.store.structure import root_attributes, write_structure

MOST = 100  # objects, or attributes of an object; blurkit's files have 6 and 7
ROOM = 2**20  # bytes; the metadata of every file fit in it
SHOWN = 60  # characters of a value in a message


def metadata_faults(layout: Layout, folder: AnyPath | None = None) -> list[str]:
    """Differences from what the writer of this format writes, in words; [] if there are none.

    Parameters
    ----------
    layout : of the file to check
    folder : for a sparse file of a few kilobytes; the temporary folder by default

    Raises
    ------
    FileError
        "x.h5: truncated or damaged (...)", or "x.h5: its metadata cannot be checked in /tmp (File
        too large)" if a sparse file of the same size cannot be made
    """
    stored = layout.attributes
    attributes = root_attributes(
        stored["settings"], stored["seed"], stored["start"], stored["count"]
    )
    attributes["blurkit_version"] = stored["blurkit_version"]
    with ExitStack() as stack:
        place = folder or "the temporary folder"
        try:
            place = stack.enter_context(tempfile.TemporaryDirectory(prefix="blurkit-", dir=folder))
            right = Path(place, "right.h5")
            with right.open("wb") as file:  # HDF5 would crash if this failed there
                file.truncate(layout.path.stat().st_size)
            if shutil.disk_usage(place).free < ROOM:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise FileError(
                f"{layout.path}: its metadata cannot be checked in {place} ({error.strerror})"
            ) from error
        try:
            write_structure(right, layout.types, attributes)
            expected = read_layout(right)
        except (FileError, OSError, RuntimeError, ValueError, TypeError) as error:
            return [f"its attributes cannot be written again ({_short(error)})"]
        try:
            return _named_faults(layout.path, right) or _byte_faults(layout, expected)
        except (OSError, RuntimeError, ValueError, TypeError, KeyError) as error:
            raise FileError(f"{layout.path}: truncated or damaged ({error})") from error


def _named_faults(path: Path, right: Path) -> list[str]:
    """Differences in datasets and attributes, by name."""
    with (
        h5py.File(path, "r", locking=False) as file,
        h5py.File(right, "r", locking=False) as model,
    ):
        if file.id.get_num_objs() > MOST:
            return [f"holds {file.id.get_num_objs():,} objects"]
        names, expected = set(file), set(model)
        faults = [f"/{name} is not part of the format" for name in sorted(names - expected)]
        faults += _attribute_faults("", file, model)
        for name in sorted(names & expected):
            faults += _attribute_faults(f"/{name}: ", file[name], model[name])
        return faults


def _attribute_faults(where: str, item: h5py.HLObject, model: h5py.HLObject) -> Iterator[str]:
    count = h5py.h5a.get_num_attrs(item.id)
    if count > MOST:
        yield f"{where}has {count:,} attributes"
        return
    names, expected = set(item.attrs), set(model.attrs)
    for name in sorted(names - expected):
        yield f"{where}attribute {name} is not part of the format"
    for name in sorted(expected - names):
        yield f"{where}attribute {name} is missing"
    for name in sorted(names & expected):
        stored, right = (h5py.h5a.open(each.id, name.encode()) for each in (item, model))
        kind = right.get_type()
        if not stored.get_type().equal(kind) or stored.shape != right.shape:
            yield f"{where}attribute {name} has a wrong type"
        elif name != "DIMENSION_LABELS":
            values = [np.empty(right.shape, right.dtype) for _ in range(2)]
            stored.read(values[0])
            right.read(values[1])
            if values[0].tobytes() != values[1].tobytes():
                shown = " instead of ".join(_short(value.item()) for value in values)
                yield f"{where}attribute {name} is {shown}"


def _byte_faults(layout: Layout, expected: Layout) -> list[str]:
    """Wrong bytes outside the rows, or rows in another place."""
    sizes = [each.path.stat().st_size for each in (layout, expected)]
    if layout.offsets != expected.offsets or layout.types != expected.types:
        return ["its rows are not where the writer puts them"]
    if sizes[0] != sizes[1]:
        return [f"has {sizes[0]:,} bytes instead of {sizes[1]:,}"]
    wrong: list[int] = []
    at = 0
    rows = [(layout.offsets[n], layout.count * k.itemsize) for n, k in layout.types.items()]
    with layout.path.open("rb") as file, expected.path.open("rb") as model:
        for begin, size in (*sorted(rows), (sizes[0], 0)):
            file.seek(at)
            model.seek(at)
            stored, right = (
                np.frombuffer(each.read(begin - at), np.uint8) for each in (file, model)
            )
            if len(stored) != len(right):
                raise OSError("it was truncated while being checked")
            wrong += (at + np.flatnonzero(stored != right)).tolist()
            at = begin + size
    if len(wrong) == 1:
        return [f"a byte outside the samples is damaged, at {wrong[0]:,}"]
    if not wrong:
        return []
    return [f"{len(wrong):,} bytes outside the samples are damaged, the first at {wrong[0]:,}"]


def _short(value: object) -> str:
    text = str(value) if isinstance(value, Exception) else repr(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."
