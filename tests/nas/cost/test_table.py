import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from blurkit.errors import SettingError
from nas.cost.table import CostTable
from nas.space.genotype import FUSION_NAMES, OPERATION_NAMES, Genotype

WIDTHS = (1, 1, 2, 3, 4)


def table(seed=0, **other):
    rng = np.random.default_rng(seed)
    values = {
        "unit": "ms",
        "fixed": 5.0,
        "operations": rng.random((27, 8)) * np.arange(8),
        "fusions": rng.random((4, 3)),
        "unet": 40.0,
        "width": 8,
        "widths": WIDTHS,
        "facts": {"device": "cpu"},
    }
    return CostTable(**{**values, **other})


def genotype(seed):
    g = Genotype.sample(seed)
    return Genotype(g.cells, g.fusions, WIDTHS)


def one_hot(names, options):
    return F.one_hot(torch.tensor([options.index(n) for n in names]), len(options)).double()


@pytest.mark.parametrize("seed", range(5))
def test_a_genotype_costs_what_its_one_hot_weights_are_expected_to(seed):
    g = genotype(seed)
    operations = one_hot(g.flat(), OPERATION_NAMES)
    fusions = one_hot(g.flat_fusions(), FUSION_NAMES)
    expected = table().expected(operations, fusions)
    assert table().of(g) == pytest.approx(expected.item(), rel=1e-12)


def test_the_gradient_of_the_expected_cost_is_the_closed_form():
    """p * (cost - mean cost of the row), for each alpha. Peers have lost it to a .tolist()."""
    costs = table()
    generator = torch.Generator().manual_seed(0)
    for name, shape in (("operations", (27, 8)), ("fusions", (4, 3))):
        alphas = torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)
        p = {"operations": torch.full((27, 8), 1 / 8), "fusions": torch.full((4, 3), 1 / 3)}
        p = {key: value.double() for key, value in p.items()}
        costs.expected(**{**p, name: alphas.softmax(1)}).backward()
        chances = alphas.detach().softmax(1)
        cost = torch.from_numpy(getattr(costs, name).copy())
        mean = (chances * cost).sum(1, keepdim=True)
        torch.testing.assert_close(alphas.grad, chances * (cost - mean))
        assert (alphas.grad != 0).any(dim=1).all()


def test_the_expected_cost_keeps_the_weights_type():
    weights = torch.full((27, 8), 1 / 8), torch.full((4, 3), 1 / 3)
    assert table().expected(*weights).dtype == torch.float32


def test_the_best_genotype_within_a_budget():
    costs = table()
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(27, 8)), torch.from_numpy(rng.normal(size=(4, 3)))
    free = costs.within(*scores, budget=1e9)
    assert free.flat() == [OPERATION_NAMES[i] for i in scores[0].argmax(1)]
    assert free.flat_fusions() == [FUSION_NAMES[i] for i in scores[1].argmax(1)]
    assert free.widths == WIDTHS
    tight = costs.within(*scores, budget=0.5 * costs.of(free))
    assert 0.48 * costs.of(free) < costs.of(tight) <= 0.5 * costs.of(free)
    cheapest, _ = costs.bounds()
    assert costs.of(costs.within(*scores, budget=cheapest)) == pytest.approx(cheapest)


def test_a_forbidden_operation_is_not_taken():
    scores = np.zeros((27, 8))
    scores[:, OPERATION_NAMES.index("zero")] = -np.inf
    assert "zero" not in table().within(scores, np.zeros((4, 3)), budget=200).flat()
    with pytest.raises(SettingError, match=r"cost must be >= \d+.* ms, that of the cheapest"):
        table().within(scores, np.zeros((4, 3)), budget=table().bounds()[0])


def test_a_budget_below_the_cheapest_is_refused():
    with pytest.raises(SettingError, match=r"cost must be >= 5\.\d+ ms, .* allowed, got 5$"):
        table().within(np.zeros((27, 8)), np.zeros((4, 3)), budget=5)


@pytest.mark.parametrize(("low", "high"), [(20, 21), (50, 50.5), (90, 95)])
def test_a_sample_lies_in_its_band(low, high):
    genotypes = [table().sample(seed, low, high) for seed in range(10)]
    assert all(low <= table().of(g) <= high for g in genotypes)
    assert all(g.widths == WIDTHS for g in genotypes)
    assert len({str(g) for g in genotypes}) == 10
    assert table().sample(4, low, high) == genotypes[4]


def test_samples_are_spread_as_those_of_rejection():
    """Uniform genotypes that happen to fall into a band off the mean, and those drawn for it."""
    costs = table()
    every = [genotype(seed) for seed in range(5000)]
    rejected = [g for g in every if 45 <= costs.of(g) <= 48]
    drawn = [costs.sample(seed, 45, 48) for seed in range(400)]
    assert len(rejected) > 250

    def shares(genotypes):
        names = np.array([g.flat() + g.flat_fusions() for g in genotypes])
        return np.array([(names == o).mean() for o in OPERATION_NAMES + FUSION_NAMES])

    np.testing.assert_allclose(shares(drawn), shares(rejected), atol=0.012)
    mean = [np.mean([costs.of(g) for g in some]) for some in (drawn, rejected)]
    assert mean[0] == pytest.approx(mean[1], abs=0.2)


def test_a_band_that_no_genotype_reaches_is_refused():
    match = r"cost must be between 5\.\d+ ms and \d+\.?\d* ms, those of the cheapest and the most"
    with pytest.raises(SettingError, match=match):
        table().sample(0, 1, 2)
    with pytest.raises(SettingError, match="low must be <= high, got 2 and 1"):
        table().sample(0, 2, 1)
    flat = table(operations=np.tile([0, 1, 2, 3, 4, 5, 6, 7], (27, 1)), fusions=np.zeros((4, 3)))
    with pytest.raises(SettingError, match=r"no genotype was found to cost 10\.2 to 10\.7 ms"):
        flat.sample(0, 10.2, 10.7)


def test_a_table_survives_json():
    again = CostTable.from_dict(json.loads(json.dumps(table().to_dict())))
    assert again.to_dict() == table().to_dict()
    assert again.of(genotype(3)) == table().of(genotype(3))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"unit": "s"}, "unit must be ms or MACs, got 's'"),
        ({"fixed": float("nan")}, "fixed must be >= 0 and finite, got nan"),
        ({"unet": -1.0}, "unet must be >= 0 and finite, got -1.0"),
        ({"operations": np.zeros((26, 8))}, "operations must be 27 rows of 8 costs >= 0"),
        ({"fusions": -np.ones((4, 3))}, "fusions must be 4 rows of 3 costs >= 0"),
        ({"widths": (1, 2)}, r"widths must be 5 whole numbers in 1 \.\. 64, got \(1, 2\)"),
    ],
)
def test_a_table_that_cannot_be_one_is_refused(other, message):
    with pytest.raises(SettingError, match=message):
        table(**other)


@pytest.mark.parametrize("document", [None, [], {}, {"unit": "ms"}, {"other": 1}])
def test_a_document_that_is_no_table_is_refused(document):
    with pytest.raises(SettingError, match="not a table of costs: "):
        CostTable.from_dict(document)


def test_a_genotype_of_other_widths_has_no_cost():
    with pytest.raises(SettingError, match=r"widths must be \(1, 1, 2, 3, 4\), the table's, got"):
        table().of(Genotype.sample(0))
