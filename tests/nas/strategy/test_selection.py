"""The final choice: what it scores, how often, and that its estimate changes nothing."""

import pytest
import torch
from making_search import SMALL, changed, counted, searcher_on

from nas.space.paths import one_hot, softmax
from nas.space.supernet import Supernet
from nas.strategy.selection import Selection

pytestmark = pytest.mark.usefixtures("one_thread")


def test_probes_are_batches_of_the_alphas_that_no_step_has_used(pairs_file, monkeypatch):
    searcher, asked = searcher_on(pairs_file, SMALL), []
    take = type(searcher.alpha_batches).__getitem__

    def watched(batches, number):
        asked.append((batches is searcher.alpha_batches, number))
        return take(batches, number)

    monkeypatch.setattr("nas.strategy.selection.FULL_STEPS", 4 * 15)  # of 8 probes, 2
    monkeypatch.setattr(type(searcher.alpha_batches), "__getitem__", watched)
    searcher.selection.loss_under(searcher.net.choices)
    assert asked == [(True, searcher.total), (True, searcher.total + 1)]


def test_the_loss_under_logits_is_that_of_a_supernet_that_has_them(pairs_file, monkeypatch):
    monkeypatch.setattr("nas.strategy.selection.FULL_STEPS", 4 * 15)  # of 8 probes, 2
    for sampler in ("gumbel", "softmax"):
        searcher = searcher_on(pairs_file, changed(sampler=sampler))
        selection, net = searcher.selection, searcher.net
        logits = net.choices.map(lambda a: torch.randn(a.shape))
        with torch.no_grad():
            for p in net.weights():
                p.add_(0.05 * torch.randn(p.shape))
        loss = selection.loss_under(logits)
        assert loss == selection.loss_under(logits)  # always the same batches and noise
        assert loss != selection.loss_under(net.logits.map(torch.detach))
        with torch.no_grad():
            net.choices.map(torch.Tensor.copy_, logits)
        assert selection.loss_under(net.logits.map(torch.detach)) == pytest.approx(loss, rel=1e-6)


def test_perturbation_of_a_mixture_does_not_measure_the_prior(pairs_file, monkeypatch):
    """The prior favours a rival that is worth less than the planted genotype."""
    searcher = searcher_on(pairs_file, changed(sampler="softmax", macs_target=3.0), counted(2))
    selection, net = searcher.selection, searcher.net
    planted = selection.costs.within(*Supernet(2).choices.map(torch.rand_like), selection.budget)
    rival = one_hot(planted).map(lambda part: part.roll(1, dims=1))
    worth = one_hot(planted).map(lambda part, other: part + 0.8 * other, rival)
    net.set_prior(rival.map(lambda part: 3 * part))

    def loss(logits):
        return -sum(float((p * w).sum()) for p, w in zip(softmax(logits), worth, strict=True))

    monkeypatch.setattr(selection, "loss_under", loss)
    assert selection.perturbed() == planted


@pytest.mark.parametrize(("sampler", "discretise"), [("gumbel", "best"), ("softmax", "perturb")])
def test_estimating_what_judging_takes_changes_nothing(
    pairs_file, monkeypatch, sampler, discretise
):
    settings = changed(sampler=sampler, discretise=discretise)
    searcher = searcher_on(pairs_file, settings, counted(2))
    before = {name: value.clone() for name, value in searcher.net.state_dict().items()}
    state = torch.random.get_rng_state()
    assert min(searcher.selection.seconds()) > 0
    assert all(torch.equal(v, before[name]) for name, v in searcher.net.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), state)


def test_choosing_takes_the_scores_and_losses_that_it_needs(pairs_file, monkeypatch):
    """A pair and a loss take a second."""
    monkeypatch.setattr("nas.strategy.selection.BATCH", 1)
    monkeypatch.setattr("nas.strategy.selection._seconds_of", lambda task: 1.0)
    rows = 27 * 8 + 4 * 3
    short, full = {"epochs": 3}, {"epochs": 8, "warmup": 5, "steps": 1000}
    for how, settings, seconds in (
        ("argmax", short, 0),
        ("sample", full, 64 * 3 + 8 * 3),  # 3 selection pairs, and again for the best 8
        ("evolve", full, 256 * 3 + 8 * 3),
        ("evolve", short, 16 * 3 + 2 * 3),
        ("perturb", full, 2 * rows),  # of 31 rows, then of two thirds and of one third of them
        ("perturb", short, rows),
        ("best", full, 256 * 3 + 8 * 3 + 2 * rows),
    ):
        selection = searcher_on(pairs_file, changed(discretise=how, **settings)).selection
        assert selection.seconds()[1] == pytest.approx(seconds)


def test_a_shorter_search_chooses_from_less(pairs_file):
    def counts(**settings):
        selection = searcher_on(pairs_file, changed(**settings)).selection
        return [selection._in_proportion(*pair) for pair in ((256, 16), (8, 1), (3, 1))]

    assert counts(epochs=32, warmup=20, steps=250) == [256, 8, 3]  # the default
    assert counts(epochs=64, warmup=20, steps=250) == [256, 8, 3]
    assert counts(epochs=12, warmup=8, steps=200) == [74, 2, 1]
    assert counts(epochs=1, warmup=0, steps=1) == [16, 1, 1]


def test_the_best_of_the_draws_is_the_one_with_the_best_score(pairs_file, monkeypatch):
    """Of the finalists of the quick scores, that of the best score on all pairs."""
    monkeypatch.setattr("nas.strategy.selection.DRAWN", 6)
    quick, full = {}, {}

    def score(selection, genotype, most=None):
        scores = full if most is None else quick
        return scores.setdefault(str(genotype), float(len(scores) % 4))

    monkeypatch.setattr(Selection, "score", score)
    selection = searcher_on(pairs_file, SMALL, counted(2)).selection
    chosen = selection.sampled()
    assert len(quick) == 6
    assert len(full) == 2
    assert quick[str(chosen)] >= 2  # 3 and the first 2
    assert full[str(chosen)] == 1
    assert selection.sampled() == chosen  # the seed decides
    assert selection.costs.of(chosen) <= selection.budget
