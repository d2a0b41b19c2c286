"""Networks by name and by genotype."""

import pytest
import torch

from blurkit.errors import SettingError
from nas.space.genotype import CELLS, Genotype
from nas.space.network import BUILT_IN, build


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
