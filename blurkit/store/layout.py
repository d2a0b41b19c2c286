"""What a file of format version 1 contains, where its rows are, and which of them are damaged."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from blurkit.errors import FileError
from blurkit.files import AnyPath
from blurkit.store.checksum import crcs_on_disk

FORMAT, FORMAT_VERSION = "blurkit", 1
SIGNATURE = b"\x89HDF\r\n\x1a\n"
ATTRIBUTE_BYTES = 2**20  # longest attribute read; settings are a few hundred bytes

# name: (dimension labels, units, description), in the order in which a row's CRC takes them
DATASETS = {
    "blurry": (("sample", "y", "x", "channel"), "sRGB, 0 to 255", "blurry image, RGB"),
    "sharp": (("sample", "y", "x", "channel"), "sRGB, 0 to 255", "its sharp partner, RGB"),
    "kernel": (("sample", "y", "x"), "share of the exposure", "blur kernel at the centre"),
    "params": (("sample",), "lengths in pixels", "the numbers drawn for the sample"),
    "source": (("sample",), "UTF-8 text", "where the sharp patch comes from"),
    "crc": (("sample",), "CRC-32", "over the row's bytes in the others; 0: not written yet"),
}
REQUIRED = ("blurry", "sharp", "crc")

RowTypes = Mapping[str, np.dtype]


def row_types(
    patch: tuple[int, int], kernel: int | None, params: np.dtype | None, source_bytes: int
) -> dict[str, np.dtype]:
    """The type of one row in each dataset of a file; a `kernel` or `params` of None is not stored.

    Parameters
    ----------
    patch : (height, width), in pixels
    kernel : side of the kernel, in pixels
    params : structured dtype of plain numbers and bytes
    source_bytes : room for the longest source name, in bytes of UTF-8
    """
    types = {name: np.dtype((np.uint8, (*patch, 3))) for name in ("blurry", "sharp")}
    if kernel is not None:
        types["kernel"] = np.dtype(("<f4", (kernel, kernel)))
    if params is not None:
        types["params"] = params
    return types | {"source": np.dtype(f"S{source_bytes}"), "crc": np.dtype("<u4")}


@dataclass(frozen=True)
class Layout:
    """Where the rows of one file are, for the reader to map and the writer to fill."""

    path: Path
    count: int
    types: dict[str, np.dtype]
    offsets: dict[str, int]
    attributes: dict[str, Any]

    def map(self, first: int = 0, last: int | None = None) -> dict[str, np.ndarray]:
        """Rows first .. last - 1 of every dataset as read-only memory maps, all by default."""
        n = (self.count if last is None else min(last, self.count)) - first
        return {
            name: np.memmap(
                self.path,
                kind.base,
                "r",
                self.offsets[name] + first * kind.itemsize,
                (n, *kind.shape),
            )
            for name, kind in self.types.items()
        }

    def damaged(self, first: int, last: int) -> np.ndarray:
        """(n,) bool, for rows first .. last - 1: never written, or the CRC does not match.

        Raises
        ------
        FileError
            "x.h5: cannot be read (Input/output error)", "x.h5: ends too early"
        """
        last = min(last, self.count)
        try:
            with self.path.open("rb", buffering=0) as file:
                stored, computed = crcs_on_disk(
                    file.fileno(), self.types, self.offsets, first, last
                )
        except EOFError:
            raise FileError(f"{self.path}: ends too early") from None
        except OSError as error:
            raise FileError(f"{self.path}: cannot be read ({error.strerror})") from error
        return (stored != computed) | (stored == 0)


def read_layout(path: AnyPath) -> Layout:
    """Read and check a file's structure, without reading samples or following links.

    Raises
    ------
    FileError
        "x.h5: not an HDF5 file", "x.h5: truncated or damaged (...)",
        "x.h5: an HDF5 file, but not made by blurkit (no attribute format = 'blurkit')",
        "x.h5: has format version 2; this blurkit reads versions up to 1, upgrade it",
        or "x.h5: ..." for the first violation of the format.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise FileError(f"{path}: {'not a file' if path.exists() else 'no such file'}")
        with path.open("rb") as raw:  # HDF5 would also accept its signature at 512, 1024, ...
            if raw.read(len(SIGNATURE)) != SIGNATURE:
                raise FileError(f"{path}: not an HDF5 file")
        with h5py.File(path, "r", locking=False) as file:
            return _read(file, path)
    except PermissionError as error:
        raise FileError(f"{path}: {error.strerror}") from error
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise FileError(f"{path}: truncated or damaged ({error})") from error


def _read(file: h5py.File, path: Path) -> Layout:
    if _attribute(file, path, "format", default=None) != FORMAT:
        raise FileError(
            f"{path}: an HDF5 file, but not made by blurkit (no attribute format = {FORMAT!r})"
        )
    version = _attribute(file, path, "format_version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise FileError(
            f"{path}: has format version {version}; this blurkit reads versions up to "
            f"{FORMAT_VERSION}, upgrade it"
        )
    names = ("blurkit_version", "settings", "seed", "start", "count")
    attributes = {name: _attribute(file, path, name) for name in names}
    count = attributes["count"]
    for name in ("seed", "start", "count"):
        _require(isinstance(attributes[name], int), path, f"{name} must be an integer")
    _require(count >= 1, path, f"count must be >= 1, got {count}")
    try:
        attributes["settings"] = json.loads(attributes["settings"])
    except (TypeError, ValueError, RecursionError):
        raise FileError(f"{path}: its settings are not JSON") from None
    _require(isinstance(attributes["settings"], dict), path, "its settings are not a JSON object")
    attributes |= {"format": FORMAT, "format_version": version}

    datasets = {name: _dataset(file, path, name, count) for name in DATASETS if name in file}
    for name in REQUIRED:
        _require(name in datasets, path, f"has no dataset /{name}")
    types = {name: kind for name, (kind, _) in datasets.items()}
    offsets = {name: offset for name, (_, offset) in datasets.items()}
    _check_types(path, types)
    ends = sorted((offsets[name], offsets[name] + count * types[name].itemsize) for name in types)
    apart = all(end <= begin for (_, end), (begin, _) in pairwise(ends))
    _require(apart, path, "two datasets overlap")
    _require(ends[-1][1] <= path.stat().st_size, path, "a dataset ends after the end of the file")
    return Layout(path, count, types, offsets, attributes)


def _attribute(file: h5py.File, path: Path, name: str, default: Any = ...) -> Any:
    if not h5py.h5a.exists(file.id, name.encode()):
        _require(default is not ..., path, f"has no attribute {name}")
        return default
    stored = h5py.h5a.open(file.id, name.encode())
    kind = stored.get_type()
    # variable-length text lies in a heap; a damaged heap can send HDF5 into an endless loop
    plain = kind.get_class() == h5py.h5t.INTEGER or (
        kind.get_class() == h5py.h5t.STRING and not kind.is_variable_str()
    )
    plain = plain and stored.shape == () and stored.get_storage_size() <= ATTRIBUTE_BYTES
    _require(plain, path, f"attribute {name} must be an integer or text of fixed length")
    value = file.attrs[name]
    return value.decode() if isinstance(value, bytes) else value.item()


def _dataset(file: h5py.File, path: Path, name: str, count: int) -> tuple[np.dtype, int]:
    """Type of a row and byte offset of the first one, if the dataset is contiguous in this file."""
    inside = isinstance(file.get(name, getlink=True), h5py.HardLink)
    _require(inside, path, f"/{name} is a link, which is not followed")
    data = file[name]
    _require(isinstance(data, h5py.Dataset), path, f"/{name} is not a dataset")
    plan = data.id.get_create_plist()
    plain = plan.get_layout() == h5py.h5d.CONTIGUOUS and not plan.get_external_count()
    _require(plain, path, f"/{name} is not stored contiguously in the file")
    shape, offset = data.shape, data.id.get_offset()
    _require(bool(shape) and offset is not None, path, f"/{name} holds no data")
    _require(shape[0] == count, path, f"/{name} has {shape[0]} rows, but its count is {count}")
    bounded = all(0 < side <= 2**16 for side in shape[1:])
    _require(bounded, path, f"/{name} has an impossible shape {shape}")
    return np.dtype((data.dtype, shape[1:])), offset


def _check_types(path: Path, types: RowTypes) -> None:
    kernel, params, source = types.get("kernel"), types.get("params"), types.get("source")
    image = types["blurry"]
    good = {
        "blurry": image.base == np.uint8 and len(image.shape) == 3 and image.shape[2] == 3,
        "sharp": types["sharp"] == image,
        "kernel": kernel is None or (kernel.base == np.dtype("<f4") and _odd_square(kernel.shape)),
        "params": params is None or (params.names is not None and _numbers(params)),
        "source": source is None or (source.kind == "S" and source.itemsize > 0),
        "crc": types["crc"] == np.dtype("<u4"),
    }
    for name, fine in good.items():
        _require(fine, path, f"/{name} has a type or shape that the format does not allow")


def _odd_square(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 and shape[0] == shape[1] and shape[0] % 2 == 1


def _numbers(params: np.dtype) -> bool:
    fields: Iterable[np.dtype] = (params[name] for name in params.names or ())
    return all(field.kind in "iufSb" and not field.shape for field in fields)


def _require(condition: bool, path: Path, otherwise: str) -> None:
    if not condition:
        raise FileError(f"{path}: {otherwise}")
