"""A comparison's folder: files that the trials share, their command lines, and their records."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blurkit.errors import FileError
from blurkit.files import write_whole
from nas.comparison.plan import Trial
from nas.comparison.process import Spent
from nas.comparison.settings import CompareSettings, parse_search_options
from nas.cost.table import CostTable
from nas.files import read_json, read_log
from nas.space.genotype import Genotype
from nas.space.network import BUILT_IN

Record = dict[str, Any]  # what trial.json holds


@dataclass(frozen=True)
class Comparison:
    """A comparison and its folder.

    Attributes
    ----------
    root : path
        Holds trials/NAME of each trial, genotypes/NAME.json of each random genotype, and results.
    settings : CompareSettings
    data, test : paths of dataset files
        Trained on; scored on.
    trials : the plan
    """

    root: Path
    settings: CompareSettings
    data: tuple[str, ...]
    test: tuple[str, ...]
    trials: tuple[Trial, ...]

    def folder(self, name: str) -> Path:
        """The folder of a trial."""
        return self.root / "trials" / name

    @property
    def cost_table(self) -> Path:
        """The table of costs with which genotypes are drawn and searched for."""
        return self.root / "costs.json"

    def stored(self, name: str) -> dict[str, Any]:
        """The facts in NAME.json below the root, {} if there are none yet."""
        path = self.root / f"{name}.json"
        return read_json(path) if path.exists() else {}

    def store(self, name: str, facts: dict[str, Any]) -> None:
        """Write NAME.json."""
        write_whole(self.root / f"{name}.json", json.dumps(facts, indent=2) + "\n")

    def commands(self, trial: Trial, device: str) -> list[list[str]]:
        """The command lines of a trial: a search, or a training followed by its scores."""
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
        """Prepare a trial's folder and return its command lines.

        A search gets the comparison's table of costs: a table measured while other trials run
        would be unreliable.
        """
        if trial.kind == "search":
            path, table = self.folder(trial.name) / "costs.json", CostTable.load(self.cost_table)
            if not path.exists() and parse_search_options(trial.options).widths == table.widths:
                write_whole(path, table.to_json())
        return self.commands(trial, device)

    def arch(self, trial: Trial) -> str:
        """ARCH of nas.retrain: a built-in name or the path of a genotype file.

        For a random search, the candidate with the highest PSNR on the validation pairs after its
        brief training; the first one in case of a tie.
        """
        if trial.arch in BUILT_IN:
            return trial.arch
        if trial.arch:
            return str(self.root / trial.arch)
        candidates = [self.read(name) for name in trial.needs]
        best = max(candidates, key=lambda record: record["psnr_validation"])
        return str(self.root / "genotypes" / f"{best['name']}.json")

    def record(self, trial: Trial, spent: Spent) -> Record:
        """What trial.json will hold: JSON values, PSNR in dB, times in seconds.

        Raises FileError if a file that the commands should have written is missing or damaged.
        """
        out = self.folder(trial.name)
        arch: str | dict[str, Any]
        if trial.kind == "search":
            arch = Genotype.load(out / "genotype.json").to_dict()
        else:
            name = self.arch(trial)
            arch = name if name in BUILT_IN else Genotype.load(name).to_dict()
        record: Record = {
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
        history = read_log(out / "log.jsonl")
        if not history:
            raise FileError(f"{out}: log.jsonl is missing or empty")
        record["psnr_validation"] = history[-1]["psnr"]
        if trial.kind == "train":
            scores = read_json(out / "scores.json")
            untouched, network = scores["rows"]
            for key in ("psnr", "ssim", "ssim_3d", "params", "macs", "n"):
                record[key] = network[key]
            for key in ("psnr", "ssim", "ssim_3d"):
                record[f"{key}_input"] = untouched[key]
            record["hardware"] = scores["hardware"]
        return record

    def read(self, name: str) -> Record:
        """The record of a finished trial."""
        return read_json(self.folder(name) / "trial.json")

    def records(self) -> list[Record]:
        """The records of all finished trials, in the order of the plan."""
        names = [trial.name for trial in self.trials]
        return [self.read(name) for name in names if (self.folder(name) / "trial.json").exists()]

    def trainings(self) -> list[Record]:
        """The records of all finished full trainings."""
        return [record for record in self.records() if record["kind"] == "train"]

    def failed(self) -> dict[str, str]:
        """Each trial whose last attempt failed: the error, and the last line of its log."""
        folders = {trial.name: self.folder(trial.name) for trial in self.trials}
        return {
            name: f"{_last_line(folder / 'failed.txt')} ({_last_line(folder / 'trial.log')})"
            for name, folder in folders.items()
            if (folder / "failed.txt").exists() and not (folder / "trial.json").exists()
        }


def _last_line(path: Path) -> str:
    """The last line of a text file, "" if there is none."""
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    return (text.splitlines() or [""])[-1].strip()


def _python(module: str, *words: str) -> list[str]:
    return [sys.executable, "-m", module, *words]
