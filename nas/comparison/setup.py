"""What happens before the first trial: the folder is checked, random genotypes are drawn."""

import dataclasses
import json
import os
from pathlib import Path

import torch

from blurkit.errors import FileError, SettingError
from blurkit.files import AnyPath, write_whole
from nas.comparison.folder import Comparison
from nas.comparison.plan import genotype_seeds, plan
from nas.comparison.settings import CompareSettings, common_search_options, parse_search_options
from nas.cost.counted import macs_table
from nas.cost.measured import latency_table
from nas.cost.table import CostTable
from nas.data import Data, open_data
from nas.device import pick
from nas.files import changed_settings
from nas.space.genotype import Genotype

# settings that say how much is compared, not how: they may change when a comparison is resumed
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


def choose_slots(device: str, jobs: int | None, threads: int | None) -> tuple[list[str], int]:
    """The device of each subprocess that may run at a time, and the threads of each."""
    for name, value in (("jobs", jobs), ("threads", threads)):
        if value is not None and value < 1:
            raise SettingError(f"{name} must be >= 1, got {value}")
    cores = len(os.sched_getaffinity(0))
    if pick(device).type == "cpu":
        threads = threads or 1
        return ["cpu"] * (jobs or max(1, cores // threads)), threads
    devices = [device]
    if device in ("auto", "cuda"):
        devices = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    jobs = jobs or len(devices)
    return [devices[i % len(devices)] for i in range(jobs)], threads or max(1, cores // jobs)


def open_comparison(
    data: Data, test: Data, out: AnyPath, settings: CompareSettings, device: torch.device
) -> Comparison:
    """The comparison with its plan; writes nothing.

    Raises SettingError "test must not contain pairs of the training data", and those of `plan`.
    """
    pairs, test_pairs = open_data(data), open_data(test)
    paths = tuple(str(path) for path in pairs.paths)
    test_paths = tuple(str(path) for path in test_pairs.paths)
    if {os.path.realpath(p) for p in paths} & {os.path.realpath(p) for p in test_paths}:
        raise SettingError("test must not contain pairs of the training data")
    trials = plan(settings, min(pairs.blurry.shape[1:3]), device)
    return Comparison(Path(out), settings, paths, test_paths, tuple(trials))


def prepare_comparison(comparison: Comparison, device: torch.device, progress: bool) -> None:
    """Refuse a folder with other settings; measure costs and draw the random genotypes."""
    settings = {
        **dataclasses.asdict(comparison.settings),
        "data": open_data(comparison.data).identity,
        "test": open_data(comparison.test).identity,
    }
    settings = json.loads(json.dumps(settings))
    before = comparison.stored("settings")
    root = comparison.root
    if before and not (root / "trials").exists():  # nothing was done with those settings
        drawn = root.glob("genotypes/*.json")
        for stale in (comparison.cost_table, root / "genotypes.json", *drawn):
            stale.unlink(missing_ok=True)
    elif before:
        _refuse_other(comparison, before, settings)
    comparison.store("settings", settings)
    if not comparison.cost_table.exists():
        table = _measure_costs(comparison.settings, device, progress)
        write_whole(comparison.cost_table, table.to_json())
    _draw_random_genotypes(comparison)


def _refuse_other(comparison: Comparison, before: dict, now: dict) -> None:
    fixed = {key: value for key, value in now.items() if key not in COUNTS}
    changes = changed_settings(before, fixed)
    variants = dict(text.split("=", 1) for text in now["variants"])
    variants_before = dict(text.split("=", 1) for text in before.get("variants", ()))
    for name, options in variants.items():
        if variants_before.get(name, options) != options:
            changes.append(f"variant {name}: {variants_before[name]!r} before, {options!r} now")
    if changes:
        raise FileError(
            f"{comparison.root}: holds a comparison with other settings ({'; '.join(changes)}); "
            "choose another --out"
        )


def _measure_costs(settings: CompareSettings, device: torch.device, progress: bool) -> CostTable:
    widths = parse_search_options(common_search_options(settings), device).widths
    if settings.cost == "macs":
        return macs_table(settings.width, widths)
    return latency_table(settings.width, widths, device, progress=progress)


def _draw_random_genotypes(comparison: Comparison) -> None:
    """Write genotypes/NAME.json for each random genotype, and their costs to genotypes.json."""
    s, table = comparison.settings, CostTable.load(comparison.cost_table)
    briefs = sum(trial.kind == "brief" for trial in comparison.trials)
    high = s.target * table.unet
    low = (1 - s.band) * high
    folder = comparison.root / "genotypes"
    folder.mkdir(exist_ok=True)
    costs = {}
    for name, seed in genotype_seeds(s, briefs // max(1, s.random_searches)).items():
        path = folder / f"{name}.json"
        if not path.exists():
            write_whole(path, table.sample(seed, low, high).to_json())
        costs[name] = table.of(Genotype.load(path))
    facts = {"unit": table.unit, "unet": table.unet, "low": low, "high": high, "costs": costs}
    comparison.store("genotypes", facts)
