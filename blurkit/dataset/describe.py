"""What the files of a dataset say of themselves, in words."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from blurkit.files import AnyPath
from blurkit.store import PART, PairSet, expand, missing_shards, read_layout
from blurkit.store.layout import Layout


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
