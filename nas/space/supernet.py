"""The supernet: every choice a mixed op, and the alphas that say what it becomes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nas.space.frame import Frame
from nas.space.genotype import (
    CELLS,
    DECODER,
    FUSION_NAMES,
    OPERATION_NAMES,
    SLOTS,
    WIDTHS,
    Genotype,
)
from nas.space.operations import FUSIONS, OPERATIONS
from nas.space.weight_sharing import OwnOps, SharedOps

EDGES = len(CELLS) * SLOTS


class Choices(NamedTuple):
    """A number for each thing that can be chosen: alphas, their softmax, noise, a gradient.

    operations : (27, 8), slots in the order the data flows, operations as in `OPERATION_NAMES`
    fusions : (4, 3), decoder cells in the order the data flows, fusions as in `FUSION_NAMES`
    """

    operations: Tensor
    fusions: Tensor

    def map(self, function: Callable[..., Tensor], *others: "Choices") -> "Choices":
        """The function of each part, and of the same parts of `others`."""
        return Choices(*(function(*parts) for parts in zip(self, *others, strict=True)))

    def rows(self) -> list[Tensor]:
        """The 31 rows: of the 27 slots, then of the 4 fusions."""
        return [row for part in self for row in part.unbind(0)]

    def row(self, number: int, values: Tensor) -> "Choices":
        """The same with one of the 31 rows exchanged."""
        rows = self.rows()
        rows[number] = values
        slots = len(self.operations)
        return Choices(torch.stack(rows[:slots]), torch.stack(rows[slots:]))

    def genotype(self, widths: tuple[int, ...] = WIDTHS) -> Genotype:
        """What has the largest number in each row."""
        names = [OPERATION_NAMES[i] for i in self.operations.argmax(1).tolist()]
        fusions = [FUSION_NAMES[i] for i in self.fusions.argmax(1).tolist()]
        return Genotype.from_flat(names, fusions, widths)


def one_hot(genotype: Genotype, device: torch.device | str = "cpu") -> Choices:
    """1 for what the genotype chooses, else 0."""
    rows = (genotype.flat(), OPERATION_NAMES), (genotype.flat_fusions(), FUSION_NAMES)
    chosen = [torch.tensor([names.index(n) for n in row], device=device) for row, names in rows]
    return Choices(
        *(F.one_hot(c, len(names)).float() for c, (_, names) in zip(chosen, rows, strict=True))
    )


def softmax(logits: Choices) -> Choices:
    """The probability of each choice."""
    return logits.map(lambda part: F.softmax(part, dim=1))


class MixedOp(nn.Module):
    """Sum of weight times operation over the active operations; the others are not computed.

    Parameters
    ----------
    names : tuple of str
    operations : module that computes `operations(name, *inputs)`, with `weights_of(name)`
    """

    def __init__(self, names: tuple[str, ...], operations: "SharedOps | OwnOps") -> None:
        super().__init__()
        self.names, self.operations = names, operations

    def forward(self, *inputs_and_choice: object) -> Tensor:
        """The input (a fusion has two), (n,) weights, and the numbers of the active operations."""
        *inputs, weights, active = inputs_and_choice
        parts = [weights[i] * self.operations(self.names[i], *inputs) for i in active]  # type: ignore[index, attr-defined]
        return sum(parts[1:], parts[0])


@dataclass(frozen=True)
class OpPath:
    """One draw of the sampler: which operations run, and their weights as a function of logits.

    active : for each of the 31 rows of `Choices` the numbers of what runs.
    weigh : logits -> weights, differentiable.
    """

    active: list[tuple[int, ...]]
    weigh: Callable[[Choices], Choices]

    def under(self, logits: Choices) -> "OpPath":
        """The path with the weights of these logits, whatever those of the supernet."""
        weights = self.weigh(logits)
        return OpPath(self.active, lambda _: weights)


def softmax_path(logits: Choices) -> OpPath:
    """All operations, weighted by their softmax (DARTS, Liu et al. 2019, eq. 2)."""
    weights = softmax(logits.map(torch.detach))
    return OpPath([tuple(row.nonzero().flatten().tolist()) for row in weights.rows()], softmax)


def gumbel_path(logits: Choices, temperature: float, noise: Choices) -> OpPath:
    """One operation a slot, drawn from the softmax (GDAS, Dong & Yang 2019, eq. 5 and 6).

    The weight of the drawn operation is 1 going forward; going back its gradient is that of the
    relaxed sample softmax((log p + noise) / temperature).

    noise : standard Gumbel.
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
    """The genotype's operations alone, weight 1: the supernet as the discrete network."""
    hard = one_hot(genotype, device)
    return OpPath([(int(row.argmax()),) for row in hard.rows()], lambda a: hard)


class Supernet(Frame):
    """Frame with a mixed op in each of its 27 slots and 4 fusions (see `Frame` for shapes).

    Parameters
    ----------
    width, widths : as in `Frame`
    shared : bool
        Whether the operations of a slot are one set of weights (`nas.space.weight_sharing`) or
        each has its own.

    Attributes
    ----------
    alphas : (27, 8) parameter
    fusion_alphas : (4, 3) parameter
        Architecture weights before the softmax; all zero at the start. In the state dict, but
        not among `weights()`, which is what the weight optimiser holds.
    prior, fusion_prior : (27, 8) and (4, 3) buffers
        What is added to the alphas to make the logits; zero unless set by `set_prior`.
    """

    ALPHAS = ("alphas", "fusion_alphas")
    PRIOR = ("prior", "fusion_prior")

    def __init__(self, width: int, widths: tuple[int, ...] = WIDTHS, shared: bool = True) -> None:
        def operations(channels: int) -> SharedOps | OwnOps:
            return SharedOps(channels) if shared else OwnOps(OPERATIONS, channels)

        super().__init__(
            width,
            lambda cell, i, channels: MixedOp(OPERATION_NAMES, operations(channels)),
            lambda cell, channels: MixedOp(FUSION_NAMES, OwnOps(FUSIONS, channels)),
            widths,
        )
        self.widths = widths
        self.alphas = nn.Parameter(torch.zeros(EDGES, len(OPERATION_NAMES)))
        self.fusion_alphas = nn.Parameter(torch.zeros(len(DECODER), len(FUSION_NAMES)))
        for name, alphas in zip(self.PRIOR, self.choices, strict=True):
            self.register_buffer(name, torch.zeros_like(alphas))

    @property
    def choices(self) -> Choices:
        """The alphas of the slots and of the fusions: the parameters themselves."""
        return Choices(self.alphas, self.fusion_alphas)

    @property
    def prior_choices(self) -> Choices:
        """The logits while nothing is learnt."""
        return Choices(*map(self.get_buffer, self.PRIOR))

    @property
    def logits(self) -> Choices:
        """Alphas plus prior: what the sampler takes the softmax of."""
        return self.choices.map(torch.add, self.prior_choices)

    @torch.no_grad()
    def set_prior(self, prior: Choices) -> None:
        """The logits while nothing is learnt yet: all alphas zero."""
        self.prior_choices.map(Tensor.copy_, prior)

    def forward(self, x: Tensor, path: OpPath) -> Tensor:
        weights = path.weigh(self.logits)
        return self.run(x, list(zip(weights.rows(), path.active, strict=True)))

    def weights(self) -> list[nn.Parameter]:
        """Every parameter but the alphas."""
        return [p for name, p in self.named_parameters() if name not in self.ALPHAS]

    def genotype(self) -> Genotype:
        """Discretise: what has the largest alpha in each slot and fusion."""
        return self.choices.genotype(self.widths)

    def network_state(self, genotype: Genotype) -> dict[str, Tensor]:
        """State dict of `Network(genotype)` with this supernet's weights."""
        taken = {f"fuse.{cell}.": name for cell, name in genotype.fusions.items()}
        for cell, names in genotype.cells.items():
            taken |= {f"cells.{cell}.{i}.operation.": name for i, name in enumerate(names)}
        state = {
            key: value
            for key, value in self.state_dict().items()
            if ".operations." not in key and key not in self.ALPHAS + self.PRIOR
        }
        for place, name in taken.items():
            mixed: MixedOp = self.get_submodule(place.rstrip("."))  # type: ignore[assignment]
            for key, value in mixed.operations.weights_of(name).items():
                state[place + key] = value.detach().clone()
        return state
