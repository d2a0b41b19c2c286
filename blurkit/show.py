"""Pictures of kernels and of a dataset file's pairs."""

import os
from pathlib import Path

import numpy as np

from blurkit.errors import SettingError
from blurkit.images import contact_sheet
from blurkit.store import PART, PairFile, read_layout

TILE = 96  # pixels that a kernel fills on a sheet, about
STOPS = (0.0, 0.15, 0.6, 1.0)
COLOURS = np.array([(13, 17, 28), (84, 60, 74), (236, 160, 84), (255, 250, 235)])


def kernel_sheet(kernels: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Kernels side by side: each scaled to its own maximum, enlarged, night to amber to white.

    The tone is the square root of the weight, so that faint taps show beside strong ones.

    Parameters
    ----------
    kernels : (n, K, K) float, >= 0, n >= 1
    columns : int >= 1, optional
        A nearly square sheet by default.

    Returns
    -------
    sheet : (H, W, 3) uint8
    """
    if kernels.ndim != 3 or len(kernels) < 1:
        raise SettingError(f"kernels must be (n, K, K) with n >= 1, got {kernels.shape}")
    side = max(TILE, 2 * kernels.shape[1])
    return contact_sheet([kernel_tile(kernel, side) for kernel in kernels], columns, gap=4)


def kernel_tile(kernel: np.ndarray, side: int) -> np.ndarray:
    """One kernel, enlarged by a whole number to at most about `side` pixels: (S, S, 3) uint8."""
    top = max(float(kernel.max()), np.finfo(np.float32).tiny)
    tone = np.sqrt(np.clip(kernel, 0, None) / top)
    tile = np.stack([np.interp(tone, STOPS, channel) for channel in COLOURS.T], axis=-1)
    return _enlarged(np.rint(tile).astype(np.uint8), max(1, side // len(kernel)))


def pair_sheet(pairs: PairFile, count: int = 8) -> np.ndarray:
    """Samples spread evenly over a file: sharp patch, kernel and blurry patch of each in a row.

    Parameters
    ----------
    pairs : PairFile
    count : int >= 1
        Samples shown; fewer where the file has fewer.

    Returns
    -------
    sheet : (H, W, 3) uint8
    """
    if count < 1:
        raise SettingError(f"n must be >= 1, got {count}")
    count = min(count, len(pairs))
    rows = (np.arange(count) * len(pairs) // count).tolist()
    return contact_sheet([_trio(pairs, row) for row in rows], 2, gap=16)


def _trio(pairs: PairFile, row: int) -> np.ndarray:
    sharp = pairs.sharp[row]
    times = max(1, round(2 * TILE / max(sharp.shape)))
    pictures, labels = [_enlarged(sharp, times)], [f"sample {pairs.start + row}: sharp"]
    if pairs.kernel is not None:
        night = np.empty_like(pictures[0])
        night[:] = COLOURS[0]
        tile = kernel_tile(pairs.kernel[row], min(night.shape[:2]))[: len(night), : night.shape[1]]
        y, x = (night.shape[0] - len(tile)) // 2, (night.shape[1] - tile.shape[1]) // 2
        night[y : y + tile.shape[0], x : x + tile.shape[1]] = tile
        pictures.append(night)
        labels.append("kernel")
    pictures.append(_enlarged(pairs.blurry[row], times))
    labels.append("blurry")
    return contact_sheet(pictures, len(pictures), gap=4, labels=labels)


def describe(path: str | os.PathLike[str]) -> dict[str, str]:
    """What a dataset file says of itself, finished or not, as lines of text by their names.

    Raises
    ------
    FileError
        Those of `blurkit.store.layout.read_layout`.
    """
    layout = read_layout(path)
    about, unfinished = layout.attributes, Path(path).suffix == PART
    done = int(np.count_nonzero(layout.map()["crc"]))
    rows = {name: _in_words(kind) for name, kind in layout.types.items()}
    settings = about["settings"]
    if "images" in settings and settings["images"] is None:
        settings = {**settings, "images": "none, scenes are generated"}
    return {
        "file": f"{path}, {Path(path).stat().st_size:,} bytes",
        "state": f"not finished, {done:,} samples done" if unfinished else "complete",
        "samples": f"{layout.count:,}, from {about['start']} on",
        "seed": str(about["seed"]),
        "made by": f"blurkit {about['blurkit_version']}, format {about['format_version']}",
        **{f"/{name}": text for name, text in rows.items()},
        **{f"  {name}": str(value) for name, value in settings.items()},
    }


def _in_words(kind: np.dtype) -> str:
    if kind.names:
        return ", ".join(kind.names)
    if kind.kind == "S":
        return f"text, at most {kind.itemsize} bytes"
    return f"{kind.base} {kind.shape or ''}".rstrip()


def _enlarged(image: np.ndarray, times: int) -> np.ndarray:
    return image.repeat(times, axis=0).repeat(times, axis=1)
