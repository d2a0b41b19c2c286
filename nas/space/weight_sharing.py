"""One set of weights for all operations of a slot, so that most steps train all of them.

A step draws one of eight operations; if each had its own weights, it would be trained in only an
eighth of the steps. The five gated operations share norm, 1x1 convolutions and attention, and their
depthwise kernels are the centre of one 7x7 kernel; the two convolution blocks share their kernels
and differ in dilation. (Weight entanglement: Chen et al. 2021, AutoFormer; centred kernels: Cai et
al. 2020, Once-for-all.)
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache

import torch
from torch import Tensor, nn
from torch.func import functional_call

from nas.space.operations import OPERATIONS, ChannelAttention, ChannelNorm


class OwnOps(nn.Module):
    """Operations or fusions, each with its own weights.

    Parameters
    ----------
    choices : mapping of name to a callable (channels) -> module
    channels : int
    """

    def __init__(self, choices: Mapping[str, Callable[[int], nn.Module]], channels: int) -> None:
        super().__init__()
        self.each = nn.ModuleDict({name: make(channels) for name, make in choices.items()})

    def weights_of(self, name: str) -> dict[str, Tensor]:
        """The operation's state dict."""
        return self.each[name].state_dict()

    def forward(self, name: str, *inputs: Tensor) -> Tensor:
        """Compute the operation of that name."""
        return self.each[name](*inputs)


class SharedOps(nn.Module):
    """The operations of `OPERATIONS` with shared weights; (N, C, H, W) to the same shape.

    Parameters
    ----------
    channels : int
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.parts = nn.ModuleDict()
        for name in ("dw7", "dw3_attn", "conv3"):  # together, these have all the parts
            for part, _, module in _parts(OPERATIONS[name](channels)):
                if part not in self.parts:
                    self.parts[part] = module

    def weights_of(self, name: str) -> dict[str, Tensor]:
        """The operation's state dict: views of the shared weights."""
        weights = {}
        for part, prefix, own in _parts(_template(name, self.channels)):
            shared = dict(self.parts[part].named_parameters())
            for key, like in own.named_parameters():
                weights[f"{prefix}.{key}"] = _centre(shared[key], like.shape)
        return weights

    def forward(self, name: str, x: Tensor) -> Tensor:
        """Compute the operation of that name."""
        return functional_call(_template(name, self.channels), self.weights_of(name), (x,))


@cache
def _template(name: str, channels: int) -> nn.Module:
    """The operation on the meta device, without weights."""
    with torch.device("meta"):
        return OPERATIONS[name](channels)


def _parts(operation: nn.Module) -> Iterator[tuple[str, str, nn.Module]]:
    """The modules of an operation that have weights: (role, name in the operation, module)."""
    gated = any(isinstance(module, ChannelNorm) for module in operation.children())
    pointwise = iter(("expand", "project") if gated else ("first", "second"))
    for name, module in operation.named_children():
        if isinstance(module, ChannelNorm):
            yield "norm", name, module
        elif isinstance(module, ChannelAttention):
            yield "attention", name, module
        elif isinstance(module, nn.Conv2d):
            yield "depthwise" if module.groups > 1 else next(pointwise), name, module


def _centre(weight: Tensor, shape: torch.Size) -> Tensor:
    """The centre of a kernel, cut to `shape`; the channels are the same."""
    if weight.shape == shape:
        return weight
    margin = (weight.shape[-1] - shape[-1]) // 2
    return weight[..., margin : margin + shape[-2], margin : margin + shape[-1]]
