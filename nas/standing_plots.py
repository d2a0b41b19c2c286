"""Pictures of a comparison: accuracy against latency, all runs, supernet against retrained."""

import os
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from .show import BLUE, DPI, GREEN, GREY, INK, ORANGE, STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Records = Sequence[Mapping[str, Any]]
Target = str | os.PathLike[str]
PURPLE, RED, GOLD, TEAL = "#7c4d9e", "#b3263a", "#b58900", "#1c8c8c"
OTHERS = (PURPLE, RED, GOLD, TEAL, "#8a5a44", "#c2569b")


def colours(rows: Sequence[str]) -> dict[str, str]:
    """A colour for each row of the table; those that are always there keep theirs."""
    known = {"unet": INK, "random": GREY, "searched": ORANGE, "random-search": BLUE}
    known["uniform"] = GREEN
    rest = [row for row in rows if row not in known]
    return {**known, **{row: OTHERS[i % len(OTHERS)] for i, row in enumerate(rest)}}


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


def plot_pareto(trainings: Records, latency: Mapping[str, float], path: Target) -> None:
    """Draw accuracy against latency: a dot for each network, a diamond for the mean of its row.

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
    dots = {row: points for row, points in dots.items() if points}
    if not dots:
        return
    colour = colours(list(dots))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 5.5), layout="constrained")
        axes = figure.subplots()
        front = pareto_front([point for points in dots.values() for point in points])
        axes.plot(*zip(*front, strict=True), color="#c9ced6", zorder=1, label="Pareto front")
        marks = []
        for row, points in dots.items():
            x, y = zip(*points, strict=True)
            axes.scatter(x, y, s=26, color=colour[row], alpha=0.55, linewidth=0, zorder=2)
            axes.scatter(fmean(x), fmean(y), s=80, marker="D", color=colour[row], zorder=3)
            marks.append((fmean(x), fmean(y), row))
        axes.margins(x=0.06, y=0.1)
        _label_at_the_right(axes, marks, colour)
        axes.set(
            title="Accuracy against latency: dots are networks, diamonds means",
            xlabel="latency of one 256x256 image, ms",
            ylabel="PSNR on the test pairs, dB",
        )
        figure.savefig(path, dpi=DPI)


def _label_at_the_right(
    axes: "Axes", marks: Sequence[tuple[float, float, str]], colour: Mapping[str, str]
) -> None:
    """Names beside the axes in the order of height, each with a thin line to its mark."""
    bottom, top = axes.get_ylim()
    gap = 0.062
    places: list[float] = []
    for _, y, _ in sorted(marks, key=lambda mark: mark[1]):
        wanted = (y - bottom) / (top - bottom)
        places.append(max(wanted, places[-1] + gap) if places else max(wanted, 0.02))
    excess = max(0.0, places[-1] - 0.98)
    for i in reversed(range(len(places))):
        places[i] = min(places[i], 0.98 - gap * (len(places) - 1 - i)) if excess else places[i]
    for place, (x, y, row) in zip(places, sorted(marks, key=lambda mark: mark[1]), strict=True):
        axes.annotate(
            row,
            xy=(x, y),
            xytext=(1.03, place),
            textcoords="axes fraction",
            color=colour[row],
            weight="bold",
            va="center",
            arrowprops={"arrowstyle": "-", "color": colour[row], "alpha": 0.35, "shrinkB": 5},
        )


def plot_seeds(trainings: Records, path: Target) -> None:
    """Draw every training as a dot: a strip for each row, a column for each of its networks."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    rows = networks_of(trainings)
    colour = colours(list(rows))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(max(6, 1.3 * len(rows) + 1.5), 4.5), layout="constrained")
        axes = figure.subplots()
        for i, (row, networks) in enumerate(rows.items()):
            places = i + 0.6 * (np.arange(len(networks)) + 0.5) / len(networks) - 0.3
            for x, values in zip(places, networks.values(), strict=True):
                axes.plot([x, x], [min(values), max(values)], color=colour[row], alpha=0.3)
                axes.scatter([x] * len(values), values, s=22, color=colour[row], linewidth=0)
            mean = fmean(v for values in networks.values() for v in values)
            axes.plot([i - 0.36, i + 0.36], [mean, mean], color=colour[row], linewidth=1.5)
        axes.set_xticks(range(len(rows)), list(rows), rotation=20, ha="right")
        axes.grid(axis="x", visible=False)
        axes.set(
            title="Every training; those of one network stand above each other, a bar is the mean",
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
