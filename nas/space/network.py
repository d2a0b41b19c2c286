"""Networks by name or by genotype."""

import reprlib
from collections.abc import Callable
from typing import Any

from torch import Tensor

from blurkit.errors import SettingError
from nas.space.frame import LEVELS, Frame
from nas.space.genotype import CELLS, Genotype
from nas.space.operations import FUSIONS, OPERATIONS
from nas.space.unet import UNet

WIDEST = 256


class Network(Frame):
    """The discrete network of a genotype (see `Frame` for shapes)."""

    def __init__(self, genotype: Genotype, width: int) -> None:
        super().__init__(
            width,
            lambda cell, i, channels: OPERATIONS[genotype.cells[cell][i]](channels),
            lambda cell, channels: FUSIONS[genotype.fusions[cell]](channels),
            genotype.widths,
        )
        self.genotype, self.width = genotype, width

    def forward(self, x: Tensor) -> Tensor:
        return self.run(
            x,
            lambda name, h: self.cells[name](h),
            lambda name, up, skip: self.fuse[name](up, skip),
        )


def _by_level(*levels: tuple[str, ...]) -> Callable[[int], Network]:
    """Makes a network with the same three operations in all cells of a level, full size first."""
    cells = {cell: levels[level] for cell, level in zip(CELLS, LEVELS, strict=True)}
    return lambda width: Network(Genotype(cells), width)


_NONE, _CONV, _NAF = ("zero",) * 3, ("conv3", "zero", "zero"), ("dw3_attn", "ff", "zero")

BUILT_IN: dict[str, Callable[[int], Frame | UNet]] = {
    "unet": UNet,  # as published
    "unet-residual": lambda width: UNet(width, residual=True),
    "unet-nobn": lambda width: UNet(width, residual=True, batch_norm=False),
    "frame": _by_level(*[_NONE] * 5),  # no operations: linear
    "conv": _by_level(*[_CONV] * 5),
    "naf": _by_level(*[_NAF] * 5),
    "naf-half": _by_level(_NONE, _CONV, _NAF, _NAF, _NAF),  # no operations at full size
}


def build(arch: str | dict[str, Any], width: int) -> Frame | UNet:
    """A network with fresh weights.

    Parameters
    ----------
    arch : str or dict
        Name of a built-in network ("unet", "unet-residual", "unet-nobn", "frame", "conv", "naf",
        "naf-half") or a genotype as a dict (`Genotype.to_dict`).
    width : int in 1 .. 256
        Channels of the first level.

    Raises
    ------
    SettingError
        "width must be between 1 and 256, got 0"; "network must be one of unet, ..., got 'resnet'"
    """
    if type(width) is not int or not 1 <= width <= WIDEST:
        rule = f"width must be between 1 and {WIDEST}"
        raise SettingError(f"{rule}, got {reprlib.repr(width)}")
    if isinstance(arch, dict):
        return Network(Genotype.from_dict(arch), width)
    if arch not in BUILT_IN:
        known = ", ".join(BUILT_IN)
        raise SettingError(
            f"network must be one of {known} or a genotype file, got {reprlib.repr(arch)}"
        )
    return BUILT_IN[arch](width)
