"""What is measured once all trials are done: latencies, and how well the supernet ranks."""

import dataclasses
import json
import math
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import torch

from blurkit.files import write_whole
from nas.checkpoint import load_supernet
from nas.comparison.folder import Bench
from nas.comparison.plan import RANDOM, SEARCHED, CompareSettings, Trial
from nas.cost.timing import latency
from nas.data import open_data
from nas.device import hardware
from nas.files import read_json
from nas.space.genotype import Genotype
from nas.space.network import build
from nas.strategy.searcher import Searcher
from nas.strategy.settings import SearchSettings
from nas.training.loss import psnr_loss

ROUNDS = 30  # how often each network is timed


def measure_latency(
    bench: Bench, trials: Sequence[Trial], device: torch.device, progress: bool
) -> None:
    """Write latency.json: the median time of each distinct architecture, in one interleaved run."""
    networks = {r["network"]: r["arch"] for r in bench.records(trials) if r["kind"] == "train"}
    if networks.keys() <= read_latency(bench).keys():
        return
    first = {json.dumps(arch): name for name, arch in reversed(networks.items())}
    models = {
        name: build(networks[name], bench.settings.width)
        .to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        .eval()
        for name in first.values()
    }
    times = latency(models, device=device, rounds=ROUNDS, progress=progress)
    facts = {
        "ms": {name: times[first[json.dumps(arch)]] for name, arch in networks.items()},
        "hardware": hardware(device),
    }
    write_whole(bench.root / "latency.json", json.dumps(facts, indent=2) + "\n")


def read_latency(bench: Bench) -> dict[str, float]:
    """Milliseconds of each network, none before they are measured."""
    path = bench.root / "latency.json"
    return read_json(path)["ms"] if path.exists() else {}


def measure_tau(bench: Bench, trials: Sequence[Trial], device: torch.device) -> None:
    """Write tau.json: random genotypes in the supernet of the first search, and trained alone.

    The supernet's one-hot PSNR is of the selection pairs, that of the trained network of the
    test pairs.
    """
    retrained = retrained_psnr(bench.records(trials))
    folder, path = bench.folder(f"{SEARCHED}-s0-search"), bench.root / "tau.json"
    weights = folder / "supernet.safetensors"
    if len(retrained) < 3 or not weights.exists():
        return
    if path.exists():
        known = {p["network"]: p["retrained"] for p in read_json(path)["points"]}
        if known == retrained:
            return
    kept = read_json(folder / "settings.json")
    names = {f.name for f in dataclasses.fields(SearchSettings)}
    settings = SearchSettings(**{k: _frozen(v) for k, v in kept.items() if k in names})
    searcher = Searcher(open_data(bench.data), settings, device)
    load_supernet(weights, searcher.net)
    points = []
    for network, psnr in retrained.items():
        genotype = Genotype.load(bench.root / "genotypes" / f"{network}.json")
        score = searcher.judge.score(genotype)
        points.append({"network": network, "supernet": score, "retrained": psnr})
    facts = {**kendall(points), "points": points}
    write_whole(path, json.dumps(facts, indent=2) + "\n")


def retrained_psnr(records: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Of each random genotype the mean PSNR over its trainings, in dB."""
    found = defaultdict(list)
    for record in records:
        if record["row"] == RANDOM and record["kind"] == "train":
            found[record["network"]].append(record["psnr"])
    return {network: fmean(values) for network, values in found.items()}


def kendall(points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Kendall's tau-b between "supernet" and "retrained", its p-value, and n.

    tau and p are None for fewer than 3 points, or where all of one side are equal.

    Examples
    --------
    >>> kendall([{"supernet": x, "retrained": x**2} for x in (1, 2, 3, 4)])["tau"]
    1.0
    """
    from scipy.stats import kendalltau

    tau, p = math.nan, math.nan
    if len(points) >= 3:
        supernet, retrained = ([p[key] for p in points] for key in ("supernet", "retrained"))
        tau, p = map(float, kendalltau(supernet, retrained))
    known = math.isfinite(tau)
    return {"tau": tau if known else None, "p": p if known else None, "n": len(points)}


def seconds_per_pixel(settings: CompareSettings, device: torch.device, threads: int) -> float:
    """Measured seconds of a gradient step of UNet, over its pixels."""
    torch.set_num_threads(threads)
    model = build("unet", settings.width).to(device)
    images = torch.rand(settings.batch, 3, 64, 64, device=device)
    times = []
    for _ in range(4):
        start = time.perf_counter()
        psnr_loss(model(images), images).backward()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - start)
    return min(times) / (settings.batch * 64**2)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
