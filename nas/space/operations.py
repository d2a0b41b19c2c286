"""The eight operations of the space, (N, C, H, W) to the same shape, and the three fusions, which
join two such maps (the decoder's and the skip) into one.

The gated ones follow NAFNet (Chen et al. 2022, "Simple Baselines for Image Restoration"):
LayerNorm over the channels, a gate that multiplies two halves, no activation, no BatchNorm.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nas.space.genotype import FUSION_NAMES, OPERATION_NAMES

_in_steps: ContextVar[bool] = ContextVar("norm in steps", default=False)


@contextmanager
def norm_in_steps() -> Iterator[None]:
    """Inside, ChannelNorm is computed step by step, which is slower.

    The forward-mode derivative of torch's fused layer_norm is differentiated wrongly (pytorch issue
    196700), and second-order alphas need it.
    """
    token = _in_steps.set(True)
    try:
        yield
    finally:
        _in_steps.reset(token)


class ChannelNorm(nn.Module):
    """LayerNorm over the channels of each pixel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        x = x.permute(0, 2, 3, 1)
        if _in_steps.get():
            x = x - x.mean(-1, keepdim=True)
            x = x * (x.square().mean(-1, keepdim=True) + 1e-6).rsqrt()
            x = x * self.weight + self.bias
        else:
            x = F.layer_norm(x, x.shape[-1:], self.weight, self.bias, 1e-6)
        return x.permute(0, 3, 1, 2)


class Gate(nn.Module):
    """(N, 2C, H, W) to (N, C, H, W): the product of the two halves."""

    def forward(self, x: Tensor) -> Tensor:
        a, b = x.chunk(2, dim=1)
        return a * b


class ChannelAttention(nn.Module):
    """Simplified channel attention: each channel times a linear map of all channels' means.

    The means are taken over the whole map or, if `window` is set, over squares of that side around
    each pixel (see `local_means`), so that a network trained on crops finds the same statistics in
    a whole photo (TLC, Chu et al. 2022, "Improving Image Restoration by Revisiting Global
    Information Aggregation").
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(channels, channels, 1)
        self.window: float | None = None

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        if self.window is None or max(height, width) <= self.window:
            return x * self.mix(x.mean(dim=(2, 3), keepdim=True))
        down, up = (matrix.to(x) for matrix in local_means(height, self.window))
        left, right = (matrix.to(x) for matrix in local_means(width, self.window))
        pixels = x.permute(0, 2, 3, 1).flatten(2)  # no copy of a channels_last map
        rows = (down @ pixels).unflatten(2, (width, -1))
        factors = self.mix((left @ rows).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        rows = (right @ factors).flatten(2)
        return x * (up @ rows).unflatten(2, (width, -1)).permute(0, 3, 1, 2)


@lru_cache(64)
def local_means(length: int, window: float) -> tuple[Tensor, Tensor]:
    """Matrices that average along one axis in k windows and interpolate back to every pixel.

    Returns
    -------
    means : (k, length) float32, rows sum to 1; the windows stay inside the axis
    spread : (length, k) float32, rows sum to 1; linear between the windows' centres, constant
        beyond the first and last

    Notes
    -----
    Windows start at most a quarter of their length apart: the means vary smoothly without being
    taken at every pixel, as TLC does.
    """
    window = min(window, length)
    count = math.ceil(4 * (length - window) / window) + 1
    starts = torch.linspace(0, length - window, count, dtype=torch.float64)[:, None]
    left = torch.arange(length, dtype=torch.float64)
    inside = torch.minimum(left + 1, starts + window) - torch.maximum(left, starts)
    means = inside.clamp(0, 1) / window
    step = (length - window) / max(count - 1, 1) or 1.0
    place = ((left + 0.5 - window / 2) / step).clamp(0, count - 1)[:, None]
    spread = (1 - (place - torch.arange(count)).abs()).clamp(min=0)
    return means.float(), spread.float()


class Zero(nn.Module):
    """No operation: the slot passes its input on, so the number of zeros sets the depth."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros_like(x)


def _conv3(channels: int, dilation: int = 1) -> nn.Module:
    def conv() -> nn.Module:
        return nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)

    return nn.Sequential(conv(), nn.ReLU(), conv())


def _gated(channels: int, side: int = 0, attention: bool = False) -> nn.Module:
    """Norm, 1x1 to 2C, depthwise side x side (none if 0), gate, optional attention, 1x1."""
    layers = [ChannelNorm(channels), nn.Conv2d(channels, 2 * channels, 1)]
    if side:
        layers.append(
            nn.Conv2d(2 * channels, 2 * channels, side, padding=side // 2, groups=2 * channels)
        )
    layers.append(Gate())
    if attention:
        layers.append(ChannelAttention(channels))
    layers.append(nn.Conv2d(channels, channels, 1))
    return nn.Sequential(*layers)


OPERATIONS: dict[str, Callable[[int], nn.Module]] = {
    "zero": lambda channels: Zero(),
    "conv3": _conv3,
    "conv3_dilated": lambda channels: _conv3(channels, dilation=2),
    "dw3": lambda channels: _gated(channels, 3),
    "dw3_attn": lambda channels: _gated(channels, 3, attention=True),
    "dw5_attn": lambda channels: _gated(channels, 5, attention=True),
    "dw7": lambda channels: _gated(channels, 7),
    "ff": _gated,
}
assert tuple(OPERATIONS) == OPERATION_NAMES


class Add(nn.Module):
    """The sum."""

    def forward(self, up: Tensor, skip: Tensor) -> Tensor:
        return up + skip


class Concat(nn.Module):
    """A 1x1 convolution of both, initialised to their sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(2 * channels, channels, 1)
        both = torch.cat((torch.eye(channels), torch.eye(channels)), dim=1)
        self.mix.load_state_dict({"weight": both[:, :, None, None], "bias": torch.zeros(channels)})

    def forward(self, up: Tensor, skip: Tensor) -> Tensor:
        return self.mix(torch.cat((up, skip), dim=1))


class Gated(nn.Module):
    """The decoder plus the skip times a gate in (0, 2) for each pixel; starts as the sum.

    The attention gate of Oktay et al. 2018, reduced to one 1x1 convolution.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate = nn.Conv2d(channels, channels, 1)
        for parameter in self.gate.parameters():
            nn.init.zeros_(parameter)

    def forward(self, up: Tensor, skip: Tensor) -> Tensor:
        return up + 2 * torch.sigmoid(self.gate(up)) * skip


FUSIONS: dict[str, Callable[[int], nn.Module]] = {
    "add": lambda channels: Add(),
    "concat": Concat,
    "gated": Gated,
}
assert tuple(FUSIONS) == FUSION_NAMES
