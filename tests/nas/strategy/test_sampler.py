"""Draws of the sampler."""

import itertools

import pytest
from making_search import SMALL, changed, searcher_on

from nas.space.supernet import Supernet
from nas.strategy.sampler import Sampler

pytestmark = pytest.mark.usefixtures("one_thread")


def test_draws_differ_between_steps_purposes_and_seeds(pairs_file):
    draws, alphas = {}, Supernet(2).choices
    for seed, step, purpose in itertools.product((0, 1), range(3), range(3)):
        path = Sampler(changed(seed=seed)).path(alphas, step, purpose)
        draws[seed, step, purpose] = path.active
    assert len(set(map(str, draws.values()))) == 18
    again = searcher_on(pairs_file, SMALL).path(1, 2).active
    assert again == draws[0, 1, 2]
