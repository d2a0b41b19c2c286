"""Random batches of crops for training."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from blurkit.errors import SettingError
from nas.data import Batch, Pairs, share, to_tensor

log = logging.getLogger("nas")


def fit_crop(crop: int, pairs: Pairs, stride: int) -> int:
    """The side of the training crops: `crop`, or the largest multiple of `stride` in the patches.

    Raises
    ------
    SettingError
        "crop must be a multiple of 16, got 50"; "patches must be at least 16 pixels wide, got 8"
    """
    if crop < stride or crop % stride:
        raise SettingError(f"crop must be a multiple of {stride}, got {crop}")
    if pairs.side < stride:
        raise SettingError(
            f"{pairs.file.name}: patches must be at least {stride} pixels wide, got {pairs.side}"
        )
    fits = min(crop, pairs.side // stride * stride)
    if fits < crop:
        log.info("crop reduced from %d to %d px: patches are %d px wide", crop, fits, pairs.side)
    return fits


def to_device(batch: Batch, device: torch.device) -> Batch:
    """A batch on the device; the copy may still be in progress when this returns."""
    blurry, sharp = batch
    return blurry.to(device, non_blocking=True), sharp.to(device, non_blocking=True)


class Batches:
    """Endless random batches of crops, flipped and rotated; batch k depends on (seed, k) alone.

    Each epoch goes through all pairs once, in an order of its own.

    Parameters
    ----------
    pairs : Pairs
    batch, crop : int
        Pairs in a batch; side of the square crops, in pixels.
    seed : int
    part : (int, int)
        (rank, number of ranks): only this rank's rows of each batch are read and returned.

    Raises
    ------
    SettingError
        "batch must be <= the 36 pairs of its part, got 100"; "batch must be a multiple of the 3
        processes, got 8"
    """

    def __init__(
        self, pairs: Pairs, batch: int, crop: int, seed: int, part: tuple[int, int] = (0, 1)
    ) -> None:
        if batch > len(pairs):
            raise SettingError(f"batch must be <= the {len(pairs)} pairs of its part, got {batch}")
        if batch % part[1]:
            raise SettingError(f"batch must be a multiple of the {part[1]} processes, got {batch}")
        self.pairs, self.batch, self.crop, self.seed = pairs, batch, crop, seed
        self.own = share(batch, part)

    def _order(self, epoch: int) -> np.ndarray:
        return np.random.default_rng((self.seed, 0, epoch)).permutation(len(self.pairs))

    def __getitem__(self, step: int) -> Batch:
        """Batch number `step`: blurry and sharp, each (rows, 3, crop, crop) float32 in [0, 1]."""
        n, first, rows = len(self.pairs), step * self.batch, len(self.own)
        places = [first + i for i in self.own]
        orders = {epoch: self._order(epoch) for epoch in {place // n for place in places}}
        blurry, sharp = self.pairs.raw([int(orders[place // n][place % n]) for place in places])
        rng = np.random.default_rng((self.seed, 1, step))
        crops = np.empty((2, rows, self.crop, self.crop, 3), np.uint8)
        height, width = blurry.shape[1:3]
        for i in range(-self.own.start, rows):
            y = rng.integers(height - self.crop + 1)
            x = rng.integers(width - self.crop + 1)
            turns, mirror = int(rng.integers(4)), rng.integers(2)
            if i < 0:  # a row of an earlier rank, drawn so that the others are as in one process
                continue
            for side, images in enumerate((blurry, sharp)):
                patch = np.rot90(images[i, y : y + self.crop, x : x + self.crop], turns)
                crops[side, i] = patch[:, ::-1] if mirror else patch
        return to_tensor(crops[0]), to_tensor(crops[1])

    def run(self, start: int, stop: int) -> Iterator[Batch]:
        """Batches start .. stop-1; a thread prepares the next one while this one is used."""
        with ThreadPoolExecutor(1) as thread:
            upcoming = thread.submit(self.__getitem__, start)
            for step in range(start, stop):
                batch = upcoming.result()
                if step + 1 < stop:
                    upcoming = thread.submit(self.__getitem__, step + 1)
                yield batch
