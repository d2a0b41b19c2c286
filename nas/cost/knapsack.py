"""One option from each row of a table: the best within a budget, or random ones in a cost range.

Plain arrays: a row is one place of the network, its entries are the options.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

Row = NDArray[np.float64]
ROUNDING = 1e-12  # relative; more than the difference between sums in another order
DRAWS, BATCHES = 256, 4000  # in a batch; batches before `draw` gives up


def bounds(costs: Sequence[ArrayLike]) -> tuple[float, float]:
    """The smallest and the largest sum of one entry from each row."""
    rows = [np.asarray(row, np.float64) for row in costs]
    return float(sum(row.min() for row in rows)), float(sum(row.max() for row in rows))


def best(
    costs: Sequence[ArrayLike], scores: Sequence[ArrayLike], budget: float
) -> list[int] | None:
    """The multiple-choice knapsack, solved exactly.

    Parameters
    ----------
    costs, scores : sequences of rows, of the same lengths
        Costs are finite. A score of minus infinity forbids its option.
    budget : float

    Returns
    -------
    options : list of int, or None
        The option chosen in each row: among the choices whose costs sum to at most `budget`, one
        with the largest sum of scores. None if every choice costs more.

    Notes
    -----
    Row by row, the partial choices that no other beats in both cost and score are kept (Nemhauser
    and Ullmann 1969), if they can still exceed the score of a known choice: the linear relaxation
    of the remaining rows bounds what those can add.

    Examples
    --------
    >>> best([[0, 2, 5], [0, 3]], [[0, 3, 4], [0, 2]], budget=5)
    [1, 1]
    """
    rows = [_undominated(*pair) for pair in zip(costs, scores, strict=True)]
    budget += ROUNDING * abs(budget)
    if any(not len(cost) for cost, _, _ in rows) or sum(row[0][0] for row in rows) > budget:
        return None
    known, ahead = _relaxation(rows, budget)
    slack = ROUNDING * sum(np.abs(score).max() for _, score, _ in rows)
    cost, score = np.zeros(1), np.zeros(1)
    steps: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
    for (more, gain, _), (least, most) in zip(rows, ahead, strict=True):
        costs_now = (cost[:, None] + more).ravel()
        scores_now = (score[:, None] + gain).ravel()
        room = budget - costs_now
        bound = scores_now + np.interp(room, least, most)
        alive = np.flatnonzero((room >= least[0]) & (bound >= known - slack))
        alive = alive[np.lexsort((-scores_now[alive], costs_now[alive]))]
        above = np.maximum.accumulate(scores_now[alive])
        alive = alive[np.r_[True, scores_now[alive][1:] > above[:-1]]]
        steps.append(np.divmod(alive, len(more)))
        cost, score = costs_now[alive], scores_now[alive]
    options, state = [], int(score.argmax())
    for (parents, taken), (_, _, numbers) in zip(reversed(steps), reversed(rows), strict=True):
        options.append(int(numbers[taken[state]]))
        state = int(parents[state])
    return options[::-1]


def _undominated(costs: ArrayLike, scores: ArrayLike) -> tuple[Row, Row, NDArray[np.intp]]:
    """Costs, scores and numbers of the options that no cheaper option equals, cheapest first."""
    cost, score = np.asarray(costs, np.float64), np.asarray(scores, np.float64)
    order = np.lexsort((-score, cost))
    order = order[np.isfinite(score[order])]
    above = np.maximum.accumulate(np.r_[-np.inf, score[order]])
    order = order[score[order] > above[:-1]]
    return cost[order], score[order], order


def _hull(cost: Row, score: Row) -> list[tuple[float, float]]:
    """Steps (cost, score) along the upper hull of a row's options, with falling score per cost."""
    corners: list[tuple[float, float]] = []
    for x, y in zip(cost.tolist(), score.tolist(), strict=True):
        while len(corners) > 1:
            (x0, y0), (x1, y1) = corners[-2:]
            if (y1 - y0) * (x - x0) > (y - y0) * (x1 - x0):
                break
            corners.pop()
        corners.append((x, y))
    return [(x1 - x0, y1 - y0) for (x0, y0), (x1, y1) in pairwise(corners)]


def _relaxation(
    rows: Sequence[tuple[Row, Row, NDArray[np.intp]]], budget: float
) -> tuple[float, list[tuple[Row, Row]]]:
    """A score that some choice reaches, and for each row the most that the later rows can add.

    The latter is a concave line over the remaining budget, given by its corners.
    """
    ahead, steps = [(np.zeros(1), np.zeros(1))], []
    base_cost = base_score = 0.0
    for cost, score, _ in reversed(rows):
        steps += [(dc, ds, len(ahead)) for dc, ds in _hull(cost, score)]
        steps.sort(key=lambda step: -step[1] / step[0])
        base_cost, base_score = base_cost + cost[0], base_score + score[0]
        line = np.array([(base_cost, base_score), *[step[:2] for step in steps]])
        ahead.append((line[:, 0].cumsum(), line[:, 1].cumsum()))
    full: set[int] = set()
    for cost_step, score_step, row in steps:
        if row not in full and base_cost + cost_step <= budget:
            base_cost, base_score = base_cost + cost_step, base_score + score_step
        else:
            full.add(row)
    return base_score, ahead[-2::-1]


def draw(costs: Sequence[ArrayLike], low: float, high: float, seed: int) -> list[int] | None:
    """A random choice whose costs sum to `low` .. `high`, uniform over all such choices.

    Parameters
    ----------
    costs : sequence of rows
    low, high : float
        Bounds of the cost, inclusive.
    seed : int
        The same seed gives the same choice.

    Returns
    -------
    options : list of int, one number for each row, or None
        None if no choice was found in a million draws near the range.

    Notes
    -----
    Uniform draws would rarely fall into a range far from their mean. The options are therefore
    drawn with probabilities proportional to exp(-slope * cost), the slope such that most draws fall
    into the range; a choice of cost c in the range is accepted with a probability proportional to
    exp(slope * c), which makes all of them equally likely again.
    """
    rows = [np.asarray(row, np.float64) for row in costs]
    cheapest, costliest = bounds(rows)
    slack = ROUNDING * max(abs(cheapest), abs(costliest))
    if cheapest > high + slack or costliest < low - slack:
        return None
    padded = _padded(rows)
    mean = float(np.nanmean(padded, axis=1).sum())
    edge = min(max(mean, low, cheapest), high, costliest)  # where the range has most choices
    slope = _slope(padded, edge)
    chances = _chances(padded, slope)
    # cumulative probabilities, without the last
    cumulative = [p[: len(row) - 1].cumsum() for p, row in zip(chances, rows, strict=True)]
    rng = np.random.default_rng(seed)
    for _ in range(BATCHES):
        uniform = rng.random((len(rows), DRAWS))
        drawn = [p.searchsorted(u, side="right") for p, u in zip(cumulative, uniform, strict=True)]
        cost = sum(row[options] for row, options in zip(rows, drawn, strict=True))
        inside = (cost >= low - slack) & (cost <= high + slack)
        kept = rng.random(DRAWS) < np.exp(np.minimum(slope * (cost - edge), 0))
        (accepted,) = np.nonzero(inside & kept)
        if len(accepted):
            return [int(options[accepted[0]]) for options in drawn]
    return None


def max_entropy_slope(costs: Sequence[ArrayLike], expected: float) -> float:
    """The slope s for which probabilities proportional to exp(-s * cost) have this expected cost.

    Of all probabilities with this expected cost, these have the largest entropy. If the cost is out
    of reach, the slope of the nearest one.

    Examples
    --------
    >>> max_entropy_slope([[0, 1], [0, 2]], expected=1.5)
    0.0
    """
    return _slope(_padded([np.asarray(row, np.float64) for row in costs]), expected)


def _padded(rows: Sequence[Row]) -> Row:
    padded = np.full((len(rows), max(map(len, rows))), np.nan)
    for line, row in zip(padded, rows, strict=True):
        line[: len(row)] = row
    return padded


def _chances(padded: Row, slope: float) -> Row:
    exponents = -slope * padded
    p = np.nan_to_num(np.exp(exponents - np.nanmax(exponents, axis=1, keepdims=True)))
    return p / p.sum(axis=1, keepdims=True)


def _slope(padded: Row, target: float) -> float:
    """As `max_entropy_slope`, by bisection."""

    def expected(slope: float) -> float:
        return float(np.nansum(_chances(padded, slope) * padded))

    spread = float((np.nanmax(padded, axis=1) - np.nanmin(padded, axis=1)).max())
    if spread == 0 or np.isclose(expected(0), target, rtol=ROUNDING, atol=0):
        return 0.0
    low, high = -1e3 / spread, 1e3 / spread
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if expected(middle) > target else (low, middle)
    return (low + high) / 2
