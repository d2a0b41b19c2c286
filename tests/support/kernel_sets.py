"""Files of kernels as others write them."""

import h5py
import numpy as np


def some(*shapes):
    rng = np.random.default_rng(len(shapes))
    return [rng.random(shape) for shape in shapes]


def levin(path, kernels, name="kernels", kind=np.float64):
    """A MATLAB 7.3 file as Levin's: a 1 x n cell of references to matrices, columns first."""
    with h5py.File(path, "w", userblock_size=512) as file:
        cells = file.create_dataset(name, (len(kernels), 1), h5py.ref_dtype)
        cells.attrs["MATLAB_class"] = np.bytes_("cell")
        for i, kernel in enumerate(kernels):
            data = file.create_dataset(f"#refs#/{i}", data=kernel.T.astype(kind))
            data.attrs["MATLAB_class"] = np.bytes_("double")
            cells[i, 0] = data.ref
    with open(path, "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM")


def same(found, expected):
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == np.float64
        np.testing.assert_allclose(a, b / b.sum(), rtol=1e-6)
