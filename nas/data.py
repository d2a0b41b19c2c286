"""Blurry/sharp pairs as tensors, read row by row from dataset files."""

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
# a dataset file, a pattern such as "blur-*.h5", several of these, or a PairSet
Data = AnyPath | Iterable[AnyPath] | PairSet


def open_data(data: Data) -> PairSet:
    """Open the files as one PairSet; FileError if they cannot be used."""
    return data if isinstance(data, PairSet) else PairSet(data)


def to_tensor(images: np.ndarray) -> Tensor:
    """(N, H, W, 3) uint8 -> (N, 3, H, W) float32 in [0, 1], channels_last in memory."""
    # NumPy, because torch would start a second pool of OpenMP threads in the prefetching thread,
    # and the two pools would compete for the cores
    return torch.from_numpy(images / np.float32(255)).permute(0, 3, 1, 2)


def to_float(images: Tensor) -> Tensor:
    """(N, H, W, 3) uint8 -> (N, 3, H, W) float32 in [0, 1], channels_last, on the same device."""
    return images.permute(0, 3, 1, 2).to(torch.float32).div_(255)


def spread(n: int, count: int) -> list[int]:
    """At most `count` of the numbers 0 .. n-1, evenly spaced."""
    count = min(n, count)
    return [(2 * k + 1) * n // (2 * count) for k in range(count)]


def share(n: int, part: tuple[int, int]) -> range:
    """Part i of 0 .. n-1 split into `count` nearly equal ranges; `part` is (i, count)."""
    i, count = part
    return range(i * n // count, (i + 1) * n // count)


class Pairs(Dataset[Batch]):
    """Rows of a dataset in one or more files.

    Parameters
    ----------
    data : path of a finished dataset file, a pattern, several of these, or a PairSet
    rows : range
        The dataset's rows that are item 0, 1, ...; all rows by default.

    Notes
    -----
    An item is (blurry, sharp), each (3, H, W) float32 sRGB in [0, 1]. `__getitems__` reads a list
    of indices at once, which torch's loaders use. Files are opened in the process that reads, so
    the object can be forked, spawned and pickled.
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
        """(blurry, sharp) of these items, each (n, H, W, 3) uint8; written to `out` if given."""
        rows = [self.rows[i] for i in indices]
        blurry, sharp = (None, None) if out is None else out
        return self.file.blurry.take(rows, blurry), self.file.sharp.take(rows, sharp)

    def batches(
        self, batch: int, stride: int, most: int, part: tuple[int, int] = (0, 1)
    ) -> Iterator[Batch]:
        """Batches of at most `most` evenly spaced pairs, cropped to a multiple of `stride`.

        Evenly spaced, because neighbouring rows may come from one photo. With `part` = (i, count),
        only that contiguous share of the batches.
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
    """Split a dataset into contiguous parts with these shares, which sum to 1.

    The parts are contiguous because neighbouring rows may come from one photo.

    Raises
    ------
    SettingError
        "data.h5 must have at least 3 pairs to be split, got 2"
    """
    pairs = open_data(data)
    n, parts = len(pairs), len(shares)
    if n < parts:
        raise SettingError(f"{pairs.name} must have at least {parts} pairs to be split, got {n}")
    edges = [round(n * sum(shares[:i])) for i in range(parts)] + [n]
    for i in range(1, parts):  # no part may be empty
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
    """Batches of 8-bit pairs in random order, for your own training loop.

    A batch is one uint8 tensor that workers read directly into shared memory, which makes them
    fast (`benchmarks/reading.py`). Convert it to floats on the device:
    `blurry, sharp = (to_float(images.to(device)) for images in batch)`.

    Parameters
    ----------
    pairs : Pairs, or a dataset's path or pattern
    batch : int
        Pairs per batch; an incomplete batch at the end of an epoch is dropped.
    workers : int >= 0
        Processes that prefetch; the batches do not depend on it.
    seed : int
        Determines the order, which differs from epoch to epoch.
    context : "fork", "spawn" or "forkserver", optional
        Start method of the workers.

    Returns
    -------
    loader : iterable of (2, batch, H, W, 3) uint8 sRGB: blurry, sharp

    Raises
    ------
    SettingError
        "batch must be between 1 and the number of pairs (36), got 100";
        "workers must be >= 0, got -1"
    """
    if not isinstance(pairs, Pairs):
        pairs = Pairs(pairs)
    if not 1 <= batch <= len(pairs):
        rule = f"batch must be between 1 and the number of pairs ({len(pairs)})"
        raise SettingError(f"{rule}, got {batch}")
    if workers < 0:
        raise SettingError(f"workers must be >= 0, got {workers}")
    return DataLoader(
        _BatchDataset(pairs),
        batch_sampler=Shuffled(len(pairs), batch, seed),
        collate_fn=_identity,
        num_workers=workers,
        multiprocessing_context=context if workers else None,
        persistent_workers=workers > 0,
    )


class _BatchDataset(Dataset[Tensor]):
    """Pairs read as one tensor per batch."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitems__(self, indices: Sequence[int]) -> Tensor:
        shape = (2, len(indices), *self.pairs.file.blurry.shape[1:])
        if get_worker_info() is None:
            images = torch.empty(shape, dtype=torch.uint8)
        else:  # shared memory saves the copy to the main process
            shared = torch.UntypedStorage._new_shared(math.prod(shape))
            images = torch.empty(0, dtype=torch.uint8).set_(shared).view(shape)
        self.pairs.raw(indices, images.numpy())
        return images


class Shuffled(Sampler[list[int]]):
    """Batches of indices 0 .. n-1 in an order that depends on (seed, epoch) only."""

    def __init__(self, n: int, batch: int, seed: int) -> None:
        self.n, self.batch, self.seed, self.epoch = n, batch, seed, 0

    def __len__(self) -> int:
        return self.n // self.batch

    def __iter__(self) -> Iterator[list[int]]:
        order = np.random.default_rng((self.seed, 0, self.epoch)).permutation(self.n)
        self.epoch += 1
        for first in range(0, len(self) * self.batch, self.batch):
            yield order[first : first + self.batch].tolist()


def _identity(batch: Any) -> Any:
    return batch
