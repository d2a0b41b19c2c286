import json
import time

import numpy as np
import pytest
import torch
from torch import nn

import nas.cost.measured
import nas.device
from blurkit.errors import SettingError
from nas.cost.measured import SLOT_LEVELS, latency_table
from nas.device import keep_memory
from nas.space.genotype import FUSION_NAMES, OPERATION_NAMES, Genotype
from nas.space.network import BUILT_IN, Network
from nas.space.operations import FUSIONS, OPERATIONS

SMALL = {"side": 16, "networks": 12}


class Clock:
    """Time that passes only where a test says so, and a little with each reading."""

    now, reading = 0.0, 0.001

    def __call__(self):
        self.now += self.reading
        return self.now


class Takes(nn.Module):
    """Lets so many seconds pass."""

    def __init__(self, clock, seconds):
        super().__init__()
        self.clock, self.seconds = clock, seconds

    def forward(self, x, skip=None):
        self.clock.now += self.seconds
        return x


def seconds_of(name, channels):
    return 0.1 * OPERATION_NAMES.index(name) + 0.01 * channels


@pytest.fixture
def clock(monkeypatch):
    """Operations, fusions, frame and UNet that take known times."""
    clock = Clock()
    monkeypatch.setattr(time, "perf_counter", clock)
    for name in OPERATION_NAMES[1:]:
        make = lambda channels, name=name: Takes(clock, seconds_of(name, channels))  # noqa: E731
        monkeypatch.setitem(OPERATIONS, name, make)
    for i, name in enumerate(FUSION_NAMES):
        make = lambda channels, i=i: Takes(clock, 0.02 * (i + 1) + 0.003 * channels)  # noqa: E731
        monkeypatch.setitem(FUSIONS, name, make)
    monkeypatch.setitem(BUILT_IN, "unet", lambda width: Takes(clock, 5.0))

    forward = Network.forward

    def slowly(self, x):
        clock.now += 7.0
        return forward(self, x)

    monkeypatch.setattr(Network, "forward", slowly)
    return clock


def test_known_times_are_found(clock):
    """Each operation and fusion on each level, the frame, the UNet: all but the clock's reading."""
    table = latency_table(2, (1, 3, 2, 5, 4), cache=False, **SMALL)
    channels = [2 * (1, 3, 2, 5, 4)[level] for level in SLOT_LEVELS]
    expected = [[0, *(seconds_of(n, c) for n in OPERATION_NAMES[1:])] for c in channels]
    np.testing.assert_allclose(table.operations, 1e3 * np.array(expected), rtol=1e-6)
    skips = [[0.02 * (i + 1) + 0.003 * c for i in range(3)] for c in (10, 4, 6, 2)]
    np.testing.assert_allclose(table.fusions, 1e3 * np.array(skips), rtol=1e-6)
    assert table.fixed == pytest.approx(7001)  # one reading belongs to every pass
    assert table.unet == pytest.approx(5001)
    assert (table.unit, table.width, table.widths) == ("ms", 2, (1, 3, 2, 5, 4))


def test_a_genotype_is_predicted_to_take_its_time(clock):
    table = latency_table(2, cache=False, **SMALL)
    for seed in range(3):
        genotype = Genotype.sample(seed)
        net, start = Network(genotype, 2), clock.now
        net(torch.zeros(1, 3, 16, 16))
        assert table.of(genotype) == pytest.approx(1e3 * (clock.now - start), rel=1e-3)


def test_a_real_table_of_real_networks():
    state = torch.random.get_rng_state()
    table = latency_table(1, cache=False, **SMALL)
    assert torch.equal(torch.random.get_rng_state(), state)  # a search goes on as without it
    assert (table.operations[:, 0] == 0).all()
    assert table.unet > 0
    assert table.facts["side"] == 16
    assert table.facts["threads"] == torch.get_num_threads()


def test_a_table_is_measured_once(tmp_path, monkeypatch, clock):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = latency_table(1, **SMALL)
    (path,) = tmp_path.glob("blurkit/*")
    before = clock.now
    assert latency_table(1, **SMALL).to_dict() == first.to_dict()
    assert clock.now == before
    assert {"cores", "threads", "torch", "device"} <= json.loads(path.read_text())["key"].keys()

    for changed in ({"width": 2}, {"widths": (1, 1, 1, 1, 1)}, {"side": 32}, {"networks": 13}):
        before = clock.now
        latency_table(**{"width": 1, **SMALL, **changed})
        assert clock.now > before
    assert len(list(tmp_path.glob("blurkit/*"))) == 5


@pytest.fixture
def busy(clock, monkeypatch):
    """Whole networks take so many seconds more than their parts, attempt after attempt."""
    extra, attempts = [], []
    quiet, measure = Network.forward, nas.cost.measured._measure

    def attempt(*settings):
        attempts.append(settings)
        return measure(*settings)

    def disturbed(self, x):
        if any(name != "zero" for name in self.names):
            clock.now += extra[len(attempts) - 1]
        return quiet(self, x)

    build_quietly = Network.__init__

    def remember(self, genotype, width):
        build_quietly(self, genotype, width)
        self.names = genotype.flat()

    monkeypatch.setattr(Network, "__init__", remember)
    monkeypatch.setattr(Network, "forward", disturbed)
    monkeypatch.setattr(nas.cost.measured, "_measure", attempt)
    return extra, attempts


def test_a_table_from_a_busy_machine_is_the_best_of_three_and_not_kept(
    tmp_path, monkeypatch, busy, caplog
):
    """Another program had the processor."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    extra, attempts = busy
    factors = []
    for one in ([20.0, 7.0, 9.0], [7.0] * 3, [9.0] * 3):
        attempts.clear()
        extra[:] = one
        table = latency_table(1, **SMALL)
        assert len(attempts) == 3
        assert table.facts["trusted"] is False
        factors.append(table.facts["factor"])
    assert factors[0] == pytest.approx(factors[1])
    assert 1.25 < factors[1] < factors[2]
    assert "in the best of 3 attempts. Is this machine busy?" in caplog.text
    assert not list(tmp_path.glob("blurkit/*"))


def test_a_moments_disturbance_is_measured_again(tmp_path, monkeypatch, busy, caplog):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    extra, attempts = busy
    extra[:] = [20.0, 0.0]
    table = latency_table(1, **SMALL)
    assert (len(attempts), table.facts["trusted"]) == (2, True)
    assert table.facts["factor"] == pytest.approx(1, abs=0.01)
    assert not [record for record in caplog.records if record.levelname == "WARNING"]
    assert latency_table(1, **SMALL).to_dict() == table.to_dict()  # out of the cache
    assert len(attempts) == 2


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"networks": 11}, "networks must be >= 12, got 11"),
        ({"side": 40}, "side must be a multiple of 16, got 40"),
        ({"side": 0}, "side must be a multiple of 16, got 0"),
        ({"width": 0}, "width must be between 1 and 256, got 0"),
        ({"widths": (1, 2)}, "widths must be 5 whole numbers"),
    ],
)
def test_settings_are_checked(setting, message):
    with pytest.raises(SettingError, match=message):
        latency_table(**{"width": 1, "cache": False, **SMALL, **setting})


def test_memory_is_kept_only_where_the_c_library_can(monkeypatch):
    monkeypatch.setattr(nas.device.ctypes, "CDLL", lambda name: object())
    assert keep_memory() is False
