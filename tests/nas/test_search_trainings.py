"""`nas.search --strategy trainings`: its files, resumption, processes, refusals."""

import json

import pytest
from click.testing import CliRunner
from making_search import SMALL, changed, counted

from blurkit.errors import FileError, SettingError
from nas import search as command
from nas.search import search
from nas.space.genotype import Genotype
from nas.strategy import budget, short_training
from nas.training.distributed import Ranks
from nas.training.trainer import RetrainSettings

pytestmark = pytest.mark.usefixtures("one_thread")
BRIEF = changed(strategy="trainings", trainings=3, randoms=2, train_steps=2)
TOTAL = BRIEF.trainings + 3  # the finalists are trained twice


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    """MACs counted once, no estimate of the time, trainings of two pairs a step."""
    monkeypatch.setattr(budget, "macs_table", counted)
    monkeypatch.setattr(short_training, "_plan", lambda *about: "plan")
    recipe = RetrainSettings(width=SMALL.width, steps=2, batch=2, crop=16)
    monkeypatch.setattr(short_training, "short_recipe", lambda *about: recipe)


def trials_of(folder):
    lines = (folder / "trials.jsonl").read_text().splitlines()
    trials = sorted((json.loads(line) for line in lines), key=lambda t: t["task"]["number"])
    return [{**trial, "core_seconds": None} for trial in trials]


@pytest.fixture(scope="module")
def folder(pairs_file, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(budget, "macs_table", counted)
        recipe = RetrainSettings(width=SMALL.width, steps=2, batch=2, crop=16)
        patch.setattr(short_training, "short_recipe", lambda *about: recipe)
        out = tmp_path_factory.mktemp("trainings")
        search(pairs_file, out, BRIEF, processes=1, progress=False)
    return out


def test_it_leaves_what_it_promises(folder):
    genotype = Genotype.load(folder / "genotype.json")
    result = json.loads((folder / "result.json").read_text())
    trials = trials_of(folder)
    assert len(trials) == TOTAL
    assert result["strategy"] == "trainings"
    assert result["cost"]["of_unet"] <= 1
    means = {
        json.dumps(again["task"]["genotype"]): (again["psnr"] + first["psnr"]) / 2
        for again in trials[BRIEF.trainings :]
        for first in [trials[again["task"]["parent"]]]
    }
    assert result["psnr"] == max(means.values()) == means[json.dumps(genotype.to_dict())]
    page = (folder / "report.html").read_text()
    assert "Best trainings" in page
    assert ("is inconclusive" in page) != result["decided"]
    for picture in ("trainings.png", "cells.png"):
        assert (folder / picture).read_bytes().startswith(b"\x89PNG")


def test_a_stopped_search_resumes(pairs_file, folder, tmp_path, monkeypatch):
    train, count = short_training._train, []

    def stops(*job):
        count.append(job)
        if len(count) == 3:
            raise KeyboardInterrupt
        return train(*job)

    monkeypatch.setattr(short_training, "_train", stops)
    with pytest.raises(KeyboardInterrupt):
        search(pairs_file, tmp_path, BRIEF, processes=1, progress=False)
    assert "Not finished: 2 of 6 trainings" in (tmp_path / "report.html").read_text()
    with pytest.raises(FileError, match="other settings"):
        search(pairs_file, tmp_path, changed(**{**vars(BRIEF), "seed": 1}), processes=1)
    search(pairs_file, tmp_path, BRIEF, processes=1, progress=False)
    assert trials_of(tmp_path) == trials_of(folder)
    assert len(count) == TOTAL + 1


@pytest.mark.slow
def test_two_processes_do_the_same(pairs_file, folder, tmp_path):
    search(pairs_file, tmp_path, BRIEF, processes=2, progress=False)
    trials, others = trials_of(tmp_path), trials_of(folder)
    assert [t["task"] for t in trials] == [t["task"] for t in others]
    for trial, other in zip(trials, others, strict=True):
        assert trial["psnr"] == pytest.approx(other["psnr"], abs=1e-3)


def test_a_finished_search_is_left_alone(pairs_file, folder, caplog):
    caplog.set_level("INFO", logger="nas")
    search(pairs_file, folder, BRIEF, processes=1, progress=False)
    assert "is complete" in caplog.text


def test_options_of_the_other_strategy_are_named(pairs_file, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "search", lambda *a, **k: Genotype.sample(0))
    for strategy, options, names in (
        ("trainings", ["--epochs", 3, "--sampler", "softmax"], "--epochs, --sampler"),
        ("gradient", ["--trainings", 3], "--trainings"),
    ):
        arguments = [pairs_file, "--out", tmp_path, "--strategy", strategy, *options]
        result = CliRunner().invoke(command.main, list(map(str, arguments)))
        assert result.exit_code == 0, result.output
        assert f"not used by strategy {strategy}: {names}\n" in result.output


def test_torchrun_and_wrong_numbers_are_refused(pairs_file, tmp_path, monkeypatch):
    with pytest.raises(SettingError, match=r"randoms must be <= trainings \(3\), got 4"):
        changed(**{**vars(BRIEF), "randoms": 4})
    out = ("--out", str(tmp_path / "out"), "--macs-target", "1")
    args = [pairs_file, *out, "--strategy", "trainings", "--processes", "0"]
    result = CliRunner().invoke(command.main, list(map(str, args)))
    assert result.exit_code == 2
    monkeypatch.setattr(command, "current_ranks", lambda: Ranks(0, 2))
    with pytest.raises(SettingError, match="must not run under torchrun"):
        search(pairs_file, tmp_path / "out", BRIEF, progress=False)
    assert not (tmp_path / "out").exists()
