"""A small comparison: its settings, its folder, and the records of finished trials."""

from pathlib import Path

from nas.comparison.folder import Comparison
from nas.comparison.plan import plan
from nas.comparison.settings import CompareSettings

SEARCH = "--epochs 4 --warmup 2 --steps 10 --batch 2 --crop 16"
SMALL = CompareSettings(
    steps=100,
    brief=20,
    batch=4,
    crop=32,
    seeds=2,
    searches=3,
    randoms=4,
    random_seeds=1,
    random_searches=1,
    search=SEARCH,
)


def comparison(root, settings=SMALL):
    """A comparison on patches of 32 pixels."""
    trials = plan(settings, side=32)
    return Comparison(Path(root), settings, ("d.h5",), ("t.h5",), tuple(trials))


def training(row, network, seed, psnr, needs=(), **more):
    scores = {"psnr": psnr, "ssim": 0.9, "ssim_3d": 0.92, "params": 1_000_000, "macs": 2e9, "n": 5}
    inputs = {f"{key}_input": value for key, value in scores.items() if key[0] in "ps"}
    named = {"name": f"{network}-t{seed}", "row": row, "network": network, "needs": list(needs)}
    return {"kind": "train", "seed": seed, **named, **scores, **inputs, **more}


RECORDS = [
    {"kind": "search", "name": "s0", "row": "searched", "steps": 60, "core_seconds": 8.0},
    {"kind": "search", "name": "s1", "row": "searched", "steps": 60, "core_seconds": 12.0},
    {"kind": "brief", "name": "c0", "row": "random-search", "steps": 20, "core_seconds": 3.0},
    {"kind": "brief", "name": "c1", "row": "random-search", "steps": 20, "core_seconds": 4.0},
    *(training("unet", "unet", seed, 29 + seed) for seed in (0, 1, 2)),
    *(training("random", f"random-{i}", 0, 31 + i) for i in (0, 1, 2)),
    training("random-search", "random-search-s0", 0, 33.0, needs=("c0", "c1")),
    *(training("searched", "searched-s0", t, 33.9 + 0.2 * t, ("s0",), macs=1e9) for t in (0, 1)),
    *(training("searched", "searched-s1", t, 35.9 + 0.2 * t, ("s1",), macs=3e9) for t in (0, 1)),
]
LATENCY = {"unet": 4.0, "searched-s0": 3.0, "searched-s1": 5.0, "random-0": 8.0}
