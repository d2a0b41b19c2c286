"""Muon against closed forms and torch's own."""

import pytest
import torch
from torch import nn

from nas.training.muon import Muon, orthogonalise


@pytest.mark.parametrize("shape", [(3, 4, 9), (2, 9, 4), (1, 5, 5)])
def test_many_steps_make_every_singular_value_about_one(shape):
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalise(matrices, 6))
    assert values.min() > 0.6
    assert values.max() < 1.3


def test_singular_vectors_stay():
    generator = torch.Generator().manual_seed(1)
    u, _ = torch.linalg.qr(torch.randn(4, 4, generator=generator))
    v, _ = torch.linalg.qr(torch.randn(6, 6, generator=generator))
    matrix = u @ torch.diag(torch.tensor([3.0, 2.0, 1.0, 0.5])) @ v[:4]
    inner = u.mT @ orthogonalise(matrix[None], 5)[0] @ v[:4].mT
    torch.testing.assert_close(inner, torch.diag(inner.diagonal()), atol=1e-5, rtol=0)


def test_a_step_on_a_matrix_is_that_of_torch():
    """torch.optim.Muon, but for its bfloat16."""
    start = torch.randn(6, 10, generator=torch.Generator().manual_seed(2))
    ours, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    options = {"lr": 0.01, "momentum": 0.95, "weight_decay": 0.1}
    a = Muon([ours], steps=5, **options)
    b = torch.optim.Muon([theirs], ns_steps=5, adjust_lr_fn="match_rms_adamw", **options)
    for seed in range(3):
        ours.grad = torch.randn(6, 10, generator=torch.Generator().manual_seed(seed))
        theirs.grad = ours.grad.clone()
        a.step()
        b.step()
    moved, difference = (theirs - start).norm(), (ours - theirs).norm()
    assert difference < 0.03 * moved


def test_kernels_of_one_shape_do_not_influence_each_other():
    generator = torch.Generator().manual_seed(3)
    kernels = [nn.Parameter(torch.randn(4, 2, 3, 3, generator=generator)) for _ in range(3)]
    alone = nn.Parameter(kernels[1].detach().clone())
    for kernel in kernels:
        kernel.grad = torch.randn(kernel.shape, generator=generator)
    alone.grad = kernels[1].grad.clone()
    Muon(kernels, 0.1).step()
    Muon([alone], 0.1).step()
    torch.testing.assert_close(kernels[1], alone)


def test_a_channels_last_kernel_takes_the_same_step():
    start = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(4))
    gradient = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(5))
    results = []
    for layout in (torch.contiguous_format, torch.channels_last):
        p = nn.Parameter(start.clone().to(memory_format=layout))
        p.grad = gradient.clone().to(memory_format=layout)
        Muon([p], 0.1).step()
        results.append(p.detach().contiguous())
    torch.testing.assert_close(*results)


def test_no_gradient_no_step():
    p = nn.Parameter(torch.ones(2, 2))
    Muon([p], 0.1, weight_decay=1.0).step()
    assert (p == 1).all()
