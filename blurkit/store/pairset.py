"""A dataset in one file or many, read as one."""

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from blurkit.errors import FileError
from blurkit.store.layout import DATASETS, Layout
from blurkit.store.names import AnyPath, expand, part_path, sibling
from blurkit.store.reader import PairFile
from blurkit.store.rows import Files, Rows

NAMED = 8  # missing shards named in the warning
# settings that say which samples of a dataset a file holds, not what they look like
WHICH = ("n", "start", "shard", "shards")

log = logging.getLogger(__name__)


class PairSet:
    """Finished dataset files of blurry and sharp pairs, read in place as one dataset.

    The structure of every file is checked at once; a file is opened when its rows are first read,
    and few are open at a time. A pickled PairSet is little more than its paths, so it can be sent
    to forked or spawned worker processes. It can be read from several threads.

    Parameters
    ----------
    paths : path, pattern such as "blur-*.h5", or several of them
        Rows follow the order given; the files of a pattern are sorted by name.

    Attributes
    ----------
    paths : tuple of Path
    name : str, for messages
    n : int, the number of samples in all files; also len(pairs)
    blurry, sharp : Rows of (H, W, 3) uint8, sRGB in RGB order
    kernel : Rows of (K, K) float32, or None if files lack them or differ in size
    params : Rows of the numbers drawn for each sample, or None if files lack them or differ
    source : Rows of bytes of UTF-8, where each sharp patch comes from, or None
    identity : str, a digest of settings, seed, start and count of each file, in their order

    Raises
    ------
    FileError
        "no file matches blur-*.h5", "b.h5: given twice",
        "b.h5: its patches are 64x64, those of a.h5 are 128x128",
        "b.h5: holds samples 40 to 59 of the same settings and seed as a.h5", and those of PairFile

    Notes
    -----
    Different datasets can be joined, but no sample may occur twice. Missing shards of a dataset are
    named in a warning.

    Example
    -------
    >>> pairs = PairSet("blur-*-of-00010.h5")  # doctest: +SKIP
    >>> pairs.blurry[17].shape, pairs.sharp.take([5, 99_000, 17]).shape  # doctest: +SKIP
    ((128, 128, 3), (3, 128, 128, 3))
    """

    def __init__(self, paths: AnyPath | Iterable[AnyPath]) -> None:
        files = expand(paths)
        _require_once(files)
        layouts = [PairFile(path)._layout for path in files]
        _require_same_patch(layouts)
        _require_disjoint(layouts)
        warn_of_missing(layouts)
        facts = [
            [layout.attributes[name] for name in ("settings", "seed", "start", "count")]
            for layout in layouts
        ]
        # not a list for one file, as in earlier versions: nas resumes runs by this digest
        text = json.dumps(facts[0] if len(facts) == 1 else facts, sort_keys=True)
        self._take_state(
            {
                "paths": tuple(files),
                "counts": tuple(layout.count for layout in layouts),
                "types": _common_types(layouts),
                "identity": hashlib.sha256(text.encode()).hexdigest()[:16],
                "datasets": len({_dataset(layout) for layout in layouts}),
            },
            layouts,
        )

    def _take_state(self, state: dict[str, Any], layouts: Sequence[Layout] = ()) -> None:
        self._state = state
        self.paths: tuple[Path, ...] = state["paths"]
        self.identity: str = state["identity"]
        self._files = Files(self.paths, state["counts"], state["types"], layouts)
        self.n = len(self._files)
        rows = self._files.all_rows()
        self.blurry: Rows = rows["blurry"]
        self.sharp: Rows = rows["sharp"]
        self.kernel: Rows | None = rows.get("kernel")
        self.params: Rows | None = rows.get("params")
        self.source: Rows | None = rows.get("source")

    @property
    def name(self) -> str:
        more = f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else ""
        return f"{self.paths[0]}{more}"

    def label(self, row: int) -> str:
        """ "sample 17" by the index of its settings; "b.h5 sample 17" if datasets are joined."""
        number = int(np.searchsorted(self._files.edges, row, side="right")) - 1
        index = self._files.place(number).start + row - int(self._files.edges[number])
        several = self._state["datasets"] > 1
        return f"{self.paths[number].name} sample {index}" if several else f"sample {index}"

    def verify(self) -> Iterator[int]:
        """Check every row against its CRC; yields the numbers of damaged rows."""
        for path, first in zip(self.paths, self._files.edges.tolist(), strict=False):
            for row in PairFile(path).verify():
                yield first + row

    def __len__(self) -> int:
        return self.n

    def __getstate__(self) -> dict[str, Any]:
        paths = tuple(Path(os.path.abspath(path)) for path in self.paths)
        return {**self._state, "paths": tuple(map(str, paths))}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._take_state({**state, "paths": tuple(map(Path, state["paths"]))})

    def __repr__(self) -> str:
        return f"PairSet({self.name!r}: {self.n} samples)"


def _common_types(layouts: Sequence[Layout]) -> dict[str, np.dtype]:
    """The type of a row in each dataset that all files share; text as long as the longest."""
    common = {}
    for name in DATASETS:
        kinds = {layout.types.get(name) for layout in layouts}
        if None in kinds:
            continue
        if name == "source":
            common[name] = max((k for k in kinds if k is not None), key=lambda k: k.itemsize)
        elif len(kinds) == 1:
            common[name] = layouts[0].types[name]
    return common


def _require_once(paths: Sequence[Path]) -> None:
    seen = set()
    for path in paths:
        place = path.resolve()
        if place in seen:
            raise FileError(f"{path}: given twice")
        seen.add(place)


def _require_same_patch(layouts: Sequence[Layout]) -> None:
    first = layouts[0]
    for layout in layouts:
        patch, other = layout.types["blurry"].shape, first.types["blurry"].shape
        if patch != other:
            raise FileError(
                f"{layout.path}: its patches are {patch[0]}x{patch[1]}, "
                f"those of {first.path} are {other[0]}x{other[1]}"
            )


def _require_disjoint(layouts: Sequence[Layout]) -> None:
    """FileError if two files hold the same sample; files without settings cannot be compared."""
    known = [layout for layout in layouts if layout.attributes["settings"]]
    furthest: dict[str, Layout] = {}
    for layout in sorted(known, key=lambda layout: layout.attributes["start"]):
        first, key = layout.attributes["start"], _dataset(layout)
        before = furthest.get(key)
        end = before.attributes["start"] + before.count if before else first
        if before and first < end:
            last = min(end, first + layout.count) - 1
            raise FileError(
                f"{layout.path}: holds samples {first} to {last} of the same settings and seed "
                f"as {before.path}"
            )
        furthest[key] = layout


def _dataset(layout: Layout) -> str:
    """A key for what decides a sample besides its index."""
    return _key(layout.attributes, WHICH)


def _key(about: Mapping[str, Any], without: Iterable[str]) -> str:
    settings = {k: v for k, v in about["settings"].items() if k not in without}
    return json.dumps([settings, about["seed"]], sort_keys=True)


def warn_of_missing(layouts: Sequence[Layout]) -> None:
    """Log which shards of the datasets are missing."""
    for text in missing_shards(layouts):
        log.warning(text)


def missing_shards(layouts: Sequence[Layout]) -> list[str]:
    """The missing shards of the datasets, one line of text for each dataset."""
    lines = []
    sharded: dict[str, list[Layout]] = {}
    for layout in layouts:
        shards = layout.attributes["settings"].get("shards")
        if isinstance(shards, int) and shards > 1:
            sharded.setdefault(_key(layout.attributes, ("shard",)), []).append(layout)
    for files in sharded.values():
        shards = files[0].attributes["settings"]["shards"]
        numbers = [file.attributes["settings"].get("shard") for file in files]
        present = {number for number in numbers if isinstance(number, int)}
        left = shards - len(present)
        if left > 0:
            missing = islice((i for i in range(shards) if i not in present), NAMED)
            named = [_missing_shard(files[0].path, i, shards) for i in missing]
            some = ", ".join(named) + (", ..." if left > NAMED else "")
            lines.append(
                f"{files[0].path}: {left} of the {shards} shards of its dataset are missing: {some}"
            )
    return lines


def _missing_shard(path: Path, shard: int, shards: int) -> str:
    other = sibling(path, shard, shards)
    if other is None:
        return str(shard)
    part = part_path(other)
    if part.exists():
        return f"{shard} ({part.name} is not finished)"
    return f"{shard} ({other.name} exists, but was not given)" if other.exists() else str(shard)
