"""The layout of a network's nine cells: a U, and for a phone the same U lying on its side.

`cells.html` draws it on a page, `cells_png` to a file.
"""

from dataclasses import dataclass, field

from nas.space.genotype import CELLS, DECODER, SLOTS, Genotype

LEVELS = (0, 1, 2, 3, 4, 3, 2, 1, 0)  # of CELLS: 0 is full size
RADIUS = 10  # of the circle where a skip joins
Place = tuple[float, float]


@dataclass(frozen=True)
class Sizes:
    """Sizes of a layout, in units that are about a pixel."""

    chip: int
    chip_height: int
    gap: int
    head: int

    @property
    def width(self) -> int:
        """Of a cell's box."""
        return SLOTS * self.chip + (SLOTS + 1) * self.gap

    @property
    def height(self) -> int:
        """Of a cell's box."""
        return self.head + self.chip_height + self.gap


@dataclass(frozen=True)
class Text:
    """A word at the left end ("start"), middle or right end of its base line."""

    x: float
    y: float
    anchor: str
    text: str
    strong: bool = False


@dataclass
class Layout:
    """Shapes whose coordinates grow to the right and down; boxes and chips by their top left."""

    width: int
    height: int
    sizes: Sizes
    boxes: list[tuple[float, float, str, str]] = field(default_factory=list)  # cell, resolution
    chips: list[tuple[float, float, str]] = field(default_factory=list)  # operation
    arrows: list[list[Place]] = field(default_factory=list)
    skips: list[list[Place]] = field(default_factory=list)
    joins: list[tuple[float, float, str]] = field(default_factory=list)  # middle, fusion
    texts: list[Text] = field(default_factory=list)


def upright(genotype: Genotype, width: int | None = None) -> Layout:
    """A U: the encoder down the left, the decoder up the right.

    Parameters
    ----------
    genotype : Genotype
    width : int, optional
        Channels of one unit of the genotype's widths; without it they read "2w".
    """
    s, total, indent, down, top = Sizes(98, 30, 8, 28), 1040, 36, 104, 58
    layout = Layout(total, top + 4 * down + s.height + 4, s)
    right = total - s.width
    corner: dict[str, Place] = {}
    for cell, level in zip(CELLS, LEVELS, strict=True):
        x = right - indent * level if cell in DECODER else indent * level
        corner[cell] = (right / 2 if cell == "middle" else x, top + level * down)
        _add_cell(layout, corner[cell], cell, genotype, width)
    for level in range(4):
        (ex, y), (dx, _) = corner[f"enc{level + 1}"], corner[f"dec{level + 1}"]
        below = corner["middle" if level == 3 else f"enc{level + 2}"]
        middle, step, join = y + s.height / 2, max(below[0], ex) + 34, dx - 22
        layout.arrows += [
            [(step, y + s.height), (step, below[1])],
            [(join, below[1]), (join, middle + RADIUS)],
            [(join + RADIUS, middle), (dx, middle)],
        ]
        layout.skips.append([(ex + s.width, middle), (join - RADIUS, middle)])
        layout.joins.append((join, middle, genotype.fusions[f"dec{level + 1}"]))
        if level == 0:
            between = (y + s.height + below[1]) / 2 + 4
            layout.texts += [
                Text(step + 10, between, "start", "2x2 conv, stride 2"),
                Text(join - 10, between, "end", "1x1 conv, pixel shuffle"),
            ]
    enter, leave, line = 34, total - 110, 16
    layout.arrows += [[(enter, line + 12), (enter, top)], [(leave, top), (leave, line + RADIUS)]]
    layout.skips.append([(enter + 36, line), (leave - RADIUS, line)])
    layout.joins.append((leave, line, "add"))
    layout.texts += [
        Text(enter, line + 5, "middle", "blurry", strong=True),
        Text(leave + 20, line + 5, "start", "restored", strong=True),
        Text(enter + 10, top - 12, "start", "3x3 conv"),
        Text(leave - 10, top - 12, "end", "3x3 conv"),
    ]
    return layout


def lying(genotype: Genotype, width: int | None = None) -> Layout:
    """The cells below each other, for narrow screens: a U on its side."""
    s, total, indent, top = Sizes(89, 27, 5, 22), 368, 7, 40
    down = s.height + 40
    flow = s.width / 2  # above and below every cell
    end = top + len(CELLS) * down - 40
    layout = Layout(total, end + 58, s)
    layout.arrows += [[(flow, 20), (flow, top)], [(flow, end), (flow, end + 12)]]
    layout.texts += [
        Text(flow, 15, "middle", "blurry", strong=True),
        Text(flow, end + 50, "middle", "restored", strong=True),
    ]
    leave: dict[int, Place] = {}  # level to where its skip leaves the encoder
    for i, (cell, level) in enumerate(zip(CELLS, LEVELS, strict=True)):
        x, y = indent * level, top + i * down
        _add_cell(layout, (x, y), cell, genotype, width)
        if cell in DECODER:
            _add_skip(layout, leave[level], (flow, y - 18), total - 20 - 8 * level)
            layout.joins.append((flow, y - 18, genotype.fusions[cell]))
            layout.arrows += [[(flow, y - 40), (flow, y - 28)], [(flow, y - 8), (flow, y)]]
        else:
            leave[level] = (x + s.width, y + s.height / 2)
            if i:
                layout.arrows.append([(flow, y - 40), (flow, y)])
    _add_skip(layout, (flow + 28, 10), (flow, end + 22), total - 8)
    layout.joins.append((flow, end + 22, "add"))
    return layout


def arrow_head(points: list[Place]) -> list[Place]:
    """The triangle at the end of a level or upright line.

    Examples
    --------
    >>> arrow_head([(0, 0), (0, 20)])
    [(0, 20), (4, 12), (-4, 12)]
    """
    (a, b), (x, y) = points[-2:]
    dx, dy = (x > a) - (x < a), (y > b) - (y < b)
    x0, y0 = x - 8 * dx, y - 8 * dy
    return [(x, y), (x0 + 4 * dy, y0 + 4 * dx), (x0 - 4 * dy, y0 - 4 * dx)]


def _add_cell(layout: Layout, at: Place, cell: str, genotype: Genotype, width: int | None) -> None:
    (x, y), s = at, layout.sizes
    level = LEVELS[CELLS.index(cell)]
    times = genotype.widths[level]
    channels = f"{times * width}" if width else f"{times if times > 1 else ''}w"
    resolution = f"{f'1/{2**level}' if level else 'full'} size, {channels} ch."
    layout.boxes.append((x, y, cell, resolution))
    for i, name in enumerate(genotype.cells[cell]):
        layout.chips.append((x + s.gap + i * (s.chip + s.gap), y + s.head, name))


def _add_skip(layout: Layout, start: Place, join: Place, lane: float) -> None:
    """A skip that runs out to its lane, down it, and back."""
    (_, y), (x, to) = start, join
    layout.skips.append([start, (lane, y), (lane, to), (x + RADIUS, to)])
