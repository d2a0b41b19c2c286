"""report.html of a comparison: table, charts, the searched networks, samples, cost."""

import dataclasses
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from nas.comparison.plots import learning_charts, pareto_chart, seeds_chart, tau_chart
from nas.comparison.settings import SEARCHED, CompareSettings
from nas.comparison.table import FOOT, Line, real_rows, rows_of, stopped, summarise, untouched
from nas.report.charts import History
from nas.report.html import Cells, Charts, Facts, Page, Slider, Table, render
from nas.report.slider import Sample
from nas.space.genotype import Genotype

Records = Sequence[Mapping[str, Any]]
UNFINISHED = "Not finished: {done} of {planned} trials. The same command goes on."


def compare_page(
    records: Records,
    *,
    latency: Mapping[str, float],
    tau: Mapping[str, Any],
    real: Mapping[str, Mapping[str, Any]],
    logs: Mapping[str, History],
    samples: Sequence[Sample],
    settings: CompareSettings,
    planned: int,
    failed: Mapping[str, str],
    hardware: Mapping[str, Any],
) -> str:
    """The page of a comparison, as HTML.

    Parameters
    ----------
    records : what trial.json holds of the trials that are done, a training among them
    latency : network to milliseconds
    tau, real : what tau.json and real.json hold, {} where there is none
    logs : name of each trial to the records of its log
    samples : some pairs with what the networks make of them
    planned : how many trials there are in all
    failed : name of each trial that failed to what it said
    hardware : that of the latencies
    """
    lines = summarise(records, latency)
    trainings = [record for record in records if record["kind"] == "train"]
    blurry = untouched(records)
    standings = [pareto_chart(trainings, latency), seeds_chart(trainings), tau_chart(tau)]
    best = max(lines, key=lambda line: line.psnr)
    warnings = stopped(records, failed)
    if len(records) < planned:
        warnings.insert(0, UNFINISHED.format(done=len(records), planned=planned))
    s = settings
    return render(
        Page(
            "Comparison of deblurring networks",
            f"One recipe for all: width {s.width}, {s.steps} steps of {s.batch} crops "
            f"{s.crop}x{s.crop}; scored on {trainings[0]['n']} pairs that nothing was chosen by; "
            f"target: {s.target:g} x UNet's {'MACs' if s.cost == 'macs' else 'latency'}.",
            [
                (f"{blurry.psnr:.2f} dB", "PSNR of the blurry input"),
                *[(f"{x.psnr:.2f} dB", f"PSNR of {x.name}") for x in _first(lines, best)],
                (f"{len(records)} of {planned}", "trials"),
            ],
            [
                Table("Scores", rows_of([blurry, *lines]), FOOT, best=lines.index(best) + 2),
                Charts("How they compare", standings),
                Table("Real pairs", real_rows(records, real) if real else []),
                Slider(
                    "Before and after, at full resolution",
                    samples,
                    "Each network is the first training of the first one of its row. Of a larger "
                    "photo a region is restored by itself.",
                ),
                Cells("The searched networks", _searched(records, s.width)),
                Charts("How they learned", learning_charts(records, logs)),
                Facts("Cost", _cost(records)),
                Facts("Settings", dataclasses.asdict(settings), folded=True),
                Facts("Hardware and versions", hardware, folded=True),
            ],
            warnings,
        )
    )


def _first(lines: Sequence[Line], best: Line) -> list[Line]:
    """What a reader looks for: UNet, the searched network, and the best if it is another."""
    return [line for line in lines if line.name in ("unet", SEARCHED) or line is best]


def _searched(records: Records, width: int) -> dict[str, tuple[Genotype, int]]:
    """The networks that searches found, best first, by name and what they reach."""
    scores: dict[str, list[float]] = {}
    for record in records:
        if record["kind"] == "train":
            scores.setdefault(record["network"], []).append(record["psnr"])
    found = [
        (fmean(scores.get(r["network"], [float("-inf")])), r["network"], r["arch"])
        for r in records
        if r["kind"] == "search"
    ]
    found.sort(key=lambda each: -each[0])
    return {
        f"{name}, {psnr:.2f} dB" if name in scores else name: (Genotype.from_dict(arch), width)
        for psnr, name, arch in found
    }


def _cost(records: Records) -> dict[str, Any]:
    kinds = {"search": "searches", "brief": "brief trainings", "train": "trainings and scores"}
    facts = {}
    for kind, name in kinds.items():
        spent = [record for record in records if record["kind"] == kind]
        if spent:
            facts[f"{len(spent)} {name}, core-seconds"] = (
                f"{sum(r.get('core_seconds', 0) for r in spent):,.0f}"
            )
    facts["gradient steps in all"] = f"{sum(r['steps'] for r in records):,}"
    return facts
