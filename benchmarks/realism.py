"""The default walk compared with recorded shakes: python benchmarks/realism.py

2,000 kernels of 31x31 px each: the default walk rasterised to the nearest pixels and linearly; two
walks of tremor alone, which fold more; deepinv's generator if it is installed. Writes
results/realism.json and results/realism.png.
"""

import numpy as np
from common import RESULTS, hardware, rounded, save

from blurkit import random_walk_kernels
from blurkit.realism.comparison import measure
from blurkit.realism.plot import plot_realism
from blurkit.realism.statistics import PUBLISHED, STATISTICS

COUNT, SIZE = 2000, 31
TREMOR = {"steps": 250, "jitter": 100, "jerks": 0}  # forgets its first direction


def deepinv_kernels():
    """COUNT kernels of deepinv's defaults, or None if it is not installed."""
    try:
        from peers.packages import deepinv
    except ImportError:
        return None
    generator = deepinv.physics.generator.MotionBlurGenerator((SIZE, SIZE))
    steps = [generator.step(50, seed=seed)["filter"] for seed in range(COUNT // 50)]
    return np.concatenate([step[:, 0].numpy() for step in steps])


def main():
    sets = {
        "nearest": random_walk_kernels(COUNT, SIZE, seed=0),
        "linear": random_walk_kernels(COUNT, SIZE, seed=0, interpolation="linear"),
        "tremor, nearest": random_walk_kernels(
            COUNT, SIZE, seed=0, inertia=0.95, length=28.7, **TREMOR
        ),
        "rough tremor, nearest": random_walk_kernels(
            COUNT, SIZE, seed=0, inertia=0.9, length=39.5, **TREMOR
        ),
    }
    if (theirs := deepinv_kernels()) is not None:
        sets["deepinv"] = theirs
    measured = {name: measure(name, kernels) for name, kernels in sets.items()}
    levin = PUBLISHED["Levin 2009"]
    results = {"hardware": hardware(), "kernels": COUNT, "size": SIZE}
    for name, part in measured.items():
        results[name] = {
            key: dict(zip(("q1", "median", "q3"), part.quartiles(key), strict=True))
            for key in STATISTICS
        }
        count = np.median([np.count_nonzero(kernel) for kernel in part.kernels])
        results[name]["non-zero taps, median"] = float(count)
        below = {key: float((part.statistics[key] < levin[key]).mean()) for key in levin}
        results[name]["share below Levin's median"] = below
        print(f"\n{name:24s}{'q1':>9s}{'median':>9s}{'q3':>9s}   share below Levin's median")
        for key in STATISTICS:
            share = f"{below[key]:9.2f}" if key in below else ""
            print(f"  {key:22s}" + "".join(f"{q:9.3f}" for q in part.quartiles(key)) + share)
    results["published medians"] = PUBLISHED
    save("realism", rounded(results))
    plot_realism(measured["nearest"], measured["linear"], RESULTS / "realism.png")


if __name__ == "__main__":
    main()
