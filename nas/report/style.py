"""One look for all curves: colours, rcParams, and how a history becomes a line."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, GREEN, GREY = "#2c6fbb", "#d9662b", "#3a8f5c", "#6b7280"
INK, RULE = "#1f2937", "#e5e7eb"
DASHED: dict[str, Any] = {"linestyle": "--", "marker": ""}
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "grid.color": RULE,
    "text.color": INK,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "lines.linewidth": 2,
    "legend.frameon": False,
}
DPI = 150

History = Sequence[Mapping[str, Any]]
Target = str | os.PathLike[str]


def values(history: History, key: str) -> NDArray[np.float64]:
    """One value for each record; NaN, which leaves a gap, where there is none."""
    return np.array([np.nan if r.get(key) is None else r[key] for r in history], np.float64)


def line(
    axes: "Axes", history: History, key: str, color: str, label: str, x: str = "epoch", **style: Any
) -> None:
    ys = values(history, key)
    if np.isfinite(ys).any():
        dots = {"marker": "o" if len(ys) <= 40 else "", "markersize": 4}
        axes.plot(values(history, x), ys, color=color, label=label, **{**dots, **style})


def finish(axes: "Axes", xlabel: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel(xlabel)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    if len(axes.get_lines()) > 1:
        axes.legend()
