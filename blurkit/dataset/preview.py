"""Pictures of kernels and of a dataset's pairs, and what its files say of themselves."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from blurkit.errors import SettingError
from blurkit.files import AnyPath
from blurkit.images.files import contact_sheet
from blurkit.store import PART, PairFile, PairSet, expand, missing_shards, read_layout
from blurkit.store.layout import Layout

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


def pair_sheet(pairs: PairFile | PairSet, count: int = 8) -> np.ndarray:
    """Samples spread evenly over a dataset: sharp patch, kernel and blurry patch of each in a row.

    Parameters
    ----------
    pairs : PairSet or PairFile
    count : int >= 1
        Samples shown; fewer where the dataset has fewer.

    Returns
    -------
    sheet : (H, W, 3) uint8
    """
    if count < 1:
        raise SettingError(f"n must be >= 1, got {count}")
    count = min(count, len(pairs))
    rows = (np.arange(count) * len(pairs) // count).tolist()
    return contact_sheet([_trio(pairs, row) for row in rows], 2, gap=16)


def _trio(pairs: PairFile | PairSet, row: int) -> np.ndarray:
    sharp = pairs.sharp[row]
    times = max(1, round(2 * TILE / max(sharp.shape)))
    pictures, labels = [_enlarged(sharp, times)], [f"{pairs.label(row)}: sharp"]
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


def describe(paths: AnyPath | Iterable[AnyPath]) -> dict[str, str]:
    """What the files of a dataset say of themselves, finished or not, as lines of text by name.

    Several finished files must be one dataset, as for `PairSet`, which names missing shards.

    Parameters
    ----------
    paths : path, pattern such as "blur-*.h5", or several of them

    Raises
    ------
    FileError
        Those of `blurkit.store.layout.read_layout`, and "no file matches blur-*.h5".
    """
    layouts = [read_layout(path) for path in expand(paths)]
    missing = missing_shards(layouts)
    size = sum(layout.path.stat().st_size for layout in layouts)
    begun = [layout for layout in layouts if layout.path.suffix == PART]
    if len(layouts) > 1 and not begun:
        PairSet([layout.path for layout in layouts])  # refuses what is no dataset
    done = sum(int(np.count_nonzero(layout.map()["crc"])) for layout in begun)
    starts = [layout.attributes["start"] for layout in layouts]
    about = [layout.attributes for layout in layouts]
    settings = [_flat(each["settings"]) for each in about]
    files = f"{layouts[0].path}, {size:,} bytes"
    state = f"not finished, {done:,} samples done" if begun else "complete"
    if len(layouts) > 1:
        files = f"{len(layouts):,}, {layouts[0].path} to {layouts[-1].path}, {size:,} bytes"
        state = f"{len(begun)} not finished, {done:,} samples done in them" if begun else "complete"
    if missing and len(layouts) > 1 and not begun:
        state = "not whole: shards are missing"
    return {
        "file" if len(layouts) == 1 else "files": files,
        "state": state,
        "samples": f"{sum(layout.count for layout in layouts):,}, from {min(starts)} on",
        "seed": _several(each["seed"] for each in about),
        "made by": _several(
            f"blurkit {each['blurkit_version']}, format {each['format_version']}" for each in about
        ),
        **{f"/{name}": _rows(layouts, name) for name in layouts[0].types},
        **{f"  {name}": _several(s.get(name) for s in settings) for name in settings[0]},
    }


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings in words; a file that is its whole dataset needs no word on shards."""
    if "images" in settings and settings["images"] is None:
        settings = {**settings, "images": "none, scenes are generated"}
    mix = settings.get("mix")
    if isinstance(mix, list) and all(isinstance(part, dict) for part in mix):
        settings = {**settings, "mix": "; ".join(map(_part, mix))}
    shard, shards = settings.get("shard"), settings.get("shards")
    kept = {k: v for k, v in settings.items() if k not in ("shard", "shards")}
    return kept | ({"shard": f"{shard}/{shards}"} if shards not in (None, 1) else {})


def _part(part: dict[str, Any]) -> str:
    numbers = (f"{name} {value}" for name, value in part.items() if name != "family")
    return f"{part.get('family')}: {', '.join(numbers)}"


def _rows(layouts: Sequence[Layout], name: str) -> str:
    kinds = (layout.types.get(name) for layout in layouts)
    return _several("absent" if kind is None else _in_words(kind) for kind in kinds)


def _several(values: Iterable[object]) -> str:
    """A value that all files share, or those that they have."""
    distinct = list(dict.fromkeys(map(str, values)))
    more = f", ... ({len(distinct)} in all)" if len(distinct) > 3 else ""
    return "; ".join(distinct[:3]) + more


def _in_words(kind: np.dtype) -> str:
    if kind.names:
        return ", ".join(kind.names)
    if kind.kind == "S":
        return f"text, at most {kind.itemsize} bytes"
    return f"{kind.base} {kind.shape or ''}".rstrip()


def _enlarged(image: np.ndarray, times: int) -> np.ndarray:
    return image.repeat(times, axis=0).repeat(times, axis=1)
