"""Nine cells in a U: the frame that the supernet and every network of the space share."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nas.space.genotype import CELLS, DECODER, SLOTS, WIDTHS, check_widths
from nas.space.operations import ChannelAttention, Zero

LEVELS = (0, 1, 2, 3, 4, 3, 2, 1, 0)  # of CELLS: 0 is full size
STRIDE = 16  # height and width of the input must be multiples of this


class Slot(nn.Module):
    """x + beta * operation(x), or x alone where the operation is `zero`.

    The residual is permanent: no operation has to learn the identity.
    """

    def __init__(self, operation: nn.Module, channels: int) -> None:
        super().__init__()
        self.operation = operation
        self.beta = nn.Parameter(torch.ones(channels, 1, 1))

    def forward(self, x: Tensor, **choice: Any) -> Tensor:
        if isinstance(self.operation, Zero):
            return x
        return x + self.beta * self.operation(x, **choice)


class Frame(nn.Module):
    """The U: 4 encoder cells, the middle, 4 decoder cells, skips; output = input + U.

    Parameters
    ----------
    width : int >= 1
        Channels of the first and last cell if the first of `widths` is 1.
    operation : callable (cell name, slot number, channels) -> module
        Makes the operation of each of the 27 slots.
    fusion : callable (cell name, channels) -> module of (decoder's map, skip)
        Makes the fusion that joins the skip before each of the 4 decoder cells.
    widths : 5 ints in 1 .. 64
        Channels of the levels in units of `width`.

    Shapes
    ------
    (N, 3, H, W) sRGB in [0, 1] -> (N, 3, H, W), not clamped; H and W multiples of 16.
    """

    stride = STRIDE
    scales: list[float]  # set by `nas.checkpoint.load_model`

    def __init__(
        self,
        width: int,
        operation: Callable[[str, int, int], nn.Module],
        fusion: Callable[[str, int], nn.Module],
        widths: Sequence[int] = WIDTHS,
    ) -> None:
        super().__init__()
        levels = [width * times for times in check_widths(widths)]
        self.stem = nn.Conv2d(3, levels[0], 3, padding=1)
        self.cells = nn.ModuleDict()
        for cell, level in zip(CELLS, LEVELS, strict=True):
            self.cells[cell] = nn.Sequential(
                *(Slot(operation(cell, i, levels[level]), levels[level]) for i in range(SLOTS))
            )
        steps = list(itertools.pairwise(levels))
        self.down = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in steps)
        self.up = nn.ModuleList(
            nn.Sequential(nn.Conv2d(b, 4 * a, 1, bias=False), nn.PixelShuffle(2))
            for a, b in reversed(steps)
        )
        self.fuse = nn.ModuleDict(
            {cell: fusion(cell, a) for cell, (a, _) in zip(DECODER, reversed(steps), strict=True)}
        )
        self.tail = nn.Conv2d(levels[0], 3, 3, padding=1)
        for parameter in self.tail.parameters():  # training starts from the blurry image
            nn.init.zeros_(parameter)

    def attend_within(self, window: float | None) -> None:
        """Let channel attention average over squares of this side, in pixels of the image.

        None: over the whole image.
        """
        for name, level in zip(CELLS, LEVELS, strict=True):
            for module in self.cells[name].modules():
                if isinstance(module, ChannelAttention):
                    module.window = None if window is None else window / 2**level

    def run(
        self,
        x: Tensor,
        cell: Callable[[str, Tensor], Tensor],
        fuse: Callable[[str, Tensor, Tensor], Tensor],
    ) -> Tensor:
        """Forward pass; `cell(name, h)` and `fuse(cell name, up, skip)` compute its parts."""
        h = self.stem(x)
        skips = []
        for name, down in zip(CELLS[:4], self.down, strict=True):
            h = cell(name, h)
            skips.append(h)
            h = down(h)
        h = cell(CELLS[4], h)
        for name, up in zip(DECODER, self.up, strict=True):
            h = cell(name, fuse(name, up(h), skips.pop()))
        return x + self.tail(h)
