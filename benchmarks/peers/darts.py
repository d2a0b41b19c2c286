"""The alpha step of DARTS (Liu et al. 2019), from the paper: what search_step.py compares with."""

import copy

import torch
from torch.func import functional_call

from nas.space.paths import Choices, softmax_path
from nas.space.supernet import Supernet
from nas.strategy.architect import first_order, second_order
from nas.strategy.searcher import Searcher
from nas.training.batches import to_device
from nas.training.loss import psnr_loss


def gradient_terms(train_loss, valid_loss, weights, alphas, xi):
    """The two terms of eq. 7: dL_val(w', alpha) / d alpha and, by eq. 8, the mixed derivative.

    w' = w - xi dL_train / dw, without momentum. The gradient for the alphas is the first less xi
    times the second. No tensor is kept longer than needed, and the two passes of eq. 8 compute no
    gradient of the weights: DARTS as lean as its equations allow.
    """
    weights = {name: w.detach().requires_grad_() for name, w in weights.items()}
    alphas = alphas.map(lambda a: a.detach().requires_grad_())
    inner = torch.autograd.grad(train_loss(weights, alphas), list(weights.values()))
    stepped = {
        name: (w - xi * g).detach().requires_grad_()
        for (name, w), g in zip(weights.items(), inner, strict=True)
    }
    del inner
    gradients = torch.autograd.grad(valid_loss(stepped, alphas), [*stepped.values(), *alphas])
    v, direct = gradients[: len(stepped)], Choices(*gradients[len(stepped) :])
    del gradients, stepped
    eps = 0.01 / torch.sqrt(sum(part.square().sum() for part in v))

    def at(sign):
        moved = {
            name: w.detach() + sign * eps * part
            for (name, w), part in zip(weights.items(), v, strict=True)
        }
        return Choices(*torch.autograd.grad(train_loss(moved, alphas), alphas))

    return direct, at(1).map(lambda plus, minus: (plus - minus) / (2 * eps), at(-1))


def loss_on(net, path, pair):
    """The loss on (blurry, sharp) as a function of weights and alphas."""
    blurry, sharp = pair

    def loss(weights, alphas):
        parameters = {**weights, **dict(zip(Supernet.ALPHAS, alphas, strict=True))}
        return psnr_loss(functional_call(net, parameters, (blurry, path)), sharp)

    return loss


def weights_of(net):
    return {name: w for name, w in net.named_parameters() if name not in Supernet.ALPHAS}


class Darts(Searcher):
    """The search with this alpha step; its sampler must be softmax."""

    def alpha_gradient(self, batch, train_batch, step):
        path, xi = (
            softmax_path(self.net.logits),
            self.weight_optimisers["adamw"].param_groups[0]["lr"],
        )
        pairs = (to_device(each, self.device) for each in (train_batch, batch))
        losses = [loss_on(self.net, path, pair) for pair in pairs]
        direct, mixed = gradient_terms(*losses, weights_of(self.net), self.net.choices, xi)
        return direct.map(lambda d, m: d - xi * m, mixed)


def error_of_mixed(searcher, pairs=2):
    """Relative error of the mixed term in float32, against `second_order` in float64.

    Uses only `pairs` pairs of a batch, because the exact computation is slow.
    """
    xi = searcher.settings.lr
    batches = searcher.weight_batches[0], searcher.alpha_batches[0]

    def gradients(kind, method):
        net = copy.deepcopy(searcher.net).to(kind)
        path = softmax_path(net.logits)
        cut = ([t[:pairs].to(kind) for t in to_device(batch, searcher.device)] for batch in batches)
        losses = [loss_on(net, path, pair) for pair in cut]
        mixed = method(*losses, weights_of(net), net.choices)
        return torch.cat([part.flatten() for part in mixed]).double()

    def exact(train_loss, valid_loss, weights, alphas):
        inner = torch.autograd.grad(train_loss(weights, alphas), list(weights.values()))
        moved = zip(weights.items(), inner, strict=True)
        direct = first_order(valid_loss, {name: w - xi * g for (name, w), g in moved}, alphas)
        whole = second_order(train_loss, valid_loss, weights, alphas, xi)
        return direct.map(lambda d, g: (d - g) / xi, whole)

    truth = gradients(torch.float64, exact)
    ours = gradients(torch.float32, lambda *given: gradient_terms(*given, xi)[1])
    return ((ours - truth).norm() / truth.norm()).item()
