"""One file of a dataset: where it lies, what decides its bytes, and the threads that fill it."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from blurkit.dataset.samples import empty_rows, fill_rows, sample_types
from blurkit.dataset.settings import SynthSettings
from blurkit.files import AnyPath
from blurkit.scenes.photos import Photos
from blurkit.store import PlannedFile, Writer, checked_out, open_writer, shard_name

# most that a thread computes before it writes; the file's bytes do not depend on them
BLOCK, BLOCK_BYTES = 64, 2**24
FLUSH = 0.25  # seconds between two requests to write cached data to the disk

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shard:
    """One file of a dataset; the only one where `settings.shards` is 1.

    Attributes
    ----------
    path : of the finished file
    settings : SynthSettings, those of the whole dataset with the number of this shard
    photos : Photos, or None where scenes are generated
    """

    path: Path
    settings: SynthSettings
    photos: Photos | None = None

    @classmethod
    def at(cls, out: AnyPath, settings: SynthSettings) -> "Shard":
        """The shard, still without photos: `out`, or blur-00003-of-00010.h5 if there are several.

        Raises
        ------
        SettingError, FileError
            `out` is not a file name, or its folder does not exist.
        """
        path = checked_out(out)
        if settings.shards > 1:
            path = path.with_name(shard_name(path.name, settings.shard, settings.shards))
        return cls(path, settings)

    @property
    def types(self) -> dict[str, np.dtype]:
        """The type of one row in each dataset of the file."""
        return sample_types(self.settings, self.photos)

    @property
    def planned(self) -> PlannedFile:
        """The file as the store plans it."""
        stored = self.settings.stored(self.photos.label if self.photos else None)
        return PlannedFile(
            self.path, stored, self.settings.seed, self.settings.first, self.settings.count
        )

    def open(self, *, overwrite: bool = False, progress: bool = False) -> Writer | None:
        """`blurkit.store.open_writer` for this file: None if it is already complete."""
        file = self.planned
        writer = open_writer(
            file.path,
            self.types,
            settings=file.settings,
            seed=file.seed,
            start=file.start,
            count=file.count,
            overwrite=overwrite,
            progress=progress,
        )
        if writer and writer.kept:
            text = "%s: resuming, %d of %d samples are already done"
            log.info(text, self.path, writer.kept, file.count)
        return writer

    def fill(self, writer: Writer, threads: int, done: Callable[[int], object]) -> None:
        """Compute and write the missing rows; each thread holds one block of them in memory.

        `done(rows)` is called after each block, by one thread at a time.
        """
        types, first = self.types, self.settings.first
        size = self._block(sum(kind.itemsize for kind in types.values()))
        blocks, stop, lock = iter(self._missing(writer, size)), threading.Event(), threading.Lock()

        def work() -> None:
            rows = empty_rows(types, size)
            while not stop.is_set() and (block := next(blocks, None)) is not None:
                begin, end = block
                part = {name: data[: end - begin] for name, data in rows.items()}
                fill_rows(part, self.settings, self.photos, first + begin)
                writer.write(begin, part)
                with lock:
                    done(int(writer.missing[begin:end].sum()))

        def flush() -> None:  # otherwise the disk would start only after the last sample
            while not stop.wait(FLUSH):
                writer.flush()

        with ThreadPoolExecutor(threads + 1) as pool:
            flushing = pool.submit(flush)
            try:
                for future in as_completed([pool.submit(work) for _ in range(threads)]):
                    future.result()
            finally:
                stop.set()
            flushing.result()

    def _block(self, row_bytes: int) -> int:
        """Rows that a thread computes at once; samples of one photo stay together if they fit."""
        block = min(BLOCK, self.settings.count, max(1, BLOCK_BYTES // row_bytes))
        group = self.photos.group if self.photos else 1
        return block // group * group or block

    def _missing(self, writer: Writer, size: int) -> list[tuple[int, int]]:
        """(first row, end) of each block with a missing row.

        Blocks begin at multiples of their size, as the groups of samples that share a photo do.
        """
        count = self.settings.count
        edges = [0, *range(size - self.settings.first % size, count, size), count]
        return [(a, b) for a, b in pairwise(edges) if writer.missing[a:b].any()]
