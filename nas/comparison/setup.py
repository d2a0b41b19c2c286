"""What is settled before the first trial: the settings of the folder, the random genotypes."""

import dataclasses
import json

import torch

from blurkit.errors import FileError
from blurkit.files import write_whole
from nas.comparison.folder import Bench
from nas.comparison.plan import Trial, draws, parse_search, searched_for
from nas.cost.measured import latency_table, macs_table
from nas.cost.table import CostTable
from nas.data import open_data
from nas.files import read_json
from nas.space.genotype import Genotype

# they say how much is compared, not how: a comparison may grow
COUNTS = (
    "networks",
    "kinds",
    "seeds",
    "searches",
    "randoms",
    "random_seeds",
    "random_searches",
    "variants",
)
GENOTYPES = "genotypes/*.json"


def settle(bench: Bench, trials: list[Trial], device: torch.device, progress: bool) -> None:
    """Refuse another comparison's folder; measure the costs and draw the random genotypes."""
    facts = {
        **dataclasses.asdict(bench.settings),
        "data": open_data(bench.data).identity,
        "test": open_data(bench.test).identity,
    }
    facts, path = json.loads(json.dumps(facts)), bench.root / "settings.json"
    if path.exists() and not (bench.root / "trials").exists():  # nothing was done
        for stale in (bench.table, bench.root / "genotypes.json", *bench.root.glob(GENOTYPES)):
            stale.unlink(missing_ok=True)
    elif path.exists():
        there = read_json(path)
        changed = [
            f"another {key}"
            if key in ("data", "test")
            else f"{key}: {there.get(key)!r} there, {value!r} now"
            for key, value in facts.items()
            if there.get(key) != value and key not in COUNTS
        ]
        before = dict(text.split("=", 1) for text in there.get("variants", ()))
        now = dict(text.split("=", 1) for text in facts["variants"])
        changed += [
            f"variant {name}: {before[name]!r} there, {text!r} now"
            for name, text in now.items()
            if before.get(name, text) != text
        ]
        if changed:
            raise FileError(
                f"{bench.root}: holds a comparison with other settings ({'; '.join(changed)}); "
                "choose another --out"
            )
    write_whole(path, json.dumps(facts, indent=2) + "\n")
    if not bench.table.exists():
        write_whole(bench.table, _measure(bench, device, progress).to_json())
    _draw(bench, trials)


def _measure(bench: Bench, device: torch.device, progress: bool) -> CostTable:
    s = bench.settings
    widths = parse_search(searched_for(s), device).widths
    if s.cost == "macs":
        return macs_table(s.width, widths)
    return latency_table(s.width, widths, device, progress=progress)


def _draw(bench: Bench, trials: list[Trial]) -> None:
    """Write genotypes/NAME.json of the random ones, and genotypes.json with their costs."""
    s, table = bench.settings, CostTable.load(bench.table)
    candidates = sum(trial.kind == "brief" for trial in trials) // max(1, s.random_searches)
    most = s.target * table.unet
    low = (1 - s.band) * most
    (bench.root / "genotypes").mkdir(exist_ok=True)
    costs = {}
    for name, seed in draws(s, candidates).items():
        path = bench.root / "genotypes" / f"{name}.json"
        if not path.exists():
            write_whole(path, table.sample(seed, low, most).to_json())
        costs[name] = table.of(Genotype.load(path))
    facts = {"unit": table.unit, "unet": table.unet, "low": low, "high": most, "costs": costs}
    write_whole(bench.root / "genotypes.json", json.dumps(facts, indent=2) + "\n")
