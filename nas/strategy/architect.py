"""The gradient of the validation loss with respect to the alphas (DARTS, Liu et al. 2019)."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.func import grad, jvp

from nas.space.operations import norm_in_steps
from nas.space.paths import Choices

Weights = dict[str, Tensor]
Loss = Callable[[Weights, Choices], Tensor]


def first_order(
    valid_loss: Loss,
    weights: Weights,
    alphas: Choices,
    *,
    mean: Callable[[Tensor], Tensor] = lambda x: x,
) -> Choices:
    """dL_val(w, alpha) / d alpha, the weights held fixed.

    Parameters
    ----------
    valid_loss : callable (weights, alphas) -> scalar
    weights : dict of name to tensor
    alphas : Choices
    mean : callable, optional
        Averages a gradient over the processes that share the batch.

    Returns
    -------
    gradient : Choices
    """
    weights = {name: w.detach() for name, w in weights.items()}
    alphas = alphas.map(lambda a: a.detach().requires_grad_())
    gradient = torch.autograd.grad(valid_loss(weights, alphas), alphas, materialize_grads=True)
    return Choices(*gradient).map(mean)


def second_order(
    train_loss: Loss,
    valid_loss: Loss,
    weights: Weights,
    alphas: Choices,
    lr: float,
    *,
    mean: Callable[[Tensor], Tensor] = lambda x: x,
) -> Choices:
    """dL_val(w - lr dL_train(w, alpha)/dw, alpha) / d alpha (DARTS, eq. 6 and 7), exactly.

    The mixed second derivative of eq. 7 is the alpha-gradient of one directional derivative of
    the training loss (reverse over forward), where DARTS takes finite differences.

    Parameters
    ----------
    train_loss, valid_loss : callable (weights, alphas) -> scalar
    weights : dict of name to tensor
    alphas : Choices
    lr : float
        Length of the inner step, xi in the paper.
    mean : callable, optional
        Averages a gradient over the processes that share the batches.

    Returns
    -------
    gradient : Choices
    """
    weights = {name: w.detach() for name, w in weights.items()}
    alphas = alphas.map(torch.detach)

    def along(direction: Weights, a: Choices) -> Tensor:
        return jvp(lambda w: train_loss(w, a), (weights,), (direction,))[1]

    with norm_in_steps():
        inner = grad(train_loss)(weights, alphas)
        stepped = {name: w - lr * mean(inner[name]) for name, w in weights.items()}
        direction, direct = grad(valid_loss, argnums=(0, 1))(stepped, alphas)
        direction = {name: mean(d) for name, d in direction.items()}
        mixed = grad(along, argnums=1)(direction, alphas)
        return direct.map(lambda d, m: mean(d - lr * m), mixed)
