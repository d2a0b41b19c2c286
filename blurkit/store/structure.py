"""The metadata of a new file, written through h5py's low-level API so that every byte is fixed."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from blurkit._version import __version__
from blurkit.store.layout import DATASETS, FORMAT, FORMAT_VERSION, RowTypes

ALIGNMENT = 4096


def root_attributes(
    settings: Mapping[str, Any], seed: int, start: int, count: int
) -> dict[str, Any]:
    """Root attributes: no time, host or thread count, so that bytes depend on settings only."""
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "blurkit_version": __version__,
        "settings": dict(settings),
        "seed": seed,
        "start": start,
        "count": count,
    }


def write_structure(path: Path, types: RowTypes, attributes: Mapping[str, Any]) -> None:
    """Write all metadata of the file and allocate the rows without touching them.

    Contiguous layout, early allocation, no fill values and no time stamps: writing samples changes
    no byte of metadata, and the same settings give the same bytes.
    """
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_libver_bounds(h5py.h5f.LIBVER_V18, h5py.h5f.LIBVER_V18)
    access.set_alignment(ALIGNMENT, ALIGNMENT)
    access.set_file_locking(False, True)  # `disk.lock` locks the same file
    creation = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    creation.set_obj_track_times(False)
    file_id = h5py.h5f.create(os.fsencode(path), h5py.h5f.ACC_TRUNC, creation, access)
    with h5py.File(file_id) as file:
        for name, value in attributes.items():
            text = json.dumps(value, sort_keys=True) if name == "settings" else value
            file.attrs[name] = np.bytes_(text.encode()) if isinstance(text, str) else text
        for name, kind in types.items():
            data = _contiguous(file, name, kind, attributes["count"])
            labels, units, description = DATASETS[name]
            for axis, label in enumerate(labels):
                data.dims[axis].label = label
            data.attrs["units"], data.attrs["description"] = (
                np.bytes_(units),
                np.bytes_(description),
            )
            if name in ("blurry", "sharp"):
                data.attrs["CLASS"] = np.bytes_("IMAGE")
                data.attrs["IMAGE_VERSION"] = np.bytes_("1.2")
                data.attrs["IMAGE_SUBCLASS"] = np.bytes_("IMAGE_TRUECOLOR")
                data.attrs["INTERLACE_MODE"] = np.bytes_("INTERLACE_PIXEL")


def _contiguous(file: h5py.File, name: str, kind: np.dtype, count: int) -> h5py.Dataset:
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_layout(h5py.h5d.CONTIGUOUS)
    plan.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    plan.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    plan.set_obj_track_times(False)
    base = h5py.string_dtype("utf-8", kind.itemsize) if kind.kind == "S" else kind.base
    space = h5py.h5s.create_simple((count, *kind.shape))
    stored = h5py.h5t.py_create(base, logical=True)
    return h5py.Dataset(h5py.h5d.create(file.id, name.encode(), stored, space, plan))
