"""The supernet: every choice a mixed op, and the alphas that say what it becomes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .cell import Frame
from .genotype import CELLS, DECODER, FUSION_NAMES, OPERATION_NAMES, SLOTS, WIDTHS, Genotype
from .ops import FUSIONS, OPERATIONS

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


def softmax(alphas: Choices) -> Choices:
    """The probability of each choice."""
    return alphas.map(lambda part: F.softmax(part, dim=1))


class MixedOp(nn.Module):
    """Sum of weight times operation over the active operations; the others are not computed."""

    def __init__(self, choices: Mapping[str, Callable[[int], nn.Module]], channels: int) -> None:
        super().__init__()
        self.names = tuple(choices)
        self.operations = nn.ModuleDict({n: make(channels) for n, make in choices.items()})

    def forward(self, *inputs_and_choice: object) -> Tensor:
        """The input (a fusion has two), (n,) weights, and the numbers of the active operations."""
        *inputs, weights, active = inputs_and_choice
        parts = [weights[i] * self.operations[self.names[i]](*inputs) for i in active]  # type: ignore[index, attr-defined]
        return sum(parts[1:], parts[0])


@dataclass(frozen=True)
class OpPath:
    """One draw of the sampler: which operations run, and their weights as a function of alphas.

    active : for each of the 31 rows of `Choices` the numbers of what runs.
    weigh : alphas -> weights, differentiable.
    """

    active: list[tuple[int, ...]]
    weigh: Callable[[Choices], Choices]


def softmax_path(alphas: Choices) -> OpPath:
    """All operations, weighted by softmax(alpha) (DARTS, Liu et al. 2019, eq. 2)."""
    return OpPath([tuple(range(len(row))) for row in alphas.rows()], softmax)


def gumbel_path(alphas: Choices, temperature: float, noise: Choices) -> OpPath:
    """One operation a slot, drawn from softmax(alpha) (GDAS, Dong & Yang 2019, eq. 5 and 6).

    The weight of the drawn operation is 1 going forward; going back its gradient is that of the
    relaxed sample softmax((log p + noise) / temperature).

    noise : standard Gumbel.
    """

    def relaxed(a: Tensor, n: Tensor) -> Tensor:
        return F.softmax((F.log_softmax(a, dim=1) + n) / temperature, dim=1)

    drawn = alphas.map(lambda a, n: relaxed(a.detach(), n).argmax(dim=1), noise)
    hard = alphas.map(lambda a, i: F.one_hot(i, a.shape[1]).to(a.dtype), drawn)

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

    Attributes
    ----------
    alphas : (27, 8) parameter
    fusion_alphas : (4, 3) parameter
        Architecture weights before the softmax; all zero at the start. In the state dict, but
        not among `weights()`, which is what the weight optimiser holds.
    """

    ALPHAS = ("alphas", "fusion_alphas")

    def __init__(self, width: int, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__(
            width,
            lambda cell, i, channels: MixedOp(OPERATIONS, channels),
            lambda cell, channels: MixedOp(FUSIONS, channels),
            widths,
        )
        self.widths = widths
        self.alphas = nn.Parameter(torch.zeros(EDGES, len(OPERATION_NAMES)))
        self.fusion_alphas = nn.Parameter(torch.zeros(len(DECODER), len(FUSION_NAMES)))

    @property
    def choices(self) -> Choices:
        """The alphas of the slots and of the fusions: the parameters themselves."""
        return Choices(self.alphas, self.fusion_alphas)

    def forward(self, x: Tensor, path: OpPath) -> Tensor:
        weights = path.weigh(self.choices)
        return self.run(x, list(zip(weights.rows(), path.active, strict=True)))

    def weights(self) -> list[nn.Parameter]:
        """Every parameter but the alphas."""
        return [p for name, p in self.named_parameters() if name not in self.ALPHAS]

    def genotype(self) -> Genotype:
        """Discretise: what has the largest alpha in each slot and fusion."""
        return self.choices.genotype(self.widths)

    def network_state(self, genotype: Genotype) -> dict[str, Tensor]:
        """State dict of `Network(genotype)` with this supernet's weights."""
        chosen = {
            f"cells.{cell}.{i}.operation.": name
            for cell, names in genotype.cells.items()
            for i, name in enumerate(names)
        }
        chosen |= {f"fuse.{cell}.": name for cell, name in genotype.fusions.items()}
        state = {}
        for key, value in self.state_dict().items():
            place, of_mixed, rest = key.partition("operations.")
            name, _, key_inside = rest.partition(".")
            if not of_mixed and key not in self.ALPHAS:
                state[key] = value
            elif of_mixed and chosen[place] == name:
                state[place + key_inside] = value
        return state
