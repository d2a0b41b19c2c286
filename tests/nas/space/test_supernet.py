"""The supernet holds every network of the space."""

import pytest
import torch
from making_search import stir, toy_table

from nas.space.genotype import OPERATION_NAMES, Genotype
from nas.space.network import Network
from nas.space.operations import (
    OPERATIONS,
)
from nas.space.paths import Choices, one_hot, one_hot_path, softmax_path
from nas.space.supernet import MixedOp, Supernet
from nas.space.weight_sharing import OwnOps


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("widths", [(1, 2, 4, 8, 16), (2, 3, 3, 4, 1)])
@pytest.mark.parametrize("shared", [True, False])
def test_one_hot_supernet_equals_the_discrete_network(seed, widths, shared):
    drawn = Genotype.sample(seed)
    genotype = Genotype(drawn.cells, drawn.fusions, widths)
    supernet = stir(Supernet(4, widths, shared))
    net = Network(genotype, 4)
    net.load_state_dict(supernet.network_state(genotype))
    x = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(supernet(x, one_hot_path(genotype)), net(x))


def test_softmax_of_a_very_sharp_alpha_is_the_one_hot_network():
    supernet, genotype = stir(Supernet(2)), Genotype.sample(5)
    with torch.no_grad():
        for alphas, chosen in zip(supernet.choices, one_hot(genotype), strict=True):
            alphas.copy_(100 * chosen)
    x = torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(
        supernet(x, softmax_path(supernet.choices)), supernet(x, one_hot_path(genotype))
    )
    assert supernet.genotype() == genotype


def test_mixed_op_is_linear_in_its_weights():
    ops = OwnOps(OPERATIONS, 4)
    op, x = stir(MixedOp(OPERATION_NAMES, ops)), torch.rand(1, 4, 8, 8)
    p, q = torch.rand(8), torch.rand(8)
    first, second, both = (op(x, weights=w, active=range(8)) for w in (p, q, p + q))
    torch.testing.assert_close(both, first + second)


def test_alphas_are_saved_but_not_the_weight_optimisers():
    supernet = Supernet(2)
    assert {"alphas", "fusion_alphas"} <= set(supernet.state_dict())
    assert all(p is not alphas for p in supernet.weights() for alphas in supernet.choices)
    assert len(supernet.weights()) == len(list(supernet.parameters())) - 2


def test_the_prior_is_kept_but_neither_trained_nor_argmaxed():
    net, prior = Supernet(2), Choices(*map(torch.from_numpy, toy_table().max_entropy_logits(30.0)))
    net.set_prior(prior)
    again = Supernet(2)
    again.load_state_dict(net.state_dict())
    for a, b, c in zip(again.prior_choices, prior, again.logits, strict=True):
        torch.testing.assert_close(a, b.float())
        assert torch.equal(a, c)  # alphas are zero
    names = {name for name, _ in net.named_parameters()}
    assert not names & set(Supernet.PRIOR)
    with torch.no_grad():
        net.choices.operations[:, 3] = 0.1
    assert set(net.genotype().flat()) == {"dw3"}


def test_a_network_takes_the_weights_of_a_supernet_with_a_prior():
    net = Supernet(2)
    net.set_prior(Choices(*map(torch.from_numpy, toy_table().max_entropy_logits(30.0))))
    drawn = Genotype.sample(2)
    genotype = Genotype(drawn.cells, dict(zip(drawn.fusions, ("concat", "gated", "add", "concat"),
                                              strict=True)))  # fmt: skip
    with torch.no_grad():
        for p in net.weights():
            p.add_(0.05 * torch.randn(p.shape))
    network, x = Network(genotype, 2), torch.rand(1, 3, 32, 32)
    network.load_state_dict(net.network_state(genotype), strict=True)
    torch.testing.assert_close(network(x), net(x, one_hot_path(genotype)))
