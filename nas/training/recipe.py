"""The recipe by which every network's weights are trained, in search, retrain and compare.

Muon for convolutions, AdamW for all else, one learning rate that rises and then falls as a cosine,
clipped gradients. It was chosen by measurement (experiments/recipe); from about 10,000 steps on,
half the default learning rate is better. The loss is in `nas.training.loss`, crops and flips are in
`nas.training.batches`.
"""

import math
from collections.abc import Iterable, Mapping

import torch
from torch import nn

from nas.training.muon import Muon

BETAS = (0.9, 0.99)
WEIGHT_DECAY = 1e-3
LARGEST_NORM = 1.0  # of the gradient of all weights together; a longer one is scaled down to it
WARMUP = 0.05  # share of the steps in which the learning rate rises

Optimisers = dict[str, torch.optim.Optimizer]


def make_optimisers(weights: Iterable[nn.Parameter], lr: float) -> Optimisers:
    """The optimisers of a network's weights by name; `update` sets their learning rate."""
    weights = list(weights)
    kernels = [w for w in weights if w.ndim == 4]
    others = [w for w in weights if w.ndim != 4]
    optimisers: Optimisers = {}
    if kernels:
        optimisers["muon"] = Muon(kernels, lr, weight_decay=WEIGHT_DECAY)
    if others:
        optimisers["adamw"] = torch.optim.AdamW(
            others, lr=lr, betas=BETAS, weight_decay=WEIGHT_DECAY, fused=True
        )
    return optimisers


def learning_rate(step: int, steps: int, highest: float, last: float) -> float:
    """A linear rise to `highest` over the first steps, then half a cosine to `last` at `steps`.

    Examples
    --------
    >>> [round(learning_rate(step, 40, 1.0, 0.0), 3) for step in (0, 1, 2, 21, 40)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    rise = round(WARMUP * steps)
    if step < rise:
        return highest * (step + 1) / rise
    fall = (step - rise) / (steps - rise)
    return last + (highest - last) * 0.5 * (1 + math.cos(math.pi * fall))


def update(optimisers: Mapping[str, torch.optim.Optimizer], rate: float) -> None:
    """Clip the gradients of all weights together and take one step at this learning rate."""
    weights = []
    for optimiser in optimisers.values():
        for group in optimiser.param_groups:
            group["lr"] = rate
            weights += group["params"]
    torch.nn.utils.clip_grad_norm_(weights, LARGEST_NORM)
    for optimiser in optimisers.values():
        optimiser.step()
