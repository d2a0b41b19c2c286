"""Choices, and the paths that they make through a supernet."""

import torch
from making_search import stir

from nas.space.genotype import CELLS, DECODER, Genotype
from nas.space.paths import Choices, gumbel_path, one_hot, one_hot_path
from nas.space.supernet import Supernet


def _gumbel_noise(like):
    return like.map(lambda a: -torch.log(-torch.log(torch.rand_like(a))))


def test_gumbel_path_draws_one_operation_a_slot_with_the_softmax_frequencies():
    torch.manual_seed(0)
    alphas = Supernet(1).choices.map(lambda a: torch.zeros_like(a))
    alphas.operations[:, 2] = 1.5
    counts = alphas.map(torch.zeros_like)
    for _ in range(400):
        path = gumbel_path(alphas, 1.0, _gumbel_noise(alphas))
        assert all(len(active) == 1 for active in path.active)
        counts = counts.map(torch.add, path.weigh(alphas))
    for drawn, of_part in zip(counts, alphas, strict=True):
        frequencies = drawn.sum(0) / drawn.sum()
        torch.testing.assert_close(frequencies, of_part.softmax(1)[0], atol=0.03, rtol=0)


def test_gumbel_gradient_reaches_the_alphas():
    # straight-through: the hard draw forward, the relaxed gradient back
    supernet = stir(Supernet(2))
    path = gumbel_path(supernet.choices, 2.0, _gumbel_noise(supernet.choices))
    supernet(torch.rand(1, 3, 16, 16), path).square().mean().backward()
    assert all(alphas.grad.abs().sum() > 0 for alphas in supernet.choices)


def test_only_the_drawn_operations_get_gradients():
    supernet, genotype = stir(Supernet(2, shared=False)), Genotype.sample(7)
    supernet(torch.rand(1, 3, 16, 16), one_hot_path(genotype)).sum().backward()
    for cell in CELLS:
        for i, drawn in enumerate(genotype.cells[cell]):
            for name, operation in supernet.cells[cell][i].operation.operations.each.items():
                grads = [p.grad is not None for p in operation.parameters()]
                assert all(grads) if name == drawn else not any(grads)
    for cell in DECODER:
        for name, fusion in supernet.fuse[cell].operations.each.items():
            grads = [p.grad is not None for p in fusion.parameters()]
            assert all(grads) if name == genotype.fusions[cell] else not any(grads)


def test_the_genotype_of_its_one_hot_choices_is_itself():
    genotype = Genotype.sample(3)
    assert one_hot(genotype).genotype() == genotype
    assert isinstance(one_hot(genotype), Choices)
