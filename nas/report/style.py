"""The palette of pictures and pages, and matplotlib's settings."""

from typing import Any, NamedTuple


class Colour(NamedTuple):
    """A colour as "#rrggbb" on white paper and on a dark page.

    White text on `light` has a contrast of at least 4.5 (WCAG 2, level AA). The marker, in
    matplotlib's letters, tells points apart where their colours do not.
    """

    name: str
    light: str
    dark: str
    marker: str


BLUE = Colour("blue", "#1f62b0", "#6cabf7", "o")
ORANGE = Colour("orange", "#c4510f", "#ff9557", "s")
GREEN = Colour("green", "#247a4d", "#5cc98d", "^")
PURPLE = Colour("purple", "#7a3fa0", "#c394ec", "D")
RED = Colour("red", "#b02040", "#ff7f93", "v")
TEAL = Colour("teal", "#0f7480", "#4fc6d3", "s")
GOLD = Colour("gold", "#8a6400", "#e3b341", "D")
MAGENTA = Colour("magenta", "#a8388a", "#f08fd4", "o")
OLIVE = Colour("olive", "#4f5d2a", "#b3c67a", "v")
GREY = Colour("grey", "#5c6675", "#aab4c4", "^")
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, RED, TEAL, GOLD, MAGENTA, OLIVE, GREY)

INK, RULE, PAPER = "#1f2937", "#e5e7eb", "#f8fafc"  # text, grid lines, boxes
DPI = 150
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY.light,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "text.color": INK,
    "xtick.color": GREY.light,
    "ytick.color": GREY.light,
    "lines.linewidth": 2,
    "legend.frameon": False,
}
