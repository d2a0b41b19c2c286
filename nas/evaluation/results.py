"""The result of an evaluation, and the text files it is written to."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from blurkit.errors import SettingError
from blurkit.files import AnyPath, write_whole
from nas.cost.timing import SIDE
from nas.evaluation.protocols.benchmark import Benchmark
from nas.evaluation.scoring import Example
from nas.evaluation.settings import EvaluateSettings
from nas.evaluation.table import Row, csv_text, document, table
from nas.space.genotype import Genotype


@dataclass(frozen=True)
class Evaluation:
    """Scores and costs of networks on a benchmark.

    Parameters
    ----------
    rows : list of `nas.evaluation.table.Row`
        The blurry input, then the networks in the order in which they were given.
    benchmark : Benchmark
        What was scored.
    examples : list of Example
        Regions of some images, for compare.png and report.html.
    genotypes : name to genotype and width
        Of those networks that belong to the search space.
    settings : EvaluateSettings
    hardware : see `nas.device.hardware`
    seconds : float
        How long the evaluation took.
    """

    rows: list[Row]
    benchmark: Benchmark
    examples: list[Example]
    genotypes: dict[str, tuple[Genotype, int]]
    settings: EvaluateSettings
    hardware: dict[str, Any]
    seconds: float

    def report(self) -> str:
        """The text of table.md: what was scored, how, and the table in Markdown."""
        scored = f"{self.benchmark.headline(self.rows[0].n)}, on {self.hardware['device']}"
        cost = f"MACs and median latency of one {SIDE}x{SIDE} image"
        return f"{scored}; {cost}; {self.benchmark.note}\n\n{table(self.rows)}"

    def document(self) -> dict[str, Any]:
        """Everything but the images, as JSON values."""
        return {
            "source": self.benchmark.source,
            "pairs": len(self.benchmark.names),
            "protocol": {
                "name": self.benchmark.protocol,
                "scored": self.benchmark.headline(self.rows[0].n),
                "note": self.benchmark.note,
                **self.benchmark.facts,
            },
            "settings": asdict(self.settings),
            "hardware": self.hardware,
            "rows": document(self.rows),
        }


def check_outputs(
    json_file: AnyPath | None, csv_file: AnyPath | None, inputs: Sequence[Path]
) -> None:
    """Raise SettingError if writing the results would overwrite an input or each other.

    Images of the pairs are safe because the files must end in .json and .csv.
    """
    for name, path in (("json", json_file), ("csv", csv_file)):
        for used in inputs:
            if path and Path(path).exists() and used.samefile(path):
                raise SettingError(f"{name} must not be an input file, got {path}")
    if json_file and csv_file and Path(json_file).resolve() == Path(csv_file).resolve():
        raise SettingError(f"json and csv must be different files, got {csv_file}")
    for name, path in (("json", json_file), ("csv", csv_file)):
        if path and Path(path).suffix.lower() != f".{name}":
            raise SettingError(f"{name} must end in .{name}, got {path}")


def write_results(
    evaluation: Evaluation,
    json_file: AnyPath | None,
    csv_file: AnyPath | None,
    out: AnyPath | None,
) -> None:
    """Write the JSON file, the CSV file and table.md in the folder `out`, where given."""
    if json_file:
        text = json.dumps(evaluation.document(), indent=2, allow_nan=False)
        write_whole(Path(json_file), text + "\n")
    if csv_file:
        write_whole(Path(csv_file), csv_text(evaluation.rows))
    if out:
        write_whole(Path(out) / "table.md", evaluation.report())
