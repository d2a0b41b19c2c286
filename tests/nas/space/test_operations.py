"""Operations and fusions of the space."""

import numpy as np
import pytest
import torch
from making_search import stir

from nas.space.genotype import FUSION_NAMES, OPERATION_NAMES
from nas.space.operations import (
    FUSIONS,
    OPERATIONS,
    ChannelAttention,
    ChannelNorm,
    local_means,
    norm_in_steps,
)


@pytest.mark.parametrize("name", OPERATION_NAMES)
def test_operation_keeps_the_shape_and_does_not_touch_its_input(name):
    x = torch.rand(2, 8, 12, 20)
    before = x.clone()
    assert OPERATIONS[name](8)(x).shape == x.shape
    assert torch.equal(x, before)


@pytest.mark.parametrize("name", FUSION_NAMES)
def test_every_fusion_starts_as_the_sum(name):
    # so that a fresh supernet prefers none
    up, skip = torch.rand(2, 2, 8, 12, 20)
    torch.testing.assert_close(FUSIONS[name](8)(up, skip), up + skip)


def test_channel_norm_in_steps_equals_the_fused_one():
    norm, x = stir(ChannelNorm(8)), torch.rand(2, 8, 5, 7)
    fused = norm(x)
    with norm_in_steps():
        torch.testing.assert_close(norm(x), fused)


def test_local_means_are_means_inside_the_axis():
    for length, window in ((40, 12.5), (41, 16), (7, 3), (9, 9), (5, 20)):
        means, spread = (matrix.numpy() for matrix in local_means(length, window))
        np.testing.assert_allclose(means.sum(1), 1, atol=1e-6)
        np.testing.assert_allclose(spread.sum(1), 1, atol=1e-6)
        assert means.min() >= 0
        assert spread.min() >= 0
        ramp = np.arange(length, dtype=np.float32)
        half = (
            min(window, length) / 2
        )  # of a ramp the mean is its middle, as far as a window may go
        expected = np.clip(ramp, half - 0.5, length - half - 0.5)
        np.testing.assert_allclose(spread @ (means @ ramp), expected, atol=0.02)  # parts of a pixel


def test_attention_within_a_window_sees_only_what_is_near():
    attention = ChannelAttention(4)
    x = torch.rand(2, 4, 48, 64)
    everywhere = attention(x)
    attention.window = 64.0
    assert torch.equal(attention(x), everywhere)  # all of it fits
    attention.window = 16.0
    near = attention(x)
    assert not torch.allclose(near, everywhere)
    changed = x.clone()
    changed[:, :, :, 40:] += 1
    assert torch.equal(attention(changed)[:, :, :, :20], near[:, :, :, :20])
    corner = x[:, :, :16, :16].mean(dim=(2, 3), keepdim=True)  # the window of the first 8 pixels
    expected = x[:, :, :8, :8] * attention.mix(corner)
    torch.testing.assert_close(near[:, :, :8, :8], expected)
