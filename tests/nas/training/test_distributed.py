"""Two ranks under torchrun: alike bit by bit, one process's result, and no rank left waiting."""

import json
import os
import subprocess
import sys
from pathlib import Path

import on_ranks
import pytest
import torch
from safetensors.torch import load_file

from blurkit.errors import SettingError
from nas.device import pick
from nas.files import read_log
from nas.retrain import retrain
from nas.search import search
from nas.space.supernet import Supernet
from nas.training.run import Run

SCRIPT = str(Path(on_ranks.__file__))
S = on_ranks.SETTINGS


pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]


def torchrun(*arguments):
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [*launcher, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)


@pytest.fixture(scope="module")
def laws(pairs_file, tmp_path_factory):
    """The folder that the first part of `on_ranks.py` leaves."""
    out = tmp_path_factory.mktemp("ranks")
    result = torchrun(SCRIPT, "laws", pairs_file, out)
    assert len(list(out.glob("laws-*"))) == 2, result.stderr
    assert result.returncode == 1  # the second rank was killed at the end
    return out


@pytest.mark.parametrize("name", on_ranks.ARCHS)
def test_gradients_are_those_of_one_process_with_the_whole_batch(laws, pairs_file, name):
    loss, gradients = on_ranks.first_step(on_ranks.ARCHS[name], pairs_file)
    (loss_0, of_0), (loss_1, of_1) = (torch.load(laws / f"{name}-{rank}.pt") for rank in (0, 1))
    assert loss_0 == loss_1 == pytest.approx(loss, rel=1e-6)
    assert all(torch.equal(of_0[key], of_1[key]) for key in gradients)
    both, one = (torch.cat([g[key].flatten() for key in gradients]) for g in (of_0, gradients))
    assert (both - one).norm() <= 1e-5 * one.norm()


@pytest.mark.parametrize("order", [1, 2])
def test_the_alphas_gradient_is_that_of_one_process_with_the_whole_batch(laws, pairs_file, order):
    alone = on_ranks.first_alpha_step(order, pairs_file)
    of_0, of_1 = (torch.load(laws / f"alphas-{order}-{rank}.pt") for rank in (0, 1))
    assert all(map(torch.equal, of_0, of_1))
    for both, one in zip(of_0, alone, strict=True):
        assert (both - one).norm() <= 1e-4 * one.norm()


def test_the_search_is_that_of_one_process(laws, pairs_file, tmp_path, quick):
    # that the ranks' supernets are the same bytes is checked at every epoch's end
    search(pairs_file, tmp_path, on_ranks.SEARCH, progress=False)
    one, both = (load_file(f / "supernet.safetensors") for f in (tmp_path, laws / "search"))
    for key in one.keys() - set(Supernet.ALPHAS):
        torch.testing.assert_close(both[key], one[key], rtol=1e-3, atol=1e-3, msg=key)
    # Adam makes a whole step of a gradient that is nothing but rounding, so some alphas differ
    for key in Supernet.ALPHAS:
        equal = (both[key] - one[key]).abs() < 1e-3
        assert equal.float().mean() > 0.7, key
    logs = [read_log(f / "log.jsonl") for f in (tmp_path, laws / "search")]
    for alone, shared in zip(*logs, strict=True):
        assert shared["train_loss"] == pytest.approx(alone["train_loss"], rel=1e-5)
    results = [json.loads((f / "result.json").read_text()) for f in (tmp_path, laws / "search")]
    assert [result["hardware"]["processes"] for result in results] == [1, 2]
    assert results[0]["cost"]["unet"] == results[1]["cost"]["unet"]
    assert results[0]["psnr_onehot"] == pytest.approx(results[1]["psnr_onehot"], abs=1e-2)


def near(path, expected):
    """Whether two models are one but for rounding, their logs too."""
    one, other = load_file(path), load_file(expected)
    for key in one:
        torch.testing.assert_close(one[key], other[key], rtol=1e-4, atol=1e-3, msg=key)
    logs = [
        [json.loads(line) for line in (p.parent / "log.jsonl").read_text().splitlines()]
        for p in (path, expected)
    ]
    for ours, theirs in zip(*logs, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-3)


def test_unet_is_that_of_one_process(laws, pairs_file, tmp_path):
    # BatchNorm would see half of each batch
    near(
        laws / "unet" / "model.safetensors",
        retrain("unet", pairs_file, tmp_path, S, progress=False),
    )


def test_killed_ranks_go_on_to_the_bytes_of_the_uninterrupted_run(laws, pairs_file, tmp_path):
    genotype = tmp_path / "genotype.json"
    genotype.write_text(json.dumps(on_ranks.ARCHS["searched"]))
    small = ["--width", 2, "--crop", 16, "--batch", 4, "--steps", 6, "--every", 2]
    command = ["-m", "nas.retrain", genotype, pairs_file, *small, "--device", "cpu", "--out"]
    whole, resumed = (torchrun(*command, out) for out in (tmp_path / "whole", laws / "killed"))
    assert whole.returncode == resumed.returncode == 0, resumed.stderr
    # told by one rank alone
    assert whole.stdout.count("6 steps of 4 crops 16x16 on cpu, 2 processes") == 1
    assert resumed.stdout.count(f"resuming {laws / 'killed'} after step 4") == 1
    assert resumed.stdout.count("model: ") == 1
    assert whole.stderr.count("train searched:   0%") == 1
    models = [folder / "model.safetensors" for folder in (tmp_path / "whole", laws / "killed")]
    assert models[0].read_bytes() == models[1].read_bytes()
    alone = retrain(on_ranks.ARCHS["searched"], pairs_file, tmp_path / "1", S, progress=False)
    near(models[0], alone)


def test_an_error_on_one_rank_ends_both_and_is_told_once(pairs_file, tmp_path):
    result = torchrun(SCRIPT, "errors", pairs_file, tmp_path)
    assert result.returncode == 1
    assert result.stderr.count("Error: photo.jpg: the second rank cannot read it") == 1
    assert result.stderr.count("Error: ") == 1 + result.stderr.count("ChildFailedError: ")
    # gloo's threads, left alone, abort now and then a process that ends
    assert "python" in (tmp_path / "threads-1").read_text()
    assert "gloo" not in (tmp_path / "threads-1").read_text()
    for name, message in (
        ("nan", "loss is nan at step 4; stopped, the state after step 2 is kept"),
        ("apart", "rank 1 has other weights than rank 0 at step 4; stopped, the state after"),
    ):
        for rank in (0, 1):
            assert message in (tmp_path / f"{name}-told-{rank}").read_text()
        assert (tmp_path / name / "state.safetensors").exists()
        assert json.loads((tmp_path / name / "log.jsonl").read_text())["step"] == 2


def test_a_run_that_torchrun_starts_again_goes_on_in_spite_of_overwrite(tmp_path, monkeypatch):
    for restarts, there in ((0, False), (1, True)):
        (tmp_path / "product").touch()
        monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", str(restarts))
        with Run(tmp_path, {}, "product", overwrite=True) as run:
            assert run.finished is there


def test_each_process_takes_a_gpu_of_its_own(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert pick("auto") == pick("cuda") == torch.device("cuda:1")
    assert pick("cpu") == torch.device("cpu")
    with pytest.raises(SettingError, match="auto, cpu or cuda for 2 processes, got 'cuda:1'"):
        pick("cuda:1")
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(SettingError, match="device cuda:2: 2 CUDA devices are available"):
        pick("auto")
