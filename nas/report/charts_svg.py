"""Charts for a page: where every line, mark and letter of the SVG is; charts.html draws them.

A series has the class of its colour, "c-blue", which the page's style shows in light and in dark.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from nas.report.charts import Chart, Series

WIDE, HIGH = 370, 250  # of a chart, in units that are about a pixel
RIGHT, TOP, BOTTOM = 12, 10, 42  # margins; the left one holds the tick labels
LABEL, LETTER = 30, 7  # width of the y axis' label, and of a letter beside it
DOTTED = 40  # a line of at most this many points has a dot at each
MOST_TIPS = 200  # points of a line that have a tip

# paths that start at the middle of the mark
MARKS = {
    "o": "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
    "s": "m-4.5 -4.5h9v9h-9z",
    "^": "m0 -6l5.5 10h-11z",
    "D": "m0 -6l6 6l-6 6l-6 -6z",
    "v": "m0 6l5.5 -10h-11z",
}
DOT = "m-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z"
HIT = "m-7 0a7 7 0 1 0 14 0a7 7 0 1 0 -14 0z"  # invisible, for the pointer
BAR = "m-13 -1.2h26v2.4h-26z"

Place = tuple[float, float]


@dataclass(frozen=True)
class Mark:
    """A shape at a point, and the tip shown under the pointer."""

    look: str  # "mark", "dot", "bar" or "hit"
    colour: str
    path: str
    tip: str


@dataclass
class Layout:
    """The parts of a chart in the SVG's coordinates, which grow to the right and down."""

    chart: Chart  # as it is shown
    height: int
    left: int
    bottom: int
    x_ticks: list[tuple[float, str]] = field(default_factory=list)
    y_ticks: list[tuple[float, str]] = field(default_factory=list)
    lines: list[tuple[Series, str]] = field(default_factory=list)  # and their paths
    marks: list[Mark] = field(default_factory=list)
    width: int = WIDE
    top: int = TOP
    right: int = WIDE - RIGHT


def lay_out(chart: Chart) -> Layout | None:
    """Place the parts of a chart; None if it has no point to show.

    Examples
    --------
    >>> line = Series("loss", [(1, 2.0), (2, 3.0), (3, None), (4, 4.0), (5, 4.5)])
    >>> layout = lay_out(Chart("", "epoch", "dB", [line]))
    >>> [text for _, text in layout.x_ticks], layout.lines[0][1].count("M")
    (['1', '2', '3', '4', '5'], 2)
    """
    chart = chart.visible()
    if not chart.series:
        return None
    xs = [x for series in chart.series for x, y in series.points if y is not None]
    ys = [y for series in chart.series for _, y in series.points if y is not None]
    low, high = _range(ys)
    low = low if chart.low is None else chart.low
    high = high if chart.high is None else chart.high
    first, last = min(xs), max(xs)
    if chart.names:
        first, last = -0.6, len(chart.names) - 0.4
    elif first == last or any(series.look == "marks" for series in chart.series):
        first, last = _range(xs)

    y_ticks = _ticks(low, high, False)
    left = LABEL + LETTER * max((len(text) for _, text in y_ticks), default=0)
    longest = max((len(name) for name in chart.names), default=0)
    below = 20 + LETTER * longest // 2 if chart.names else BOTTOM  # names are slanted
    layout = Layout(chart, HIGH - BOTTOM + below, left, HIGH - BOTTOM)

    def place(x: float, y: float) -> Place:
        across = left + (x - first) / (last - first) * (layout.right - left)
        down = layout.bottom - (y - low) / (high - low) * (layout.bottom - TOP)
        return round(across, 1), round(down, 1)

    whole = all(float(x).is_integer() for x in xs)
    x_ticks = list(enumerate(chart.names)) if chart.names else _ticks(first, last, whole)
    layout.x_ticks = [(place(x, low)[0], text) for x, text in x_ticks]
    layout.y_ticks = [(place(first, y)[1], text) for y, text in y_ticks]
    for series in chart.series:
        _add_series(series, place, layout)
    return layout


def _add_series(series: Series, place: Callable[[float, float], Place], layout: Layout) -> None:
    tips = series.tips or [""] * len(series.points)
    runs: list[list[Place]] = [[]]
    points: list[tuple[Place, str]] = []
    for (x, y), tip in zip(series.points, tips, strict=True):
        if y is None:
            runs.append([])
            continue
        runs[-1].append(place(x, y))
        points.append((place(x, y), tip or f"{series.name} {y:.4g} at {x:.6g}".strip()))
    look, shape = series.look.removesuffix("s"), MARKS[series.colour.marker]
    if series.look in ("line", "dashed"):
        layout.lines.append((series, " ".join(svg_path(run) for run in runs if len(run) > 1)))
        dotted = len(points) == 1 or (series.look == "line" and len(points) <= DOTTED)
        look = "dot" if dotted else "hit"
        points = points[:: -(-len(points) // MOST_TIPS)]
    shape = {"dot": DOT, "hit": HIT, "bar": BAR}.get(look, shape)
    layout.marks += [
        Mark(look, series.colour.name, f"M{x:g} {y:g}{shape}", tip) for (x, y), tip in points
    ]


def _range(values: Sequence[float]) -> tuple[float, float]:
    """The range of the values with a small margin, never empty."""
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or 0.01 * abs(high) or 1.0
    return low - room, high + room


def _ticks(low: float, high: float, whole: bool) -> list[tuple[float, str]]:
    from matplotlib.ticker import MaxNLocator

    values = MaxNLocator(5, integer=whole, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    step = values[1] - values[0]
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    if places and round(step, places) != round(step, places + 2):
        places += 1  # 0.25
    near = 1e-9 * step
    return [(float(v), f"{v:,.{places}f}") for v in values if low - near <= v <= high + near]


def svg_path(points: Sequence[Place]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
