"""The alphas' gradient against a problem solved by hand and against exact double backward."""

import pytest
import torch
from torch.func import functional_call

from nas.space.paths import Choices, gumbel_path, softmax_path
from nas.space.supernet import Supernet
from nas.strategy.architect import first_order, second_order
from nas.training.loss import psnr, psnr_loss


def test_quadratic_by_hand():
    # L_train = (w - a)^2 / 2, L_val = (w - 3)^2 / 2 + a: one step of lr gives
    # w' = w - lr (w - a), so d L_val(w', a)/da = (w' - 3) lr + 1; first order sees only the 1
    w, a, lr = 2.0, 0.5, 0.1
    # the second part enters the validation loss alone: its gradient is the direct one, 2
    weights, alphas = {"w": torch.tensor(w)}, Choices(torch.tensor(a), torch.tensor(5.0))

    def train(weights, alphas):
        return (weights["w"] - alphas.operations).square() / 2

    def valid(weights, alphas):
        return (weights["w"] - 3).square() / 2 + alphas.operations + 2 * alphas.fusions

    stepped = w - lr * (w - a)
    by_hand = (stepped - 3) * lr + 1
    assert second_order(train, valid, weights, alphas, lr) == pytest.approx((by_hand, 2))
    assert first_order(valid, weights, alphas) == (1, 2)


@pytest.mark.parametrize("sampler", ["softmax", "gumbel"])
def test_second_order_equals_exact_double_backward(sampler):
    # also the guard against torch's layer_norm, whose jvp has a wrong derivative
    torch.manual_seed(0)
    net = Supernet(2).double()
    with torch.no_grad():
        for part in net.choices:
            part.normal_()
        net.tail.weight.normal_(std=0.1)
    x, y, x_valid, y_valid = (torch.rand(2, 3, 16, 16).double() for _ in range(4))
    noise = net.choices.map(torch.randn_like)
    path = (
        softmax_path(net.choices) if sampler == "softmax" else gumbel_path(net.choices, 1.0, noise)
    )

    def loss_on(x, y):
        def loss(weights, alphas):
            every = {**weights, **dict(zip(Supernet.ALPHAS, alphas, strict=True))}
            return psnr_loss(functional_call(net, every, (x, path)), y)

        return loss

    train, valid, lr = loss_on(x, y), loss_on(x_valid, y_valid), 1e-3
    weights = {k: p.detach() for k, p in net.named_parameters() if k not in Supernet.ALPHAS}
    free = {k: w.clone().requires_grad_() for k, w in weights.items()}
    alphas = net.choices.map(lambda a: a.detach().requires_grad_())
    inner = torch.autograd.grad(
        train(free, alphas),
        list(free.values()),
        create_graph=True,
        allow_unused=True,
        materialize_grads=True,
    )
    stepped = {k: w - lr * g for (k, w), g in zip(free.items(), inner, strict=True)}
    exact = torch.autograd.grad(valid(stepped, alphas), alphas)
    ours = second_order(train, valid, weights, alphas, lr)
    first = first_order(valid, weights, alphas)
    for part, its_exact, its_first in zip(ours, exact, first, strict=True):
        torch.testing.assert_close(part, its_exact, rtol=1e-9, atol=1e-12)
        assert (its_first - its_exact).norm() > 0.01 * its_exact.norm()  # so that it can fail


def test_psnr_of_a_known_error():
    sharp = torch.rand(2, 3, 8, 8) * 0.5
    torch.testing.assert_close(psnr(sharp + 0.1, sharp), torch.full((2,), 20.0), atol=1e-3, rtol=0)
