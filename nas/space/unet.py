"""The baseline: U-Net (Ronneberger et al. 2015, padded convolutions), with or without BatchNorm."""

import torch
from torch import Tensor, nn


def _double_conv(in_channels: int, out_channels: int, batch_norm: bool) -> nn.Module:
    layers: list[nn.Module] = []
    for channels in (in_channels, out_channels):
        layers.append(nn.Conv2d(channels, out_channels, 3, padding=1, bias=not batch_norm))
        if batch_norm:
            layers.append(nn.BatchNorm2d(out_channels))
        layers.append(nn.ReLU())
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """U-Net of 4 levels: double convolutions, max-pooling, transposed convolutions, concatenation.

    Parameters
    ----------
    width : int >= 1
        Channels of the first level; they double at each level down (32: 7.8 M parameters).
    residual : bool
        Add the input to the output. False as published.
    batch_norm : bool
        True as published. False: the convolutions have a bias instead, and the last layer starts
        at zero, so that with `residual` training starts from the blurry image.

    Shapes
    ------
    (N, 3, H, W) sRGB in [0, 1] -> (N, 3, H, W), not clamped; H and W multiples of 16.
    """

    stride = 16
    scales: list[float]  # set by `nas.checkpoint.load_model`

    def __init__(self, width: int, residual: bool = False, batch_norm: bool = True) -> None:
        super().__init__()
        self.residual = residual
        widths = [width * factor for factor in (1, 2, 4, 8, 16)]
        self.enter = _double_conv(3, width, batch_norm)
        self.down = nn.ModuleList(
            nn.Sequential(nn.MaxPool2d(2), _double_conv(c, 2 * c, batch_norm)) for c in widths[:-1]
        )
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * c, c, 2, stride=2) for c in widths[-2::-1])
        self.merge = nn.ModuleList(_double_conv(2 * c, c, batch_norm) for c in widths[-2::-1])
        self.leave = nn.Conv2d(width, 3, 1)
        if residual:  # training starts from the blurry image itself
            for parameter in self.leave.parameters():
                nn.init.zeros_(parameter)

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
