"""What the tests of the search share: settings of a search of seconds, tables of costs."""

import dataclasses
import functools
from contextlib import contextmanager

import numpy as np
import torch

from nas import search as search_command
from nas.cost.measured import macs_table
from nas.cost.table import CostTable
from nas.space.genotype import WIDTHS
from nas.strategy import budget as target
from nas.strategy import selection as judge
from nas.strategy.discretise import perturb
from nas.strategy.searcher import Searcher
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


@contextmanager
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def hasten(patch):
    """No pictures, no estimate of the time, MACs counted once, choosing after fewer looks."""
    patch.setattr(search_command, "_draw", lambda *about: None)
    patch.setattr(Searcher, "seconds_per_step", lambda searcher: (0.1, 0.1))
    patch.setattr(judge.Judge, "seconds", lambda judge: (0.1, 0.1))
    patch.setattr(target, "macs_table", counted)
    patch.setattr(judge, "PROBES", 1)
    patch.setattr(judge, "DRAWS", 3)
    patch.setattr(judge, "perturb", functools.partial(perturb, rounds=1))
