"""How the default walk looks beside recorded shakes: python benchmarks/realism.py

2,000 kernels of 31x31 px of the default walk, rasterised to the nearest pixels and linearly, and
of a walk that is tremor alone, so scaled that its long axis has the published 3.93 px; deepinv's
generator too where it is installed. Writes results/realism.json and results/realism.png.
"""

import json
import platform
from pathlib import Path

import numpy as np

from blurkit import random_walk_kernels
from blurkit.kernel_sets import measure
from blurkit.plot_realism import plot_realism
from blurkit.realism import PUBLISHED, STATISTICS

COUNT, SIZE = 2000, 31
RESULTS = Path(__file__).parent / "results"
TREMOR = {"steps": 250, "length": 28.7, "inertia": 0.95, "jitter": 100, "jerks": 0}


def deepinv_kernels():
    """COUNT kernels of deepinv's defaults, or None where it is not installed."""
    try:
        import deepinv
    except ImportError:
        return None
    generator = deepinv.physics.generator.MotionBlurGenerator((SIZE, SIZE))
    steps = [generator.step(50, seed=seed)["filter"] for seed in range(COUNT // 50)]
    return np.concatenate([step[:, 0].numpy() for step in steps])


def main():
    sets = {
        "nearest": random_walk_kernels(COUNT, SIZE, seed=0),
        "linear": random_walk_kernels(COUNT, SIZE, seed=0, interpolation="linear"),
        "tremor alone, nearest": random_walk_kernels(COUNT, SIZE, seed=0, **TREMOR),
    }
    if (theirs := deepinv_kernels()) is not None:
        sets["deepinv"] = theirs
    measured = {name: measure(name, kernels) for name, kernels in sets.items()}
    quartiles = {
        name: {
            statistic: [round(q, 4) for q in part.quartiles(statistic)] for statistic in STATISTICS
        }
        for name, part in measured.items()
    }
    ranks = {
        name: {
            statistic: round(float((measured[name].statistics[statistic] < median).mean()), 3)
            for statistic, median in PUBLISHED["Levin 2009"].items()
        }
        for name in ("nearest", "linear")
    }
    for name, found in quartiles.items():
        print(f"{name}\n  " + "\n  ".join(f"{key:20s} {value}" for key, value in found.items()))
    print("share of kernels below Levin's medians", ranks)
    content = {
        "kernels": COUNT,
        "size": SIZE,
        "python": platform.python_version(),
        "quartiles": quartiles,
        "share below Levin's median": ranks,
        "published_medians": PUBLISHED,
    }
    (RESULTS / "realism.json").write_text(json.dumps(content, indent=2) + "\n")
    plot_realism(measured["nearest"], measured["linear"], RESULTS / "realism.png")


if __name__ == "__main__":
    main()
