"""The trials that were run: one JSON line each."""

import dataclasses
import fcntl
import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trial import Setting, Trial

FOLDER = Path(__file__).parent / "results"
FILE = FOLDER / "sweep.jsonl"


def append(path: Path, line: dict[str, Any]) -> None:
    """Add a line; what a killed run left of its last one is ended first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if file.tell():
            file.seek(-1, 2)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write((json.dumps(line) + "\n").encode())


def read(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file; one that a killed run broke off is left out."""
    lines = []
    for text in path.read_text().splitlines() if path.exists() else ():
        try:
            lines.append(json.loads(text))
        except ValueError:
            continue
    return lines


def load() -> dict[Trial, dict[str, Any]]:
    """What each trial gave."""
    found = {}
    for line in read(FILE):
        trial = dict(line["trial"])
        trial["setting"] = Setting(**trial["setting"])
        found[Trial(**trial)] = line
    return found


def save(trial: Trial, result: dict[str, Any]) -> None:
    append(FILE, {"trial": dataclasses.asdict(trial), **result})


def ranking(
    network: str,
    *,
    optimiser: str = "",
    seed: int | None = None,
    like: Callable[[Setting], bool] = lambda _: True,
    **of_trial: Any,
) -> list[tuple[Setting, list[float]]]:
    """(setting, PSNR of its seeds) of a network, best mean first.

    Of short trainings at width 8 on Gaussian blur, where `of_trial` says nothing else.
    Settings of one seed stand below those of more: a second look counts.
    """
    wanted = {"task": "gaussian", "width": 8, "length": 1000, **of_trial}
    scores: dict[Setting, dict[int, float]] = {}
    for trial, result in load().items():
        s = trial.setting
        same = all(getattr(trial, key) == value for key, value in wanted.items())
        same = same and optimiser in ("", s.optimiser) and seed in (None, trial.seed)
        if trial.network == network and same and like(s):
            scores.setdefault(s, {})[trial.seed] = result["psnr"]
    rows = [(s, [of_seed[k] for k in sorted(of_seed)]) for s, of_seed in scores.items()]
    most = max((len(row[1]) for row in rows), default=0)
    return sorted(rows, key=lambda row: (len(row[1]) < min(2, most), -statistics.mean(row[1])))


def best(network: str, optimiser: str = "", count: int = 1, **of_trial: Any) -> list[Setting]:
    """The best settings of a network."""
    return [s for s, _ in ranking(network, optimiser=optimiser, **of_trial)[:count]]
