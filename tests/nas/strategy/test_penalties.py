"""What is added to the alphas' loss: closed forms, ends, schedules, and which way it pulls."""

import pytest
import torch
from making_search import SMALL, changed, searcher_on, toy_table

from nas.space.paths import Choices, softmax
from nas.strategy.penalties import beta_decay, cost_deviation, entropy
from nas.strategy.perturbation import NEVER

WARM, TOTAL = SMALL.warmup * SMALL.steps, SMALL.epochs * SMALL.steps


def random_choices(scale=1.0):
    make = torch.Generator().manual_seed(0)
    shapes = (27, 8), (4, 3)
    return Choices(
        *(scale * torch.randn(s, generator=make, dtype=torch.float64) for s in shapes)
    ).map(torch.Tensor.requires_grad_)


def searcher(data, costs=None, **weights):
    nothing = {"beta_decay": 0.0, "entropy": 0.0, "cost_weight": 0.0}
    settings = changed(**(nothing | weights))
    return searcher_on(data, settings, costs)


def test_the_gradient_of_the_decay_is_the_softmax():
    alphas = random_choices()
    beta_decay(alphas).backward()
    for part, p in zip(alphas, softmax(alphas), strict=True):
        torch.testing.assert_close(part.grad, p / (2 * len(part)))  # of two means over rows


def test_entropy_is_one_where_uniform_and_zero_where_decided():
    uniform = random_choices(0.0)
    assert entropy(uniform).item() == pytest.approx(1)
    for height in (50.0, 1e4, -NEVER):  # the gradient too: log 0 would make it nan
        decided = uniform.map(torch.Tensor.detach).map(torch.clone)
        for part in decided:
            part[:, 1] = height
            part.requires_grad_()
        value = entropy(decided)
        value.backward()
        assert value.item() == pytest.approx(0, abs=1e-12)
        assert all(part.grad.isfinite().all() for part in decided)
    assert 0 < entropy(random_choices()).item() < 1


def test_cost_deviation_is_the_relative_distance():
    for cost, off in ((30.0, 0.25), (40.0, 0), (50.0, 0.25)):
        assert cost_deviation(torch.tensor(cost), 40.0).item() == pytest.approx(off)


@pytest.mark.parametrize("name", ["beta_decay", "entropy"])
def test_decay_is_early_and_entropy_late(pairs_file, name):
    weight = 0.5
    one, alphas = searcher(pairs_file, **{name: weight}), random_choices().map(torch.Tensor.float)
    whole = weight * {"beta_decay": beta_decay, "entropy": entropy}[name](alphas).item()
    shares = [one.penalties(alphas, step).item() / whole for step in range(WARM, TOTAL + 1)]
    if name == "beta_decay":
        shares.reverse()
    assert shares == pytest.approx([k / (TOTAL - WARM) for k in range(TOTAL - WARM + 1)], abs=1e-6)


@pytest.mark.parametrize("far", [0.7, 1.4])
def test_the_cost_pulls_the_alphas_to_the_target_from_both_sides(pairs_file, far):
    """Peers lose this gradient to a .tolist(); its closed form is p (c - mean c of the row) / T."""
    costs = toy_table()
    one = searcher(pairs_file, costs, cost_weight=2.0)
    target = SMALL.target * costs.unet
    elsewhere = Choices(*map(torch.from_numpy, costs.max_entropy_logits(far * target)))
    alphas = one.net.prior_choices.map(lambda prior, now: (now - prior).float(), elsewhere)
    alphas = alphas.map(torch.Tensor.requires_grad_)
    one.penalties(alphas, step=WARM).backward()
    p = softmax(elsewhere)
    for part, q, c in zip(alphas, p, (costs.operations, costs.fusions), strict=True):
        cost = torch.from_numpy(c.copy())
        closed = 2 * q * (cost - (q * cost).sum(1, keepdim=True)) / target
        closed = closed if far > 1 else -closed
        torch.testing.assert_close(part.grad, closed.float(), rtol=1e-3, atol=1e-6)
        assert (part.grad.abs().sum(1) > 0).all()
    stepped = alphas.map(lambda a: a.detach() - 0.1 * a.grad)
    logits = stepped.map(torch.add, one.net.prior_choices)
    before, after = (costs.expected(*softmax(c)).item() for c in (elsewhere, logits))
    assert before < after < target if far < 1 else target < after < before


def test_the_cost_reaches_the_alphas_through_a_search_step(pairs_file):
    costs = toy_table()
    gradients = []
    for weight in (0.0, 3.0):
        one = searcher(pairs_file, costs, cost_weight=weight)
        with torch.no_grad():
            one.net.alphas[:, 7] = 5  # far dearer than the target
        batch = one.weight_batches[0]
        gradients.append(one.alpha_gradient(batch, batch, step=WARM))
    gain = gradients[1].operations - gradients[0].operations
    # along the costs of each row: its variance, so descent makes what is dear rarer
    assert ((gain * torch.from_numpy(costs.operations.copy())).sum(1) > 0).all()


def test_without_weights_there_are_no_penalties(pairs_file):
    alphas = random_choices().map(torch.Tensor.float)
    assert searcher(pairs_file, toy_table()).penalties(alphas, WARM).item() == 0
    assert searcher_on(pairs_file, changed(cost_weight=1.0)).penalties(alphas, WARM).item() == 0
