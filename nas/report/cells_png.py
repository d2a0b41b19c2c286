"""A network's nine cells drawn to a file, with the legend of its operations."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from blurkit.files import AnyPath
from nas.report.cells import RADIUS, Place, arrow_head, upright
from nas.report.legend import FUSIONS, OPERATIONS, OUTLINED, SIGNS, fill_colours
from nas.report.style import DPI, GREY, INK, PAPER
from nas.space.genotype import Genotype

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARGIN, LINE = 24, 40  # around all, and between two lines of the legend
UNITS = 84  # to an inch
ROWS = (len(OPERATIONS) + 1) // 2  # of the legend, which has two columns
DASHES = (0, (4, 3))
CENTRED: dict[str, Any] = {"ha": "center", "va": "center_baseline"}
ANCHORS = {"start": "left", "middle": "center", "end": "right"}


def plot_cells(genotype: Genotype, path: AnyPath) -> None:
    """Draw a genotype as a U: encoder down the left, decoder up the right.

    Parameters
    ----------
    genotype : Genotype
    path : path of the picture to write
        In each cell the data flow through its three operations from left to right. Arrows halve
        or double the resolution; dashed lines are the skips, joined as the sign in the circle says.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.patches import Circle

    layout, fills = upright(genotype), fill_colours()
    foot = layout.height + 50 + ROWS * LINE
    width, height = layout.width + 2 * MARGIN, foot + 2 * MARGIN
    with mpl.rc_context({"text.color": INK, "font.size": 9}):
        figure = Figure(figsize=(width / UNITS, height / UNITS), facecolor="white")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(-MARGIN, width - MARGIN), ylim=(foot + MARGIN, -MARGIN), aspect="equal")
        axes.axis("off")
        for skip in layout.skips:
            axes.plot(*zip(*skip, strict=True), color=GREY.light, lw=1.3, linestyle=DASHES)
        for arrow in layout.arrows:
            axes.plot(*zip(*arrow, strict=True), color=INK, lw=1.4)
            axes.fill(*zip(*arrow_head(arrow), strict=True), color=INK, lw=0)
        s = layout.sizes
        for x, y, cell, resolution in layout.boxes:
            _box(axes, (x, y), (s.width, s.height), facecolor=PAPER, edgecolor="#94a3b8", lw=1.2)
            left, right, base = x + s.gap + 2, x + s.width - s.gap - 2, y + s.head - 8
            axes.text(left, base, cell, weight="bold", size=9.5)
            axes.text(right, base, resolution, ha="right", color=GREY.light, size=8)
        for x, y, operation in layout.chips:
            _chip(axes, x, y, operation)
        for x, y, fusion in layout.joins:
            fill, ink = (fills[fusion], "white") if fusion not in OUTLINED else ("white", INK)
            axes.add_patch(Circle((x, y), RADIUS, facecolor=fill, edgecolor=GREY.light, zorder=3))
            axes.text(x, y, SIGNS[fusion], color=ink, weight="bold", zorder=4, **CENTRED)
        for text in layout.texts:
            color, size = (INK, 10) if text.strong else (GREY.light, 9)
            weight, side = "bold" if text.strong else "normal", ANCHORS[text.anchor]
            axes.text(text.x, text.y, text.text, color=color, size=size, weight=weight, ha=side)
        _legend(axes, Counter(genotype.flat()), layout.height + 20)
        figure.savefig(path, dpi=DPI)


def _legend(axes: "Axes", counts: Counter[str], top: int) -> None:
    for i, (name, (_, what)) in enumerate(OPERATIONS.items()):
        x, y = 540 * (i // ROWS), top + LINE * (i % ROWS)
        _chip(axes, x, y, name)
        axes.text(x + 112, y + 15, f"{counts[name]} x", va="center_baseline", weight="bold")
        axes.text(x + 150, y + 15, what, va="center_baseline")
    signs = "; ".join(f"{SIGNS[name]}  {what}" for name, (_, what) in FUSIONS.items())
    foot = top + ROWS * LINE + 15
    axes.text(0, foot, f"Dashed lines are skips, joined by  {signs}.", va="center")


def _chip(axes: "Axes", x: float, y: float, operation: str) -> None:
    style: dict[str, Any] = {"edgecolor": "none", "lw": 0}
    color, weight = "white", "bold"
    if operation in OUTLINED:
        style = {"edgecolor": GREY.light, "lw": 1, "linestyle": DASHES}
        color, weight = GREY.light, "normal"
    _box(axes, (x, y), (98, 30), facecolor=fill_colours()[operation], **style)
    axes.text(x + 49, y + 15, operation, size=8, color=color, weight=weight, **CENTRED)


def _box(axes: "Axes", corner: Place, size: tuple[float, float], **style: Any) -> None:
    from matplotlib.patches import FancyBboxPatch

    shape = "round,pad=0,rounding_size=7"
    axes.add_patch(FancyBboxPatch(corner, *size, boxstyle=shape, zorder=2, **style))
