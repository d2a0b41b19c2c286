"""The supernet: the frame with a mixed operation in every slot, and the alphas that weight them."""

from collections.abc import Sequence

import torch
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
from nas.space.paths import Choices, OpPath
from nas.space.weight_sharing import OwnOps, SharedOps

EDGES = len(CELLS) * SLOTS

START = 0.1  # of every slot's beta


class MixedOp(nn.Module):
    """Weighted sum of the active operations; the others are not computed.

    Parameters
    ----------
    names : tuple of str
    operations : module that computes `operations(name, *inputs)`, with `weights_of(name)`
    """

    def __init__(self, names: tuple[str, ...], operations: SharedOps | OwnOps) -> None:
        super().__init__()
        self.names, self.operations = names, operations

    def forward(self, *inputs: Tensor, weights: Tensor, active: Sequence[int]) -> Tensor:
        """The mix of the inputs (a slot has one, a fusion two).

        weights : (n,), one for each name
        active : numbers of the operations to compute
        """
        parts = [weights[i] * self.operations(self.names[i], *inputs) for i in active]
        return sum(parts[1:], parts[0])


class Supernet(Frame):
    """Frame with a mixed op in each of its 27 slots and 4 fusions (see `Frame` for shapes).

    Parameters
    ----------
    width, widths : as in `Frame`
    shared : bool
        Whether the operations of a slot share one set of weights (`nas.space.weight_sharing`).

    Attributes
    ----------
    alphas : (27, 8) parameter
    fusion_alphas : (4, 3) parameter
        Architecture weights before the softmax; zero at the start. In the state dict, but not
        among `weights()`, the parameters of the weight optimiser.
    prior, fusion_prior : (27, 8) and (4, 3) buffers
        Added to the alphas to give the logits; zero unless set by `set_prior`.
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
        for name, beta in self.named_parameters():
            if name.endswith(".beta"):  # untrained operations at full strength favour `zero`
                nn.init.constant_(beta, START)
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
        """The prior of the slots and of the fusions."""
        return Choices(*map(self.get_buffer, self.PRIOR))

    @property
    def logits(self) -> Choices:
        """Alphas plus prior: the sampler takes their softmax."""
        return self.choices.map(torch.add, self.prior_choices)

    @torch.no_grad()
    def set_prior(self, prior: Choices) -> None:
        """Set the logits of a supernet whose alphas are still zero."""
        self.prior_choices.map(Tensor.copy_, prior)

    def forward(self, x: Tensor, path: OpPath) -> Tensor:
        choices = list(zip(path.weigh(self.logits).rows(), path.active, strict=True))

        def cell(name: str, h: Tensor) -> Tensor:
            first = CELLS.index(name) * SLOTS
            chosen = choices[first : first + SLOTS]
            for slot, (weights, active) in zip(self.cells[name].children(), chosen, strict=True):
                h = slot(h, weights=weights, active=active)
            return h

        def fuse(name: str, up: Tensor, skip: Tensor) -> Tensor:
            weights, active = choices[EDGES + DECODER.index(name)]
            return self.fuse[name](up, skip, weights=weights, active=active)

        return self.run(x, cell, fuse)

    def weights(self) -> list[nn.Parameter]:
        """Every parameter but the alphas."""
        return [p for name, p in self.named_parameters() if name not in self.ALPHAS]

    def genotype(self) -> Genotype:
        """Discretise: the option of the largest alpha in each slot and fusion."""
        return self.choices.genotype(self.widths)

    def network_state(self, genotype: Genotype) -> dict[str, Tensor]:
        """State dict for `Network(genotype)` with this supernet's weights."""
        chosen = {f"fuse.{cell}.": name for cell, name in genotype.fusions.items()}
        for cell, names in genotype.cells.items():
            chosen |= {f"cells.{cell}.{i}.operation.": name for i, name in enumerate(names)}
        state = {
            key: value
            for key, value in self.state_dict().items()
            if ".operations." not in key and key not in self.ALPHAS + self.PRIOR
        }
        for place, name in chosen.items():
            mixed = self.get_submodule(place.rstrip("."))
            assert isinstance(mixed, MixedOp)
            for key, value in mixed.operations.weights_of(name).items():
                state[place + key] = value.detach().clone()
        return state
