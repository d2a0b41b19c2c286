"""Nine cells in a U: the frame that the supernet and every network of the space share."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from .genotype import CELLS, SLOTS

# how the width grows with depth, in the order of CELLS
WIDTHS = (1, 2, 4, 8, 16, 8, 4, 2, 1)
STRIDE = 16  # height and width of the input must be multiples of this


class Slot(nn.Module):
    """x + beta * operation(x). The residual is permanent: identity competes with no operation."""

    def __init__(self, operation: nn.Module, channels: int) -> None:
        super().__init__()
        self.operation = operation
        self.beta = nn.Parameter(torch.full((channels, 1, 1), 0.1))

    def forward(self, x: Tensor, *choice: object) -> Tensor:
        return x + self.beta * self.operation(x, *choice)


class Frame(nn.Module):
    """The U: 4 encoder cells, the middle, 4 decoder cells; additive skips; output = input + U.

    Parameters
    ----------
    width : int >= 1
        Channels of the first and last cell; they double at each of the 4 levels down.
    operation : callable (cell name, slot number, channels) -> module
        Makes what stands in each of the 27 slots.

    Shapes
    ------
    (N, 3, H, W) sRGB in [0, 1] -> (N, 3, H, W), not clamped; H and W multiples of 16.
    """

    stride = STRIDE

    def __init__(self, width: int, operation: Callable[[str, int, int], nn.Module]) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, width, 3, padding=1)
        self.cells = nn.ModuleDict()
        for cell, times in zip(CELLS, WIDTHS, strict=True):
            channels = width * times
            self.cells[cell] = nn.ModuleList(
                Slot(operation(cell, i, channels), channels) for i in range(SLOTS)
            )
        levels = [width * times for times in WIDTHS[:4]]
        self.down = nn.ModuleList(nn.Conv2d(c, 2 * c, 2, stride=2) for c in levels)
        self.up = nn.ModuleList(
            nn.Sequential(nn.Conv2d(2 * c, 4 * c, 1, bias=False), nn.PixelShuffle(2))
            for c in reversed(levels)
        )
        self.tail = nn.Conv2d(width, 3, 3, padding=1)
        # training starts from the blurry image itself
        nn.init.zeros_(self.tail.weight)
        nn.init.zeros_(self.tail.bias)  # type: ignore[arg-type]

    def run(self, x: Tensor, choices: Sequence[tuple[object, ...]] | None = None) -> Tensor:
        """Forward pass; `choices` gives each of the 27 slots the arguments of its mixed op."""
        of_slot = iter(choices) if choices is not None else None

        def cell(name: str, h: Tensor) -> Tensor:
            for slot in self.cells[name]:  # type: ignore[attr-defined]
                h = slot(h, *next(of_slot)) if of_slot is not None else slot(h)
            return h

        h = self.stem(x)
        skips = []
        for name, down in zip(CELLS[:4], self.down, strict=True):
            h = cell(name, h)
            skips.append(h)
            h = down(h)
        h = cell(CELLS[4], h)
        for name, up in zip(CELLS[5:], self.up, strict=True):
            h = cell(name, up(h) + skips.pop())
        return x + self.tail(h)
