"""Searches that are broken off, killed, diverge or collapse: what is kept, and how they go on."""

import json
import os
import signal
import subprocess
import sys

import pytest
import torch
from click.testing import CliRunner
from making_search import SMALL, as_options, changed, counted
from safetensors.torch import load_file

from blurkit.errors import FileError
from nas import search as search_command
from nas.search import search
from nas.space.genotype import CELLS, Genotype
from nas.strategy import gradient
from nas.strategy import searcher as searcher_module
from nas.strategy.searcher import Searcher
from nas.strategy.selection import Selection

pytestmark = pytest.mark.usefixtures("one_thread")
CONV = Genotype(dict.fromkeys(CELLS, ("conv3",) * 3))
SHORT = {"epochs": 2, "warmup": 0, "steps": 2}

KILLED = """
import os, signal
from nas.search import main
from nas.strategy.searcher import Searcher
step_of = Searcher.alpha_gradient

def gradient(self, batch, train_batch, step):
    if step == 7:  # of 9: in the middle of the third epoch
        os.kill(os.getpid(), signal.SIGKILL)
    return step_of(self, batch, train_batch, step)

Searcher.alpha_gradient = gradient
main()
"""


def files(folder, *names):
    return [(folder / name).read_text() for name in names]


def search_until(number, data, out, settings):
    """A search with Ctrl-C when that epoch begins."""
    epoch = Searcher.epoch

    def stop(self, now, progress):
        if now == number:
            raise KeyboardInterrupt
        return epoch(self, now, progress)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Searcher, "epoch", stop)
        with pytest.raises(KeyboardInterrupt):
            search(data, out, settings, progress=False)


@pytest.mark.slow
def test_killed_search_goes_on_to_the_same_result(pairs_file, searched, tmp_path, quick):
    command = [sys.executable, "-c", KILLED, pairs_file, "--out", tmp_path, "--device", "cpu"]
    words = [*map(str, command), *as_options(SMALL)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    killed = subprocess.run(words, capture_output=True, text=True, env=environment)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert (tmp_path / "state.safetensors").exists()
    assert not (tmp_path / "genotype.json").exists()
    assert search(pairs_file, tmp_path, SMALL, progress=False) == searched[0]
    names = "genotype.json", "log.jsonl", "choices.json", "costs.json"
    assert files(tmp_path, *names) == files(searched[1], *names)
    nets = [load_file(f / "supernet.safetensors") for f in (tmp_path, searched[1])]
    assert all(torch.equal(nets[0][key], nets[1][key]) for key in nets[0])


@pytest.mark.parametrize(
    "settings",
    [
        changed(sampler="softmax", sharing="none", entropy=0.1, **SHORT),
        changed(order=2, discretise="sample", beta_decay=0.1, **SHORT),
    ],
    ids=lambda s: f"{s.sampler}-{s.order}-{s.discretise}",
)
def test_interrupted_search_ends_where_the_uninterrupted_one_does(
    pairs_file, tmp_path, quick, settings
):
    whole = search(pairs_file, tmp_path / "whole", settings, progress=False)
    search_until(1, pairs_file, tmp_path / "broken", settings)
    assert search(pairs_file, tmp_path / "broken", settings, progress=False) == whole
    names = "log.jsonl", "choices.json"
    assert files(tmp_path / "whole", *names) == files(tmp_path / "broken", *names)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("weights", "train_loss is nan at step 6"),
        ("alphas", "alpha_gradient is nan at step 6"),
        ("verdict", "psnr_onehot is nan at step 6"),
    ],
)
def test_what_is_not_finite_stops_and_keeps_the_last_good_state(
    pairs_file, searched, tmp_path, quick, what, message
):
    epoch, loss, gradient = Searcher.epoch, searcher_module.psnr_loss, Searcher.alpha_gradient
    verdict = Selection.epoch_scores

    def last_is_nan(self, batch, train_batch, step):  # so that no weights have seen it yet
        found = gradient(self, batch, train_batch, step)
        return found.map(lambda part: part * torch.nan) if step == 5 else found

    def diverge(self, number, progress):
        if number == 1 and what == "weights":
            patch.setattr(searcher_module, "psnr_loss", lambda *images: loss(*images) * torch.nan)
        if number == 1 and what == "alphas":
            patch.setattr(Searcher, "alpha_gradient", last_is_nan)
        if number == 1 and what == "verdict":
            bad = {"psnr_onehot": torch.nan}
            patch.setattr(Selection, "epoch_scores", lambda *given: verdict(*given) | bad)
        return epoch(self, number, progress)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Searcher, "epoch", diverge)
        with pytest.raises(FileError, match=f"{message}; stopped, the state after step 3 is kept"):
            search(pairs_file, tmp_path, SMALL, progress=False)
    assert search(pairs_file, tmp_path, SMALL, progress=False) == searched[0]
    assert files(tmp_path, "log.jsonl") == files(searched[1], "log.jsonl")


def test_costs_are_measured_once_for_a_run(pairs_file, tmp_path, quick, monkeypatch):
    calls = []

    def measure(width, widths):
        calls.append(width)
        return counted(width, widths)

    monkeypatch.setattr("nas.strategy.budget.macs_table", measure)
    for number in (1, 2):
        search_until(number, pairs_file, tmp_path, SMALL)
    assert len(calls) == 1
    search(pairs_file, tmp_path, SMALL, overwrite=True, progress=False)
    assert len(calls) == 2
    search(pairs_file, tmp_path, SMALL, progress=False)  # complete
    assert len(calls) == 2


def test_costs_of_settings_that_nothing_was_done_under_are_not_used(
    pairs_file, tmp_path, quick, monkeypatch
):
    search_until(0, pairs_file, tmp_path, changed(width=3))
    before = (tmp_path / "costs.json").read_text()
    search(pairs_file, tmp_path, SMALL, progress=False)
    assert json.loads(before)["width"] == 3
    assert json.loads((tmp_path / "costs.json").read_text())["width"] == 2


def collapse(patch, number):
    """From that epoch on the alphas say conv3 everywhere."""
    verdict, largest = Selection.epoch_scores, Selection.argmax
    now = []

    def genotype(self):
        return CONV if len(now) >= number else largest(self)

    def count(self, step, found):
        now[:] = range((step + 1) // SMALL.steps)
        return verdict(self, step, found)

    patch.setattr(Selection, "argmax", genotype)
    patch.setattr(Selection, "epoch_scores", count)


@pytest.mark.parametrize("discretise", ["argmax", "perturb"])
def test_collapse_stops_early_and_keeps_the_best_before_it(
    pairs_file, tmp_path, quick, monkeypatch, caplog, discretise
):
    monkeypatch.setattr(Selection, "perturbed", None)  # would fail if called
    collapse(monkeypatch, 3)
    settings = changed(epochs=6, discretise=discretise)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gradient, "_choose", None)  # fails, as if killed there
        with pytest.raises(TypeError):
            search(pairs_file, tmp_path, settings, progress=False)
    with pytest.MonkeyPatch.context() as patch:  # and after a stop it does not train on
        patch.setattr(Searcher, "epoch", None)
        genotype = search(pairs_file, tmp_path, settings, progress=False)
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    result = json.loads((tmp_path / "result.json").read_text())
    assert [e["epoch"] for e in log] == [1, 2, 3, 4]
    assert genotype != CONV
    assert result["psnr_onehot"] == max(e["psnr_onehot"] for e in log[1:3])
    assert result["steps"] == {"weights": 12, "alphas": 9}
    message = "collapsed in epoch 4: conv3 fills 27 of 27 slots, more than --collapse 25"
    assert result["collapsed"] == message
    assert f"{message}; the best genotype before it is kept" in caplog.text


def test_collapse_without_a_genotype_before_it_is_an_error(pairs_file, tmp_path, quick):
    # of eight operations one always holds four slots or more
    settings = changed(collapse=1)
    arguments = [str(pairs_file), "--out", str(tmp_path), *as_options(settings)]
    for _ in range(2):  # the second call says it again, without training on
        told = CliRunner().invoke(search_command.main, arguments)
        assert told.exit_code == 1
        assert "collapsed in epoch 2: " in told.output
        assert "slots, more than --collapse 1, before any epoch gave a genot" in told.output
        assert "a longer --warmup, --beta-decay or a lower --alpha-lr may help" in told.output
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 2
    assert not (tmp_path / "genotype.json").exists()
