"""Blurry/sharp pairs as tensors, read from the dataset's files row by row."""

import itertools
import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler, get_worker_info

from blurkit.errors import SettingError
from blurkit.files import AnyPath
from blurkit.store import PairSet

log = logging.getLogger("nas")
Batch = tuple[Tensor, Tensor]
# a dataset file, a pattern such as "blur-*.h5", several of them, or the set that they make
Data = AnyPath | Iterable[AnyPath] | PairSet


def open_data(data: Data) -> PairSet:
    """The set of pairs that these files are; FileError if they cannot be used."""
    return data if isinstance(data, PairSet) else PairSet(data)


def to_tensor(images: np.ndarray) -> Tensor:
    """(N, H, W, 3) uint8 -> (N, 3, H, W) float32 in [0, 1], channels_last in memory."""
    # NumPy does the arithmetic: torch's would start a second pool of OpenMP threads in the
    # thread that reads ahead, and the two pools would fight for the cores
    return torch.from_numpy(images / np.float32(255)).permute(0, 3, 1, 2)


def to_float(images: Tensor) -> Tensor:
    """(N, H, W, 3) uint8 -> (N, 3, H, W) float32 in [0, 1], channels_last, on the same device."""
    return images.permute(0, 3, 1, 2).to(torch.float32).div_(255)


def spread(n: int, count: int) -> list[int]:
    """At most `count` of the numbers 0 .. n-1, evenly spread; always the same."""
    count = min(n, count)
    return [(2 * k + 1) * n // (2 * count) for k in range(count)]


def share(n: int, part: tuple[int, int]) -> range:
    """The run of 0 .. n-1 that falls to part (i, of how many), in order and as even as can be."""
    i, count = part
    return range(i * n // count, (i + 1) * n // count)


class Pairs(Dataset[Batch]):
    """Some rows of a dataset in one file or in several.

    Parameters
    ----------
    data : path of a finished dataset file, a pattern, several of them, or a PairSet
    rows : range
        The rows of the dataset that are item 0, 1, ...; all of them by default.

    Items
    -----
    (blurry, sharp), each (3, H, W) float32 sRGB in [0, 1]. `__getitems__` serves a whole list of
    indices at once, as torch's loaders ask for it. Opens the files in the process that reads, so
    it can be forked, spawned and pickled.
    """

    def __init__(self, data: Data, rows: range | None = None) -> None:
        self.file = open_data(data)
        self.rows = range(len(self.file)) if rows is None else rows

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def side(self) -> int:
        """The shorter side of the stored patches, in pixels."""
        return min(self.file.blurry.shape[1:3])

    def raw(
        self, indices: Sequence[int], out: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """(blurry, sharp) of these items, each (n, H, W, 3) uint8; written to `out` (2, n, ...)."""
        rows = [self.rows[i] for i in indices]
        blurry, sharp = (None, None) if out is None else out
        return self.file.blurry.take(rows, blurry), self.file.sharp.take(rows, sharp)

    def batches(
        self, batch: int, stride: int, most: int, part: tuple[int, int] = (0, 1)
    ) -> Iterator[Batch]:
        """At most `most` pairs, spread over all, cut at their top left to multiples of `stride`.

        Spread, because neighbouring rows may come from one photo. `part` (i, of how many) serves
        that share of the batches alone, itself a run of them.
        """
        side = self.side // stride * stride
        chosen = spread(len(self), most)
        for number in share(-(-len(chosen) // batch), part):
            raw = self.raw(chosen[number * batch : (number + 1) * batch])
            blurry, sharp = (to_tensor(images[:, :side, :side]) for images in raw)
            yield blurry, sharp

    def __getitem__(self, index: int) -> Batch:
        blurry, sharp = map(to_tensor, self.raw([index]))
        return blurry[0], sharp[0]

    def __getitems__(self, indices: Sequence[int]) -> list[Batch]:
        blurry, sharp = map(to_tensor, self.raw(indices))
        return list(zip(blurry, sharp, strict=True))


def split(data: Data, shares: Sequence[float]) -> list[Pairs]:
    """Cut a dataset into disjoint runs of rows with these shares (they sum to 1).

    Neighbouring rows may come from one photo, so the parts are runs, not a shuffle.

    Raises
    ------
    SettingError
        "data.h5 must hold at least 3 pairs to be cut, got 2"
    """
    pairs = open_data(data)
    n, parts = len(pairs), len(shares)
    if n < parts:
        raise SettingError(f"{pairs.name} must hold at least {parts} pairs to be cut, got {n}")
    edges = [round(n * sum(shares[:i])) for i in range(parts)] + [n]
    for i in range(1, parts):  # nobody goes empty
        edges[i] = min(max(edges[i], edges[i - 1] + 1), n - parts + i)
    return [Pairs(pairs, range(a, b)) for a, b in itertools.pairwise(edges)]


def loader(
    pairs: Pairs | AnyPath,
    batch: int,
    *,
    workers: int = 0,
    seed: int = 0,
    context: str | None = None,
) -> DataLoader[Tensor]:
    """Whole batches of 8-bit pairs in random order, for a training loop of your own.

    A batch is one tensor of bytes, which a worker reads straight into memory that it shares: that
    is what makes workers pay (`benchmarks/reading.py`). Make floats of it on the device:
    `blurry, sharp = (to_float(images.to(device)) for images in batch)`.

    Parameters
    ----------
    pairs : Pairs, or a dataset's path or pattern
    batch : int
        Pairs in a batch; what is left over at the end of an epoch is left out.
    workers : int >= 0
        Processes that read ahead; the batches do not depend on it.
    seed : int
        Decides the order, another in each epoch.
    context : "fork", "spawn" or "forkserver", optional
        How workers are started.

    Returns
    -------
    loader : iterable of (2, batch, H, W, 3) uint8 sRGB: blurry, sharp

    Raises
    ------
    SettingError
        "batch must be between 1 and the 36 pairs of its part, got 100";
        "workers must be >= 0, got -1"
    """
    if not isinstance(pairs, Pairs):
        pairs = Pairs(pairs)
    if not 1 <= batch <= len(pairs):
        raise SettingError(
            f"batch must be between 1 and the {len(pairs)} pairs of its part, got {batch}"
        )
    if workers < 0:
        raise SettingError(f"workers must be >= 0, got {workers}")
    return DataLoader(
        _Whole(pairs),
        batch_sampler=Shuffled(len(pairs), batch, seed),
        collate_fn=_as_it_is,
        num_workers=workers,
        multiprocessing_context=context if workers else None,
        persistent_workers=workers > 0,
    )


class _Whole(Dataset[Tensor]):
    """Pairs that hand out a batch as one tensor."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitems__(self, indices: Sequence[int]) -> Tensor:
        shape = (2, len(indices), *self.pairs.file.blurry.shape[1:])
        if get_worker_info() is None:
            whole = torch.empty(shape, dtype=torch.uint8)
        else:  # else it would be copied there
            shared = torch.UntypedStorage._new_shared(math.prod(shape))
            whole = torch.empty(0, dtype=torch.uint8).set_(shared).view(shape)
        self.pairs.raw(indices, whole.numpy())
        return whole


class Shuffled(Sampler[list[int]]):
    """Lists of `batch` of the numbers 0 .. n-1 in an order that (seed, epoch) decides."""

    def __init__(self, n: int, batch: int, seed: int) -> None:
        self.n, self.batch, self.seed, self.epoch = n, batch, seed, 0

    def __len__(self) -> int:
        return self.n // self.batch

    def __iter__(self) -> Iterator[list[int]]:
        order = np.random.default_rng((self.seed, 0, self.epoch)).permutation(self.n)
        self.epoch += 1
        for first in range(0, len(self) * self.batch, self.batch):
            yield order[first : first + self.batch].tolist()


def _as_it_is(batch: Any) -> Any:
    return batch
