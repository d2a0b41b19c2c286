"""Charts drawn to a file, side by side."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from blurkit.files import AnyPath
from nas.report.charts import Chart, Series
from nas.report.style import DPI, STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOTTED = 40  # a line of at most this many points has a dot at each
INSIDE = 4  # a longer legend stands beside its chart
LOOKS: dict[str, dict[str, Any]] = {
    "dashed": {"linestyle": "--"},
    "marks": {"linestyle": "", "markersize": 9, "markeredgewidth": 0},
    "dots": {"linestyle": "", "marker": "o", "markersize": 5, "markeredgewidth": 0, "alpha": 0.6},
    "bars": {"linestyle": "", "marker": "_", "markersize": 44, "markeredgewidth": 2},
}


def save_charts(
    charts: Sequence[Chart],
    path: AnyPath,
    *,
    title: str = "",
    size: tuple[float, float] = (4.25, 4),
) -> None:
    """Draw charts side by side, without those that have no points; if none is left, write nothing.

    Parameters
    ----------
    charts : sequence of Chart
    path : path of the picture to write, .png, .svg or .pdf
    title : str
        Above them all.
    size : width and height of each chart, in inches
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    charts = [chart for chart in (chart.visible() for chart in charts) if chart.series]
    if not charts:
        return
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(size[0] * len(charts), size[1]), layout="constrained")
        panels = figure.subplots(1, len(charts), squeeze=False)[0]
        for axes, chart in zip(panels, charts, strict=True):
            _draw(axes, chart, note_width=int(9 * size[0]))
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontsize=13, fontweight="bold")
        figure.savefig(path, dpi=DPI)


def _draw(axes: "Axes", chart: Chart, note_width: int) -> None:
    from matplotlib.ticker import MaxNLocator

    for series in chart.series:
        _plot(axes, series)
    note = "\n".join(textwrap.wrap(chart.note, note_width, break_on_hyphens=False))
    axes.set(title=chart.title, xlabel="\n".join(filter(None, (chart.x, note))), ylabel=chart.y)
    if chart.low is not None or chart.high is not None:
        axes.set_ylim(chart.low, chart.high)
    xs = [x for series in chart.series for x, _ in series.points]
    if chart.names:
        axes.set_xticks(range(len(chart.names)), chart.names, rotation=20, ha="right")
        axes.set_xlim(-0.6, len(chart.names) - 0.4)
        axes.grid(axis="x", visible=False)
    elif all(float(x).is_integer() for x in xs):
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    names = [series.name for series in chart.series if series.name]
    if len(names) > INSIDE:
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    elif len(names) > 1:
        axes.legend()


def _plot(axes: "Axes", series: Series) -> None:
    xs, ys = np.array(series.points, float).T  # None becomes NaN, which leaves a gap
    look: dict[str, Any] = {"color": series.colour.light, "marker": series.colour.marker}
    if series.look in ("line", "dashed"):
        dotted = series.look == "line" and len(xs) <= DOTTED
        look |= {"marker": "o" if dotted else "", "markersize": 4}
    axes.plot(xs, ys, label=series.name or "_", **look | LOOKS.get(series.look, {}))
