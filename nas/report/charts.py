"""Charts for a page: where every line, mark and letter of the SVG stands; a template draws them.

Colours are not decided here: series k has the class "s<k>", with one colour in light and another
in dark.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

WIDE, HIGH = 370, 250  # of a chart, in units that are about a pixel
RIGHT, TOP, BOTTOM = 12, 10, 42  # around what is plotted; left is the room of the labels
LABEL, LETTER = 30, 7  # the y axis' label, and the width of a letter beside it
NAMED_BOTTOM = 84  # where names stand slanted below the axis
COLOURS = 10  # classes s0 .. s9
DOTTED = 40  # a line of so many points or fewer has a dot at each
MOST_TIPS = 200  # points of a line that say what they are

Point = tuple[float, float | None]


@dataclass(frozen=True)
class Series:
    """Points of one kind: joined by a line, or a mark for each.

    Parameters
    ----------
    name : str
        For the legend; "" keeps it out of it.
    points : sequence of (x, y)
        A y that is None or not finite leaves a gap.
    look : "line", "dashed", "marks" or "bars"
        Bars are short level strokes, for means.
    colour : int
        Which of the page's colours: series of one colour belong together.
    tips : sequence of str
        What is said of each point; its coordinates if there is none.
    """

    name: str
    points: Sequence[Point]
    look: Literal["line", "dashed", "marks", "bars"] = "line"
    colour: int = 0
    tips: Sequence[str] = ()


@dataclass(frozen=True)
class Chart:
    """One chart with its axes.

    Parameters
    ----------
    title, x, y : str
        Over the chart and beside its axes.
    series : sequence of Series
        Those without a finite point are left out.
    names : sequence of str
        What stands at x = 0, 1, 2 ..., in place of numbers.
    least, most : float, optional
        Bounds of the y axis; what lies outside is not shown.
    diagonal : bool
        Draw the line y = x, and give both axes one range.
    note : str
        Below the chart.
    """

    title: str
    x: str
    y: str
    series: Sequence[Series]
    names: Sequence[str] = ()
    least: float | None = None
    most: float | None = None
    diagonal: bool = False
    note: str = ""


@dataclass
class Drawn:
    """A chart's parts in the SVG's coordinates, which grow to the right and down."""

    width: int = WIDE
    height: int = HIGH
    frame: tuple[float, float, float, float] = (0, 0, 0, 0)  # left, top, right, bottom
    x_ticks: list[tuple[float, str]] = field(default_factory=list)
    y_ticks: list[tuple[float, str]] = field(default_factory=list)
    lines: list[tuple[int, bool, str]] = field(default_factory=list)  # colour, dashed, path
    marks: list[tuple[int, str, str, str]] = field(default_factory=list)  # colour, look, path, tip
    diagonal: str = ""
    legend: list[tuple[int, str, str]] = field(default_factory=list)  # colour, look, name


def draw_chart(chart: Chart) -> Drawn | None:
    """Lay a chart out; None where there is nothing to show.

    Examples
    --------
    >>> line = Series("loss", [(1, 2.0), (2, 3.0), (3, None), (4, 4.0), (5, 4.5)])
    >>> drawn = draw_chart(Chart("", "epoch", "dB", [line]))
    >>> [text for _, text in drawn.x_ticks], drawn.lines[0][2].count("M")
    (['1', '2', '3', '4', '5'], 2)
    """
    kept = [(s, [(x, y) for x, y in s.points if _shown(y, chart)]) for s in chart.series]
    kept = [(s, points) for s, points in kept if points]
    if not kept:
        return None
    xs = [x for _, points in kept for x, _ in points]
    ys = [y for _, points in kept for _, y in points if y is not None]
    if chart.diagonal:
        xs = ys = [*xs, *ys]
    drawn = Drawn(height=HIGH + (NAMED_BOTTOM - BOTTOM if chart.names else 0))
    bottom = drawn.height - (NAMED_BOTTOM if chart.names else BOTTOM)
    low, high = _range(ys, chart.least, chart.most)
    y_ticks = _ticks(low, high, False)
    left = LABEL + LETTER * max((len(text) for _, text in y_ticks), default=0)
    drawn.frame = (left, TOP, WIDE - RIGHT, bottom)
    if chart.names:
        first, last = -0.6, len(chart.names) - 0.4
    else:
        marks = any(s.look == "marks" for s, _ in kept)
        first, last = _range(xs) if marks else (min(xs), max(xs))
        if first == last:
            first, last = first - 0.5, last + 0.5

    def place(x: float, y: float) -> tuple[float, float]:
        across = left + (x - first) / (last - first) * (WIDE - RIGHT - left)
        return round(across, 1), round(bottom - (y - low) / (high - low) * (bottom - TOP), 1)

    if chart.names:
        drawn.x_ticks = [(place(i, low)[0], name) for i, name in enumerate(chart.names)]
    else:
        whole = all(float(x).is_integer() for x in xs)
        drawn.x_ticks = [(place(x, low)[0], t) for x, t in _ticks(first, last, whole)]
    drawn.y_ticks = [(place(first, y)[1], t) for y, t in y_ticks]
    if chart.diagonal:
        drawn.diagonal = _path([place(low, low), place(high, high)])
    for series, _ in kept:
        _draw_series(series, chart, place, drawn)
    return drawn


def _draw_series(series: Series, chart: Chart, place, drawn: Drawn) -> None:  # type: ignore[no-untyped-def]
    colour, look = series.colour % COLOURS, series.look
    if series.name:
        drawn.legend.append((colour, look, series.name))
    tips = series.tips or [""] * len(series.points)
    runs: list[list[tuple[float, float]]] = [[]]
    kept = []
    for (x, y), tip in zip(series.points, tips, strict=True):
        if y is None or not _shown(y, chart):
            runs.append([])
            continue
        runs[-1].append(place(x, y))
        kept.append((*runs[-1][-1], tip or f"{series.name} {y:.4g} at {x:.6g}".strip()))
    if look in ("line", "dashed"):
        path = " ".join(_path(run) for run in runs if len(run) > 1)
        drawn.lines.append((colour, look == "dashed", path))
        look_of_mark = "dot" if len(kept) <= DOTTED else "hit"
        if look == "dashed" and len(kept) > 1:
            look_of_mark = "hit"
        kept = kept[:: -(-len(kept) // MOST_TIPS)]
    else:
        look_of_mark = look.removesuffix("s")
    drawn.marks += [
        (colour, look_of_mark, _mark(look_of_mark, colour, x, y), t) for x, y, t in kept
    ]


def mark(colour: int, x: float = 0, y: float = 0) -> str:
    """SVG path of a series' mark: its shape tells it apart where its colour does not.

    Examples
    --------
    >>> mark(1, 10, 20)
    'M5.5 15.5h9v9h-9z'
    """
    shapes = (
        f"M{x - 5:g} {y:g}a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
        f"M{x - 4.5:g} {y - 4.5:g}h9v9h-9z",
        f"M{x:g} {y - 6:g}l5.5 10h-11z",
        f"M{x:g} {y - 6:g}l6 6l-6 6l-6 -6z",
        f"M{x:g} {y + 6:g}l5.5 -10h-11z",
    )
    return shapes[colour % len(shapes)]


def _mark(look: str, colour: int, x: float, y: float) -> str:
    if look == "bar":
        return f"M{x - 13:g} {y - 1.2:g}h26v2.4h-26z"
    if look == "mark":
        return mark(colour, x, y)
    r = 3 if look == "dot" else 7
    return f"M{x - r:g} {y:g}a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0z"


def _shown(y: float | None, chart: Chart) -> bool:
    if y is None or not math.isfinite(y):
        return False
    least, most = chart.least, chart.most
    return (least is None or y >= least) and (most is None or y <= most)


def _range(
    values: Sequence[float], least: float | None = None, most: float | None = None
) -> tuple[float, float]:
    """A little more than the values take up, and never nothing."""
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or 0.01 * abs(high) or 1.0
    return (
        low - room if least is None or low - room > least else least,
        high + room if most is None or high + room < most else most,
    )


def _ticks(low: float, high: float, whole: bool) -> list[tuple[float, str]]:
    from matplotlib.ticker import MaxNLocator

    values = MaxNLocator(5, integer=whole, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    step = values[1] - values[0]
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    if places and round(step, places) != round(step, places + 2):
        places += 1  # 0.25
    near = 1e-9 * step
    return [(float(v), f"{v:,.{places}f}") for v in values if low - near <= v <= high + near]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
