"""Kernels from MATLAB files: each layout gives the same kernels; no link is followed."""

import struct
from pathlib import Path

import h5py
import numpy as np
import pytest
from kernel_sets import levin, same, some
from scipy.io import savemat

from blurkit import FileError
from blurkit.realism import matlab as matlab_module
from blurkit.realism.kernel_files import read_kernels

pytestmark = pytest.mark.usefixtures("here")


def fails(name, message, **options):
    with pytest.raises(FileError, match=f"^{message}$"):
        read_kernels(name, **options)


def test_a_cell_array_in_levins_layout():
    kernels = some((19, 17), (5, 8), (27, 27))
    levin("k.mat", kernels)
    same(read_kernels("k.mat"), kernels)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_cell_array_of_version_5(compressed):
    kernels = some((19, 17), (5, 8), (27, 27))
    cells = np.empty((1, 3), object)
    cells[0] = kernels
    savemat("k.mat", {"kernels": cells}, do_compression=compressed)
    same(read_kernels("k.mat"), kernels)


@pytest.mark.parametrize("order", ["<", ">"])
def test_version_5_byte_by_byte_in_either_order(order):
    # doubles that are whole numbers are stored as bytes; four bytes and less share their tag
    def element(kind, payload):
        size = struct.pack(order + "II", kind, len(payload))
        return size + payload + bytes(-len(payload) % 8)

    matrix = (
        element(6, struct.pack(order + "II", 6, 0))  # class 6, double
        + element(5, struct.pack(order + "ii", 2, 3))
        + struct.pack(order + "I", 1 << 16 | 1)  # one character of name
        + b"k\0\0\0"
        + element(2, bytes([1, 2, 3, 4, 5, 6]))
    )
    version = struct.pack(order + "H", 0x0100) + struct.pack(order + "H", 0x4D49)
    Path("k.mat").write_bytes(b"MATLAB 5.0 MAT-file".ljust(124) + version + element(14, matrix))
    same(read_kernels("k.mat"), [np.array([[1, 3, 5], [2, 4, 6]])])


@pytest.mark.parametrize("kind", ["u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "?"])
def test_every_kind_of_number_of_version_5(kind):
    kernel = (some((5, 4))[0] * 100).astype(kind)
    savemat("k.mat", {"k": kernel})
    same(read_kernels("k.mat"), [kernel])


def test_matrices_side_by_side_and_in_a_stack():
    a, b, c = some((3, 5), (3, 5), (7, 4))
    savemat("k.mat", {"one": np.stack([a, b], axis=2), "two": c})
    same(read_kernels("k.mat"), [a, b, c])
    with h5py.File("k73.mat", "w", userblock_size=512) as file:
        file["one"] = np.stack([a, b], axis=2).T
        file["two"] = c.T
    same(read_kernels("k73.mat"), [a, b, c])


def test_a_variable_with_a_kernels_name_comes_before_the_photo_beside_it():
    photo, kernel = some((40, 40), (5, 7))
    savemat("im05.mat", {"x": photo, "y": photo, "f": kernel})
    same(read_kernels("im05.mat"), [kernel])
    with h5py.File("k73.mat", "w", userblock_size=512) as file:
        file["x"], file["f"] = photo.T, kernel.T
    same(read_kernels("k73.mat"), [kernel])


def test_what_is_no_matrix_of_numbers_is_passed_over():
    (kernel,) = some((4, 5))
    others = {"rate": 500.0, "t": np.arange(5.0), "who": "me", "s": {"a": 1}, "z": kernel * 1j}
    savemat("k.mat", {"a": kernel, **others})
    same(read_kernels("k.mat"), [kernel])
    with h5py.File("k73.mat", "w", userblock_size=512) as file:
        file["a"], file["rate"], file["z"] = kernel.T, [[500.0]], kernel.T * 1j
        file["text"] = np.zeros((3, 3), np.uint16)
        file["text"].attrs["MATLAB_class"] = np.bytes_("char")
        file["empty"] = np.array([[0, 0], [0, 0]], np.uint64)
        file["empty"].attrs["MATLAB_empty"] = 1
        file["none"] = h5py.Empty("f8")
        file["group/b"] = kernel
    same(read_kernels("k73.mat"), [kernel])


def test_what_shrinks_is_bounded_by_what_it_unpacks_to(monkeypatch):
    monkeypatch.setattr(matlab_module, "MAX_BYTES", 5000)
    savemat("k.mat", {"k": np.zeros((30, 30))}, do_compression=True)  # 7,200 bytes in 100
    fails("k.mat", r"k\.mat: more than 5,000 bytes of values")


def test_cells_that_hold_themselves_end():
    with h5py.File("k.mat", "w", userblock_size=512) as file:
        cells = file.create_dataset("k", (300, 1), h5py.ref_dtype)
        cells[:] = cells.ref
    fails("k.mat", r"k\.mat: (cells nested more than 4 deep|more than .* matrices)")


def test_a_reference_that_is_no_cell_is_passed_over():
    with h5py.File("k.mat", "w", userblock_size=512) as file:
        file["a"] = np.ones((3, 3))
        file.create_dataset("k", (), h5py.ref_dtype)[()] = file["a"].ref
    same(read_kernels("k.mat"), [np.ones((3, 3))])


def test_nothing_outside_the_file_is_read():
    np.ones((3, 3)).tofile("secret.bin")
    with h5py.File("other.h5", "w") as file:
        file["k"] = np.ones((3, 3))
    with h5py.File("k.mat", "w", userblock_size=512) as file:
        file["k"] = h5py.ExternalLink("other.h5", "k")
        file["f"] = h5py.SoftLink("/k")
    fails("k.mat", r"k\.mat: holds no matrix of numbers")
    with h5py.File("k.mat", "w", userblock_size=512) as file:
        file.create_dataset("k", (3, 3), "f8", external=[("secret.bin", 0, 72)])
    fails("k.mat", r"k\.mat: /k is stored outside the file, which is not supported")
    with h5py.File("k.mat", "w", userblock_size=512) as file:
        layout = h5py.VirtualLayout((3, 3), "f8")
        layout[:] = h5py.VirtualSource("other.h5", "k", (3, 3))
        file.create_virtual_dataset("k", layout)
    fails("k.mat", r"k\.mat: /k is stored outside the file, which is not supported")


def test_no_filter_of_a_matlab_file_is_looked_for_elsewhere(tmp_path, monkeypatch):
    # HDF5 would load a plugin, a shared library, for a filter that it does not have itself
    monkeypatch.chdir(tmp_path)
    for name, filters in (("gzip", 1), ("lzf", 32000)):
        with h5py.File("k.mat", "w", userblock_size=512) as file:
            file.create_dataset("k", data=np.ones((5, 5)), compression=name)
        with open("k.mat", "r+b") as file:
            file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM")
        if filters == 1:
            assert len(read_kernels("k.mat")) == 1
            continue
        with pytest.raises(FileError, match=rf"/k uses an unsupported HDF5 filter: \[{filters}\]"):
            read_kernels("k.mat")


def test_a_chunk_of_a_matlab_file_is_bounded():
    with h5py.File("k.mat", "w", userblock_size=512) as file:
        side = {"maxshape": (None, None), "chunks": (2**14, 2**13)}  # 1 GiB for 25 values
        file.create_dataset("k", (5, 5), "f8", compression="gzip", **side)
    with open("k.mat", "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM")
    with pytest.raises(FileError, match="more than 536,870,912 bytes of values"):
        read_kernels("k.mat")
