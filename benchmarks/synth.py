"""`blurkit synth` from end to end: python benchmarks/synth.py [--folder DIR]

Pairs per second including everything down to the fsync, compared with merely writing as many bytes,
deepinv's `generate_dataset`, and the usual script (peers/common_script.py). The peers are given
their sharp patches; blurkit is measured both when it generates scenes and when it is given them.
Then the share of each stage, and 100,000 pairs by the command, with its peak memory. Needs 11 GB
free in DIR, by default the current folder.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from common import CORES, hardware, rounded, save, use_cores
from peers.common_script import make_pairs
from peers.packages import deepinv
from scenes import stages

from blurkit import SynthSettings, dead_leaves, synth
from blurkit.dataset.samples import empty_rows, fill_rows, sample_types
from blurkit.dataset.shard import Shard

COUNT, FULL, ROUNDS = 6000, 100_000, 3
DEEPINV, COMMON = 500, 24  # pairs that the slow ones make
BATCHES = (4, 16, 64)
SETTINGS = SynthSettings(n=COUNT)


def blurkit_pairs(folder, threads):
    synth(folder / "a.h5", SETTINGS, threads=threads, overwrite=True, progress=False)


class Ready:
    """Sharp scenes from memory in place of photos, like those the peers are given."""

    group, names, label = 1, ["ready"], "ready"

    def __init__(self, count):
        self.scenes = np.stack([dead_leaves(SETTINGS.side, seed=0, index=i) for i in range(count)])

    def cut(self, scene, index):
        scene[...] = self.scenes[index % len(self.scenes)]
        return "ready", 0, 0, 1.0


def given_scenes(folder, ready, threads):
    """As `blurkit_pairs`, but with scenes made beforehand."""
    shard = Shard(folder / "b.h5", SETTINGS, ready)
    with shard.open(overwrite=True) as writer:
        shard.fill(writer, threads, lambda done: None)
        writer.finish()


def bare_write(folder, block):
    """Write as many bytes as `blurkit_pairs` writes, of the same data."""
    with open(folder / "a.bin", "wb") as file:
        for _ in range(COUNT // len(block["sharp"])):
            for data in block.values():
                data.tofile(file)
        file.flush()
        os.fsync(file.fileno())


class Patches(torch.utils.data.Dataset):
    def __init__(self, sharp):
        self.images = torch.from_numpy(sharp).permute(0, 3, 1, 2).contiguous().float() / 255

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.images[i]


def deepinv_pairs(folder, patches, physics, batch):
    generator = deepinv.physics.generator.MotionBlurGenerator((31, 31))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about overwriting its file
        return deepinv.datasets.generate_dataset(
            patches,
            physics,
            save_dir=str(folder / "deepinv"),
            physics_generator=generator,
            batch_size=batch,
            verbose=False,
        )


def deepinv_ways(patches):
    """deepinv with its two blur operators and several batch sizes."""
    first = torch.zeros(1, 1, 31, 31)
    first[..., 15, 15] = 1
    physics = {
        "Blur": deepinv.physics.Blur(filter=first, padding="circular"),
        "BlurFFT": deepinv.physics.BlurFFT(img_size=(3, 128, 128), filter=first),
    }
    return {
        f"deepinv {name}, batch {batch}": (
            lambda f, o=operator, b=batch: deepinv_pairs(f, patches, o, b)
        )
        for name, operator in physics.items()
        for batch in BATCHES
    }


def timed(task, folder):
    start = time.perf_counter()
    task(folder)
    return time.perf_counter() - start


def end_to_end(folder):
    """{name: median pairs per second}, rounds interleaved; deepinv in its fastest way."""
    rows = empty_rows(sample_types(SETTINGS, None), DEEPINV)
    fill_rows(rows, SETTINGS, None, 0)
    ways = deepinv_ways(Patches(rows["sharp"]))
    cores = {}
    for name, way in ways.items():  # one warm round to choose among them
        use_cores(1)
        timed(way, folder)
        cores[name] = timed(way, folder)
    best = min(cores, key=cores.__getitem__)
    tasks = {
        "blurkit, 1 thread": (COUNT, 1, lambda f: blurkit_pairs(f, 1)),
        f"blurkit, {CORES} threads": (COUNT, 1, lambda f: blurkit_pairs(f, CORES)),
        "blurkit, scenes given, 1 thread": (COUNT, 1, lambda f: given_scenes(f, ready, 1)),
        f"blurkit, scenes given, {CORES} threads": (
            COUNT,
            1,
            lambda f: given_scenes(f, ready, CORES),
        ),
        "bare tofile + fsync": (COUNT, 1, lambda f: bare_write(f, rows)),
        f"{best}, 1 thread": (DEEPINV, 1, ways[best]),
        f"{best}, {CORES} threads": (DEEPINV, CORES, ways[best]),
        "common script": (COMMON, 1, lambda f: make_pairs(rows["sharp"][:COMMON], f)),
    }
    ready = Ready(DEEPINV)
    blurkit_pairs(folder, 1)
    times = {name: [] for name in tasks}
    for _ in range(ROUNDS):
        for name, (_, threads, task) in tasks.items():
            use_cores(threads)
            times[name].append(timed(task, folder))
    use_cores(1)
    return {name: tasks[name][0] / statistics.median(each) for name, each in times.items()}


COMMAND = """
import resource, sys
from blurkit.cli import main
main(sys.argv[1:], standalone_mode=False)
try:  # ru_maxrss would count the process that started this one
    with open("/proc/self/status") as lines:
        print(next(line for line in lines if "VmHWM" in line).split()[1])
except OSError:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def command(folder, n):
    """(seconds, peak resident MB) of the whole command, in its own process."""
    arguments = ["synth", "--n", str(n), "--out", str(folder / "full.h5")]
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments], check=True, capture_output=True, text=True
    )
    taken = time.perf_counter() - start
    (folder / "full.h5").unlink()
    return taken, int(done.stdout.split()[-1]) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", default=".", help="where the data is written, and deleted")
    parent = parser.parse_args().folder
    use_cores(1)
    results = {"hardware": hardware("torch", "deepinv", "opencv-python", "h5py")}
    with tempfile.TemporaryDirectory(dir=parent) as name:
        folder = Path(name)
        rates = end_to_end(folder)
        size = (folder / "a.h5").stat().st_size / COUNT
        (folder / "a.h5").unlink()
        (folder / "a.bin").unlink()
        (folder / "b.h5").unlink()
        shares = stages(SETTINGS.patch)
        shares["other, with fsync"] = 1 / rates["blurkit, 1 thread"] - sum(shares.values())
        small = command(folder, 2000)
        full = command(folder, FULL) if shutil.disk_usage(parent).free > 1.1 * size * FULL else None
    given, all_given = (
        rates[f"blurkit, scenes given, {n}"] for n in ("1 thread", f"{CORES} threads")
    )
    one, parallel = (rates[f"blurkit, {n}"] for n in ("1 thread", f"{CORES} threads"))
    rival = next(name for name in rates if "deepinv" in name)
    results["pairs_per_s"] = {"1": round(one), str(CORES): round(parallel)}
    results["pairs_per_s_scenes_given"] = {"1": round(given), str(CORES): round(all_given)}
    results["bytes_per_pair"] = round(size)
    results["mb_per_s"] = {"1": round(one * size / 1e6), str(CORES): round(parallel * size / 1e6)}
    results["peak_rss_mb"] = round(max(small[1], full[1] if full else 0))
    results["command"] = {
        str(n): {"seconds": round(run[0], 2), "peak_rss_mb": round(run[1])}
        for n, run in ((2000, small), (FULL, full))
        if run
    }
    total = sum(shares.values())
    results["stage_share"] = rounded({name: time / total for name, time in shares.items()}, 3)
    results["stage_us"] = rounded({name: 1e6 * time for name, time in shares.items()})
    results["peers_pairs_per_s"] = rounded({n: r for n, r in rates.items() if "blurkit" not in n})
    fastest = max(rate for name, rate in rates.items() if "deepinv" in name)
    results["ratios"] = rounded(
        {
            "bandwidth over tofile, 1 thread": one / rates["bare tofile + fsync"],
            "bandwidth over tofile, all cores": parallel / rates["bare tofile + fsync"],
            "over deepinv, 1 thread": one / rates[rival],
            "over deepinv, all cores": parallel / fastest,
            "over deepinv, scenes given, 1 thread": given / rates[rival],
            "over deepinv, scenes given, all cores": all_given / fastest,
            "over the common script, 1 thread": one / rates["common script"],
            "all cores over one": parallel / one,
        }
    )
    for key, value in results.items():
        print(key, value)
    save("synth", results)


if __name__ == "__main__":
    main()
