"""The found network for a page: the U of nine cells as SVG shapes, wide and, for a phone, tall."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from nas.report.cells_png import FUSION_LEGEND, LEGEND, SIGNS
from nas.space.genotype import CELLS, DECODER, OPERATION_NAMES, SLOTS, Genotype

LEVELS = (0, 1, 2, 3, 4, 3, 2, 1, 0)  # of CELLS: 0 is full size
LEAST_CONTRAST = 4.5  # of white letters on a chip (WCAG 2, level AA)
Place = tuple[float, float]


@dataclass(frozen=True)
class Sizes:
    """What a layout is made of, in units that are about a pixel."""

    chip: int
    chip_height: int
    gap: int
    head: int

    @property
    def wide(self) -> int:
        """Of a cell's box."""
        return SLOTS * self.chip + (SLOTS + 1) * self.gap

    @property
    def high(self) -> int:
        return self.head + self.chip_height + self.gap


WIDE, TALL = Sizes(98, 30, 8, 28), Sizes(89, 27, 5, 22)


@dataclass
class Drawing:
    """Shapes in the SVG's coordinates, which grow to the right and down."""

    width: int
    height: int
    sizes: Sizes
    # left, top, name, and what its maps are
    boxes: list[tuple[float, float, str, str]] = field(default_factory=list)
    chips: list[tuple[float, float, str]] = field(default_factory=list)  # left, top, operation
    flows: list[str] = field(default_factory=list)  # paths
    skips: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)  # of arrows
    joins: list[tuple[float, float, str, str]] = field(default_factory=list)  # x, y, fusion, sign
    # x, y, anchor, text, whether it is more than a note
    texts: list[tuple[float, float, str, str, bool]] = field(default_factory=list)


def draw_cells(genotype: Genotype, width: int | None = None) -> tuple[Drawing, Drawing]:
    """The same network twice: as a U, and as a U that lies on its side, for narrow screens.

    Parameters
    ----------
    genotype : Genotype
    width : int, optional
        Channels of one unit of the genotype's widths; else they are told in units of "w".
    """
    return _upright(genotype, width), _lying(genotype, width)


def legend(genotype: Genotype) -> list[tuple[str, int, str]]:
    """Of each operation its name, how many slots hold it, and what it is."""
    counts = Counter(genotype.flat())
    return [(name, counts[name], LEGEND[name][1]) for name in OPERATION_NAMES]


def fusion_legend() -> list[tuple[str, str, str]]:
    """Of each fusion its name, its sign and what it does."""
    return [(name, SIGNS[name], text) for name, (_, text) in FUSION_LEGEND.items()]


def colours() -> dict[str, str]:
    """Of each operation and fusion the colour in hexadecimal, dark enough for white letters.

    Examples
    --------
    >>> colours()["conv3"]  # dark enough as it is in pictures
    '#2c6fbb'
    """
    both = {**LEGEND, **FUSION_LEGEND}
    return {name: _darkened(code) for name, (code, _) in both.items()}


def _maps(level: int, genotype: Genotype, width: int | None) -> str:
    times = genotype.widths[level]
    channels = f"{times * width}" if width else f"{times if times > 1 else ''}w"
    return f"{f'1/{2**level}' if level else 'full'} size, {channels} ch."


def _add_cell(
    drawing: Drawing, at: Place, cell: str, genotype: Genotype, width: int | None
) -> None:
    (x, y), s = at, drawing.sizes
    drawing.boxes.append((x, y, cell, _maps(LEVELS[CELLS.index(cell)], genotype, width)))
    for i, name in enumerate(genotype.cells[cell]):
        drawing.chips.append((x + s.gap + i * (s.chip + s.gap), y + s.head, name))


def _arrow(drawing: Drawing, *points: Place) -> None:
    """A line with straight pieces and a head at its end."""
    drawing.flows.append(_line(points))
    (a, b), (x, y) = points[-2:]
    dx, dy = (x > a) - (x < a), (y > b) - (y < b)
    back, side = (x - 8 * dx, y - 8 * dy), (4 * dy, 4 * dx)
    corners = (x, y), (back[0] + side[0], back[1] + side[1]), (back[0] - side[0], back[1] - side[1])
    drawing.heads.append(_line(corners) + "z")


def _line(points: Sequence[Place]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def _upright(genotype: Genotype, width: int | None) -> Drawing:
    s, total, indent, down, top, plus = WIDE, 1040, 36, 104, 58, 22
    drawing = Drawing(total, top + 4 * down + s.high + 4, s)
    right = total - s.wide
    corner: dict[str, Place] = {}
    for cell, level in zip(CELLS, LEVELS, strict=True):
        x = right - indent * level if cell in DECODER else indent * level
        corner[cell] = (right / 2 if cell == "middle" else x + 0.0, top + level * down + 0.0)
        _add_cell(drawing, corner[cell], cell, genotype, width)
    for level in range(4):
        (ex, y), (dx, _) = corner[f"enc{level + 1}"], corner[f"dec{level + 1}"]
        below = corner["middle" if level == 3 else f"enc{level + 2}"]
        middle, step, join = y + s.high / 2, max(below[0], ex) + 34, dx - plus
        _arrow(drawing, (step, y + s.high), (step, below[1]))
        drawing.skips.append(_line([(ex + s.wide, middle), (join, middle)]))
        _arrow(drawing, (join, below[1]), (join, middle + 11))
        _arrow(drawing, (join + 11, middle), (dx, middle))
        fusion = genotype.fusions[f"dec{level + 1}"]
        drawing.joins.append((join, middle, fusion, SIGNS[fusion]))
        if level == 0:
            between = (y + s.high + below[1]) / 2 + 4
            drawing.texts.append((step + 10, between, "start", "2x2 conv, stride 2", False))
            drawing.texts.append((join - 10, between, "end", "1x1 conv, pixel shuffle", False))
    enter, leave, line = 34, total - 110, 16
    drawing.texts.append((enter, line + 5, "middle", "blurry", True))
    drawing.texts.append((leave + 20, line + 5, "start", "restored", True))
    _arrow(drawing, (enter, line + 12), (enter, top))
    drawing.skips.append(_line([(enter + 32, line), (leave - 11, line)]))
    _arrow(drawing, (leave, top), (leave, line + 11))
    drawing.joins.append((leave, line, "add", SIGNS["add"]))
    drawing.texts.append((enter + 10, top - 12, "start", "3x3 conv", False))
    drawing.texts.append((leave - 10, top - 12, "end", "3x3 conv", False))
    return drawing


def _lying(genotype: Genotype, width: int | None) -> Drawing:
    s, total, indent, top = TALL, 368, 7, 40
    down = s.high + 40
    drawing = Drawing(total, top + len(CELLS) * down + 18, s)
    out: dict[int, Place] = {}  # where each level's skip leaves
    flow = s.wide / 2  # all cells have it
    drawing.texts.append((flow, 15, "middle", "blurry", True))
    _arrow(drawing, (flow, 20), (flow, top))
    for i, (cell, level) in enumerate(zip(CELLS, LEVELS, strict=True)):
        x, y = float(indent * level), float(top + i * down)
        _add_cell(drawing, (x, y), cell, genotype, width)
        if i < 4:
            out[level] = (x + s.wide, y + s.high / 2)
        if cell in DECODER:
            fusion = genotype.fusions[cell]
            _lead_back(drawing, out[level], (flow, y - 18), total - 20 - 8 * level)
            drawing.joins.append((flow, y - 18, fusion, SIGNS[fusion]))
            _arrow(drawing, (flow, y - 40), (flow, y - 28))
            _arrow(drawing, (flow, y - 8), (flow, y))
        elif i:
            _arrow(drawing, (flow, y - 40), (flow, y))
    end = top + len(CELLS) * down - 40
    _lead_back(drawing, (flow + 28, 10), (flow, end + 22), total - 8)
    _arrow(drawing, (flow, end), (flow, end + 12))
    drawing.joins.append((flow, end + 22, "add", SIGNS["add"]))
    drawing.texts.append((flow, end + 50, "middle", "restored", True))
    return drawing


def _lead_back(drawing: Drawing, start: Place, join: Place, lane: float) -> None:
    """A skip that goes out to its lane, down, and back."""
    (_, y), (to, at) = start, join
    drawing.skips.append(_line([start, (lane, y), (lane, at), (to + 10, at)]))


def luminance(code: str) -> float:
    """Relative luminance of "#rrggbb" in 0 .. 1, as WCAG 2 defines it."""
    parts = [int(code[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _darkened(code: str) -> str:
    """The colour, or so dark a shade of it that white letters can be read on it."""
    while 1.05 / (luminance(code) + 0.05) < LEAST_CONTRAST:
        code = "#" + "".join(f"{int(0.97 * int(code[k : k + 2], 16)):02x}" for k in (1, 3, 5))
    return code
