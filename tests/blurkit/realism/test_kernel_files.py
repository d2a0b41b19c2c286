"""Kernels from files: each layout gives the same kernels, each bad file its own error."""

import io
import re
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_sets import levin, same, some
from scipy.io import savemat

from blurkit import FileError, SettingError
from blurkit.images.files import opencv
from blurkit.realism.kernel_files import read_kernels, spread

pytestmark = pytest.mark.usefixtures("here")


# what is read


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64, ">f8"])
def test_arrays_of_every_layout(kind):
    kernels = [np.rint(k * 200).astype(kind) for k in some(*[(6, 9)] * 4)]
    for array in (np.stack(kernels), np.stack(kernels)[:, None]):
        np.save("k.npy", array)
        same(read_kernels("k.npy"), kernels)
    np.save("k.npy", kernels[2])
    same(read_kernels("k.npy"), kernels[2:3])


def test_a_folder_of_pictures_of_any_size_keeps_16_bits():
    kernels = [np.rint(k * 60000).astype(np.uint16) for k in some((9, 9), (12, 5))]
    Path("set").mkdir()
    cv2 = opencv()
    cv2.imwrite("set/a.png", kernels[0])
    cv2.imwrite("set/b.tiff", kernels[1])
    alpha = np.full((9, 9), 777, np.uint16)
    cv2.imwrite("set/c.png", np.dstack([kernels[0]] * 3 + [alpha]))
    same(read_kernels("set"), [*kernels, kernels[0]])
    same(read_kernels("set/b.tiff"), kernels[1:])


def test_a_dataset_file_gives_its_kernels():
    from blurkit import PairFile, SynthSettings, Walk, synth

    tiny = {"n": 5, "patch": 16, "kernel": 7, "walk": Walk(steps=20)}
    synth("p0.h5", SynthSettings(**tiny), progress=False)
    synth("p1.h5", SynthSettings(**tiny, seed=1), progress=False)
    first, second = list(PairFile("p0.h5").kernel), list(PairFile("p1.h5").kernel)
    same(read_kernels("p0.h5"), first)
    same(read_kernels("p*.h5"), first + second)


def test_a_part_of_a_set_is_spread_over_it():
    assert spread(10, 4) == [0, 2, 5, 7]
    assert spread(3, 9) == spread(3, None) == [0, 1, 2]
    kernels = some(*[(3, 3)] * 10)
    np.save("k.npy", kernels)
    levin("k.mat", kernels)
    for name in ("k.npy", "k.mat"):
        same(read_kernels(name, 4), [kernels[i] for i in spread(10, 4)])


def test_huge_values_do_not_overflow():
    np.save("k.npy", np.full((2, 2), 1.5e308))
    same(read_kernels("k.npy"), [np.ones((2, 2))])


# what is refused


def fails(name, message, **options):
    with pytest.raises(FileError, match=f"^{message}$"):
        read_kernels(name, **options)


def test_no_pickle_is_opened():
    class Trap:
        def __reduce__(self):
            return sys.exit, ("unpickled",)

    np.save("k.npy", np.array([[Trap()]], object), allow_pickle=True)
    fails("k.npy", r"k\.npy: not a NumPy array, or a damaged one \(.*\)")
    buffer = io.BytesIO()
    np.save(buffer, np.array([Trap()], object), allow_pickle=True)
    Path("p.npy").write_bytes(buffer.getvalue()[128:])
    fails("p.npy", r"p\.npy: not a NumPy array, or a damaged one \(.*\)")


@pytest.mark.parametrize(
    ("array", "what"),
    [
        (np.ones(5), "float64 (5,)"),
        (np.ones((2, 3, 4, 5)), "float64 (2, 3, 4, 5)"),
        (np.ones((3, 3), complex), "complex128 (3, 3)"),
        (np.array([["a", "b"]]), "<U1 (1, 2)"),
    ],
)
def test_arrays_that_are_no_kernels(array, what):
    np.save("k.npy", array)
    rule = "k.npy: must be an array of numbers (K, L), (n, K, L) or (n, 1, K, L), got "
    fails("k.npy", re.escape(rule + what))


def test_archives_are_named():
    np.savez("k.npz", np.ones((3, 3)))
    fails("k.npz", r"k\.npz: an \.npz archive; save the kernels as one \.npy")
    Path("k.npz").rename("k.npy")
    fails("k.npy", r"k\.npy: must be an array of numbers .*, got an archive")


@pytest.mark.parametrize("way", ["npy", "mat", "mat73"])
@pytest.mark.parametrize(
    ("second", "rule"),
    [
        (np.array([[1, -0.5], [1, 1]]), "kernel 1 must be finite and >= 0, got -0.5"),
        (np.array([[1, np.nan], [1, 1]]), "kernel 1 must be finite and >= 0, got nan"),
        (np.array([[1, np.inf], [1, 1]]), "kernel 1 must be finite and >= 0, got inf"),
        (np.zeros((2, 2)), "kernel 1 sums to 0"),
    ],
)
def test_the_bad_kernel_is_named(way, second, rule):
    kernels = [np.ones((2, 2)), second]
    name = f"k.{way[:3]}"
    if way == "npy":
        np.save(name, kernels)
    elif way == "mat":
        savemat(name, {"k": np.dstack(kernels)})
    else:
        levin(name, kernels)
    fails(name, re.escape(f"{name}: {rule}"))


def test_what_is_too_large_is_refused_before_it_is_read():
    with open("k.npy", "wb") as file:  # a hole of 4 GB
        header = {"descr": "<f8", "fortran_order": False, "shape": (1, 2**19, 2**10)}
        np.lib.format.write_array_header_1_0(file, header)
        start = file.tell()
        file.truncate(start + 2**32)
    fails("k.npy", r"k\.npy: kernel 0 must be 1 to 1024 px a side, got shape \(524288, 1024\)")
    with h5py.File("k.mat", "w", userblock_size=512) as file:
        file.create_dataset("k", (2**20, 2**20), "f8", chunks=(64, 64))
    fails("k.mat", r"k\.mat: more than 536,870,912 bytes of values")
    with h5py.File("k.mat", "w", userblock_size=512) as file:
        file.create_dataset("k", (2000, 30), "f8", chunks=(64, 30))
    fails("k.mat", r"k\.mat: /k must be at most 1024 px a side, got shape \(30, 2000\)")
    savemat("k.mat", {"k": np.ones((1025, 2))})
    fails("k.mat", r"k\.mat: kernel 0 must be 1 to 1024 px a side, got shape \(1025, 2\)")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("k.npy", b"", r"k\.npy: not a NumPy array, or a damaged one \(.*\)"),
        ("k.npy", b"hello", r"k\.npy: not a NumPy array, or a damaged one \(.*\)"),
        ("k.npy", b"\x93NUMPY\1\0\6\0{'a':", r"k\.npy: not a NumPy array, or a damaged one \(.*\)"),
        ("k.mat", b"", r"k\.mat: not a MATLAB file of version 5 or 7\.3"),
        ("k.mat", b"hello", r"k\.mat: not a MATLAB file of version 5 or 7\.3"),
        ("k.mat", bytes(2000), r"k\.mat: not a MATLAB file of version 5 or 7\.3"),
        ("k.png", b"hello", r"k\.png: not an image that OpenCV can decode"),
        ("k.h5", b"hello", r"k\.h5: not an HDF5 file"),
    ],
)
def test_files_that_are_something_else(name, data, message):
    Path(name).write_bytes(data)
    fails(name, message)


@pytest.mark.parametrize("name", ["k.npy", "k.mat", "k.png", "k.h5", "k"])
def test_files_that_are_not_there(name):
    with pytest.raises(FileError, match=f"^{re.escape(name)}: [nN]o such file"):
        read_kernels(name)


def test_empty_sets_are_refused():
    np.save("k.npy", np.ones((0, 3, 3)))
    fails("k.npy", r"k\.npy: has no kernels")
    np.save("k.npy", np.ones((3, 0, 3)))
    fails("k.npy", r"k\.npy: kernel 0 must be 1 to 1024 px a side, got shape \(0, 3\)")
    savemat("k.mat", {"a": 1})
    fails("k.mat", r"k\.mat: holds no matrix of numbers")
    Path("set").mkdir()
    fails("set", r"set: contains no \.jpg .* file")
    with pytest.raises(SettingError, match=r"^most must be >= 1, got 0$"):
        read_kernels("k.npy", 0)


def test_every_cut_of_a_file_is_an_error():
    kernels = some((9, 7), (5, 8))
    cells = np.empty((1, 2), object)
    cells[0] = kernels
    savemat("plain.mat", {"kernels": cells})
    savemat("packed.mat", {"kernels": cells}, do_compression=True)
    levin("levin.mat", kernels)
    np.save("k.npy", np.stack([kernels[0]] * 3))
    for name in ("plain.mat", "packed.mat", "levin.mat", "k.npy"):
        whole = Path(name).read_bytes()
        for keep in np.linspace(0, len(whole) - 9, 25).astype(int):
            Path(name).write_bytes(whole[:keep])
            with pytest.raises(FileError):
                read_kernels(name)


SEEDS = {}


def seed_files():
    if not SEEDS:
        kernels = some((4, 3), (2, 5))
        levin("seed.mat", kernels)
        SEEDS["73.mat"] = Path("seed.mat").read_bytes()
        np.save("seed.npy", np.stack([kernels[0]] * 2))
        SEEDS["k.npy"] = Path("seed.npy").read_bytes()
    return SEEDS


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_edit_of_the_bytes_gives_kernels_or_the_documented_error(data):
    name = data.draw(st.sampled_from(sorted(seed_files())))
    content = bytearray(SEEDS[name])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    Path(name).write_bytes(content)
    try:
        found = read_kernels(name)
    except FileError as error:
        found, said = [], str(error)
        assert said.startswith(name + ": ")
    assert all(kernel.sum() == pytest.approx(1) for kernel in found)
