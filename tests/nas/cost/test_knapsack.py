import itertools

import numpy as np
import pytest

from nas.cost.knapsack import best, bounds, draw


def picked(rows, options):
    return sum(row[i] for row, i in zip(rows, options, strict=True))


def tables():
    """Small tables with ties, with zeros, with forbidden options, and budgets of all sizes."""
    for seed in range(300):
        rng = np.random.default_rng(seed)
        lengths = rng.integers(1, 5, rng.integers(1, 6))
        if seed % 2:
            costs = [rng.integers(0, 6, n).astype(float) for n in lengths]
        else:
            costs = [rng.random(n) for n in lengths]
        scores = [rng.integers(-4, 4, n) + (seed % 3) * rng.random(n) for n in lengths]
        for row in scores:
            row[rng.random(len(row)) < 0.15] = -np.inf
        yield costs, scores, rng.random() * bounds(costs)[1]


def test_the_best_choice_is_that_of_trying_all():
    found = 0
    for costs, scores, budget in tables():
        every = itertools.product(*(range(len(row)) for row in costs))
        most = max(
            (picked(scores, c) for c in every if picked(costs, c) <= budget), default=-np.inf
        )
        options = best(costs, scores, budget)
        if options is None:
            assert most == -np.inf
        else:
            found += 1
            assert picked(scores, options) == pytest.approx(most, rel=1e-12)
            assert picked(costs, options) <= budget
    assert found > 100


def test_a_table_of_full_size_agrees_with_dynamic_programming():
    rng = np.random.default_rng(0)
    costs = [rng.integers(0, 40, 8) for _ in range(27)]
    scores = [rng.normal(size=8) for _ in range(27)]
    budget = 200
    of_cost = np.full(budget + 1, -np.inf)  # the best score that costs so much
    of_cost[0] = 0
    for cost, score in zip(costs, scores, strict=True):
        after = np.full(budget + 1, -np.inf)
        for c, s in zip(cost, score, strict=True):
            after[c:] = np.maximum(after[c:], of_cost[: budget + 1 - c] + s)
        of_cost = after
    options = best(costs, scores, budget)
    assert picked(scores, options) == pytest.approx(of_cost.max(), rel=1e-12)
    assert picked(costs, options) <= budget


def test_a_budget_that_is_met_exactly_is_kept():
    costs = [[0.1, 0.2]] * 3
    assert best(costs, [[0, 1]] * 3, budget=0.2 + 0.2 + 0.2) == [1, 1, 1]
    assert best(costs, [[0, 1]] * 3, budget=0.3) == [0, 0, 0]  # below 0.1 + 0.1 + 0.1 by an ulp
    assert best(costs, [[0, 1]] * 3, budget=0.29) is None


BAND = [[0, 1, 2, 7], [0, 3, 4, 5], [0, 1, 5, 9], [0, 2, 2, 6], [1, 2, 3, 4]]


@pytest.mark.parametrize(("low", "high"), [(3, 5), (11, 12), (25, 31), (0, 99), (1, 1), (31, 40)])
def test_a_draw_is_uniform_over_its_band(low, high):
    """Bands below, at and above the mean cost of 14.5; both ends of the table."""
    every = itertools.product(range(4), repeat=len(BAND))
    inside = [c for c in every if low <= picked(BAND, c) <= high]
    drawn = [tuple(draw(BAND, low, high, seed)) for seed in range(600)]
    counts = np.array([drawn.count(c) for c in inside])
    assert counts.sum() == len(drawn)  # none outside
    expected = len(drawn) / len(inside)
    freedom = len(inside) - 1
    chi_squared = ((counts - expected) ** 2 / expected).sum()
    assert chi_squared <= freedom + 4 * np.sqrt(2 * freedom)


def test_a_draw_depends_on_its_seed_alone():
    assert draw(BAND, 10, 20, 3) == draw(BAND, 10, 20, 3)
    assert len({tuple(draw(BAND, 10, 20, seed)) for seed in range(20)}) > 10


def test_a_band_without_choices_draws_none():
    assert draw(BAND, -5, 0.5, 0) is None
    assert draw(BAND, 32, 40, 0) is None
    assert draw([[0, 2], [0, 2]], 1, 1.5, 0) is None


def test_equal_costs_draw_every_option():
    assert {draw([[3, 3, 3]], 0, 9, seed)[0] for seed in range(30)} == {0, 1, 2}
