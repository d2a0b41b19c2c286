"""Kernels per second against deepinv's MotionBlurGenerator: python benchmarks/kernels.py

deepinv's walk is a Gaussian process of n_steps points, of which it rasterises the first
n_steps // (2 pi). blurkit is measured with both numbers of steps. deepinv runs at its best batch
size. One core, then all: blurkit with its own threads, deepinv with torch's threads or one batch
per thread, whichever is faster. Finally, for scale, kornia and albumentations, which make only
straight lines.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from common import CORES, hardware, interleaved, rounded, save, use_cores
from peers.packages import albumentations, deepinv, kornia

from blurkit import random_walk_kernels

BATCHES = (8, 32, 64, 128, 256)
STEPS = 1000  # deepinv's own default
DRAWN = int(STEPS // (2 * np.pi))
COUNT = 2048  # kernels in one call of ours
CASES = {"31x31": (31, 31), "65x65 against 64x64": (65, 64), "63x63 against 64x64": (63, 64)}


def ours(size, steps, threads):
    return lambda: random_walk_kernels(COUNT, size, steps=steps, seed=0, threads=threads)


def check(size, side):
    """Check that both return kernels: no negative values, sum 1, more than one pixel."""
    peer = deepinv.physics.generator.MotionBlurGenerator((side, side), n_steps=STEPS)
    for kernels in (random_walk_kernels(8, size, seed=0), peer.step(8)["filter"].numpy()):
        assert kernels.min() >= 0
        assert np.allclose(kernels.sum(axis=(-2, -1)), 1, atol=1e-4)
        assert ((kernels > 0).sum(axis=(-2, -1)) > 1).all()


def rates(tasks, counts, seconds=1.0):
    return {name: counts[name] / time for name, time in interleaved(tasks, seconds=seconds).items()}


def one_core(size, side):
    generator = deepinv.physics.generator.MotionBlurGenerator((side, side), n_steps=STEPS)
    tasks = {
        f"blurkit, {STEPS} steps": ours(size, STEPS, 1),
        f"blurkit, {DRAWN} steps": ours(size, DRAWN, 1),
        "blurkit, default steps": lambda: random_walk_kernels(COUNT, size, seed=0, threads=1),
    }
    counts = dict.fromkeys(tasks, COUNT)
    for batch in BATCHES:
        tasks[f"deepinv, batch {batch}"] = lambda batch=batch: generator.step(batch)
        counts[f"deepinv, batch {batch}"] = batch
    return rates(tasks, counts, seconds=0.7)


def all_cores(size, side, batch):
    def generators():
        return deepinv.physics.generator.MotionBlurGenerator(
            (side, side), n_steps=STEPS, rng=torch.Generator()
        )

    each = [generators() for _ in range(CORES)]
    with ThreadPoolExecutor(CORES) as pool:
        tasks = {
            f"blurkit, {STEPS} steps": ours(size, STEPS, CORES),
            f"blurkit, {DRAWN} steps": ours(size, DRAWN, CORES),
            "blurkit, default steps": lambda: random_walk_kernels(
                COUNT, size, seed=0, threads=CORES
            ),
            "deepinv, one batch a core": lambda: list(pool.map(lambda g: g.step(batch), each)),
        }
        counts = dict.fromkeys(tasks, COUNT) | {"deepinv, one batch a core": CORES * batch}
        speeds = rates(tasks, counts)
    use_cores(CORES)
    torch_threads = {"deepinv, torch threads": lambda: each[0].step(batch)}
    speeds |= rates(torch_threads, {"deepinv, torch threads": batch})
    use_cores(1)
    return speeds


def compare(size, side):
    check(size, side)
    one = one_core(size, side)
    best = max((name for name in one if "deepinv" in name), key=one.__getitem__)
    parallel = all_cores(size, side, int(best.split()[-1]))
    fastest = max(rate for name, rate in parallel.items() if "deepinv" in name)
    row = {"one core": one, "all cores": parallel, "deepinv's best batch": best}
    for steps in (f"{STEPS} steps", f"{DRAWN} steps"):
        name = f"blurkit, {steps}"
        row[f"ratio, {steps}"] = one[name] / one[best]
        row[f"ratio, {steps}, all cores"] = parallel[name] / fastest
        row[f"{CORES} cores over one, {steps}"] = parallel[name] / one[name]
    return row


def straight_lines():
    batch = 64
    angles, directions = torch.rand(batch) * 360, torch.rand(batch) * 2 - 1
    kornia_lines = kornia.filters.get_motion_kernel2d
    line = albumentations.MotionBlur(blur_limit=(31, 31), p=1)
    tasks = {
        "kornia, straight lines, batch 64": lambda: kornia_lines(31, angles, directions),
        "albumentations, straight lines": lambda: line.get_params()["kernel"],
    }
    counts = {"kornia, straight lines, batch 64": batch, "albumentations, straight lines": 1}
    return rates(tasks, counts, seconds=0.5)


def main():
    use_cores(1)
    results = {"hardware": hardware("torch", "deepinv", "kornia", "albumentations")}
    results["hardware"]["deepinv_steps"] = {"n_steps": STEPS, "rasterised": DRAWN}
    print(f"{results['hardware']['cpu']}; kernels a second")
    for name, (size, side) in CASES.items():
        row = results[name] = rounded(compare(size, side))
        for cores in ("one core", "all cores"):
            print(f"\n{name}, {cores}")
            for method, rate in row[cores].items():
                print(f"  {method:28s} {rate:12,.0f}")
        for key, value in row.items():
            if isinstance(value, float):
                print(f"  {key:42s} {value:6.2f}", flush=True)
    results["straight lines, one core"] = rounded(straight_lines())
    print("\n", results["straight lines, one core"])
    save("kernels", results)


if __name__ == "__main__":
    main()
