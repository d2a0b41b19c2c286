"""The results of a comparison: measurements after the trials, table, plots and page."""

import json
from collections.abc import Sequence
from pathlib import Path

import torch

from blurkit.files import write_whole
from nas.comparison.folder import Comparison
from nas.comparison.measurements import measure_latency, measure_tau
from nas.comparison.page import compare_page
from nas.comparison.plots import plot_pareto, plot_seeds, plot_tau
from nas.comparison.process import locked
from nas.comparison.real_pairs import measure_real, sample_pairs
from nas.comparison.table import document, summarise
from nas.files import read_log
from nas.report.html import versions


def write_results(comparison: Comparison) -> None:
    """Write results.jsonl: the record of each finished trial."""
    with locked(comparison.root / "lock"):
        lines = [json.dumps(record) + "\n" for record in comparison.records()]
        write_whole(comparison.root / "results.jsonl", "".join(lines))


def report(
    comparison: Comparison, real: Sequence[Path], device: torch.device, progress: bool
) -> None:
    """Measure the finished trials; then write table.md, the plots and report.html.

    real : folders of real pairs to score on
    """
    with locked(comparison.root / "lock"):
        measure_latency(comparison, device, progress)
        measure_tau(comparison, device)
        measure_real(comparison, real, device, progress)
        if comparison.trainings():
            _write_table(comparison)
            _write_page(comparison, real, device)
            _draw(comparison)


def _write_table(comparison: Comparison) -> None:
    records = comparison.records()
    text = document(
        summarise(records, comparison.stored("latency").get("ms", {})),
        records,
        comparison.stored("tau"),
        comparison.stored("real"),
        comparison.settings,
        f"{len(records)} of {len(comparison.trials)} trials",
        comparison.failed(),
    )
    write_whole(comparison.root / "table.md", text)


def _draw(comparison: Comparison) -> None:
    trainings, tau = comparison.trainings(), comparison.stored("tau")
    latency = comparison.stored("latency").get("ms", {})
    plot_pareto(trainings, latency, comparison.root / "pareto.png")
    plot_seeds(trainings, comparison.root / "seeds.png")
    if tau.get("points"):
        plot_tau(tau, comparison.root / "tau.png")


def _write_page(comparison: Comparison, real: Sequence[Path], device: torch.device) -> None:
    records, latency = comparison.records(), comparison.stored("latency")
    page = compare_page(
        records,
        latency=latency.get("ms", {}),
        tau=comparison.stored("tau"),
        real=comparison.stored("real"),
        logs={r["name"]: read_log(comparison.folder(r["name"]) / "log.jsonl") for r in records},
        samples=sample_pairs(comparison, real, device),
        settings=comparison.settings,
        planned=len(comparison.trials),
        failed=comparison.failed(),
        hardware=latency.get("hardware") or versions(),
    )
    write_whole(comparison.root / "report.html", page)
