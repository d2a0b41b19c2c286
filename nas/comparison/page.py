"""report.html of a comparison: table, charts, the searched networks, samples, cost."""

import dataclasses
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from nas.comparison.plan import SEARCHED, CompareSettings
from nas.comparison.plots import networks_of, pareto_front, shown_from
from nas.comparison.table import FOOT, Line, real_rows, rows_of, stopped, summarise, untouched
from nas.report.charts import COLOURS, Chart, Series
from nas.report.html import Cells, Charts, Facts, Page, Slider, Table, render
from nas.report.slider import Sample
from nas.space.genotype import Genotype

Records = Sequence[Mapping[str, Any]]
Logs = Mapping[str, Sequence[Mapping[str, Any]]]
UNFINISHED = "Not finished: {done} of {planned} trials. The same command goes on."


def compare_page(
    records: Records,
    *,
    latency: Mapping[str, float],
    tau: Mapping[str, Any],
    real: Mapping[str, Mapping[str, Any]],
    logs: Logs,
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
                Charts("How they compare", _standing(trainings, latency, tau)),
                Table("Real pairs", real_rows(records, real) if real else []),
                Slider(
                    "Before and after, at full resolution",
                    samples,
                    "Each network is the first training of the first one of its row. Of a larger "
                    "photo a region is restored by itself.",
                ),
                Cells("The searched networks", _searched(records, s.width)),
                Charts("How they learned", _learning(records, logs)),
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


def _standing(
    trainings: Records, latency: Mapping[str, float], tau: Mapping[str, Any]
) -> list[Chart]:
    rows = networks_of(trainings)
    means = {row: fmean(v for values in n.values() for v in values) for row, n in rows.items()}
    least = shown_from(list(means.values()))
    low = [f"{row} {mean:.2f} dB" for row, mean in means.items() if mean < least]
    note = f"Below the chart: {', '.join(low)}." if low else ""
    return [_pareto(rows, latency, least, note), _seeds(rows, means, least, note), _tau(tau)]


def _pareto(
    rows: Mapping[str, Mapping[str, list[float]]],
    latency: Mapping[str, float],
    least: float,
    note: str,
) -> Chart:
    series, every = [], []
    for k, (row, networks) in enumerate(rows.items()):
        known = {name: fmean(values) for name, values in networks.items() if name in latency}
        points = [(latency[name], psnr) for name, psnr in known.items() if psnr >= least]
        tips = [
            f"{name}: {psnr:.2f} dB, {latency[name]:.1f} ms"
            for name, psnr in known.items()
            if psnr >= least
        ]
        every += points
        series.append(Series(row, points, "marks", k, tips))
    front = Series("Pareto front", pareto_front(every), "dashed", COLOURS - 1)
    title, x = "Accuracy against latency, each network", "latency of a 256x256 image, ms"
    return Chart(title, x, "PSNR, test pairs, dB", [front, *series], note=note)


def _seeds(
    rows: Mapping[str, Mapping[str, list[float]]],
    means: Mapping[str, float],
    least: float,
    note: str,
) -> Chart:
    series = []
    for k, (row, networks) in enumerate(rows.items()):
        count, points, tips = len(networks), [], []
        for i, (name, values) in enumerate(networks.items()):
            x = k + 0.5 * ((i + 0.5) / count - 0.5)
            points += [(x, value) for value in values]
            tips += [f"{name}: {value:.2f} dB" for value in values]
        series.append(Series("", points, "marks", k, tips))
        mean = [f"{row}, mean: {means[row]:.2f} dB"]
        series.append(Series("", [(k, means[row])], "bars", k, mean))
    title = "Every training; bars are means"
    return Chart(title, "", "PSNR, test pairs, dB", series, list(rows), least=least, note=note)


def _tau(tau: Mapping[str, Any]) -> Chart:
    points = tau.get("points", [])
    known = tau.get("tau") is not None
    says = f"Kendall's tau {tau['tau']:.2f}, p = {tau['p']:.2g}" if known else "no rank"
    tips = [
        f"{p['network']}: {p['supernet']:.2f} in the supernet, {p['retrained']:.2f} dB alone"
        for p in points
    ]
    found = Series("", [(p["supernet"], p["retrained"]) for p in points], "marks", 0, tips)
    title = f"Random genotypes: {says}, n = {tau.get('n')}"
    return Chart(title, "one-hot in the supernet, PSNR, dB", "trained alone, dB", [found])


def _learning(records: Records, logs: Logs) -> list[Chart]:
    rows = list(dict.fromkeys(r["row"] for r in records if r["kind"] == "train"))
    trained, searched = [], []
    for k, row in enumerate(rows):
        at: dict[int, list[float]] = {}
        for record in records:
            if (record["row"], record["kind"]) == (row, "train"):
                for line in logs.get(record["name"], ()):
                    if line.get("psnr") is not None:
                        at.setdefault(line["step"], []).append(line["psnr"])
        points = [(step, fmean(values)) for step, values in sorted(at.items())]
        if points:
            trained.append(Series(row, points, "line", k))
    for record in records:
        if record["kind"] == "search" and record["row"] in rows:
            history = logs.get(record["name"], ())
            scores = [(line["epoch"], line.get("psnr_onehot")) for line in history]
            colour = rows.index(record["row"])
            searched.append(Series(record["network"], scores, "line", colour))
    # those far below the others would press them together, as in the charts above
    last = {series.name: series.points[-1][1] or 0.0 for series in trained}
    limit = shown_from(list(last.values())) if last else 0.0
    whole = [y for s in trained if last[s.name] >= limit for _, y in s.points if y is not None]
    low = [f"{row} {psnr:.2f} dB in the end" for row, psnr in last.items() if psnr < limit]
    title, y = "Trainings: means of the rows", "PSNR, validation pairs, dB"
    note = f"Below the others: {', '.join(low)}." if low else ""
    return [
        Chart(title, "step", y, trained, least=min(whole, default=None), note=note),
        Chart("Searches: the one-hot network", "epoch", "PSNR, selection pairs, dB", searched),
    ]


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
