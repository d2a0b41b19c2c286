"""Draws from the logits: the path of a step, and genotypes within a budget."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from nas.cost.table import CostTable
from nas.space.genotype import Genotype
from nas.space.paths import Choices, OpPath, gumbel_path, softmax_path
from nas.strategy.settings import SearchSettings

TRIES = 100  # draws over the budget before the knapsack decides


class Sampler:
    """The draws of a search; each depends on logits, seed, step and purpose alone."""

    def __init__(self, settings: SearchSettings) -> None:
        self.settings = settings
        self.total = settings.epochs * settings.steps

    def path(self, logits: Choices, step: int, purpose: int) -> OpPath:
        """The path of step 0 .. total-1."""
        s = self.settings
        if s.sampler == "softmax":
            return softmax_path(logits)
        rng = np.random.default_rng((s.seed, 2, purpose, step))

        def gumbel_noise(like: Tensor) -> Tensor:
            return torch.from_numpy(rng.gumbel(size=like.shape)).to(like)

        warm = s.warmup * s.steps  # the alphas are not trained before
        progress = max(0.0, (step - warm) / max(1, self.total - warm))
        temperature = s.temperature + (s.final_temperature - s.temperature) * progress
        return gumbel_path(logits.map(torch.detach), temperature, logits.map(gumbel_noise))


def sample_within_budget(
    logits: Choices, rng: np.random.Generator, costs: CostTable, budget: float
) -> Iterator[Genotype]:
    """Endless genotypes drawn from the logits' softmax; those over the budget are drawn again.

    After 100 draws over the budget, the last one's noisy logits are the scores of a knapsack.
    """

    def noisy(part: Tensor) -> Tensor:
        return part + torch.from_numpy(rng.gumbel(size=part.shape)).to(part)

    while True:
        for _ in range(TRIES):
            scores = logits.map(noisy)
            genotype = scores.genotype(costs.widths)
            if costs.of(genotype) <= budget:
                break
        else:
            genotype = costs.within(scores.operations, scores.fusions, budget)
        yield genotype
