"""Matrices out of MATLAB files, versions 5 and 7.3, as data: nothing in them is ever run."""

import math
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from blurkit.errors import FileError

NAMES = ("kernels", "kernel", "psfs", "psf", "k", "f")  # taken first, if there
MAX_BYTES = 2**29  # all values together
MAX_MATRICES = 100_000
DEPTH = 4  # cells within cells
_MATRIX, _COMPRESSED = 14, 15  # types of element in a file of version 5


def read_matrices(path: str | os.PathLike[str], max_side: int = 2**16) -> list[np.ndarray]:
    """Every matrix of real numbers in a MATLAB file, cells opened.

    Parameters
    ----------
    path : .mat file of version 5 (`save -v6`, `-v7`, SciPy, Octave) or 7.3 (HDF5)
        Where it has variables named kernels, kernel, psfs, psf, k or f, only the first of these
        is read, for files of photos and kernels; else all. (K, L, n) counts as n matrices;
        numbers, vectors, text and empty cells are passed over.
    max_side : int
        Matrices with a larger side are refused before they are read (version 7.3).

    Returns
    -------
    matrices : list of (K, L) arrays as MATLAB shows them, at least one

    Raises
    ------
    FileError
        "k.mat: not a MATLAB file of version 5 or 7.3", "k.mat: holds no matrix of numbers",
        "k.mat: truncated or damaged (...)", "k.mat: more than 536,870,912 bytes of values",
        "k.mat: ..." naming what else is not allowed.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(520)
        if head[512:520] == b"\x89HDF\r\n\x1a\n" or head[:8] == b"\x89HDF\r\n\x1a\n":
            found = list(_version_73(path, max_side))
        elif head[:19] == b"MATLAB 5.0 MAT-file":
            found = list(_version_5(path))
        else:
            raise FileError(f"{path}: not a MATLAB file of version 5 or 7.3")
    except OSError as error:
        if error.strerror and error.filename:
            raise FileError(f"{path}: {error.strerror}") from error
        raise FileError(f"{path}: truncated or damaged ({error})") from error
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError, zlib.error) as error:
        raise FileError(f"{path}: truncated or damaged ({error})") from error
    if not found:
        raise FileError(f"{path}: holds no matrix of numbers")
    return found


def _chosen(names: list[str]) -> list[str]:
    known = [name for name in NAMES if name in names]
    return known[:1] or sorted(names)


def _version_5(path: Path) -> Iterator[np.ndarray]:
    from scipy.io import loadmat

    _bound_elements(path)
    variables = loadmat(path, chars_as_strings=False)
    names = [name for name in variables if not name.startswith("__")]
    for name in _chosen(names):
        yield from _opened(path, variables[name], DEPTH)


def _opened(path: Path, value: Any, depth: int) -> Iterator[np.ndarray]:
    """The matrices in a variable as SciPy gives it."""
    if not isinstance(value, np.ndarray):
        return
    if value.dtype == object:
        _require(depth > 0, path, f"has cells within cells, more than {DEPTH} deep")
        for cell in value.ravel("F"):
            yield from _opened(path, cell, depth - 1)
    elif value.dtype.kind in "biuf":
        yield from _planes(value)


def _planes(value: np.ndarray) -> Iterator[np.ndarray]:
    if value.ndim == 3:
        yield from np.moveaxis(value, 2, 0)
    elif value.ndim == 2 and min(value.shape) > 1:
        yield value


def _bound_elements(path: Path) -> None:
    """Refuse what unpacks to more than MAX_BYTES: zlib can shrink a thousandfold."""
    total = 0
    with path.open("rb") as file:
        order = "<" if file.read(128)[126:128] == b"IM" else ">"
        while len(tag := file.read(8)) == 8:
            kind, size = (int(n) for n in np.frombuffer(tag, f"{order}u4"))
            _require(kind in (_MATRIX, _COMPRESSED), path, f"has an element of unknown type {kind}")
            unpack = zlib.decompressobj() if kind == _COMPRESSED else None
            while size and (data := file.read(min(size, 2**20))):
                size -= len(data)
                while data:
                    piece = unpack.decompress(data, 2**22) if unpack else data
                    total += len(piece)
                    _require(total <= MAX_BYTES, path, f"more than {MAX_BYTES:,} bytes of values")
                    data = unpack.unconsumed_tail if unpack else b""
            _require(size == 0, path, "truncated or damaged (an element breaks off)")


def _version_73(path: Path, max_side: int) -> Iterator[np.ndarray]:
    import h5py

    with h5py.File(path, "r", locking=False) as file:
        plain = [
            name
            for name in file
            if not name.startswith("#")
            and isinstance(file.get(name, getlink=True), h5py.HardLink)
            and isinstance(file[name], h5py.Dataset)
        ]
        queue = [(file[name], DEPTH) for name in reversed(_chosen(plain))]
        total = count = 0
        while queue:
            data, depth = queue.pop()
            plan, kind = data.id.get_create_plist(), data.dtype
            here = plan.get_layout() != h5py.h5d.VIRTUAL and not plan.get_external_count()
            _require(here, path, f"{data.name} lies outside the file, which is not followed")
            if data.shape is None or "MATLAB_empty" in data.attrs or _is_text(data):
                continue
            total += math.prod(data.shape) * kind.itemsize
            count += 1
            _require(total <= MAX_BYTES, path, f"more than {MAX_BYTES:,} bytes of values")
            if h5py.check_ref_dtype(kind) is h5py.Reference:
                _require(depth > 0, path, f"has cells within cells, more than {DEPTH} deep")
                many = count + len(queue) + data.size > MAX_MATRICES
                _require(not many, path, f"more than {MAX_MATRICES:,} matrices")
                cells = [file[cell] for cell in data[()].ravel() if cell]
                queue += [(c, depth - 1) for c in reversed(cells) if isinstance(c, h5py.Dataset)]
            elif kind.kind in "biuf" and data.ndim in (2, 3) and min(data.shape[-2:]) > 1:
                rule = f"{data.name} must be at most {max_side} px a side"
                fits = max(data.shape[-2:]) <= max_side
                _require(fits, path, f"{rule}, got shape {data.shape[::-1]}")
                yield from _planes(data[()].T)  # MATLAB stores columns first


def _is_text(data: Any) -> bool:
    """MATLAB marks its text by a class, in an attribute of fixed length."""
    import h5py

    if not h5py.h5a.exists(data.id, b"MATLAB_class"):
        return False
    kind = h5py.h5a.open(data.id, b"MATLAB_class").get_type()
    # text of variable length lies in a heap whose damage can send HDF5 into an endless loop
    fixed = kind.get_class() == h5py.h5t.STRING and not kind.is_variable_str()
    return bool(fixed and data.attrs["MATLAB_class"] == b"char")


def _require(condition: bool, path: Path, otherwise: str) -> None:
    if not condition:
        raise FileError(f"{path}: {otherwise}")
