"""Matrices from MATLAB files of versions 5 and 7.3, as data: nothing in them is executed."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from blurkit.errors import FileError
from blurkit.files import AnyPath

NAMES = ("kernels", "kernel", "psfs", "psf", "k", "f")  # preferred, in this order
MAX_BYTES = 2**29  # of all values together
MAX_MATRICES = 100_000
DEPTH = 4  # most levels of nested cells
FILTERS = {1, 2, 3}  # HDF5's deflate, shuffle and Fletcher-32


def read_matrices(path: AnyPath, max_side: int = 2**16) -> list[np.ndarray]:
    """Read the matrices of real numbers in a MATLAB file, including those in cells.

    Parameters
    ----------
    path : .mat file of version 5 (`save -v6`, `-v7`, SciPy, Octave) or 7.3 (HDF5)
        If it has a variable named kernels, kernel, psfs, psf, k or f, only the first of these is
        read, since such files often hold photos too; otherwise all are. (K, L, n) counts as n
        matrices; scalars, vectors, text and empty cells are skipped.
    max_side : int
        Matrices with a longer side are refused before they are read (version 7.3).

    Returns
    -------
    matrices : list of (K, L) arrays, oriented as in MATLAB, at least one

    Raises
    ------
    FileError
        "k.mat: not a MATLAB file of version 5 or 7.3", "k.mat: holds no matrix of numbers",
        "k.mat: truncated or damaged (...)", "k.mat: more than 536,870,912 bytes of values", ...
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(520)
        if head[512:520] == b"\x89HDF\r\n\x1a\n" or head[:8] == b"\x89HDF\r\n\x1a\n":
            matrices = list(_version_73(path, max_side))
        elif head[:19] == b"MATLAB 5.0 MAT-file":
            matrices = list(_version_5(path))
        else:
            raise FileError(f"{path}: not a MATLAB file of version 5 or 7.3")
    except OSError as error:
        if error.strerror and error.filename:
            raise FileError(f"{path}: {error.strerror}") from error
        raise FileError(f"{path}: truncated or damaged ({error})") from error
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise FileError(f"{path}: truncated or damaged ({error})") from error
    if not matrices:
        raise FileError(f"{path}: holds no matrix of numbers")
    return matrices


def _chosen(names: list[str]) -> list[str]:
    known = [name for name in NAMES if name in names]
    return known[:1] or sorted(names)


def _version_5(path: Path) -> Iterator[np.ndarray]:
    """Matrices of a version 5 file, read by SciPy."""
    from scipy.io import loadmat, whosmat

    try:
        total = 8 * sum(math.prod(shape) for _, shape, _ in whosmat(path))
        _require(total <= MAX_BYTES, path, f"more than {MAX_BYTES:,} bytes of values")
        variables = loadmat(path)
    except FileError:
        raise
    except Exception as error:  # SciPy does not document what a damaged file raises
        raise FileError(f"{path}: truncated or damaged ({error})") from error
    planes = {
        name: list(_cells(value, DEPTH))
        for name, value in variables.items()
        if isinstance(value, np.ndarray)
    }
    for name in _chosen([name for name, matrices in planes.items() if matrices]):
        yield from planes[name]


def _cells(value: np.ndarray, depth: int) -> Iterator[np.ndarray]:
    if value.dtype.kind in "biuf":
        yield from _planes(value)
    elif value.dtype == object and depth > 0:
        for cell in value.T.ravel():  # in MATLAB's order
            if isinstance(cell, np.ndarray):
                yield from _cells(cell, depth - 1)


def _planes(value: np.ndarray) -> Iterator[np.ndarray]:
    if value.ndim == 3:
        yield from np.moveaxis(value, 2, 0)
    elif value.ndim == 2 and min(value.shape) > 1:
        yield value


def _version_73(path: Path, max_side: int) -> Iterator[np.ndarray]:
    import h5py

    with h5py.File(path, "r", locking=False) as file:
        names = [
            name
            for name in file
            if isinstance(file.get(name, getlink=True), h5py.HardLink)
            and isinstance(file[name], h5py.Dataset)
            and (_is_cell(file[name]) or _is_matrix(file[name]))
        ]
        queue = [(file[name], DEPTH) for name in reversed(_chosen(names))]
        total = count = 0
        while queue:
            data, depth = queue.pop()
            plan, kind = data.id.get_create_plist(), data.dtype
            inside = plan.get_layout() != h5py.h5d.VIRTUAL and not plan.get_external_count()
            _require(
                inside, path, f"{data.name} is stored outside the file, which is not supported"
            )
            if not (_is_cell(data) or _is_matrix(data)):
                continue
            _check_storage(data, path)
            total += math.prod(data.shape) * kind.itemsize
            count += 1
            _require(total <= MAX_BYTES, path, f"more than {MAX_BYTES:,} bytes of values")
            if _is_cell(data):
                _require(depth > 0, path, f"cells nested more than {DEPTH} deep")
                few = count + len(queue) + data.size <= MAX_MATRICES
                _require(few, path, f"more than {MAX_MATRICES:,} matrices")
                cells = [file[cell] for cell in data[()].ravel() if cell]
                queue += [(c, depth - 1) for c in reversed(cells) if isinstance(c, h5py.Dataset)]
            else:
                rule = f"{data.name} must be at most {max_side} px a side"
                fits = max(data.shape[-2:]) <= max_side
                _require(fits, path, f"{rule}, got shape {data.shape[::-1]}")
                yield from _planes(data[()].T)  # MATLAB is column-major


def _check_storage(data: Any, path: Path) -> None:
    """Refuse filters for which HDF5 would load a plugin, and huge chunks."""
    plan = data.id.get_create_plist()
    filters = [plan.get_filter(i)[0] for i in range(plan.get_nfilters())]
    rule = "uses an unsupported HDF5 filter"
    _require(set(filters) <= FILTERS, path, f"{data.name} {rule}: {filters}")
    chunk = math.prod(data.chunks or ()) * data.dtype.itemsize
    _require(chunk <= MAX_BYTES, path, f"more than {MAX_BYTES:,} bytes of values")


def _is_cell(data: Any) -> bool:
    import h5py

    empty = not data.shape or "MATLAB_empty" in data.attrs  # () and None are no cells either
    return not empty and h5py.check_ref_dtype(data.dtype) is h5py.Reference


def _is_matrix(data: Any) -> bool:
    """Whether it holds real numbers in at least two rows and columns.

    MATLAB stores an empty matrix as its shape, with an attribute.
    """
    empty = not data.shape or "MATLAB_empty" in data.attrs or _is_text(data)
    numbers = not empty and data.dtype.kind in "biuf"
    return numbers and data.ndim in (2, 3) and min(data.shape[-2:]) > 1


def _is_text(data: Any) -> bool:
    """Whether MATLAB's class attribute, text of fixed length, says "char"."""
    import h5py

    if not h5py.h5a.exists(data.id, b"MATLAB_class"):
        return False
    kind = h5py.h5a.open(data.id, b"MATLAB_class").get_type()
    # variable-length text is in a heap; a damaged heap can send HDF5 into an endless loop
    fixed = kind.get_class() == h5py.h5t.STRING and not kind.is_variable_str()
    return bool(fixed and data.attrs["MATLAB_class"] == b"char")


def _require(condition: bool, path: Path, message: str) -> None:
    if not condition:
        raise FileError(f"{path}: {message}")
