"""The found network drawn as the U that it is: nine cells, each with its three operations."""

import os
from collections import Counter
from typing import TYPE_CHECKING, Any

from nas.space.genotype import CELLS, OPERATION_NAMES, SLOTS, Genotype

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, GREY, PAPER = "#1f2937", "#6b7280", "#f8fafc"

# colour of the chip, and what the operation is
LEGEND = {
    "zero": ("#ffffff", "no operation: the slot passes its input on"),
    "conv3": ("#2c6fbb", "3x3 conv, ReLU, 3x3 conv"),
    "conv3_dilated": ("#6f4fb3", "the same, dilated by 2"),
    "dw3": ("#2f8f6b", "gated block, depthwise 3x3"),
    "dw3_attn": ("#b8860b", "depthwise 3x3 and channel attention"),
    "dw5_attn": ("#d9662b", "depthwise 5x5 and channel attention"),
    "dw7": ("#b03a5b", "gated block, depthwise 7x7"),
    "ff": ("#475569", "gated block, 1x1 only (feed-forward)"),
}

FUSION_LEGEND = {
    "add": ("#cbd5e1", "sum"),
    "concat": ("#0e7490", "both side by side, 1x1 conv"),
    "gated": ("#be185d", "skip times a gate in (0, 2), then sum"),
}
SIGNS = {"add": "+", "concat": "c", "gated": "g"}

CHIP, CHIP_HEIGHT, SPACE = 1.5, 0.52, 0.16
WIDE, HIGH = SLOTS * CHIP + (SLOTS + 1) * SPACE, 1.15
RIGHT, DOWN, INDENT = 9.6, 1.95, 0.55


def plot_cells(genotype: Genotype, path: str | os.PathLike[str]) -> None:
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

    with mpl.rc_context({"font.size": 10, "text.color": INK}):
        figure = Figure(figsize=(14, 10), facecolor="white")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(-2.0, RIGHT + WIDE + 1.1), ylim=(-12.4, 2.4), aspect="equal")
        axes.axis("off")
        _draw_flow(axes, genotype)
        for cell in CELLS:
            _draw_cell(axes, cell, genotype.cells[cell])
        _draw_legend(axes, Counter(genotype.flat()))
        figure.savefig(path, dpi=130)


def _corner(cell: str) -> tuple[float, float]:
    """Lower left corner of a cell's box."""
    if cell == "middle":
        return RIGHT / 2, -4 * DOWN
    level = int(cell[-1]) - 1
    left = INDENT * level if cell.startswith("enc") else RIGHT - INDENT * level
    return left, -DOWN * level


def _draw_cell(axes: "Axes", cell: str, operations: tuple[str, ...]) -> None:
    x, y = _corner(cell)
    _box(axes, x, y, WIDE, HIGH, PAPER, edgecolor="#94a3b8", linewidth=1.2)
    axes.text(x + SPACE, y + HIGH - 0.24, cell, weight="bold", va="center")
    for i, name in enumerate(operations):
        _chip(axes, x + SPACE + i * (CHIP + SPACE), y + 0.14, name)


def _chip(axes: "Axes", x: float, y: float, name: str) -> None:
    empty = name == "zero"
    style: dict[str, Any] = {"edgecolor": "none", "linewidth": 0}
    if empty:
        style = {"edgecolor": GREY, "linewidth": 1, "linestyle": (0, (3, 2))}
    _box(axes, x, y, CHIP, CHIP_HEIGHT, LEGEND[name][0], **style)
    color = GREY if empty else "white"
    weight = "normal" if empty else "bold"
    axes.text(
        x + CHIP / 2, y + CHIP_HEIGHT / 2, name,
        color=color, weight=weight, size=9, ha="center", va="center_baseline",
    )  # fmt: skip


def _box(
    axes: "Axes", x: float, y: float, width: float, height: float, color: str, **style: Any
) -> None:
    from matplotlib.patches import FancyBboxPatch

    style |= {"boxstyle": "round,pad=0,rounding_size=0.12", "facecolor": color, "zorder": 2}
    axes.add_patch(FancyBboxPatch((x, y), width, height, **style))


def _draw_flow(axes: "Axes", genotype: Genotype) -> None:
    """Arrows between the cells, the skips and how they join, the input's way around the U."""
    for level in range(4):
        (ex, y), (dx, _) = _corner(f"enc{level + 1}"), _corner(f"dec{level + 1}")
        below = _corner("middle" if level == 3 else f"enc{level + 2}")
        middle, top_below = y + HIGH / 2, below[1] + HIGH
        down, plus = max(below[0], ex) + 0.55, dx - 0.38
        _arrow(axes, (down, y), (down, top_below))
        _arrow(axes, (ex + WIDE, middle), (plus, middle), dashed=True)
        _arrow(axes, (plus, top_below), (plus, middle - 0.14))
        _arrow(axes, (plus, middle), (dx, middle))
        _join(axes, plus, middle, genotype.fusions[f"dec{level + 1}"])
        _note(axes, ex - 0.3, middle, _level(level, genotype), ha="right")
        if level == 0:
            _note(axes, down + 0.2, (y + top_below) / 2, "2x2 conv, stride 2")
            _note(axes, plus - 0.2, (y + top_below) / 2, "1x1 conv, pixel shuffle", ha="right")
    x, y = _corner("middle")
    _note(axes, x - 0.3, y + HIGH / 2, _level(4, genotype), ha="right")

    enter, leave, high = 1.2, RIGHT + WIDE - 1.2, HIGH + 0.85
    axes.text(enter, high, "blurry", weight="bold", ha="center", va="center", size=11)
    _arrow(axes, (enter, high - 0.2), (enter, HIGH))
    _arrow(axes, (enter + 0.6, high), (leave, high), dashed=True)
    _arrow(axes, (leave, HIGH), (leave, high - 0.14))
    _arrow(axes, (leave, high), (leave + 0.7, high))
    _join(axes, leave, high, "add")
    axes.text(leave + 0.8, high, "restored", weight="bold", va="center", size=11)
    _note(axes, enter + 0.2, HIGH + 0.36, "3x3 conv")
    _note(axes, leave - 0.2, HIGH + 0.36, "3x3 conv", ha="right")


def _level(level: int, genotype: Genotype) -> str:
    times = genotype.widths[level]
    size = f"1/{2**level} size" if level else "full size"
    return f"{size}\n{times if times > 1 else ''}w channels"


def _note(axes: "Axes", x: float, y: float, text: str, ha: str = "left") -> None:
    axes.text(x, y, text, color=GREY, size=9, ha=ha, va="center", linespacing=1.5)


def _arrow(
    axes: "Axes", start: tuple[float, float], end: tuple[float, float], *, dashed: bool = False
) -> None:
    look: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 13, "color": INK}
    if dashed:
        look |= {"arrowstyle": "-", "color": GREY, "linestyle": (0, (5, 3))}
    look |= {"linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=end, xytext=start, arrowprops=look, zorder=1)


def _join(axes: "Axes", x: float, y: float, fusion: str) -> None:
    color = FUSION_LEGEND[fusion][0] if fusion != "add" else "white"
    axes.plot(x, y, "o", markersize=15, color=color, markeredgecolor=GREY, zorder=3)
    ink = "white" if fusion != "add" else INK
    axes.text(
        x, y - 0.01, SIGNS[fusion],
        ha="center", va="center_baseline" if fusion != "add" else "center",
        zorder=4, weight="bold", color=ink,
    )  # fmt: skip


def _draw_legend(axes: "Axes", counts: Counter[str]) -> None:
    top = -4 * DOWN - 1.0
    for i, name in enumerate(OPERATION_NAMES):
        column, row = divmod(i, 4)
        x, y = column * 8.2, top - 0.68 * row - CHIP_HEIGHT
        _chip(axes, x, y, name)
        axes.text(x + CHIP + 0.2, y + CHIP_HEIGHT / 2, f"{counts[name]} x", va="center", size=9.5)
        axes.text(x + CHIP + 0.8, y + CHIP_HEIGHT / 2, LEGEND[name][1], va="center", size=9.5)
    signs = "; ".join(f"{SIGNS[name]}  {text}" for name, (_, text) in FUSION_LEGEND.items())
    axes.text(0, top - 0.68 * 4 - 0.35, f"Skips:   {signs}", va="center", size=9.5)
