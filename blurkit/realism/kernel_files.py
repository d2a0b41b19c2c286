"""Sets of blur kernels from files: NumPy, MATLAB, images, datasets."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from blurkit.errors import FileError, SettingError
from blurkit.files import AnyPath
from blurkit.images.files import PHOTOS, decode_image, find_images, image_bytes, opencv
from blurkit.realism.matlab import read_matrices
from blurkit.store import PairSet

MAX_SIDE = 1024  # px; anything wider is probably a photo


def read_kernels(path: AnyPath, most: int | None = None) -> list[np.ndarray]:
    """Read blur kernels from a file or folder; the kernels of a set may differ in size.

    Parameters
    ----------
    path : file, folder, or pattern of dataset files
        A dataset's /kernel; `.npy` of shape (K, L), (n, K, L) or (n, 1, K, L); `.mat` of
        version 5 or 7.3 with matrices (K, L) or (K, L, n), or cells of them, as in Levin's file,
        see `blurkit.realism.matlab.read_matrices`; a PNG, TIFF or other image of one kernel, or a
        folder of such images. Pixel values are used as is, without gamma, averaged over channels.
    most : int >= 1, optional
        Of a larger set, read only this many kernels, spread evenly over it.

    Returns
    -------
    kernels : list of (K, L) float64, >= 0, each of sum 1

    Raises
    ------
    SettingError
        "most must be >= 1, got 0"
    FileError
        "k.npy: kernel 3 must be finite and >= 0, got -0.5", "k.npy: kernel 3 sums to 0",
        "k.npy: kernel 3 must be 1 to 1024 px a side, got shape (2000, 31)",
        "k.npy: must be an array of numbers (K, L), (n, K, L) or (n, 1, K, L), got ...",
        "k.npy: not a NumPy array, or a damaged one (...)",
        "k.npz: an .npz archive; save the kernels as one .npy",
        "blur.h5: has no kernels", and those of `find_images`, `decode_image`, `read_matrices` and
        `PairSet`. Nothing is unpickled, and shapes are checked before values are read.
    """
    if most is not None and most < 1:
        raise SettingError(f"most must be >= 1, got {most}")
    path = Path(path)
    try:
        numbered = _numbered_kernels(path, most)
    except (MemoryError, OverflowError) as error:
        raise FileError(f"{path}: does not fit into memory ({error})") from error
    return [_checked(path, number, kernel) for number, kernel in numbered]


def spread(count: int, most: int | None) -> list[int]:
    """At most `most` of the numbers 0 .. count - 1, evenly spread."""
    chosen = count if most is None else min(count, most)
    return [i * count // chosen for i in range(chosen)]


def _numbered_kernels(path: Path, most: int | None) -> list[tuple[int, Any]]:
    """Kernels and their numbers in the set, unchecked."""
    ending = path.suffix.lower()
    if path.is_dir():
        files = find_images(path)
        return [(i, _read_image(files[i])) for i in spread(len(files), most)]
    if ending == ".npz":
        raise FileError(f"{path}: an .npz archive; save the kernels as one .npy")
    if ending in PHOTOS:
        return [(0, _read_image(path))]
    if ending == ".mat":
        matrices: Sequence[np.ndarray] = read_matrices(path, MAX_SIDE)
        return [(i, matrices[i]) for i in spread(len(matrices), most)]
    stack = _map_array(path) if ending == ".npy" else PairSet(path).kernel
    if stack is None or not len(stack):
        raise FileError(f"{path}: has no kernels")
    return [(i, stack[i]) for i in spread(len(stack), most)]


def _map_array(path: Path) -> np.ndarray:
    """The array in a .npy as (n, K, L), memory-mapped."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # headers written by Python 2
            array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        if error.strerror is None:
            raise FileError(f"{path}: not a NumPy array, or a damaged one ({error})") from error
        raise FileError(f"{path}: {error.strerror}") from error
    except Exception as error:  # a bad header can raise anything in NumPy's parser
        raise FileError(f"{path}: not a NumPy array, or a damaged one ({error})") from error
    rule = "must be an array of numbers (K, L), (n, K, L) or (n, 1, K, L), got"
    if not isinstance(array, np.ndarray):  # a zip file named .npy
        raise FileError(f"{path}: {rule} an archive")
    shape = array.shape
    if array.ndim == 2:
        array = array[None]
    elif array.ndim == 4 and shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 3 or array.dtype.kind not in "biuf":
        raise FileError(f"{path}: {rule} {array.dtype} {shape}")
    return array


def _read_image(path: Path) -> np.ndarray:
    """The pixel values (H, W) at full bit depth: the mean of the channels without alpha."""
    data = image_bytes(path)
    eight_bits = decode_image(data, path)  # refuses what is not an image or is truncated
    cv2 = opencv()
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    image = eight_bits if image is None else image
    return image if image.ndim == 2 else image[..., :3].mean(axis=2)


def _checked(path: Path, number: int, kernel: np.ndarray) -> np.ndarray:
    """A kernel as float64 with sum 1."""
    if kernel.ndim != 2 or not all(1 <= side <= MAX_SIDE for side in kernel.shape):
        rule = f"must be 1 to {MAX_SIDE} px a side"
        raise FileError(f"{path}: kernel {number} {rule}, got shape {kernel.shape}")
    values = np.array(kernel, dtype=np.float64)
    bad = values[~(np.isfinite(values) & (values >= 0))]
    if bad.size:
        raise FileError(f"{path}: kernel {number} must be finite and >= 0, got {bad[0]}")
    top = float(values.max())
    if top == 0:
        raise FileError(f"{path}: kernel {number} sums to 0")
    values /= top  # first, so that the sum cannot overflow
    return np.asarray(values / values.sum())
