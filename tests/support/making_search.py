"""What the tests of the search share: settings of a search of seconds, tables of costs."""

import dataclasses
import functools
from contextlib import contextmanager

import numpy as np
import torch

from nas.cost.counted import macs_table
from nas.cost.table import CostTable
from nas.space.genotype import WIDTHS
from nas.strategy import budget, gradient, selection
from nas.strategy.searcher import Searcher, split_for_search
from nas.strategy.settings import SearchSettings

SMALL = SearchSettings(
    width=2, crop=16, batch=2, epochs=3, warmup=1, steps=3, macs_target=1.0, discretise="argmax"
)
counted = functools.cache(macs_table)


def changed(**other):
    return dataclasses.replace(SMALL, **other)


def as_options(settings):
    """What the command line needs for these settings, which takes one target alone."""
    for name, value in dataclasses.asdict(settings).items():
        if name == "latency_target" and settings.macs_target:
            continue
        yield f"--{name.replace('_', '-')}"
        yield from map(str, value if isinstance(value, tuple) else [value])


def toy_table(widths=WIDTHS, unit="ms"):
    """Costs that differ in every slot, and a UNet in the middle of the space."""
    rng = np.random.default_rng(0)
    operations = rng.random((27, 8)) * np.arange(8)
    return CostTable(unit, 5.0, operations, rng.random((4, 3)), 40.0, SMALL.width, widths)


def searcher_on(data, settings=SMALL, costs=None):
    """A searcher on the CPU; one without a target if there are no costs."""
    if costs is None:
        settings = dataclasses.replace(settings, macs_target=0.0, latency_target=0.0)
        costs = CostTable.free(settings.width, settings.widths)
    return Searcher(split_for_search(data, settings), settings, torch.device("cpu"), costs)


class Silent:
    """A progress bar that shows nothing."""

    def update(self):
        pass


def stir(net):
    """Random values in every parameter: a fresh network is the identity, which hides faults."""
    torch.manual_seed(0)
    with torch.no_grad():
        for p in net.parameters():
            p.add_(torch.randn_like(p) * 0.05)
    return net


@contextmanager
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def hasten(patch):
    """No pictures, no estimate of the time, MACs counted once, fewer candidates."""
    patch.setattr(gradient, "_draw", lambda *about: None)
    patch.setattr(Searcher, "seconds_per_step", lambda searcher: (0.1, 0.1))
    patch.setattr(selection.Selection, "seconds", lambda chosen: (0.1, 0.1))
    patch.setattr(budget, "macs_table", counted)
    patch.setattr(selection, "DRAWN", 3)
