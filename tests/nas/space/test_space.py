"""Operations, frame, supernet and built-in networks: laws of the space."""

import numpy as np
import pytest
import torch

from blurkit.errors import SettingError
from nas.space.genotype import CELLS, DECODER, FUSION_NAMES, OPERATION_NAMES, Genotype
from nas.space.network import BUILT_IN, Network, build
from nas.space.operations import (
    FUSIONS,
    OPERATIONS,
    ChannelAttention,
    ChannelNorm,
    local_means,
    norm_in_steps,
)
from nas.space.paths import Choices, gumbel_path, one_hot, one_hot_path, softmax_path
from nas.space.supernet import MixedOp, Supernet
from nas.space.weight_sharing import OwnOps, SharedOps


def _stir(net: torch.nn.Module) -> torch.nn.Module:
    """Random values in every parameter: a fresh network is the identity, which hides faults."""
    torch.manual_seed(0)
    with torch.no_grad():
        for p in net.parameters():
            p.add_(torch.randn_like(p) * 0.05)
    return net


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
    norm, x = _stir(ChannelNorm(8)), torch.rand(2, 8, 5, 7)
    fused = norm(x)
    with norm_in_steps():
        torch.testing.assert_close(norm(x), fused)


@pytest.mark.parametrize("arch", [*BUILT_IN, Genotype.sample(0).to_dict()], ids=str)
def test_every_network_keeps_the_shape(arch):
    net = build(arch, 4).eval()
    assert net(torch.rand(1, 3, 32, 48)).shape == (1, 3, 32, 48)
    assert net.stride == 16


@pytest.mark.parametrize("arch", ["unet-nobn", "naf", Genotype.sample(1).to_dict()], ids=str)
def test_a_fresh_network_returns_its_input(arch):
    # training starts from the blurry image: a few steps are then never worse than none
    x = torch.rand(1, 3, 16, 16)
    assert torch.equal(build(arch, 4)(x), x)


def test_unet_without_batch_norm_has_biases_instead():
    plain, without = build("unet-residual", 4), build("unet-nobn", 4)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in without.modules())
    assert without.enter[0].bias is not None
    sizes = [sum(p.numel() for p in net.parameters()) for net in (plain, without)]
    channels = sum(m.num_features for m in plain.modules() if isinstance(m, torch.nn.BatchNorm2d))
    assert sizes[0] - sizes[1] == channels  # a scale and a shift each, against one bias


def test_unet_sizes_are_the_published_ones():
    # 7.8 M parameters at width 32, 31.0 M at width 64
    size = {w: sum(p.numel() for p in build("unet", w).parameters()) / 1e6 for w in (32, 64)}
    assert size[32] == pytest.approx(7.76, abs=0.01)
    assert size[64] == pytest.approx(31.04, abs=0.01)


def test_unknown_network_and_width():
    with pytest.raises(SettingError, match=r"network must be one of unet, .*got 'resnet'"):
        build("resnet", 8)
    with pytest.raises(SettingError, match="width must be between 1 and 256, got 0"):
        build("unet", 0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("widths", [(1, 2, 4, 8, 16), (2, 3, 3, 4, 1)])
@pytest.mark.parametrize("shared", [True, False])
def test_one_hot_supernet_equals_the_discrete_network(seed, widths, shared):
    drawn = Genotype.sample(seed)
    genotype = Genotype(drawn.cells, drawn.fusions, widths)
    supernet = _stir(Supernet(4, widths, shared))
    net = Network(genotype, 4)
    net.load_state_dict(supernet.network_state(genotype))
    x = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(supernet(x, one_hot_path(genotype)), net(x))


def test_softmax_of_a_very_sharp_alpha_is_the_one_hot_network():
    supernet, genotype = _stir(Supernet(2)), Genotype.sample(5)
    with torch.no_grad():
        for alphas, chosen in zip(supernet.choices, one_hot(genotype), strict=True):
            alphas.copy_(100 * chosen)
    x = torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(
        supernet(x, softmax_path(supernet.choices)), supernet(x, one_hot_path(genotype))
    )
    assert supernet.genotype() == genotype


def test_mixed_op_is_linear_in_its_weights():
    ops = OwnOps(OPERATIONS, 4)
    op, x = _stir(MixedOp(OPERATION_NAMES, ops)), torch.rand(1, 4, 8, 8)
    p, q = torch.rand(8), torch.rand(8)
    first, second, both = (op(x, weights=w, active=range(8)) for w in (p, q, p + q))
    torch.testing.assert_close(both, first + second)


def test_alphas_are_saved_but_not_the_weight_optimisers():
    supernet = Supernet(2)
    assert {"alphas", "fusion_alphas"} <= set(supernet.state_dict())
    assert all(p is not alphas for p in supernet.weights() for alphas in supernet.choices)
    assert len(supernet.weights()) == len(list(supernet.parameters())) - 2


def _gumbel_noise(like):
    return like.map(lambda a: -torch.log(-torch.log(torch.rand_like(a))))


def test_gumbel_path_draws_one_operation_a_slot_with_the_softmax_frequencies():
    torch.manual_seed(0)
    alphas = Supernet(1).choices.map(lambda a: torch.zeros_like(a))
    alphas.operations[:, 2] = 1.5
    counts = alphas.map(torch.zeros_like)
    for _ in range(400):
        path = gumbel_path(alphas, 1.0, _gumbel_noise(alphas))
        assert all(len(active) == 1 for active in path.active)
        counts = counts.map(torch.add, path.weigh(alphas))
    for drawn, of_part in zip(counts, alphas, strict=True):
        frequencies = drawn.sum(0) / drawn.sum()
        torch.testing.assert_close(frequencies, of_part.softmax(1)[0], atol=0.03, rtol=0)


def test_gumbel_gradient_reaches_the_alphas():
    # straight-through: the hard draw forward, the relaxed gradient back
    supernet = _stir(Supernet(2))
    path = gumbel_path(supernet.choices, 2.0, _gumbel_noise(supernet.choices))
    supernet(torch.rand(1, 3, 16, 16), path).square().mean().backward()
    assert all(alphas.grad.abs().sum() > 0 for alphas in supernet.choices)


def test_shared_weights_are_each_operation_and_no_more_than_the_largest():
    shared = _stir(SharedOps(4))
    x = torch.rand(1, 4, 8, 8)
    for name, make in OPERATIONS.items():
        own = make(4)
        own.load_state_dict(shared.weights_of(name))
        torch.testing.assert_close(shared(name, x), own(x))
    count = {
        name: sum(p.numel() for p in make(4).parameters()) for name, make in OPERATIONS.items()
    }
    attention = count["dw3_attn"] - count["dw3"]
    held = sum(p.numel() for p in shared.parameters())
    assert held == count["conv3"] + count["dw7"] + attention
    # the middle of the 7x7 kernel is the 3x3 one
    wide, narrow = (shared.weights_of(name)["2.weight"] for name in ("dw7", "dw3"))
    assert torch.equal(wide[..., 2:5, 2:5], narrow)


def test_only_the_drawn_operations_get_gradients():
    supernet, genotype = _stir(Supernet(2, shared=False)), Genotype.sample(7)
    supernet(torch.rand(1, 3, 16, 16), one_hot_path(genotype)).sum().backward()
    for cell in CELLS:
        for i, drawn in enumerate(genotype.cells[cell]):
            for name, operation in supernet.cells[cell][i].operation.operations.each.items():
                grads = [p.grad is not None for p in operation.parameters()]
                assert all(grads) if name == drawn else not any(grads)
    for cell in DECODER:
        for name, fusion in supernet.fuse[cell].operations.each.items():
            grads = [p.grad is not None for p in fusion.parameters()]
            assert all(grads) if name == genotype.fusions[cell] else not any(grads)


def test_the_genotype_of_its_one_hot_choices_is_itself():
    genotype = Genotype.sample(3)
    assert one_hot(genotype).genotype() == genotype
    assert isinstance(one_hot(genotype), Choices)


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


def test_a_network_attends_within_crops_at_each_level():
    network = build("naf", 2)
    network.attend_within(96)
    sides = [network.cells[cell][0].operation[4].window for cell in CELLS]
    assert sides == [96, 48, 24, 12, 6, 12, 24, 48, 96]
    x = torch.rand(1, 3, 96, 96)
    with torch.no_grad():
        network.tail.weight.normal_()
        of_crop = network(x)
        network.attend_within(None)
        torch.testing.assert_close(network(x), of_crop)
