"""Is everything outside the rows as the writer writes it? The answer is written anew and compared.

What a file says of itself decides each byte of its metadata, so a second file that says the same
is made, without rows, and the two must agree. That finds every flipped bit, and names and
attributes that are not of the format. HDF5 is asked only for what makes the answer readable; it
follows no link and reads no text of variable length (a damaged heap could keep it for ever).
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

MOST = 100  # objects, or attributes of one: a file of ours has 6 and 7
ROOM = 2**20  # bytes that the metadata of any file of ours fit in
SHOWN = 60  # characters of a value in a message


def metadata_faults(layout: Layout, folder: AnyPath | None = None) -> list[str]:
    """What is not as the writer of this format writes it, in words; [] if nothing is.

    Parameters
    ----------
    layout : of the file to check
    folder : where to write a few kilobytes, in a sparse file; by default where temporary files go

    Raises
    ------
    FileError
        "x.h5: truncated or damaged (...)", or "x.h5: its metadata cannot be checked in /tmp (File
        too large)" where no sparse file of the same size can be
    """
    about = layout.attributes
    said = root_attributes(about["settings"], about["seed"], about["start"], about["count"])
    said["blurkit_version"] = about["blurkit_version"]
    with ExitStack() as stack:
        place = folder or "the temporary folder"
        try:
            place = stack.enter_context(tempfile.TemporaryDirectory(prefix="blurkit-", dir=folder))
            right = Path(place, "right.h5")
            with right.open("wb") as file:  # HDF5 itself would crash where this fails
                file.truncate(layout.path.stat().st_size)
            if shutil.disk_usage(place).free < ROOM:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise FileError(
                f"{layout.path}: its metadata cannot be checked in {place} ({error.strerror})"
            ) from error
        try:
            write_structure(right, layout.types, said)
            expected = read_layout(right)
        except (FileError, OSError, RuntimeError, ValueError, TypeError) as error:
            return [f"what it says of itself cannot be written ({_short(error)})"]
        try:
            return _named(layout.path, right) or _unnamed(layout, expected)
        except (OSError, RuntimeError, ValueError, TypeError, KeyError) as error:
            raise FileError(f"{layout.path}: truncated or damaged ({error})") from error


def _named(path: Path, right: Path) -> list[str]:
    """The differences that have a name."""
    with (
        h5py.File(path, "r", locking=False) as file,
        h5py.File(right, "r", locking=False) as model,
    ):
        if file.id.get_num_objs() > MOST:
            return [f"holds {file.id.get_num_objs():,} objects"]
        there, here = set(file), set(model)
        faults = [f"/{name} is not of the format" for name in sorted(there - here)]
        faults += _attributes("", file, model)
        for name in sorted(there & here):
            faults += _attributes(f"/{name}: ", file[name], model[name])
        return faults


def _attributes(where: str, one: h5py.HLObject, model: h5py.HLObject) -> Iterator[str]:
    count = h5py.h5a.get_num_attrs(one.id)
    if count > MOST:
        yield f"{where}has {count:,} attributes"
        return
    there, here = set(one.attrs), set(model.attrs)
    for name in sorted(there ^ here):
        yield f"{where}attribute {name} is {'not of the format' if name in there else 'missing'}"
    for name in sorted(there & here):
        found, meant = (h5py.h5a.open(each.id, name.encode()) for each in (one, model))
        kind = meant.get_type()
        if not found.get_type().equal(kind) or found.shape != meant.shape:
            yield f"{where}attribute {name} has another type"
        elif name != "DIMENSION_LABELS":
            values = [np.empty(meant.shape, meant.dtype) for _ in range(2)]
            found.read(values[0])
            meant.read(values[1])
            if values[0].tobytes() != values[1].tobytes():
                shown = " instead of ".join(_short(value.item()) for value in values)
                yield f"{where}attribute {name} is {shown}"


def _unnamed(layout: Layout, expected: Layout) -> list[str]:
    """Bytes that are in no row and not as they should be, or rows in another place."""
    sizes = [each.path.stat().st_size for each in (layout, expected)]
    if layout.offsets != expected.offsets or layout.types != expected.types:
        return ["its rows lie elsewhere than this format's writer puts them"]
    if sizes[0] != sizes[1]:
        return [f"has {sizes[0]:,} bytes instead of {sizes[1]:,}"]
    wrong: list[int] = []
    at = 0
    rows = [(layout.offsets[n], layout.count * k.itemsize) for n, k in layout.types.items()]
    with layout.path.open("rb") as file, expected.path.open("rb") as model:
        for begin, size in (*sorted(rows), (sizes[0], 0)):
            file.seek(at)
            model.seek(at)
            found, meant = (
                np.frombuffer(each.read(begin - at), np.uint8) for each in (file, model)
            )
            if len(found) != len(meant):
                raise OSError("it has become shorter")
            wrong += (at + np.flatnonzero(found != meant)).tolist()
            at = begin + size
    if len(wrong) == 1:
        return [f"a byte outside the samples is damaged, at {wrong[0]:,}"]
    if not wrong:
        return []
    return [f"{len(wrong):,} bytes outside the samples are damaged, the first at {wrong[0]:,}"]


def _short(value: object) -> str:
    text = str(value) if isinstance(value, Exception) else repr(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."
