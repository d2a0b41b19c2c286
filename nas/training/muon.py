"""Muon: momentum made orthogonal, matrix by matrix (Jordan et al. 2024).

`torch.optim.Muon` takes only 2-D parameters, one at a time, and orthogonalises them in bfloat16.
Here a convolution is the matrix (out, in * k * k), and matrices of one shape are orthogonalised
together in float32: a small network has many small ones, for which starting an operation costs
more than the operation.
"""

import math
from collections.abc import Iterable

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of Jordan's quintic, as in torch.optim.Muon


def orthogonalise(matrices: Tensor, steps: int) -> Tensor:
    """Approximately U V^T of each matrix U S V^T, by Newton-Schulz steps.

    Each step is X <- (a + b G + c G G) X with G = X X^T. The factors are polynomials of the first
    G, so the loop needs only the small square matrix.

    Parameters
    ----------
    matrices : (n, rows, columns)
    steps : int >= 1

    Returns
    -------
    orthogonal : (n, rows, columns)
        Singular values between about 0.7 and 1.2 after five steps; small ones stay below after
        fewer.
    """
    a, b, c = COEFFICIENTS
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    gram, product = x @ x.mT, None
    for left in reversed(range(steps)):
        factor = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        factor.diagonal(dim1=-2, dim2=-1).add_(a)
        product = factor if product is None else factor @ product
        if left:
            gram = factor @ (factor @ gram)
    x = product @ x
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Steepest descent in the spectral norm, with Nesterov momentum.

    The update is scaled by 0.2 sqrt(max(rows, columns)), about the size of AdamW's update
    ("match_rms_adamw" in torch.optim.Muon), so that both can have one learning rate.

    Parameters
    ----------
    params : parameters of two or more dimensions; all but the first are flattened
    lr : float
    momentum : float in 0 .. 1
    weight_decay : float >= 0
        Decoupled: weights are multiplied by 1 - lr * weight_decay in each step.
    steps : int >= 1
        Newton-Schulz steps.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
        steps: int = 3,
    ) -> None:
        settings = {"momentum": momentum, "weight_decay": weight_decay, "steps": steps}
        super().__init__(params, {"lr": lr, **settings})

    @torch.no_grad()
    def step(self, closure=None):
        """One step; parameters without a gradient are left alone."""
        for group in self.param_groups:
            same_shape: dict[tuple[int, int], list[tuple[Tensor, Tensor]]] = {}
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if "momentum_buffer" not in state:
                    state["momentum_buffer"] = torch.zeros_like(p)
                buffer = state["momentum_buffer"].lerp_(p.grad, 1 - group["momentum"])
                direction = p.grad.lerp(buffer, group["momentum"])
                shape = (p.shape[0], p[0].numel())
                same_shape.setdefault(shape, []).append((p, direction))
            for (rows, columns), pairs in same_shape.items():
                stack = torch.stack([d.reshape(rows, columns) for _, d in pairs])
                length = group["lr"] * 0.2 * math.sqrt(max(rows, columns))
                updates = orthogonalise(stack, group["steps"])
                for (p, _), update in zip(pairs, updates, strict=True):
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                    p.add_(update.view(p.shape), alpha=-length)
