"""Rank correlation of known scores."""

import pytest
from making_compare import RECORDS

from nas.comparison.measurements import kendall, retrained_psnr


def test_kendalls_tau_of_known_ranks():
    def points(ranks):
        return [{"supernet": i, "retrained": rank} for i, rank in enumerate(ranks)]

    assert kendall(points([1, 2, 3, 4]))["tau"] == pytest.approx(1)
    assert kendall(points([4, 3, 2, 1]))["tau"] == pytest.approx(-1)
    one_swap = kendall(points([1, 2, 4, 3]))  # 5 pairs agree, 1 does not
    assert one_swap["tau"] == pytest.approx(4 / 6)
    assert 0 < one_swap["p"] < 1
    assert kendall(points([1, 2]))["tau"] is None
    assert kendall(points([1, 1, 1]))["tau"] is None


def test_only_random_genotypes_trained_in_full_are_ranked():
    assert retrained_psnr(RECORDS) == {"random-0": 31, "random-1": 32, "random-2": 33}
