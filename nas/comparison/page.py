"""report.html of a comparison: table, charts, samples, searched networks, cost."""

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
UNFINISHED = "Not finished: {done} of {planned} trials. Rerun the command to resume."


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
    records : trial.json of each finished trial; at least one is a training
    latency : network to milliseconds
    tau, real : contents of tau.json and real.json, {} without the file
    logs : name of each trial to the records of its log
    samples : some pairs, restored by the networks
    planned : number of trials in the plan
    failed : name of each failed trial to its error message
    hardware : on which the latencies were measured
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
            f"Trained with one recipe: width {s.width}, {s.steps} steps of {s.batch} crops "
            f"{s.crop}x{s.crop}; scored on {trainings[0]['n']} pairs not used for any choice; "
            f"target: {s.target:g} x UNet's {'MACs' if s.cost == 'macs' else 'latency'}.",
            [
                (f"{blurry.psnr:.2f} dB", "PSNR of the blurry input"),
                *[(f"{x.psnr:.2f} dB", f"PSNR of {x.name}") for x in _headline(lines, best)],
                (f"{len(records)} of {planned}", "trials"),
            ],
            [
                Table("Scores", rows_of([blurry, *lines]), FOOT, best=lines.index(best) + 2),
                Charts("Results", standings),
                Table("Real pairs", real_rows(records, real) if real else []),
                Slider(
                    "Before and after, full resolution",
                    samples,
                    "Each row is shown by the first training of its first network. Of a larger "
                    "photo, one region is restored.",
                ),
                Cells("Searched networks", _searched(records, s.width)),
                Charts("Learning curves", learning_charts(records, logs)),
                Facts("Cost", _cost(records)),
                Facts("Settings", dataclasses.asdict(settings), folded=True),
                Facts("Hardware and versions", hardware, folded=True),
            ],
            warnings,
        )
    )


def _headline(lines: Sequence[Line], best: Line) -> list[Line]:
    """The lines whose PSNR comes first on the page: UNet, searched, and the best."""
    return [line for line in lines if line.name in ("unet", SEARCHED) or line is best]


def _searched(records: Records, width: int) -> dict[str, tuple[Genotype, int]]:
    """Name and PSNR of each searched network, best first, to its genotype and width."""
    scores: dict[str, list[float]] = {}
    for record in records:
        if record["kind"] == "train":
            scores.setdefault(record["network"], []).append(record["psnr"])
    networks = [
        (fmean(scores.get(r["network"], [float("-inf")])), r["network"], r["arch"])
        for r in records
        if r["kind"] == "search"
    ]
    networks.sort(key=lambda network: -network[0])
    return {
        f"{name}, {psnr:.2f} dB" if name in scores else name: (Genotype.from_dict(arch), width)
        for psnr, name, arch in networks
    }


def _cost(records: Records) -> dict[str, Any]:
    kinds = {
        "search": "searches",
        "brief": "brief trainings",
        "train": "full trainings",
    }
    facts = {}
    for kind, name in kinds.items():
        spent = [record for record in records if record["kind"] == kind]
        if spent:
            facts[f"{name} ({len(spent)}), core-seconds"] = (
                f"{sum(r.get('core_seconds', 0) for r in spent):,.0f}"
            )
    facts["gradient steps, total"] = f"{sum(r['steps'] for r in records):,}"
    return facts
