"""What is settled before the first trial: the settings of the folder, the random genotypes."""

import dataclasses
import json

import torch

from blurkit.errors import FileError

from .checkpoint import write_text
from .cost import CostTable, latency_table, macs_table
from .data import open_data
from .device import hardware
from .genotype import Genotype
from .outcome import Bench, read_json
from .trials import SEARCHED, Trial, draws, parse_search, search_options

# they say how much is compared, not how: a comparison may grow
COUNTS = ("networks", "seeds", "searches", "randoms", "random_seeds", "random_searches", "variants")


def settle(bench: Bench, trials: list[Trial], device: torch.device, progress: bool) -> None:
    """Refuse another comparison's folder; measure the costs and draw the random genotypes."""
    facts = {
        **dataclasses.asdict(bench.settings),
        "data": open_data(bench.data).identity,
        "test": open_data(bench.test).identity,
    }
    facts, path = json.loads(json.dumps(facts)), bench.root / "settings.json"
    cost = bench.root / "cost.json"
    if path.exists() and not (bench.root / "trials").exists():  # nothing was done
        cost.unlink(missing_ok=True)
    elif path.exists():
        there = read_json(path)
        changed = [
            f"another {key}"
            if key in ("data", "test")
            else f"{key}: {there.get(key)!r} there, {value!r} now"
            for key, value in facts.items()
            if there.get(key) != value and key not in COUNTS
        ]
        if changed:
            raise FileError(
                f"{bench.root}: holds a comparison with other settings ({'; '.join(changed)}); "
                "choose another --out"
            )
    write_text(path, json.dumps(facts, indent=2) + "\n")
    candidates = sum(trial.kind == "brief" for trial in trials)
    wanted = draws(bench.settings, candidates // max(1, bench.settings.random_searches))
    known = read_json(cost)["genotypes"] if cost.exists() else {}
    if not wanted.keys() <= known.keys():
        _draw(bench, wanted, device, progress)


def _draw(bench: Bench, wanted: dict[str, int], device: torch.device, progress: bool) -> None:
    """Write genotypes/NAME.json of those that are missing, and cost.json once all are there."""
    s = bench.settings
    widths = parse_search(search_options(s)[SEARCHED], device).widths
    table: CostTable
    if s.cost == "latency":
        table = latency_table(s.width, widths, device, progress=progress)
    else:
        table = macs_table(s.width, widths)
    most = s.target * table.unet
    low = (1 - s.band) * most
    folder = bench.root / "genotypes"
    folder.mkdir(exist_ok=True)
    costs = {}
    for name, seed in wanted.items():
        path = folder / f"{name}.json"
        if not path.exists():
            write_text(path, table.sample(seed, low, most).to_json())
        costs[name] = table.of(Genotype.load(path))
    facts = {
        "unit": table.unit,
        "unet": table.unet,
        "low": low,
        "high": most,
        "genotypes": costs,
        "hardware": hardware(device),
    }
    write_text(bench.root / "cost.json", json.dumps(facts, indent=2) + "\n")
