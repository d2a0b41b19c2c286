"""Numbers for every option of the space, and the paths that they make through a supernet."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from nas.space.genotype import FUSION_NAMES, OPERATION_NAMES, WIDTHS, Genotype


class Choices(NamedTuple):
    """One number for each option of the space: alphas, probabilities, noise, a gradient.

    operations : (27, 8), slots in the order the data flows, operations as in `OPERATION_NAMES`
    fusions : (4, 3), decoder cells in the order the data flows, fusions as in `FUSION_NAMES`
    """

    operations: Tensor
    fusions: Tensor

    def map(self, function: Callable[..., Tensor], *others: "Choices") -> "Choices":
        """The function applied to each part, together with the same part of `others`."""
        return Choices(*(function(*parts) for parts in zip(self, *others, strict=True)))

    def rows(self) -> list[Tensor]:
        """The 31 rows: of the 27 slots, then of the 4 fusions."""
        return [row for part in self for row in part.unbind(0)]

    def row(self, number: int, values: Tensor) -> "Choices":
        """A copy in which one of the 31 rows has these values."""
        rows = self.rows()
        rows[number] = values
        slots = len(self.operations)
        return Choices(torch.stack(rows[:slots]), torch.stack(rows[slots:]))

    def genotype(self, widths: tuple[int, ...] = WIDTHS) -> Genotype:
        """The option of the largest number in each row."""
        names = [OPERATION_NAMES[i] for i in self.operations.argmax(1).tolist()]
        fusions = [FUSION_NAMES[i] for i in self.fusions.argmax(1).tolist()]
        return Genotype.from_flat(names, fusions, widths)


def one_hot(genotype: Genotype, device: torch.device | str = "cpu") -> Choices:
    """1 for what the genotype chooses, else 0."""

    def encode(chosen: list[str], names: tuple[str, ...]) -> Tensor:
        numbers = torch.tensor([names.index(name) for name in chosen], device=device)
        return F.one_hot(numbers, len(names)).float()

    return Choices(
        encode(genotype.flat(), OPERATION_NAMES), encode(genotype.flat_fusions(), FUSION_NAMES)
    )


def softmax(logits: Choices) -> Choices:
    """The probability of each choice."""
    return logits.map(lambda part: F.softmax(part, dim=1))


@dataclass(frozen=True)
class OpPath:
    """One path through the supernet: which options are computed, and how they are weighted.

    active : for each of the 31 rows of `Choices`, the numbers of the options that are computed
    weigh : logits -> weights, differentiable
    """

    active: list[tuple[int, ...]]
    weigh: Callable[[Choices], Choices]

    def under(self, logits: Choices) -> "OpPath":
        """The path with the weights that these logits give, not those of the supernet."""
        weights = self.weigh(logits)
        return OpPath(self.active, lambda _: weights)


def softmax_path(logits: Choices) -> OpPath:
    """All operations, weighted by their softmax (DARTS, Liu et al. 2019, eq. 2)."""
    weights = softmax(logits.map(torch.detach))
    return OpPath([tuple(row.nonzero().flatten().tolist()) for row in weights.rows()], softmax)


def gumbel_path(logits: Choices, temperature: float, noise: Choices) -> OpPath:
    """One option a row, drawn from the softmax (GDAS, Dong & Yang 2019, eq. 5 and 6).

    The drawn option has weight 1 in the forward pass; in the backward pass its gradient is that of
    the relaxed sample softmax((log p + noise) / temperature).

    noise : standard Gumbel
    """

    def relaxed(a: Tensor, n: Tensor) -> Tensor:
        return F.softmax((F.log_softmax(a, dim=1) + n) / temperature, dim=1)

    drawn = logits.map(lambda a, n: relaxed(a.detach(), n).argmax(dim=1), noise)
    hard = logits.map(lambda a, i: F.one_hot(i, a.shape[1]).to(a.dtype), drawn)

    def straight_through(a: Tensor, n: Tensor, h: Tensor) -> Tensor:
        soft = relaxed(a, n)
        return h + soft - soft.detach()

    return OpPath(
        [(i,) for part in drawn for i in part.tolist()],
        lambda a: a.map(straight_through, noise, hard),
    )


def one_hot_path(genotype: Genotype, device: torch.device | str = "cpu") -> OpPath:
    """The genotype's options alone, each with weight 1: the supernet as the discrete network."""
    hard = one_hot(genotype, device)
    return OpPath([(int(row.argmax()),) for row in hard.rows()], lambda a: hard)
