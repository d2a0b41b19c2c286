"""Pictures of a comparison: accuracy against latency, all runs, supernet against retrained."""

import os
from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any

import numpy as np

from nas.report.style import BLUE, DPI, GREEN, GREY, INK, ORANGE, STYLE

Records = Sequence[Mapping[str, Any]]
Target = str | os.PathLike[str]
KNOWN = {
    "unet": (INK, "v"),
    "unet-residual": ("#7c4d9e", "^"),
    "unet-nobn": ("#c2569b", "<"),
    "frame": ("#94a3b8", "*"),
    "conv": ("#b3263a", "s"),
    "naf": ("#b58900", "P"),
    "random": (GREY, "o"),
    "random-search": (BLUE, "X"),
    "searched": (ORANGE, "D"),
    "uniform": (GREEN, "p"),
}
OTHERS = (("#1c8c8c", "h"), ("#8a5a44", "d"), ("#5b6b2f", ">"))


def styles(rows: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Colour and marker of each row of the table; those that are always there keep theirs."""
    own = {row: KNOWN[row] for row in rows if row in KNOWN}
    rest = [row for row in rows if row not in KNOWN]
    return {**own, **{row: OTHERS[i % len(OTHERS)] for i, row in enumerate(rest)}}


def networks_of(trainings: Records) -> dict[str, dict[str, list[float]]]:
    """Row to network to the PSNR of its trainings, in dB."""
    found: dict[str, dict[str, list[float]]] = {}
    for record in trainings:
        of_row = found.setdefault(record["row"], {})
        of_row.setdefault(record["network"], []).append(record["psnr"])
    return found


def pareto_front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Of (cost, quality) those that no other beats in one and equals in the other, by cost.

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


def shown_from(means: Sequence[float]) -> float:
    """The PSNR below which a row is named at the foot of a picture, so that the others part.

    Examples
    --------
    >>> shown_from([26.0, 33.0, 33.2, 33.4])  # four times as far down as the best is up
    31.9
    """
    middle = median(means)
    return round(middle - 4 * max(max(means) - middle, 0.1), 6)


def plot_pareto(trainings: Records, latency: Mapping[str, float], path: Target) -> None:
    """Draw accuracy against latency: a small mark for each network, a large one for its row.

    Parameters
    ----------
    trainings : records of trainings in full
    latency : network to milliseconds; networks without one are left out
    path : of the picture to write; not written where no network has a latency
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    dots = {
        row: [(latency[n], fmean(v)) for n, v in networks.items() if n in latency]
        for row, networks in networks_of(trainings).items()
    }
    middles = {
        row: (fmean(x for x, _ in points), fmean(y for _, y in points))
        for row, points in dots.items()
        if points
    }
    if not middles:
        return
    order = sorted(middles, key=lambda row: -middles[row][1])
    style, least = styles(list(dots)), shown_from([y for _, y in middles.values()])
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10, 5.5), layout="constrained")
        axes = figure.subplots()
        foot = axes.get_xaxis_transform()
        front = pareto_front([point for points in dots.values() for point in points])
        kept = [point for point in front if point[1] >= least]
        axes.plot(*zip(*kept, strict=True), color="#c9ced6", zorder=1, label="Pareto front")
        if "unet" in latency:
            axes.axvline(
                latency["unet"], color=INK, linewidth=1, linestyle=":", label="UNet's time"
            )
        for row in order:
            (colour, marker), (x, y) = style[row], middles[row]
            name = f"{row}  {y:.2f} dB, {x:.1f} ms"
            line: dict[str, Any] = {"color": colour, "linewidth": 0, "markeredgewidth": 0}
            if y < least:
                axes.plot(x, 0.02, marker="v", transform=foot, label=f"{name}, below", **line)
                continue
            if len(dots[row]) > 1:
                axes.plot(*zip(*dots[row], strict=True), marker, markersize=5, alpha=0.5, **line)
            axes.plot(x, y, marker, markersize=9, label=name, zorder=3, **line)
        axes.margins(x=0.08, y=0.1)
        axes.set_axisbelow(True)
        figure.legend(loc="outside right upper")
        axes.set(
            title="Accuracy against latency; small marks: networks, large: means",
            xlabel="latency of one 256x256 image, ms",
            ylabel="PSNR on the test pairs, dB",
        )
        figure.savefig(path, dpi=DPI)


def plot_seeds(trainings: Records, path: Target) -> None:
    """Draw every training as a dot: a strip for each row, a column for each of its networks."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    rows = networks_of(trainings)
    style = styles(list(rows))
    means = {row: fmean(v for values in n.values() for v in values) for row, n in rows.items()}
    least = shown_from(list(means.values()))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(max(6, 1.1 * len(rows) + 1.5), 4.8), layout="constrained")
        axes = figure.subplots()
        foot = axes.get_xaxis_transform()
        for i, (row, networks) in enumerate(rows.items()):
            colour, _ = style[row]
            if means[row] < least:
                text = f"{means[row]:.2f}\n\u25bc"
                axes.text(i, 0.02, text, color=colour, transform=foot, ha="center", va="bottom")
                continue
            places = i + 0.6 * (np.arange(len(networks)) + 0.5) / len(networks) - 0.3
            for x, values in zip(places, networks.values(), strict=True):
                axes.plot([x, x], [min(values), max(values)], color=colour, alpha=0.3)
                axes.scatter([x] * len(values), values, s=22, color=colour, linewidth=0)
            axes.plot([i - 0.36, i + 0.36], [means[row]] * 2, color=colour, linewidth=1.5)
        axes.set_xticks(range(len(rows)), list(rows), rotation=20, ha="right")
        axes.set_xlim(-0.6, len(rows) - 0.4)
        axes.grid(axis="x", visible=False)
        axes.set_axisbelow(True)
        axes.set(
            title="Every training; those of one network stand above each other, bars are means",
            ylabel="PSNR on the test pairs, dB",
        )
        figure.savefig(path, dpi=DPI)


def plot_tau(tau: Mapping[str, Any], path: Target) -> None:
    """Draw what the supernet says of the random genotypes against what they reach alone.

    Parameters
    ----------
    tau : dict
        "points" with "network", "supernet" and "retrained" (PSNR in dB); "tau", "p", "n".
    path : of the picture to write
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    points = tau["points"]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6, 5), layout="constrained")
        axes = figure.subplots()
        x, y = ([point[key] for point in points] for key in ("supernet", "retrained"))
        axes.scatter(x, y, s=45, color=BLUE, zorder=2)
        for point in points:
            axes.annotate(
                point["network"].rpartition("-")[2],
                (point["supernet"], point["retrained"]),
                xytext=(5, 5),
                textcoords="offset points",
                color=GREY,
                fontsize=8,
            )
        known = tau.get("tau") is not None
        says = f"Kendall's tau {tau['tau']:.2f}, p = {tau['p']:.2g}" if known else "no rank"
        axes.margins(0.1)
        axes.set(
            title=f"Random genotypes: {says}, n = {tau['n']}",
            xlabel="one-hot in the supernet, selection pairs, PSNR in dB",
            ylabel="trained alone, test pairs, PSNR in dB",
        )
        figure.savefig(path, dpi=DPI)
