"""The recipe: where the learning rate starts and ends, and how far one step goes."""

import pytest
import torch
from torch import nn

from nas.training.recipe import LARGEST_NORM, learning_rate, make_optimiser, update


def test_the_learning_rate_falls_from_the_first_value_to_the_last():
    rates = [learning_rate(step, 100, 3e-3, 1e-7) for step in range(101)]
    assert rates[0] == 3e-3
    assert rates[-1] == pytest.approx(1e-7)
    assert rates == sorted(rates, reverse=True)
    assert rates[50] == pytest.approx((3e-3 + 1e-7) / 2)


def test_an_update_clips_the_gradient_of_all_weights_together():
    weights = [nn.Parameter(torch.zeros(n)) for n in (3, 2, 1)]
    optimiser = make_optimiser(weights, lr=1.0)
    weights[0].grad, weights[1].grad = torch.full((3,), 30.0), torch.full((2,), -40.0)
    update(optimiser, rate=0.25)
    gradient = torch.cat([weights[0].grad, weights[1].grad])
    assert gradient.norm() == pytest.approx(LARGEST_NORM, rel=1e-5)
    assert gradient[3] / gradient[0] == pytest.approx(-4 / 3)
    # Adam's first step is as long as the rate, whatever the gradient
    assert weights[0].tolist() == pytest.approx([-0.25] * 3, rel=1e-5)
    assert weights[1].tolist() == pytest.approx([0.25] * 2, rel=1e-5)
    assert weights[2].item() == 0  # it has no gradient
