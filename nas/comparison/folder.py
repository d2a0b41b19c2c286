"""The command lines of a trial, and what is kept of it once they have run."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blurkit.errors import FileError
from blurkit.files import write_whole
from nas.comparison.plan import CompareSettings, Spent, Trial, parse_search
from nas.cost.table import CostTable
from nas.files import read_json
from nas.space.genotype import Genotype
from nas.space.network import BUILT_IN


@dataclass(frozen=True)
class Bench:
    """What all trials share: settings, data, and the folder with trials/ and genotypes/."""

    root: Path
    settings: CompareSettings
    data: tuple[str, ...]
    test: tuple[str, ...]

    def folder(self, name: str) -> Path:
        return self.root / "trials" / name

    @property
    def table(self) -> Path:
        """The table of costs by which genotypes are drawn and searched for."""
        return self.root / "costs.json"

    def commands(self, trial: Trial, device: str) -> list[list[str]]:
        """The command lines of a trial; those after the first score the network on test pairs."""
        s, out = self.settings, self.folder(trial.name)
        where = ["--out", str(out), "--device", device]
        if trial.kind == "search":
            target = [f"--{s.cost}-target", str(s.target)]
            own = ["--width", str(s.width), "--seed", str(trial.seed), *target]
            return [_python("nas.search", *self.data, *where, *own, *trial.options)]
        train = _python("nas.retrain", self.arch(trial), *self.data, *where)
        train += ["--name", trial.row, "--width", str(s.width), "--seed", str(trial.seed)]
        train += ["--steps", str(trial.steps), "--every", str(max(1, trial.steps // 8))]
        train += ["--batch", str(s.batch), "--crop", str(s.crop), "--lr", str(s.lr)]
        if trial.kind == "brief":
            return [train]
        score = _python("nas.evaluate", str(out), "--device", device)
        score += [word for path in self.test for word in ("--data", path)]
        score += ["--json", str(out / "scores.json"), "--limit", str(s.limit), "--rounds", "1"]
        return [train, score]

    def begin(self, trial: Trial, device: str) -> list[list[str]]:
        """The command lines, the trial's folder being ready for them.

        A search plans with the comparison's table, not with one measured beside other work.
        """
        if trial.kind == "search":
            there, table = self.folder(trial.name) / "costs.json", CostTable.load(self.table)
            if not there.exists() and parse_search(trial.options).widths == table.widths:
                write_whole(there, table.to_json())
        return self.commands(trial, device)

    def arch(self, trial: Trial) -> str:
        """ARCH of nas.retrain: a built-in name or the path of a genotype file.

        The winner of a random search is the candidate with the highest PSNR on the validation
        pairs after its brief training, the first of equals.
        """
        if trial.arch in BUILT_IN:
            return trial.arch
        if trial.arch:
            return str(self.root / trial.arch)
        found = [self.read(name) for name in trial.needs]
        best = max(found, key=lambda record: record["psnr_validation"])
        return str(self.root / "genotypes" / f"{best['name']}.json")

    def record(self, trial: Trial, spent: Spent) -> dict[str, Any]:
        """What trial.json holds: JSON values, PSNR in dB, times in seconds.

        Raises FileError where a file that the commands should have left is missing or damaged.
        """
        out = self.folder(trial.name)
        arch: str | dict[str, Any]
        if trial.kind == "search":
            arch = Genotype.load(out / "genotype.json").to_dict()
        else:
            given = self.arch(trial)
            arch = given if given in BUILT_IN else Genotype.load(given).to_dict()
        record: dict[str, Any] = {
            "name": trial.name,
            "row": trial.row,
            "kind": trial.kind,
            "network": trial.network,
            "seed": trial.seed,
            "needs": list(trial.needs),
            "steps": trial.steps,
            **spent,
            "arch": arch,
        }
        if trial.kind == "search":
            result = out / "result.json"
            return {**record, "search": read_json(result) if result.exists() else {}}
        record["psnr_validation"] = _last_line(out / "log.jsonl")["psnr"]
        if trial.kind == "train":
            scores = read_json(out / "scores.json")
            untouched, row = scores["rows"]
            for key in ("psnr", "ssim", "ssim_3d", "params", "macs", "n"):
                record[key] = row[key]
            for key in ("psnr", "ssim", "ssim_3d"):
                record[f"{key}_input"] = untouched[key]
            record["hardware"] = scores["hardware"]
        return record

    def read(self, name: str) -> dict[str, Any]:
        """The record of a trial that is done."""
        return read_json(self.folder(name) / "trial.json")

    def records(self, trials: Sequence[Trial]) -> list[dict[str, Any]]:
        """Of those trials that are done, in the order of the plan."""
        return [self.read(t.name) for t in trials if (self.folder(t.name) / "trial.json").exists()]

    def failed(self, trials: Sequence[Trial]) -> dict[str, str]:
        """Of those that failed when last tried: name to why, and the last line that they wrote."""
        folders = {t.name: self.folder(t.name) for t in trials}
        return {
            name: f"{_last_words(folder / 'failed.txt')} ({_last_words(folder / 'trial.log')})"
            for name, folder in folders.items()
            if (folder / "failed.txt").exists() and not (folder / "trial.json").exists()
        }


def _last_words(path: Path) -> str:
    """The last line of a file, "" where there is none."""
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    return (text.splitlines() or [""])[-1].strip()


def _python(module: str, *words: str) -> list[str]:
    return [sys.executable, "-m", module, *words]


def _last_line(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8").splitlines()[-1])
    except (OSError, ValueError, IndexError) as error:
        raise FileError(f"{path}: not a log of a training ({error})") from error
