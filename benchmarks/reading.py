"""Reading pairs for training: python benchmarks/reading.py [--folder DIR]

Batches of 32 in random order, all read by `nas.data.loader`: from a dataset file, from NumPy arrays
in memory, and from a folder of PNG files. All give the same 8-bit batches. For comparison, the
loader that most scripts use, with one float32 tensor per sample. Everything is read from the page
cache; then the file once more after it has been dropped from the cache.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from common import CORES, hardware, rounded, save, use_cores
from torch.utils.data import DataLoader, RandomSampler

from blurkit import SynthSettings, synth
from nas.data import Pairs, loader

COUNT, PNGS, BATCH, ROUNDS = 8192, 1024, 32, 5


class Arrays(Pairs):
    """The same pairs held in memory."""

    def __init__(self, pairs):
        super().__init__(pairs.file)
        self.blurry, self.sharp = pairs.raw(range(len(pairs)))

    def raw(self, indices, out=None):
        into = (None, None) if out is None else out
        return tuple(
            images.take(indices, axis=0, out=one, mode="clip")
            for images, one in zip((self.blurry, self.sharp), into, strict=True)
        )


class Folder(Pairs):
    """The first of the pairs as two PNG files each."""

    def __init__(self, pairs, folder):
        super().__init__(pairs.file, range(PNGS))
        self.folder = Path(folder)
        for name, images in zip(("blurry", "sharp"), pairs.raw(range(PNGS)), strict=True):
            (self.folder / name).mkdir()
            for i, image in enumerate(images):
                cv2.imwrite(str(self.folder / name / f"{i}.png"), image[:, :, ::-1])

    def raw(self, indices, out=None):
        if out is None:
            out = np.empty((2, len(indices), *self.file.blurry.shape[1:]), np.uint8)
        for images, name in zip(out, ("blurry", "sharp"), strict=True):
            for image, i in zip(images, indices, strict=True):
                read = cv2.imread(str(self.folder / name / f"{i}.png"))
                cv2.cvtColor(read, cv2.COLOR_BGR2RGB, dst=image)
        return tuple(out)


def usual(pairs, workers):
    """One float32 tensor per sample, collated: the loader of most training scripts."""
    return DataLoader(
        pairs,
        BATCH,
        sampler=RandomSampler(pairs),
        num_workers=workers,
        persistent_workers=workers > 0,
    )


def epoch(batches):
    """Pairs per second over one epoch, without the first batch."""
    start, seen = None, 0
    for blurry, sharp in batches:
        if start is None:
            start = time.perf_counter()
        else:
            seen += len(blurry)
        assert blurry.shape == sharp.shape
    return seen / (time.perf_counter() - start)


def rates(sources, workers):
    """{name: median pairs per second}, epochs interleaved."""
    loaders = {name: loader(pairs, BATCH, workers=workers) for name, pairs in sources.items()}
    loaders["dataset file, float32 a sample"] = usual(sources["dataset file"], workers)
    speeds = {name: [] for name in loaders}
    for _ in range(ROUNDS):
        for name, batches in loaders.items():
            speeds[name].append(epoch(batches))
    return {name: statistics.median(each) for name, each in speeds.items()}


def cold(pairs):
    """Pairs per second after dropping the file from the page cache, where that is possible."""
    if not hasattr(os, "posix_fadvise"):
        return None
    file = os.open(pairs.file.paths[0], os.O_RDONLY)
    os.fsync(file)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(file)
    return epoch(loader(pairs, BATCH))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", help="where the data is written; default: a temporary folder")
    arguments = parser.parse_args()
    use_cores(1)
    results = {"hardware": hardware("torch", "opencv-python", "h5py")}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        settings = SynthSettings(n=COUNT)
        pairs = Pairs(synth(Path(folder) / "pairs.h5", settings, progress=False))
        sources = {
            "dataset file": pairs,
            "arrays in memory": Arrays(pairs),
            "folder of PNG": Folder(pairs, folder),
        }
        some = [7, 1000, 3]
        for name, source in sources.items():
            for got, expected in zip(source.raw(some), pairs.raw(some), strict=True):
                assert np.array_equal(got, expected), name
        print(f"{results['hardware']['cpu']}, {CORES} cores; pairs a second, batches of {BATCH}")
        for workers in (0, 2):
            row = rates(sources, workers)
            ratios = {
                "over arrays in memory": row["dataset file"] / row["arrays in memory"],
                "over a folder of PNG": row["dataset file"] / row["folder of PNG"],
            }
            results[f"{workers} workers"] = rounded({"pairs_per_s": row, "ratio": ratios})
            for name, rate in row.items():
                print(f"{workers} workers  {name:32s} {rate:10,.0f}")
            print("  ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items()), flush=True)
        results["cold file, 0 workers"] = rounded(cold(pairs))
        print("cold file, 0 workers", results["cold file, 0 workers"])
    save("reading", results)


if __name__ == "__main__":
    torch.multiprocessing.set_start_method("fork")
    main()
