"""The supernet: every slot a mixed op, and the alphas that say which operation it becomes."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .cell import Frame
from .genotype import CELLS, OPERATION_NAMES, SLOTS, Genotype
from .ops import OPERATIONS

EDGES = len(CELLS) * SLOTS


class MixedOp(nn.Module):
    """Sum of weight times operation over the active operations; the others are not computed."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.operations = nn.ModuleDict({n: make(channels) for n, make in OPERATIONS.items()})

    def forward(self, x: Tensor, weights: Tensor, active: tuple[int, ...]) -> Tensor:
        parts = [weights[i] * self.operations[OPERATION_NAMES[i]](x) for i in active]
        return sum(parts[1:], parts[0])


@dataclass(frozen=True)
class OpPath:
    """One draw of the sampler: which operations run, and their weights as a function of alphas.

    active : for each of the 27 slots the numbers of the operations that run.
    weigh : (27, 8) alphas -> (27, 8) weights, differentiable.
    """

    active: list[tuple[int, ...]]
    weigh: Callable[[Tensor], Tensor]


def softmax_path(alphas: Tensor) -> OpPath:
    """All operations, weighted by softmax(alpha) (DARTS, Liu et al. 2019, eq. 2)."""
    return OpPath([tuple(range(alphas.shape[1]))] * alphas.shape[0], lambda a: F.softmax(a, dim=1))


def gumbel_path(alphas: Tensor, temperature: float, noise: Tensor) -> OpPath:
    """One operation a slot, drawn from softmax(alpha) (GDAS, Dong & Yang 2019, eq. 5 and 6).

    The weight of the drawn operation is 1 going forward; going back its gradient is that of the
    relaxed sample softmax((log p + noise) / temperature).

    noise : (27, 8) standard Gumbel.
    """

    def relaxed(a: Tensor) -> Tensor:
        return F.softmax((F.log_softmax(a, dim=1) + noise) / temperature, dim=1)

    chosen = relaxed(alphas.detach()).argmax(dim=1)
    hard = F.one_hot(chosen, alphas.shape[1]).to(alphas.dtype)

    def weigh(a: Tensor) -> Tensor:
        soft = relaxed(a)
        return hard + soft - soft.detach()

    return OpPath([(i,) for i in chosen.tolist()], weigh)


def one_hot_path(genotype: Genotype, device: torch.device | str = "cpu") -> OpPath:
    """The genotype's operations alone, weight 1: the supernet as the discrete network."""
    chosen = [OPERATION_NAMES.index(name) for name in genotype.flat()]
    hard = F.one_hot(torch.tensor(chosen, device=device), len(OPERATION_NAMES)).float()
    return OpPath([(i,) for i in chosen], lambda a: hard)


class Supernet(Frame):
    """Frame with a mixed op in each of its 27 slots (see `Frame` for shapes).

    Attributes
    ----------
    alphas : (27, 8) parameter
        Architecture weights before the softmax; all zero at the start. In the state dict, but
        not among `weights()`, which is what the weight optimiser holds.
    """

    def __init__(self, width: int) -> None:
        super().__init__(width, lambda cell, i, channels: MixedOp(channels))
        self.alphas = nn.Parameter(torch.zeros(EDGES, len(OPERATION_NAMES)))

    def forward(self, x: Tensor, path: OpPath) -> Tensor:
        weights = path.weigh(self.alphas)
        return self.run(x, list(zip(weights.unbind(0), path.active, strict=True)))

    def weights(self) -> list[nn.Parameter]:
        """Every parameter but the alphas."""
        return [p for name, p in self.named_parameters() if name != "alphas"]

    def genotype(self) -> Genotype:
        """Discretise: the operation of the largest alpha in each slot."""
        return Genotype.from_flat([OPERATION_NAMES[i] for i in self.alphas.argmax(1).tolist()])

    def network_state(self, genotype: Genotype) -> dict[str, Tensor]:
        """State dict of `Network(genotype)` with this supernet's weights."""
        state = {
            key: value
            for key, value in self.state_dict().items()
            if key != "alphas" and ".operation." not in key
        }
        for cell, names in genotype.cells.items():
            for i, name in enumerate(names):
                chosen = self.cells[cell][i].operation.operations[name]  # type: ignore[index]
                for key, value in chosen.state_dict().items():
                    state[f"cells.{cell}.{i}.operation.{key}"] = value
        return state
