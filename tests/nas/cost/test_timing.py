import pytest
import torch
from torch import nn

from nas.cost.timing import latency, macs, parameters
from nas.space.network import build


class Recorder(nn.Module):
    def __init__(self, name, calls):
        super().__init__()
        self.name, self.calls = name, calls

    def forward(self, x):
        assert not torch.is_grad_enabled()
        self.calls.append(self.name)
        return x


def test_networks_take_turns_after_their_warm_up():
    """A machine that slows down must slow all of them; a first pass is never a fair one."""
    calls = []
    models = {name: Recorder(name, calls) for name in "ab"}
    times = latency(models, side=16, rounds=3)
    assert "".join(calls) == "aabb" + "ab" * 3
    assert set(times) == {"a", "b"}
    assert min(times.values()) > 0


def test_a_slow_network_is_timed_three_times_at_least():
    calls = []
    latency({"a": Recorder("a", calls)}, side=16, rounds=50, seconds=0)
    assert len(calls) == 2 + 3


def test_the_baseline_has_the_published_size():
    """UNet-32 with BN: 7.8 M parameters and 12.1 GMACs at 256x256."""
    unet = build("unet", 32).eval()
    assert parameters(unet) == pytest.approx(7.8e6, rel=0.01)
    assert macs(unet) == pytest.approx(12.1e9, rel=0.01)


def test_macs_grow_with_the_area():
    net = build("naf", 2).eval()
    # channel attention works on one pixel whatever the size: hence not exactly four times
    assert macs(net, side=64) == pytest.approx(4 * macs(net, side=32), rel=0.01)


def test_costs_are_those_of_attention_over_the_whole_image():
    model = build("naf", 2).eval()
    everywhere = macs(model)
    model.attend_within(32)
    assert macs(model) == everywhere
    latency({"naf": model}, 32, rounds=1)
    assert model.cells["enc1"][0].operation[4].window == 32
