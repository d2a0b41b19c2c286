"""Retraining and the commands as a user runs them: resuming, refusing, exact messages."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

from blurkit.errors import FileError
from nas import retrain as retrain_command
from nas import search as search_command
from nas.checkpoint import load_model
from nas.retrain import RetrainSettings, retrain
from nas.space.genotype import Genotype
from nas.strategy.searcher import Searcher

TRAIN = RetrainSettings(width=2, crop=16, batch=2, steps=6, every=2)
pytestmark = pytest.mark.usefixtures("one_thread")


def test_training_is_the_same_on_shards(pairs_file, shards, tmp_path):
    files = sorted(Path(shards).parent.iterdir())
    models = [
        load_file(retrain("unet", data, tmp_path / name, TRAIN, progress=False))
        for data, name in ((pairs_file, "one"), (shards, "many"))
    ]
    assert all(torch.equal(models[0][key], models[1][key]) for key in models[0])
    assert retrain("unet", files, tmp_path / "many", TRAIN, progress=False)  # complete already
    with pytest.raises(FileError, match=r"other settings \(different data\)"):
        retrain("unet", files[::-1], tmp_path / "many", TRAIN, progress=False)


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


def test_training_goes_on_from_given_weights(pairs_file, tmp_path):
    first = retrain("conv", pairs_file, tmp_path / "first", TRAIN, progress=False)
    still = dataclasses.replace(TRAIN, steps=1, lr=1e-9)
    again = retrain("conv", pairs_file, tmp_path / "on", still, init=first, progress=False)
    before, after = load_file(first), load_file(again)
    assert all(torch.allclose(before[key], after[key], atol=1e-6) for key in before)
    fresh = load_file(retrain("conv", pairs_file, tmp_path / "fresh", still, progress=False))
    assert not all(torch.allclose(before[key], fresh[key], atol=1e-6) for key in before)
    with pytest.raises(FileError, match=r"first: belongs to another network or width$"):
        retrain("unet", pairs_file, tmp_path / "no", TRAIN, init=tmp_path / "first")
    with pytest.raises(FileError, match="other settings"):  # another beginning is another run
        retrain("conv", pairs_file, tmp_path / "on", still, init=again, progress=False)


def test_a_network_grows_from_one_with_empty_slots(pairs_file, tmp_path):
    first = retrain("frame", pairs_file, tmp_path / "first", TRAIN, progress=False)
    still = dataclasses.replace(TRAIN, steps=1, lr=1e-9)
    grown = retrain("conv", pairs_file, tmp_path / "grown", still, init=first, progress=False)
    image = torch.rand(1, 3, 32, 32)
    with torch.no_grad():  # what is new does nothing yet
        before, after = (load_model(path)[0](image) for path in (first, grown))
    assert torch.allclose(before, after, atol=1e-6)
    more = dataclasses.replace(TRAIN, steps=4)
    trained = retrain("conv", pairs_file, tmp_path / "on", more, init=first, progress=False)
    assert load_file(trained)["cells.enc1.0.beta"].abs().max() > 0  # but learns
    with pytest.raises(FileError, match=r"grown: belongs to another network or width$"):
        retrain("frame", pairs_file, tmp_path / "no", TRAIN, init=tmp_path / "grown")
    with pytest.raises(FileError, match=r"grown: belongs to another network or width$"):
        retrain("naf", pairs_file, tmp_path / "no", TRAIN, init=tmp_path / "grown")


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
        (search_command, (pairs_file, "--out", out, "--epochs", 8), 2, "warmup must be <= epochs"),
        (
            search_command,
            (pairs_file, "--out", out, "--epochs", 20, "--discretise", "argmax"),
            2,
            "no argmax",
        ),
        (search_command, (pairs_file, "--out", out, "--widths", 1, 2), 2, "requires 5 arguments"),
        (search_command, (pairs_file, "--out", out, "--crop", 50), 2, "crop must be a multiple"),
        (search_command, (pairs_file, "--out", out, "--device", "tpu"), 2, "device must be auto"),
        (search_command, (pairs_file, "--out", out, "--sampler", "x"), 2, "'gumbel', 'softmax'"),
        (search_command, (pairs_file, "--out", text / "x"), 1, "cannot be written"),
        (search_command, (pairs_file, "--out", text), 1, "is a file, must be a folder"),
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
    small = "--width", 2, "--latency-target", 0
    exit_code, output = _run(search_command, pairs_file, "--out", tmp_path, *small)
    assert exit_code == 130
    assert "stopped; rerun the command to resume from the last saved state" in output
    assert "Error" not in output


@pytest.mark.slow
def test_commands_work_as_modules(pairs_file, shards, tmp_path):
    small = ["--width", "2", "--crop", "16", "--batch", "2", "--steps", "2"]

    def module(*arguments):
        command = [sys.executable, "-m", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)

    short = ["--epochs", "2", "--warmup", "1", "--macs-target", "1", "--discretise", "argmax"]
    told = module("nas.search", pairs_file, "--out", "s", *small, *short).stdout
    assert "plan: 9 cells x 3 slots x 8 operations and 4 x 3 fusions at width 2; at most" in told
    assert "about" in told
    told = module("nas.retrain", "s/genotype.json", shards, "--out", "net", *small).stdout
    assert "model: net/model.safetensors" in told
