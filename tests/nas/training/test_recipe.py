"""The recipe: how the learning rate goes, and how far one step goes."""

import pytest
import torch
from torch import nn

from nas.training.recipe import LARGEST_NORM, WARMUP, learning_rate, make_optimisers, update


def test_the_learning_rate_rises_and_falls():
    rates = [learning_rate(step, 100, 3e-3, 1e-7) for step in range(101)]
    rise = round(100 * WARMUP)
    assert rates[0] == pytest.approx(3e-3 / rise)
    assert rates[rise] == max(rates) == 3e-3
    assert rates[:rise] == sorted(rates[:rise])
    assert rates[rise:] == sorted(rates[rise:], reverse=True)
    assert rates[-1] == pytest.approx(1e-7)


def test_a_training_of_a_few_steps_has_no_rise():
    assert learning_rate(0, 3, 1.0, 0.0) == 1.0


def test_convolutions_get_muon_and_all_else_adamw():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ConvTranspose2d(4, 2, 2))
    groups = {
        name: {id(p) for group in optimiser.param_groups for p in group["params"]}
        for name, optimiser in make_optimisers(net.parameters(), 1.0).items()
    }
    assert groups["muon"] == {id(net[0].weight), id(net[2].weight)}
    assert groups["muon"] | groups["adamw"] == {id(p) for p in net.parameters()}
    assert len(groups["adamw"]) == 4


def test_an_update_clips_the_gradient_of_all_weights_together():
    weights = [nn.Parameter(torch.zeros(n)) for n in (3, 2, 1)]
    kernel = nn.Parameter(torch.zeros(2, 1, 1, 1))
    optimisers = make_optimisers([*weights, kernel], lr=1.0)
    weights[0].grad, weights[1].grad = torch.full((3,), 30.0), torch.full((2,), -40.0)
    kernel.grad = torch.full((2, 1, 1, 1), 50.0)
    update(optimisers, rate=0.25)
    gradient = torch.cat([p.grad.flatten() for p in (weights[0], weights[1], kernel)])
    assert gradient.norm() == pytest.approx(LARGEST_NORM, rel=1e-5)
    assert gradient[3] / gradient[0] == pytest.approx(-4 / 3)
    # Adam's first step is as long as the rate, whatever the gradient
    assert weights[0].tolist() == pytest.approx([-0.25] * 3, rel=1e-5)
    assert weights[1].tolist() == pytest.approx([0.25] * 2, rel=1e-5)
    assert weights[2].item() == 0  # it has no gradient
    assert (kernel < 0).all()
