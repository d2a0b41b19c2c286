"""The baseline: U-Net with BatchNorm (Ronneberger et al. 2015, padded convolutions)."""

import torch
from torch import Tensor, nn


def _double_conv(inside: int, outside: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, padding=1, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(),
        nn.Conv2d(outside, outside, 3, padding=1, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(),
    )


class UNet(nn.Module):
    """U-Net of 4 levels: double convolutions, max-pooling, transposed convolutions, concatenation.

    Parameters
    ----------
    width : int >= 1
        Channels of the first level; they double at each level down (32: 7.8 M parameters).
    residual : bool
        False as published: the network paints the whole image. True adds the input to the output.

    Shapes
    ------
    (N, 3, H, W) sRGB in [0, 1] -> (N, 3, H, W), not clamped; H and W multiples of 16.
    """

    stride = 16

    def __init__(self, width: int, residual: bool = False) -> None:
        super().__init__()
        self.residual = residual
        widths = [width * times for times in (1, 2, 4, 8, 16)]
        self.enter = _double_conv(3, width)
        self.down = nn.ModuleList(
            nn.Sequential(nn.MaxPool2d(2), _double_conv(c, 2 * c)) for c in widths[:-1]
        )
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * c, c, 2, stride=2) for c in widths[-2::-1])
        self.merge = nn.ModuleList(_double_conv(2 * c, c) for c in widths[-2::-1])
        self.leave = nn.Conv2d(width, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.enter(x)
        skips = []
        for down in self.down:
            skips.append(h)
            h = down(h)
        for up, merge in zip(self.up, self.merge, strict=True):
            h = merge(torch.cat((skips.pop(), up(h)), dim=1))
        h = self.leave(h)
        return x + h if self.residual else h
