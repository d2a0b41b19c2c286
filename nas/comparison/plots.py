"""Charts of a comparison: accuracy against latency, all trainings, rank correlation, learning."""

import itertools
from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any

from blurkit.files import AnyPath
from nas.report.charts import Chart, History, Series
from nas.report.charts_png import save_charts
from nas.report.style import (
    BLUE,
    GOLD,
    GREEN,
    GREY,
    MAGENTA,
    OLIVE,
    ORANGE,
    PALETTE,
    PURPLE,
    RED,
    TEAL,
    Colour,
)

Records = Sequence[Mapping[str, Any]]
COLOURS = {
    "unet": PURPLE,
    "unet-residual": MAGENTA,
    "frame": OLIVE,
    "conv": RED,
    "naf": GOLD,
    "random": BLUE,
    "random-search": TEAL,
    "searched": ORANGE,
    "uniform": GREEN,
}


def row_colours(rows: Sequence[str]) -> dict[str, Colour]:
    """Colour of each row of the table; the usual rows have the same in every comparison."""
    known = {row: COLOURS[row] for row in rows if row in COLOURS}
    rest = itertools.cycle([c for c in PALETTE if c not in known.values()] or PALETTE)
    return {row: known.get(row) or next(rest) for row in rows}


def psnr_by_network(trainings: Records) -> dict[str, dict[str, list[float]]]:
    """Row to network to the PSNR of its trainings, in dB."""
    rows: dict[str, dict[str, list[float]]] = {}
    for record in trainings:
        networks = rows.setdefault(record["row"], {})
        networks.setdefault(record["network"], []).append(record["psnr"])
    return rows


def pareto_front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The (cost, quality) pairs that no other beats in one and equals in the other, by cost.

    Examples
    --------
    >>> pareto_front([(2, 30), (1, 20), (3, 25), (2, 10)])
    [(1, 20), (2, 30)]
    """
    front: list[tuple[float, float]] = []
    for cost, quality in sorted(points, key=lambda p: (p[0], -p[1])):
        if not front or quality > front[-1][1]:
            front.append((cost, quality))
    return front


def lowest_shown(means: Sequence[float]) -> float:
    """The PSNR below which a row is only named under a chart, to keep the others distinguishable.

    Examples
    --------
    >>> lowest_shown([26.0, 33.0, 33.2, 33.4])  # 4 x (33.4 - 33.1) below the median
    31.9
    """
    middle = median(means)
    return round(middle - 4 * max(max(means) - middle, 0.1), 6)


def _split(trainings: Records) -> tuple[dict[str, dict[str, list[float]]], dict[str, float], str]:
    """The rows that are shown, the mean PSNR of all rows, and a note on those below the chart."""
    rows = psnr_by_network(trainings)
    means = {
        row: fmean(psnr for values in networks.values() for psnr in values)
        for row, networks in rows.items()
    }
    low = lowest_shown(list(means.values()))
    below = [f"{row} {mean:.2f}\u00a0dB" for row, mean in means.items() if mean < low]
    note = f"Below the chart: {', '.join(below)}." if below else ""
    return {row: rows[row] for row in rows if means[row] >= low}, means, note


def pareto_chart(trainings: Records, latency: Mapping[str, float]) -> Chart:
    """Accuracy against latency: a dot for each network, a mark for the mean of its row.

    Parameters
    ----------
    trainings : records of full trainings
    latency : network to milliseconds; networks without one are left out
    """
    rows, means, note = _split(trainings)
    colours = row_colours(list(means))
    dots: list[Series] = []
    marks: list[Series] = []
    points: list[tuple[float, float]] = []
    for row, networks in rows.items():
        timed = {name: (latency[name], fmean(v)) for name, v in networks.items() if name in latency}
        if not timed:
            continue
        points += timed.values()
        tips = [f"{name}: {y:.2f} dB, {x:.1f} ms" for name, (x, y) in timed.items()]
        x, y = (fmean(values) for values in zip(*timed.values(), strict=True))
        name = f"{row}: {y:.2f} dB, {x:.1f} ms"
        if len(timed) > 1:
            dots.append(Series("", list(timed.values()), "dots", colours[row], tips))
            tips = [name]
        marks.append(Series(name, [(x, y)], "marks", colours[row], tips))
    lines = [Series("Pareto front", pareto_front(points), "dashed", GREY)]
    if "unet" in latency and points:
        ends = [(latency["unet"], end(y for _, y in points)) for end in (min, max)]
        lines.append(Series("UNet's latency", ends, "dashed", COLOURS["unet"]))
    marks.sort(key=lambda series: -(series.points[0][1] or 0))
    return Chart(
        "Accuracy against latency",
        "latency of a 256x256 image, ms",
        "PSNR, test pairs, dB",
        [*lines, *dots, *marks],
        note=f"Dots are networks, marks are means. {note}".strip(),
    )


def seeds_chart(trainings: Records) -> Chart:
    """Every training as a dot: a strip for each row, a column for each of its networks."""
    rows, means, note = _split(trainings)
    colours = row_colours(list(means))
    series = []
    for k, row in enumerate(means):
        networks = rows.get(row, {})
        points, tips = [], []
        for i, (name, values) in enumerate(networks.items()):
            x = k + 0.5 * ((i + 0.5) / len(networks) - 0.5)
            points += [(x, value) for value in values]
            tips += [f"{name}: {value:.2f} dB" for value in values]
        series.append(Series("", points, "dots", colours[row], tips))
        if networks:
            tip = f"{row}, mean: {means[row]:.2f} dB"
            series.append(Series("", [(k, means[row])], "bars", colours[row], [tip]))
    title = "Every training; bars are means"
    return Chart(title, "", "PSNR, test pairs, dB", series, names=list(means), note=note)


def tau_chart(tau: Mapping[str, Any]) -> Chart:
    """PSNR of random genotypes in the supernet against that of the same trained alone.

    Parameters
    ----------
    tau : dict
        "points" with "network", "supernet" and "retrained" (PSNR in dB); "tau", "p", "n"; or {}.
    """
    points = tau.get("points", [])
    tips = [
        f"{p['network']}: {p['supernet']:.2f} dB in the supernet, {p['retrained']:.2f} dB alone"
        for p in points
    ]
    known = tau.get("tau") is not None
    result = f"{tau['tau']:.2f} (p = {tau['p']:.2g}, n = {tau['n']})" if known else "unknown"
    pairs = [(p["supernet"], p["retrained"]) for p in points]
    return Chart(
        f"Kendall's tau {result}",
        "in the supernet, selection pairs, dB",
        "trained alone, test pairs, dB",
        [Series("", pairs, "marks", BLUE, tips)],
        note="PSNR of random genotypes.",
    )


def learning_charts(records: Records, logs: Mapping[str, History]) -> list[Chart]:
    """Validation PSNR of the trainings, mean of each row, and one-hot PSNR of the searches."""
    trainings = [record for record in records if record["kind"] == "train"]
    colours = row_colours(list(dict.fromkeys(record["row"] for record in trainings)))
    trained, searched = [], []
    for row, colour in colours.items():
        by_step: dict[int, list[float]] = {}
        for record in trainings:
            for entry in logs.get(record["name"], ()) if record["row"] == row else ():
                if entry.get("psnr") is not None:
                    by_step.setdefault(entry["step"], []).append(entry["psnr"])
        points = [(step, fmean(values)) for step, values in sorted(by_step.items())]
        if points:
            trained.append(Series(row, points, "line", colour))
    for record in records:
        if record["kind"] == "search" and record["row"] in colours:
            history = logs.get(record["name"], ())
            scores = [(entry["epoch"], entry.get("psnr_onehot")) for entry in history]
            searched.append(Series(record["network"], scores, "line", colours[record["row"]]))
    # rows far below the others would press them together, as in the charts above
    last = {series.name: series.points[-1][1] or 0.0 for series in trained}
    limit = lowest_shown(list(last.values())) if last else 0.0
    shown = [y for s in trained if last[s.name] >= limit for _, y in s.points if y is not None]
    below = [f"{row} {psnr:.2f} dB" for row, psnr in last.items() if psnr < limit]
    note = f"Below the others at the end: {', '.join(below)}." if below else ""
    title, y = "Trainings, mean of each row", "PSNR, validation pairs, dB"
    return [
        Chart(title, "step", y, trained, low=min(shown, default=None), note=note),
        Chart("Searches, one-hot network", "epoch", "PSNR, selection pairs, dB", searched),
    ]


def plot_pareto(trainings: Records, latency: Mapping[str, float], path: AnyPath) -> None:
    """Draw `pareto_chart`; writes nothing if no network has a latency."""
    save_charts([pareto_chart(trainings, latency)], path, size=(10, 5.5))


def plot_seeds(trainings: Records, path: AnyPath) -> None:
    """Draw `seeds_chart`."""
    chart = seeds_chart(trainings)
    save_charts([chart], path, size=(max(6, 1.1 * len(chart.names) + 1.5), 4.8))


def plot_tau(tau: Mapping[str, Any], path: AnyPath) -> None:
    """Draw `tau_chart`; writes nothing without points."""
    save_charts([tau_chart(tau)], path, size=(6, 5))
