"""Files that are not what they claim to be: refused by name, what they point to stays closed."""

import os
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from making import N, make

from blurkit.errors import FileError
from blurkit.store import PairFile


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return make(tmp_path_factory.mktemp("store") / "a.h5")


@pytest.fixture
def copy(finished, tmp_path):
    return Path(shutil.copy(finished, tmp_path / "copy.h5"))


def foreign(path):
    with h5py.File(path, "w") as file:
        file["data"] = np.arange(3)


def newer(path):
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = 2


def external_link(path):
    with h5py.File(path, "r+") as file:
        del file["kernel"]
        file["kernel"] = h5py.ExternalLink("/nowhere/secret.h5", "/kernel")


def soft_link(path):
    with h5py.File(path, "r+") as file:
        del file["kernel"]
        file["kernel"] = h5py.SoftLink("/sharp")


def external_storage(path):
    with h5py.File(path, "r+") as file:
        del file["crc"]
        file.create_dataset("crc", (N,), "<u4", external=[("/etc/hostname", 0, 4 * N)])


def virtual(path):
    layout = h5py.VirtualLayout((N,), "<u4")
    layout[:] = h5py.VirtualSource(path, "params", (N,))
    with h5py.File(path, "r+") as file:
        del file["crc"]
        file.create_virtual_dataset("crc", layout)


def compressed(path):
    with h5py.File(path, "r+") as file:
        del file["kernel"]
        file.create_dataset("kernel", (N, 5, 5), "<f4", compression="gzip")


def never_allocated(path):
    with h5py.File(path, "r+") as file:
        del file["kernel"]
        file.create_dataset("kernel", (N, 2**16, 2**16), "<f4")


def other_count(path):
    with h5py.File(path, "r+") as file:
        file.attrs["count"] = N + 1


def float_images(path):
    with h5py.File(path, "r+") as file:
        del file["sharp"]
        file["sharp"] = np.zeros((N, 16, 24, 3), np.float32)


def objects(path):
    with h5py.File(path, "r+") as file:
        del file["source"]
        file["source"] = ["text"] * N


def no_crc(path):
    with h5py.File(path, "r+") as file:
        del file["crc"]


def group(path):
    with h5py.File(path, "r+") as file:
        del file["params"]
        file.create_group("params")


def not_json(path):
    with h5py.File(path, "r+") as file:
        file.attrs["settings"] = np.bytes_("{")


def text_in_a_heap(path):
    with h5py.File(path, "r+") as file:
        file.attrs["settings"] = "{}"


def attribute_bomb(path):
    with h5py.File(path, "r+", libver="latest") as file:
        file.attrs.create("settings", np.zeros(2**21, np.uint8))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_text("hello"), "not an HDF5 file"),
        (lambda path: path.write_bytes(b""), "not an HDF5 file"),
        (lambda path: path.unlink(), "no such file"),
        (lambda path: (path.unlink(), path.mkdir()), "not a file"),
        (lambda path: os.truncate(path, 9000), "truncated or damaged (Unable to "),
        (
            foreign,
            "an HDF5 file, but not one of blurkit's (no attribute format = 'blurkit')",
        ),
        (
            newer,
            "has format version 2; this blurkit reads versions up to 1, a newer one is needed",
        ),
        (external_link, "/kernel is a link to elsewhere, which is not followed"),
        (soft_link, "/kernel is a link to elsewhere, which is not followed"),
        (external_storage, "/crc is not stored in one piece inside the file"),
        (virtual, "/crc is not stored in one piece inside the file"),
        (compressed, "/kernel is not stored in one piece inside the file"),
        (never_allocated, "/kernel holds no data"),
        (other_count, "/blurry has 20 rows, not the 21 of its count"),
        (float_images, "/sharp has a type or shape that the format does not allow"),
        (objects, "/source has a type or shape that the format does not allow"),
        (no_crc, "has no dataset /crc"),
        (group, "/params is not a dataset"),
        (not_json, "its settings are not JSON"),
        # a damaged heap sends HDF5 into an endless loop, so text that lies there is not read
        (text_in_a_heap, "attribute settings must be an integer or text of fixed length"),
        (attribute_bomb, "attribute settings must be an integer or text of fixed length"),
    ],
)
def test_what_breaks_the_format_is_refused_by_name(copy, spoil, message):
    spoil(copy)
    with pytest.raises(FileError) as caught:
        PairFile(copy)
    assert str(caught.value).startswith(f"{copy}: {message}")
