"""Random batches of crops for training."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from blurkit.errors import SettingError
from nas.data import Batch, Pairs, share, to_tensor

log = logging.getLogger("nas")


def fit_crop(crop: int, pairs: Pairs, stride: int) -> int:
    """The crop to train on: `crop`, or the largest multiple of the stride that the patches hold.

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
        log.info("crops of %d px: the patches have %d px, no %d", fits, pairs.side, crop)
    return fits


class Batches:
    """Endless random batches of crops, flipped and turned; batch k depends on (seed, k) alone.

    Parameters
    ----------
    pairs : Pairs
    batch, crop : int
        Pairs in a batch; side of the square crops, in pixels.
    seed : int
    part : (int, int)
        Which rank this is, of how many: it gets its rows of each batch and reads no others.

    Raises SettingError "batch must be <= the 36 pairs of its part, got 100"; "batch must be a
    multiple of the 3 processes, got 8".
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
        """Batch number `step`: blurry and sharp, each (rows, 3, crop, crop) float32."""
        n, first, rows = len(self.pairs), step * self.batch, len(self.own)
        places = [first + i for i in self.own]
        orders = {epoch: self._order(epoch) for epoch in {place // n for place in places}}
        blurry, sharp = self.pairs.raw([int(orders[place // n][place % n]) for place in places])
        rng = np.random.default_rng((self.seed, 1, step))
        out = np.empty((2, rows, self.crop, self.crop, 3), np.uint8)
        height, width = blurry.shape[1:3]
        for i in range(-self.own.start, rows):  # the rows before are drawn too, as one process does
            y = rng.integers(height - self.crop + 1)
            x = rng.integers(width - self.crop + 1)
            turns, mirror = int(rng.integers(4)), rng.integers(2)
            if i < 0:
                continue
            for side, images in enumerate((blurry, sharp)):
                patch = np.rot90(images[i, y : y + self.crop, x : x + self.crop], turns)
                out[side, i] = patch[:, ::-1] if mirror else patch
        return to_tensor(out[0]), to_tensor(out[1])

    def run(self, start: int, stop: int) -> Iterator[Batch]:
        """Batches start .. stop-1, the next one made in a thread while this one is used."""
        with ThreadPoolExecutor(1) as thread:
            ahead = thread.submit(self.__getitem__, start)
            for step in range(start, stop):
                ready = ahead.result()
                if step + 1 < stop:
                    ahead = thread.submit(self.__getitem__, step + 1)
                yield ready
