"""Discretisation on losses whose best genotype is known."""

import math
from itertools import islice, pairwise

import numpy as np
import pytest
import torch
from making_search import toy_table

from nas.cost.table import CostTable
from nas.space.genotype import WIDTHS, Genotype
from nas.space.paths import Choices, gumbel_path, one_hot, softmax
from nas.strategy.perturbation import count_losses, perturb, pinned, without
from nas.strategy.sampler import sample_within_budget

FREE = CostTable.free(2, WIDTHS)
UNIFORM = Choices(torch.zeros(27, 8), torch.zeros(4, 3))
ROWS = 31


def random_choices(seed=0, scale=1.0):
    make = torch.Generator().manual_seed(seed)
    return UNIFORM.map(lambda part: scale * torch.randn(part.shape, generator=make))


class Additive:
    """A loss that each choice lowers by its own worth, in proportion to its probability."""

    def __init__(self, worth):
        self.worth, self.seen = worth, []

    def __call__(self, logits):
        self.seen.append(logits)
        parts = zip(softmax(logits.map(torch.Tensor.double)), self.worth, strict=True)
        return -sum(float((p * w).sum()) for p, w in parts)


def decided(logits):
    return {r: int(row.argmax()) for r, row in enumerate(softmax(logits).rows()) if row.max() == 1}


def test_without_renormalises_the_others():
    logits = random_choices()
    for row, choice in ((0, 3), (26, 7), (27, 0), (30, 2)):
        before, after = (softmax(c).rows() for c in (logits, without(logits, row, choice)))
        expected = before[row].clone()
        expected[choice] = 0
        torch.testing.assert_close(after[row], expected / expected.sum())
        assert all(torch.equal(after[r], before[r]) for r in range(ROWS) if r != row)


def test_a_pinned_choice_is_always_drawn():
    make = np.random.default_rng(0)
    logits = random_choices(scale=5.0)
    for row, choice in ((0, 3), (26, 7), (27, 0), (30, 2)):
        logits = pinned(logits, row, choice)
    for _ in range(200):
        noise = logits.map(lambda a: torch.from_numpy(make.gumbel(size=a.shape)).float())
        active = gumbel_path(logits, 4.0, noise).active
        assert [active[row] for row in (0, 26, 27, 30)] == [(3,), (7,), (0,), (2,)]


@pytest.mark.parametrize("rounds", [1, 3])
@pytest.mark.parametrize("mixed", [True, False])
def test_perturbation_finds_the_planted_genotype(mixed, rounds):
    planted = Genotype.sample(4)
    worth = random_choices(1, 0.1).map(torch.add, one_hot(planted))
    # of paths that take a choice the loss is its worth, whatever the logits; what is missed of a
    # mixture depends on its share
    logits = UNIFORM if mixed else random_choices(2, 3.0)
    assert perturb(logits, Additive(worth), mixed=mixed, rounds=rounds) == planted


def test_a_mixed_row_is_measured_by_its_alphas_alone():
    """Else what the prior favours is missed most, though it is worth less; other rows keep it."""
    planted = Genotype.sample(4)
    rival = one_hot(planted).map(lambda part: part.roll(1, dims=1))
    prior = rival.map(lambda part: 3 * part)
    worth = one_hot(planted).map(lambda part, other: part + 0.8 * other, rival)
    assert perturb(prior, Additive(worth)) == rival.genotype()
    loss = Additive(worth)
    assert perturb(prior, loss, alphas=UNIFORM, rounds=1) == planted
    first = without(prior.row(0, UNIFORM.rows()[0]), 0, 0)
    assert all(map(torch.equal, loss.seen[0], first))


@pytest.mark.parametrize("rounds", [1, 3, 31])
def test_perturbation_keeps_the_budget_and_is_the_best_within_it(rounds):
    costs, worth = toy_table(), random_choices(1)

    def choose(scores):
        return costs.within(*scores, 35.0)

    found = perturb(UNIFORM, Additive(worth), choose, mixed=False, rounds=rounds)
    assert costs.of(worth.genotype()) > 35 >= costs.of(found)
    assert found == costs.within(worth.operations, worth.fusions, 35.0)


def test_a_round_sees_what_the_rounds_before_decided():
    """Row 1's operation 3 is worth most beside row 0's operation 2, and 5 beside any other."""
    worth = UNIFORM.map(torch.clone)
    for row in worth.rows():
        row[4 if len(row) == 8 else 1] = 1.0  # views: the leads of all other rows
    worth.operations[1] = 0
    worth.operations[0, 2] = 10

    class Joint(Additive):
        def __call__(self, logits):
            first, second = softmax(logits).operations[:2]
            beside = first[2] * second[3] + 0.5 * (1 - first[2]) * second[5]
            return super().__call__(logits) - float(beside)

    found = [perturb(UNIFORM, Joint(worth), mixed=False, rounds=r).flat()[1] for r in (1, 3)]
    assert found == ["dw5_attn", "dw3"]


@pytest.mark.parametrize("mixed", [True, False])
def test_every_round_decides_its_share_and_never_again(mixed):
    worth = random_choices(1, 0.1).map(torch.add, one_hot(Genotype.sample(4)))
    worth.fusions.mul_(5)  # the clearest leads
    loss = Additive(worth)
    found = perturb(UNIFORM, loss, mixed=mixed, rounds=3)
    # 31 rows, then 20, then 10; the four fusions are decided in the first round
    counts = [27 * 8 + 4 * 3, 20 * 8, 10 * 8]
    assert len(loss.seen) == sum(counts)
    stops = np.cumsum([0, *counts])
    held = [
        set.intersection(*(set(decided(c).items()) for c in loss.seen[a:b]))
        for a, b in pairwise(stops)
    ]
    assert [len(rows) for rows in held] == [0, 11, 21]
    assert held[1] <= held[2]
    # rows of every length are decided first, says the estimate
    assert count_losses(UNIFORM) == pytest.approx(len(loss.seen), rel=0.1)
    assert {27, 28, 29, 30} <= {row for row, _ in held[1]}
    chosen = {row: int(values.argmax()) for row, values in enumerate(one_hot(found).rows())}
    assert held[2] <= chosen.items()


def test_draws_have_the_logits_chances():
    logits = UNIFORM.map(torch.clone)
    logits.operations[:, 2] = 2.0
    draws = sample_within_budget(logits, np.random.default_rng(0), FREE, math.inf)
    genotypes = list(islice(draws, 200))
    share = np.mean([name == "conv3_dilated" for g in genotypes for name in g.flat()])
    assert share == pytest.approx(softmax(logits).operations[0, 2].item(), abs=0.03)
    assert len(set(map(str, genotypes))) == 200


@pytest.mark.parametrize("budget", [40.0, 12.0])
def test_draws_keep_the_budget(budget):
    costs = toy_table((1, 2, 2, 2, 2))
    rng = np.random.default_rng(0)
    genotypes = list(islice(sample_within_budget(UNIFORM, rng, costs, budget), 5))
    free = islice(sample_within_budget(UNIFORM, rng, costs, math.inf), 300)
    assert min(map(costs.of, free)) > budget or budget > 30  # no draw in 100 costs 12
    assert all(costs.of(g) <= budget for g in genotypes)
    assert len(set(map(str, genotypes))) == 5
    assert all(g.widths == costs.widths for g in genotypes)


@pytest.mark.parametrize("scores", [random_choices(), UNIFORM], ids=["random", "ties"])
def test_the_largest_score_without_a_budget_is_the_argmax(scores):
    widths = (1, 1, 1, 1, 1)
    assert CostTable.free(2, widths).within(*scores, math.inf) == scores.genotype(widths)
