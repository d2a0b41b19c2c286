"""The contents and settings of a dataset's files, as text."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from blurkit.files import AnyPath
from blurkit.store import PART, PairSet, expand, missing_shards, read_layout
from blurkit.store.layout import Layout


def describe(paths: AnyPath | Iterable[AnyPath]) -> dict[str, str]:
    """The contents and settings of a dataset's files, finished or not, as text by name.

    Several finished files must form one dataset, as for `PairSet`.

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
    unfinished = [layout for layout in layouts if layout.path.suffix == PART]
    if len(layouts) > 1 and not unfinished:
        PairSet([layout.path for layout in layouts])  # refuses files that form no dataset
    done = sum(int(np.count_nonzero(layout.map()["crc"])) for layout in unfinished)
    attributes = [layout.attributes for layout in layouts]
    first = min(a["start"] for a in attributes)
    settings = [_flat(a["settings"]) for a in attributes]
    files = f"{layouts[0].path}, {size:,} bytes"
    state = f"not finished, {done:,} samples done" if unfinished else "complete"
    if len(layouts) > 1:
        files = f"{len(layouts):,}, {layouts[0].path} to {layouts[-1].path}, {size:,} bytes"
        if unfinished:
            state = f"{len(unfinished)} not finished, with {done:,} samples done"
        elif missing:
            state = "incomplete: shards are missing"
    return {
        "file" if len(layouts) == 1 else "files": files,
        "state": state,
        "samples": f"{sum(layout.count for layout in layouts):,}, from index {first}",
        "seed": _several(a["seed"] for a in attributes),
        "made by": _several(
            f"blurkit {a['blurkit_version']}, format {a['format_version']}" for a in attributes
        ),
        **{f"/{name}": _rows(layouts, name) for name in layouts[0].types},
        **{f"  {name}": _several(s.get(name) for s in settings) for name in settings[0]},
    }


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings in words, without shards if there is only one."""
    if "images" in settings and settings["images"] is None:
        settings = {**settings, "images": "none (generated scenes)"}
    mix = settings.get("mix")
    if isinstance(mix, list) and all(isinstance(part, dict) for part in mix):
        settings = {**settings, "mix": "; ".join(map(_part, mix))}
    shard, shards = settings.get("shard"), settings.get("shards")
    others = {k: v for k, v in settings.items() if k not in ("shard", "shards")}
    return others | ({"shard": f"{shard}/{shards}"} if shards not in (None, 1) else {})


def _part(part: dict[str, Any]) -> str:
    numbers = (f"{name} {value}" for name, value in part.items() if name != "family")
    return f"{part.get('family')}: {', '.join(numbers)}"


def _rows(layouts: Sequence[Layout], name: str) -> str:
    kinds = (layout.types.get(name) for layout in layouts)
    return _several("absent" if kind is None else _in_words(kind) for kind in kinds)


def _several(values: Iterable[object]) -> str:
    """The distinct values, the first three of them."""
    distinct = list(dict.fromkeys(map(str, values)))
    more = f", ... ({len(distinct)} in total)" if len(distinct) > 3 else ""
    return "; ".join(distinct[:3]) + more


def _in_words(kind: np.dtype) -> str:
    if kind.names:
        return ", ".join(kind.names)
    if kind.kind == "S":
        return f"text, at most {kind.itemsize} bytes"
    return f"{kind.base} {kind.shape or ''}".rstrip()
