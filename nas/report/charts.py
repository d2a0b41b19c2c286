"""The description of a chart; `charts_svg` draws it for a page, `charts_png` to a file."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from nas.report.style import BLUE, Colour

Point = tuple[float, float | None]
History = Sequence[Mapping[str, Any]]  # the records of a log.jsonl


@dataclass(frozen=True)
class Series:
    """Points that belong together.

    Parameters
    ----------
    name : str
        For the legend; "" keeps the series out of it.
    points : sequence of (x, y)
        A y that is None or not finite leaves a gap.
    look : "line", "dashed", "marks", "dots" or "bars"
        Dots are small marks; bars are short level strokes, for means.
    colour : Colour
    tips : sequence of str
        What a page shows for the point under the pointer; by default its coordinates.
    """

    name: str
    points: Sequence[Point]
    look: Literal["line", "dashed", "marks", "dots", "bars"] = "line"
    colour: Colour = BLUE
    tips: Sequence[str] = ()


@dataclass(frozen=True)
class Chart:
    """Series over two axes.

    Parameters
    ----------
    title, x, y : str
        Above the chart and beside its axes.
    series : sequence of Series
    names : sequence of str
        Labels of x = 0, 1, 2 ..., in place of numbers.
    low, high : float, optional
        Ends of the y axis; points outside are not shown.
    note : str
        Below the chart.
    """

    title: str
    x: str
    y: str
    series: Sequence[Series]
    names: Sequence[str] = ()
    low: float | None = None
    high: float | None = None
    note: str = ""

    def visible(self) -> "Chart":
        """The same chart with every y that is not shown as None, and no series without points.

        Examples
        --------
        >>> empty, line = Series("a", [(0, None)]), Series("b", [(0, 1.0), (1, 9.0)])
        >>> [s.points for s in Chart("", "", "", [empty, line], high=2.0).visible().series]
        [[(0, 1.0), (1, None)]]
        """
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high

        def shown(y: float | None) -> float | None:
            return y if y is not None and math.isfinite(y) and low <= y <= high else None

        series = [replace(s, points=[(x, shown(y)) for x, y in s.points]) for s in self.series]
        return replace(self, series=[s for s in series if any(y is not None for _, y in s.points)])


def line(
    history: History,
    x: str,
    y: str,
    name: str,
    colour: Colour,
    look: Literal["line", "dashed"] = "line",
) -> Series:
    """A series of the records of a log; a record without the key y leaves a gap."""
    return Series(name, [(record[x], record.get(y)) for record in history], look, colour)
