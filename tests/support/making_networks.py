"""Networks of width 2 in files, stand-ins for networks, and images to restore with them."""

import numpy as np
import torch
from torch import nn

from nas.checkpoint import save_model
from nas.space.network import build


def save_network(folder, arch="naf", name=None):
    """Save a fresh network: those of the search space are the identity, "unet" is not."""
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    info = {"name": name or arch, "arch": arch, "width": 2, "settings": {}}
    save_model(folder / "model.safetensors", build(arch, 2), info)
    return folder


class Net(nn.Module):
    """A stand-in with the contract of the real networks; notes the shapes it is given."""

    stride = 16

    def __init__(self, body=None):
        super().__init__()
        self.body = body or nn.Identity()
        self.shapes = []

    def forward(self, x):
        assert x.dtype == torch.float32
        assert x.min() >= 0
        assert x.max() <= 1
        assert not torch.is_grad_enabled()
        self.shapes.append(tuple(x.shape))
        return self.body(x)


def conv():
    torch.manual_seed(0)
    layer = nn.Conv2d(3, 3, 7, padding=3)
    nn.init.uniform_(layer.weight, 0, 2 / 147)  # stays in [0, 1] but for the borders' darkening
    nn.init.zeros_(layer.bias)
    return layer


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
