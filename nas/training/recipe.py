"""The recipe by which every network's weights are trained, in search, retrain and compare.

That of NAFNet (Chen et al. 2022): AdamW, a cosine learning rate, clipped gradients. The loss is in
`nas.training.loss`, crops and flips are in `nas.training.batches`.
"""

import math
from collections.abc import Iterable

import torch
from torch import nn

BETAS = (0.9, 0.9)
WEIGHT_DECAY = 1e-3
LARGEST_NORM = 1.0  # of the gradient of all weights together; larger gradients are scaled down


def make_optimiser(weights: Iterable[nn.Parameter], lr: float) -> torch.optim.Optimizer:
    """The optimiser of a network's weights; `update` sets its learning rate at each step."""
    return torch.optim.AdamW(weights, lr=lr, betas=BETAS, weight_decay=WEIGHT_DECAY, fused=True)


def learning_rate(step: int, steps: int, first: float, last: float) -> float:
    """Half a cosine, from `first` at step 0 down to `last` at step `steps`.

    Examples
    --------
    >>> [round(learning_rate(step, 4, 1.0, 0.0), 3) for step in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """
    return last + (first - last) * 0.5 * (1 + math.cos(math.pi * step / steps))


def update(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Clip the gradients that the weights hold and take one step at this learning rate."""
    weights = []
    for group in optimiser.param_groups:
        group["lr"] = rate
        weights += group["params"]
    torch.nn.utils.clip_grad_norm_(weights, LARGEST_NORM)
    optimiser.step()
