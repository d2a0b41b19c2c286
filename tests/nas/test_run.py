"""Search and retraining as a user runs them: results, resuming, refusing, exact messages."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

from blurkit.errors import FileError
from nas import retrain as retrain_command
from nas import search as search_command
from nas.checkpoint import load_model, save_model
from nas.genotype import Genotype
from nas.network import build
from nas.retrain import RetrainSettings, retrain
from nas.search import search
from nas.searcher import Searcher, SearchSettings
from nas.supernet import gumbel_path

SEARCH = SearchSettings(width=2, crop=16, batch=2, epochs=3, warmup=1, steps=3)
TRAIN = RetrainSettings(width=2, crop=16, batch=2, steps=6, every=2)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def searched(pairs_file, tmp_path_factory):
    out = tmp_path_factory.mktemp("search")
    return search(pairs_file, out, SEARCH, progress=False), out


def test_search_leaves_what_it_promises(searched):
    genotype, out = searched
    assert Genotype.load(out / "genotype.json") == genotype
    for picture in ("search.png", "alphas.png", "cells.png"):
        assert (out / picture).read_bytes().startswith(b"\x89PNG")
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in log] == [1, 2, 3]
    assert log[0]["alpha_gradient"] == 0 < log[1]["alpha_gradient"]  # the warm-up holds the alphas
    assert list((out / "tensorboard").glob("events*"))
    assert not (out / "state.safetensors").exists()


@pytest.mark.parametrize(("sampler", "order"), [("gumbel", 1), ("softmax", 1), ("gumbel", 2)])
def test_interrupted_search_ends_where_the_uninterrupted_one_does(
    pairs_file, tmp_path, monkeypatch, sampler, order
):
    settings = SearchSettings(**{**vars(SEARCH), "sampler": sampler, "order": order})
    whole = search(pairs_file, tmp_path / "whole", settings, progress=False)
    epoch = Searcher.epoch

    def break_off(self, number, progress):
        if number == 2:
            raise KeyboardInterrupt
        return epoch(self, number, progress)

    monkeypatch.setattr(Searcher, "epoch", break_off)
    with pytest.raises(KeyboardInterrupt):
        search(pairs_file, tmp_path / "broken", settings, progress=False)
    monkeypatch.undo()
    assert search(pairs_file, tmp_path / "broken", settings, progress=False) == whole
    logs = [(tmp_path / name / "log.jsonl").read_text() for name in ("whole", "broken")]
    assert logs[0] == logs[1]


def test_search_and_training_are_the_same_on_shards(pairs_file, shards, searched, tmp_path):
    assert search(shards, tmp_path / "s", SEARCH, progress=False) == searched[0]
    logs = [(folder / "log.jsonl").read_text() for folder in (tmp_path / "s", searched[1])]
    assert logs[0] == logs[1]
    files = sorted(Path(shards).parent.iterdir())
    assert search(files, tmp_path / "s", SEARCH, progress=False) == searched[0]  # complete already
    with pytest.raises(FileError, match=r"other settings \(another data\)"):
        search(files[::-1], tmp_path / "s", SEARCH, progress=False)
    models = [
        load_file(retrain("unet", data, tmp_path / name, TRAIN, progress=False))
        for data, name in ((pairs_file, "one"), (shards, "many"))
    ]
    assert all(torch.equal(models[0][key], models[1][key]) for key in models[0])


def test_finished_search_is_not_repeated(searched, pairs_file, monkeypatch):
    genotype, out = searched
    monkeypatch.setattr(Searcher, "epoch", None)  # would fail if it searched
    assert search(pairs_file, out, SEARCH, progress=False) == genotype


def test_other_settings_on_the_same_folder_are_refused(searched, pairs_file):
    other = SearchSettings(**{**vars(SEARCH), "seed": 5})
    with pytest.raises(FileError, match=r"other settings \(seed: 0 there, 5 now\)"):
        search(pairs_file, searched[1], other, progress=False)


def test_loss_that_is_not_finite_stops_and_keeps_the_last_state(pairs_file, tmp_path, monkeypatch):
    verdict = Searcher.verdict

    def diverge(self, number, genotype):
        scores = verdict(self, number, genotype)
        return {**scores, "psnr_onehot": float("nan")} if number == 1 else scores

    monkeypatch.setattr(Searcher, "verdict", diverge)
    message = "psnr_onehot is nan at step 6; stopped, the state after step 3 is kept"
    with pytest.raises(FileError, match=message):
        search(pairs_file, tmp_path, SEARCH, progress=False)
    monkeypatch.undo()
    assert search(pairs_file, tmp_path, SEARCH, progress=False)  # goes on from epoch 1


def test_alphas_and_weights_are_trained_by_their_own_part(pairs_file):
    searcher = Searcher(pairs_file, SEARCH, torch.device("cpu"))
    rows = [set(b.pairs.rows) for b in (searcher.weight_batches, searcher.alpha_batches)]
    rows.append(set(searcher.selection.rows))
    assert sum(map(len, rows)) == len(set.union(*rows)) == 60
    before = searcher.net.alphas.detach().clone()
    searcher.weight_gradient(searcher.weight_batches[0], searcher.path(0, 0))
    searcher.weight_optimiser.step()
    assert torch.equal(searcher.net.alphas, before)


def test_temperature_falls_to_a_quarter_and_is_never_less(pairs_file, tmp_path, monkeypatch):
    # also for the paths that judge an epoch: a temperature of 0 once made their scores nan
    seen = []

    def watched(alphas, temperature, noise):
        seen.append(temperature)
        return gumbel_path(alphas, temperature, noise)

    monkeypatch.setattr("nas.searcher.gumbel_path", watched)
    search(pairs_file, tmp_path, SEARCH, progress=False)
    assert max(seen) == SEARCH.temperature
    assert SEARCH.temperature / 4 < min(seen) < SEARCH.temperature / 2.5


def test_draws_differ_between_steps_purposes_and_seeds(pairs_file):
    searcher = Searcher(pairs_file, SEARCH, torch.device("cpu"))
    draws = [searcher.path(step, purpose).active for step in range(3) for purpose in range(3)]
    assert len({str(d) for d in draws}) == 9
    assert searcher.path(1, 1).active == draws[4]


@pytest.mark.parametrize("arch", ["unet", Genotype.sample(1).to_dict()], ids=["unet", "searched"])
def test_retrained_model_holds_all_that_rebuilds_it(pairs_file, tmp_path, arch):
    path = retrain(arch, pairs_file, tmp_path / "net", TRAIN, progress=False)
    model, info = load_model(tmp_path / "net")
    assert path == tmp_path / "net" / "model.safetensors"
    assert info["arch"] == arch
    assert info["settings"]["steps"] == 6
    assert (info["genotype"] is None) == isinstance(arch, str)
    assert model(torch.rand(1, 3, 32, 32)).shape == (1, 3, 32, 32)
    assert not model.training
    assert len((tmp_path / "net" / "log.jsonl").read_text().splitlines()) == 3
    assert (tmp_path / "net" / "training.png").exists()


def test_interrupted_training_ends_with_the_same_weights(pairs_file, tmp_path, monkeypatch):
    trainer = retrain_command.Trainer
    retrain("unet", pairs_file, tmp_path / "whole", TRAIN, progress=False)
    run = trainer.run

    def break_off(self, start, stop, progress):
        if start == 4:
            raise KeyboardInterrupt
        return run(self, start, stop, progress)

    monkeypatch.setattr(trainer, "run", break_off)
    with pytest.raises(KeyboardInterrupt):
        retrain("unet", pairs_file, tmp_path / "broken", TRAIN, progress=False)
    monkeypatch.undo()
    retrain("unet", pairs_file, tmp_path / "broken", TRAIN, progress=False)
    whole, broken = (
        load_file(tmp_path / name / "model.safetensors") for name in ("whole", "broken")
    )
    assert all(torch.equal(whole[key], broken[key]) for key in whole)


def _run(module, *arguments):
    result = CliRunner().invoke(module.main, [str(a) for a in arguments])
    return result.exit_code, result.output


def test_commands_refuse_bad_input_with_a_message_and_a_code(pairs_file, tmp_path):
    text = tmp_path / "text.h5"
    text.write_text("not a dataset")
    unknown = tmp_path / "unknown.json"
    document = Genotype.sample(0).to_dict()
    document["cells"]["enc1"][0] = "maxpool"
    unknown.write_text(json.dumps(document))
    old = tmp_path / "old.json"
    old.write_text(json.dumps({**Genotype.sample(0).to_dict(), "space": "unet5-0"}))
    out = tmp_path / "out"
    cases = [
        (search_command, (tmp_path / "none.h5",), 2, "does not exist"),
        (search_command, (text, "--out", out), 1, "text.h5"),
        (search_command, (tmp_path / "none-*.h5", "--out", out), 1, "no file matches"),
        (search_command, (pairs_file, pairs_file, "--out", out), 1, "given twice"),
        (retrain_command, ("unet", "--out", out), 2, "Missing argument 'DATA...'"),
        (search_command, (pairs_file, "--out", out, "--epochs", 0), 2, "epochs must be >= 1"),
        (search_command, (pairs_file, "--out", out, "--epochs", 8), 2, "warmup must be < epochs"),
        (search_command, (pairs_file, "--out", out, "--crop", 50), 2, "crop must be a multiple"),
        (search_command, (pairs_file, "--out", out, "--device", "tpu"), 2, "device must be auto"),
        (search_command, (pairs_file, "--out", out, "--sampler", "x"), 2, "'gumbel', 'softmax'"),
        (search_command, (pairs_file, "--out", text / "x"), 1, "cannot be written"),
        (search_command, (pairs_file, "--out", text), 1, "is a file, a folder is needed"),
        (search_command, (pairs_file, "--out", out, "--batch", 40), 2, "batch must be <= the 36"),
        (search_command, (pairs_file, "--out", out, "--width", 100000), 2, "width must be <= 256"),
        (search_command, (pairs_file, "--out", out, "--lr", "inf"), 2, "lr must be finite"),
        (
            retrain_command,
            ("resnet", pairs_file, "--out", out),
            2,
            "ARCH must be an existing genotype file",
        ),
        (retrain_command, (unknown, pairs_file, "--out", out), 1, "got 'maxpool'"),
        (retrain_command, (old, pairs_file, "--out", out), 1, "space must be"),
        (retrain_command, ("unet", pairs_file, "--out", out, "--steps", 0), 2, "steps must be"),
        (retrain_command, ("unet", pairs_file), 2, "--out"),
    ]
    for module, arguments, code, message in cases:
        exit_code, output = _run(module, *arguments)
        assert (exit_code, message in output) == (code, True), (arguments, exit_code, output)
        assert "Traceback" not in output


def test_a_refused_run_leaves_no_trace_and_loses_nothing(searched, pairs_file, tmp_path):
    assert _run(search_command, pairs_file, "--out", tmp_path / "new", "--crop", 50)[0] == 2
    assert not (tmp_path / "new").exists()
    out = searched[1]
    assert _run(search_command, pairs_file, "--out", out, "--crop", 50, "--overwrite")[0] == 2
    assert (out / "genotype.json").exists()


def test_ctrl_c_says_that_nothing_is_lost(pairs_file, tmp_path, monkeypatch):
    def break_off(self, number, progress):
        raise KeyboardInterrupt

    monkeypatch.setattr(Searcher, "epoch", break_off)
    exit_code, output = _run(search_command, pairs_file, "--out", tmp_path, "--width", 2)
    assert exit_code == 130
    assert "stopped; the same command goes on from the last saved state" in output
    assert "Error" not in output


def test_folder_of_another_command_is_refused(searched, pairs_file):
    with pytest.raises(FileError, match="holds a run of another command; choose another --out"):
        retrain("unet", pairs_file, searched[1], TRAIN, progress=False)


def test_checkpoint_of_a_huge_width_allocates_nothing(tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(path, build("unet", 2), {"name": "unet", "arch": "unet", "width": 256})
    with pytest.raises(FileError, match="its weights belong to another network"):
        load_model(path)
    save_model(path, build("unet", 2), {"name": "unet", "arch": "unet", "width": 10**9})
    with pytest.raises(FileError, match="width must be between 1 and 256"):
        load_model(path)


def test_model_file_is_as_readable_as_any_other(tmp_path):
    # safetensors alone leaves it to its owner only
    save_model(tmp_path / "m.safetensors", build("unet", 2), {"arch": "unet", "width": 2})
    (tmp_path / "other").touch()
    modes = [(tmp_path / name).stat().st_mode for name in ("m.safetensors", "other")]
    assert modes[0] == modes[1]


def test_commands_work_as_modules(pairs_file, shards, tmp_path):
    small = ["--width", "2", "--crop", "16", "--batch", "2", "--steps", "2"]

    def module(*arguments):
        command = [sys.executable, "-m", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)

    short = ["--epochs", "2", "--warmup", "1"]
    told = module("nas.search", pairs_file, "--out", "s", *small, *short).stdout
    assert "plan: 9 cells x 3 slots x 8 operations at width 2" in told
    assert "about" in told
    told = module("nas.retrain", "s/genotype.json", shards, "--out", "net", *small).stdout
    assert "model: net/model.safetensors" in told


def test_checkpoints_of_others_are_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    net = build("unet", 2)
    info = {"name": "unet", "arch": "unet", "width": 2}
    cases = [
        ({**info, "arch": Genotype.sample(0).to_dict()}, "its weights belong to another network"),
        ({**info, "width": 3}, "its weights belong to another network"),
        ({**info, "arch": "resnet"}, "network must be one of"),
        ({"name": "unet"}, "must name arch and width"),
        ({**info, "format_version": 9}, "format_version must be 1, got 9"),
    ]
    for facts, message in cases:
        save_model(path, net, facts)
        with pytest.raises(FileError, match=message):
            load_model(path)
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(FileError, match="not made by nas"):
        load_model(tmp_path)
    save_model(path, net, info)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(FileError, match="not a safetensors file, or cut short"):
        load_model(path)
    path.write_text("weights")
    with pytest.raises(FileError, match="not a safetensors file, or cut short"):
        load_model(path)
    with pytest.raises(FileError, match="no such checkpoint"):
        load_model(tmp_path / "none.safetensors")
