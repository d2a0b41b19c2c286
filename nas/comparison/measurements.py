"""What is measured after the trials: latencies, and how well the supernet ranks genotypes."""

import dataclasses
import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import torch

from nas.checkpoint import load_supernet
from nas.comparison.folder import Comparison
from nas.comparison.settings import RANDOM, SEARCHED
from nas.cost.table import CostTable
from nas.cost.timing import latency
from nas.data import open_data
from nas.device import hardware, to_channels_last
from nas.files import read_json
from nas.space.genotype import Genotype
from nas.space.network import build
from nas.strategy.searcher import Searcher, split_for_search
from nas.strategy.settings import SearchSettings

ROUNDS = 30  # of timing each network


def measure_latency(comparison: Comparison, device: torch.device, progress: bool) -> None:
    """Write latency.json: the median time of each distinct network, all timed in turn in one run.

    It holds "ms" (network to milliseconds) and "hardware".
    """
    networks = {record["network"]: record["arch"] for record in comparison.trainings()}
    if networks.keys() <= comparison.stored("latency").get("ms", {}).keys():
        return
    first = {json.dumps(arch): name for name, arch in reversed(networks.items())}
    models = {
        name: to_channels_last(build(networks[name], comparison.settings.width), device).eval()
        for name in first.values()
    }
    times = latency(models, device=device, rounds=ROUNDS, progress=progress)
    milliseconds = {name: times[first[json.dumps(arch)]] for name, arch in networks.items()}
    comparison.store("latency", {"ms": milliseconds, "hardware": hardware(device)})


def measure_tau(comparison: Comparison, device: torch.device) -> None:
    """Write tau.json: the random genotypes' scores in the first search's supernet and retrained.

    The supernet is scored, one-hot, on the selection pairs, retrained networks on the test pairs.
    """
    retrained = retrained_psnr(comparison.trainings())
    folder = comparison.folder(f"{SEARCHED}-s0-search")
    if len(retrained) < 3 or not (folder / "supernet.safetensors").exists():
        return
    if {p["network"]: p["retrained"] for p in comparison.stored("tau").get("points", ())} == (
        retrained
    ):
        return
    stored = read_json(folder / "settings.json")
    names = {field.name for field in dataclasses.fields(SearchSettings)}
    settings = SearchSettings(**{k: _tuple(v) for k, v in stored.items() if k in names})
    data = split_for_search(open_data(comparison.data), settings)
    costs = CostTable.free(settings.width, settings.widths)  # scores need none
    searcher = Searcher(data, settings, device, costs)
    load_supernet(folder / "supernet.safetensors", searcher.net)
    points = []
    for network, psnr in retrained.items():
        genotype = Genotype.load(comparison.root / "genotypes" / f"{network}.json")
        score = searcher.selection.score(genotype)
        points.append({"network": network, "supernet": score, "retrained": psnr})
    comparison.store("tau", {**kendall(points), "points": points})


def retrained_psnr(trainings: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Mean PSNR over the trainings of each random genotype, in dB."""
    scores = defaultdict(list)
    for record in trainings:
        if record["row"] == RANDOM:
            scores[record["network"]].append(record["psnr"])
    return {network: fmean(values) for network, values in scores.items()}


def kendall(points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Kendall's tau-b between "supernet" and "retrained", its p-value, and n.

    tau and p are None for fewer than 3 points, or if all values of one side are equal.

    Examples
    --------
    >>> kendall([{"supernet": x, "retrained": x**2} for x in (1, 2, 3, 4)])["tau"]
    1.0
    """
    from scipy.stats import kendalltau

    tau, p = math.nan, math.nan
    if len(points) >= 3:
        supernet = [point["supernet"] for point in points]
        retrained = [point["retrained"] for point in points]
        tau, p = map(float, kendalltau(supernet, retrained))
    defined = math.isfinite(tau)
    return {"tau": tau if defined else None, "p": p if defined else None, "n": len(points)}


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
