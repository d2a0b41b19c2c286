"""Who trains on which pairs, and where the logits start."""

import pytest
import torch
from making_search import SMALL, Silent, changed, counted, searcher_on

from nas.space.paths import softmax

pytestmark = pytest.mark.usefixtures("one_thread")


def test_alphas_weights_and_selection_have_their_own_part(pairs_file):
    searcher = searcher_on(pairs_file, SMALL)
    rows = [set(b.pairs.rows) for b in (searcher.weight_batches, searcher.alpha_batches)]
    rows.append(set(searcher.selection.pairs.rows))
    assert sum(map(len, rows)) == len(set.union(*rows)) == 60
    before = [alphas.detach().clone() for alphas in searcher.net.choices]
    searcher.weight_gradient(searcher.weight_batches[0], searcher.path(0, 0))
    for optimiser in searcher.weight_optimisers.values():
        optimiser.step()
    assert all(map(torch.equal, searcher.net.choices, before))


def test_temperature_falls_to_the_final_one_and_is_never_less(pairs_file, monkeypatch):
    # also for the paths that judge an epoch: a temperature of 0 once made their scores nan
    from nas.strategy import sampler

    gumbel_path, seen = sampler.gumbel_path, []

    def watched(logits, temperature, noise):
        seen.append(temperature)
        return gumbel_path(logits, temperature, noise)

    monkeypatch.setattr("nas.strategy.sampler.gumbel_path", watched)
    settings = changed(temperature=5.0, final_temperature=2.0)
    searcher = searcher_on(pairs_file, settings)
    for number in range(settings.epochs):
        searcher.epoch(number, Silent())
        searcher.selection.epoch_scores(
            (number + 1) * settings.steps - 1, searcher.selection.argmax()
        )
    assert seen == sorted(seen, reverse=True)
    warm = settings.warmup * settings.steps  # no alpha learns there, so nothing falls
    assert set(seen[:warm]) == {5.0}
    step = (5.0 - 2.0) / (searcher.total - warm)
    assert seen[-1] == pytest.approx(2.0 + step)


@pytest.mark.parametrize("target", [0.6, 1.0, 1.6])
def test_the_logits_start_where_the_target_is_expected(pairs_file, target):
    costs = counted(2)
    searcher = searcher_on(pairs_file, changed(macs_target=target), costs)
    logits = searcher.net.logits.map(torch.detach)
    assert all((alphas == 0).all() for alphas in searcher.net.choices)
    expected = costs.expected(*softmax(logits)).item()
    assert expected == pytest.approx(target * costs.unet, rel=1e-4)
    assert costs.of(searcher.selection.argmax()) <= target * costs.unet
    # of all that expect it the least decided: in each row the logits fall in proportion to cost
    for part, cost in zip(logits, (costs.operations, costs.fusions), strict=True):
        c = torch.from_numpy(cost.copy()).float()
        slope = (part * c).sum() / c.square().sum()
        torch.testing.assert_close(part, slope * c, rtol=1e-4, atol=1e-6)


def test_measuring_a_step_changes_nothing(pairs_file):
    searcher = searcher_on(pairs_file, SMALL, counted(2))
    before = {name: value.clone() for name, value in searcher.net.state_dict().items()}
    spent = searcher.seconds_per_step()
    assert min(spent) > 0
    after = searcher.net.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert not any(o.state for o in searcher.weight_optimisers.values())
    assert not searcher.alpha_optimiser.state
    assert all(p.grad is None for p in searcher.net.parameters())
