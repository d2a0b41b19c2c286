"""What a search leaves: each sampler and way to discretise, costs kept, refusals."""

import dataclasses
import json
import shutil

import pytest
from click.testing import CliRunner
from making_search import SMALL, as_options, changed, counted, searcher_on, toy_table
from safetensors.torch import load_file

from blurkit.errors import FileError, SettingError
from nas import search as search_command
from nas.cost.timing import macs
from nas.retrain import RetrainSettings, retrain
from nas.search import search
from nas.space.genotype import Genotype
from nas.space.network import build
from nas.space.paths import softmax
from nas.strategy import gradient
from nas.strategy.budget import check_target
from nas.strategy.searcher import Searcher
from nas.strategy.selection import Selection

pytestmark = pytest.mark.usefixtures("one_thread")


def result_of(folder):
    return json.loads((folder / "result.json").read_text())


def log_of(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_search_leaves_what_it_promises(searched):
    genotype, out = searched
    assert Genotype.load(out / "genotype.json") == genotype
    for picture in ("search.png", "alphas.png", "cells.png", "choices.png"):
        assert (out / picture).read_bytes().startswith(b"\x89PNG")
    log = log_of(out)
    assert [line["epoch"] for line in log] == [1, 2, 3]
    assert log[0]["alpha_gradient"] == 0 < log[1]["alpha_gradient"]  # the warm-up holds the alphas
    assert all(e["gap"] == pytest.approx(e["psnr_supernet"] - e["psnr_onehot"]) for e in log)
    assert list((out / "tensorboard").glob("events*"))
    assert not (out / "state.safetensors").exists()
    choices = json.loads((out / "choices.json").read_text())
    assert [len(epoch) for epoch in choices] == [31] * 3
    assert all(sum(row) == pytest.approx(1, abs=1e-3) for epoch in choices for row in epoch)


def test_the_result_says_what_was_found_and_what_it_took(searched):
    genotype, out = searched
    result, log = result_of(out), log_of(out)
    assert result["psnr_onehot"] == max(e["psnr_onehot"] for e in log[SMALL.warmup :])
    assert result["psnr_input"] == log[0]["psnr_input"]
    assert result["collapsed"] is None
    assert result["steps"] == {"weights": 9, "alphas": 6}
    assert result["seconds"]["training"] > 0
    assert result["hardware"]["processes"] == 1
    found, unet = (macs(build(arch, SMALL.width)) for arch in (genotype.to_dict(), "unet"))
    cost = {"unit": "MACs", "predicted": found, "trusted": True, "measured": found, "unet": unet}
    assert result["cost"] == {**cost, "of_unet": found / unet}
    assert found <= SMALL.macs_target * unet


@pytest.mark.parametrize("sampler", ["gumbel", "softmax"])
@pytest.mark.parametrize("discretise", ["argmax", "perturb", "sample"])
def test_each_sampler_and_way_to_discretise_keeps_the_target(
    pairs_file, tmp_path, quick, monkeypatch, sampler, discretise
):
    if (sampler, discretise) == ("softmax", "perturb"):  # 228 losses of all operations take long
        loss = lambda selection, logits: -softmax(logits).operations[:, 3].sum().item()  # noqa: E731
        monkeypatch.setattr(Selection, "loss_under", loss)
    settings = changed(
        sampler=sampler, discretise=discretise, epochs=2, macs_target=0.8, beta_decay=0.1
    )
    genotype = search(pairs_file, tmp_path, settings, progress=False)
    result = result_of(tmp_path)
    assert result["cost"]["of_unet"] <= 0.8
    assert result["psnr_onehot"] > 0
    assert Genotype.load(tmp_path / "genotype.json") == genotype


def test_alphas_that_are_never_trained_leave_the_choice_to_perturbation(
    pairs_file, tmp_path, quick
):
    settings = changed(epochs=2, warmup=2, discretise="perturb")
    search(pairs_file, tmp_path, settings, progress=False)
    supernet = load_file(tmp_path / "supernet.safetensors")
    assert not supernet["alphas"].any()
    assert not supernet["fusion_alphas"].any()
    assert supernet["prior"].any()
    assert result_of(tmp_path)["steps"] == {"weights": 6, "alphas": 0}


def test_a_latency_target_is_kept_by_the_table_and_told_by_the_clock(
    pairs_file, tmp_path, quick, monkeypatch, caplog
):
    table, asked = toy_table(), []

    def measure(width, widths, device, *, progress):
        asked.append((width, widths, device.type))
        return table

    def clock(networks, device):
        return {"result": 45.0, "unet": 50.0}  # as if by a machine that was busy

    monkeypatch.setattr("nas.strategy.budget.latency_table", measure)
    monkeypatch.setattr("nas.strategy.budget.latency", clock)
    settings = changed(macs_target=0.0, latency_target=0.75)
    genotype = search(pairs_file, tmp_path, settings, progress=False)
    assert asked == [(2, (1, 2, 4, 8, 16), "cpu")]
    cost = result_of(tmp_path)["cost"]
    assert cost["predicted"] == pytest.approx(table.of(genotype))
    assert cost["predicted"] <= 30
    assert (cost["unit"], cost["measured"], cost["of_unet"]) == ("ms", 45.0, 0.9)
    assert cost["trusted"] is False
    assert "the prediction is off by more than 10 %" in caplog.text
    html = (tmp_path / "report.html").read_text()
    assert "its predictions are off" in html
    assert ">45.0<" in html
    log = log_of(tmp_path)[-1]
    assert log["cost_onehot"] <= 0.75
    assert log["cost_expected"] == pytest.approx(0.75, rel=0.05)


def test_without_a_target_nothing_is_measured(pairs_file, tmp_path, quick, monkeypatch):
    for name in ("latency_table", "macs_table", "latency", "macs"):
        monkeypatch.setattr(f"nas.strategy.budget.{name}", None)  # would fail if called
    settings = changed(macs_target=0.0, latency_target=0.0)
    search(pairs_file, tmp_path, settings, progress=False)
    assert result_of(tmp_path)["cost"] is None
    assert not (tmp_path / "costs.json").exists()
    assert "cost_expected" not in log_of(tmp_path)[0]


@pytest.mark.parametrize("target", [0.01, 20.0])
def test_a_target_that_no_network_has_is_refused_before_training(
    pairs_file, tmp_path, quick, monkeypatch, target
):
    monkeypatch.setattr(Searcher, "epoch", None)
    rule = r"^macs-target must be between 0\.222 and 4\.11, .* UNet's MACs \(0 is any\), got "
    with pytest.raises(SettingError, match=f"{rule}{target:g}"):
        search(pairs_file, tmp_path, changed(macs_target=target), progress=False)


def test_a_latency_target_that_no_network_has_is_refused_by_its_own_name():
    settings = changed(macs_target=0.0, latency_target=20.0)
    with pytest.raises(SettingError, match=r"^latency-target must be between .* UNet's ms "):
        check_target(settings, toy_table())


def test_two_targets_are_refused(pairs_file, tmp_path):
    both = ["--latency-target", "1", "--macs-target", "0.5"]
    told = CliRunner().invoke(search_command.main, [str(pairs_file), "--out", str(tmp_path), *both])
    assert told.exit_code == 2
    assert "give only one of latency-target and macs-target, got 1 and 0.5" in told.output


def test_a_table_that_is_not_trusted_is_told_to_the_end(
    pairs_file, tmp_path, quick, monkeypatch, caplog
):
    table = toy_table()
    table.facts["trusted"] = False
    monkeypatch.setattr("nas.strategy.budget.latency_table", lambda *asked, progress: table)
    monkeypatch.setattr(
        "nas.strategy.budget.latency", lambda nets, device: dict.fromkeys(nets, 30.0)
    )
    caplog.set_level("INFO", logger="nas")
    search(pairs_file, tmp_path, changed(macs_target=0.0, epochs=2), progress=False)
    assert json.loads((tmp_path / "costs.json").read_text())["facts"]["trusted"] is False
    assert result_of(tmp_path)["cost"]["trusted"] is False
    assert ", by an unreliable cost table; 2 epochs" in caplog.text


def test_the_plan_counts_judging_and_choosing(pairs_file, monkeypatch):
    searcher = searcher_on(pairs_file, changed(epochs=5, warmup=2, steps=10))
    monkeypatch.setattr(searcher, "seconds_per_step", lambda: (1.0, 2.0))
    monkeypatch.setattr(searcher.selection, "seconds", lambda: (3.0, 7.0))
    told = gradient._plan(searcher, 1, 50.0)
    # 4 epochs of 10 weight steps, 3 of 10 alpha steps, 4 of scoring
    assert "about 2 min, of which scoring the epochs 12 s and choosing 7 s; " in told
    assert told.endswith("measuring the costs took 50 s")
    assert "measuring" not in gradient._plan(searcher, 1, 0.1)


def test_overwriting_leaves_nothing_of_the_former_run(searched, pairs_file, tmp_path, monkeypatch):
    shutil.copytree(searched[1], tmp_path / "s")
    monkeypatch.setattr(Searcher, "seconds_per_step", None)  # fails where the new run would begin
    with pytest.raises(TypeError):
        search(pairs_file, tmp_path / "s", changed(seed=1), overwrite=True, progress=False)
    assert {path.name for path in (tmp_path / "s").iterdir()} == {"settings.json", "costs.json"}
    assert (tmp_path / "s/costs.json").stat().st_mtime > (
        searched[1] / "costs.json"
    ).stat().st_mtime


def test_widths_reach_genotype_and_network(pairs_file, tmp_path, quick):
    settings = changed(widths=(1, 3, 2, 3, 1), epochs=2)
    arguments = [str(pairs_file), "--out", str(tmp_path), *as_options(settings)]
    told = CliRunner().invoke(search_command.main, arguments)
    assert told.exit_code == 0, told.output
    assert "at most 1 of UNet's" in told.output
    genotype = Genotype.load(tmp_path / "genotype.json")
    assert genotype.widths == (1, 3, 2, 3, 1)
    assert counted(2, genotype.widths).of(genotype) == result_of(tmp_path)["cost"]["predicted"]
    train = RetrainSettings(width=2, crop=16, batch=2, steps=2, every=2)
    retrain(genotype.to_dict(), pairs_file, tmp_path / "net", train, progress=False)
    weights = load_file(tmp_path / "net" / "model.safetensors")
    assert [weights[f"down.{i}.weight"].shape[0] for i in range(4)] == [6, 4, 6, 2]
    assert (
        dataclasses.asdict(settings).items()
        <= {
            **json.loads((tmp_path / "settings.json").read_text()),
            "widths": (1, 3, 2, 3, 1),
        }.items()
    )


def test_search_is_the_same_on_shards(shards, searched, tmp_path, quick):
    assert search(shards, tmp_path / "s", SMALL, progress=False) == searched[0]
    assert log_of(tmp_path / "s") == log_of(searched[1])


def test_finished_search_is_not_repeated(searched, pairs_file, monkeypatch):
    genotype, out = searched
    monkeypatch.setattr(Searcher, "epoch", None)  # would fail if it searched
    assert search(pairs_file, out, SMALL, progress=False) == genotype


def test_other_settings_on_the_same_folder_are_refused(searched, pairs_file):
    with pytest.raises(FileError, match=r"other settings \(seed: 0 before, 5 now\)"):
        search(pairs_file, searched[1], changed(seed=5), progress=False)


def test_folder_of_another_command_or_an_older_search_is_refused(searched, pairs_file, tmp_path):
    train = RetrainSettings(width=2, crop=16, batch=2, steps=2, every=2)
    message = "holds a run of another command or version; choose another --out"
    with pytest.raises(FileError, match=message):
        retrain("unet", pairs_file, searched[1], train, progress=False)
    settings = json.loads((searched[1] / "settings.json").read_text())
    del settings["macs_target"]
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    with pytest.raises(FileError, match=message):
        search(pairs_file, tmp_path, SMALL, progress=False)
