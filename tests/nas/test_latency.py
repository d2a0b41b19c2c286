import json
import sys

import cv2
import pytest
import torch
from click.testing import CliRunner

from blurkit.errors import FileError, SettingError
from nas.checkpoint import save_model
from nas.latency import LatencySettings, latency, main
from nas.runtime import backends
from nas.runtime.page import latency_page
from nas.space.genotype import CELLS, Genotype
from nas.space.network import build

QUICK = {"sizes": "32x16", "threads": "1", "rounds": 3, "seconds": 0.0}


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    folder = tmp_path_factory.mktemp("net")
    model = build("frame", 2)
    with torch.no_grad():
        model.tail.weight.fill_(0.1)
    save_model(folder / "model.safetensors", model, {"name": "n", "arch": "frame", "width": 2})
    return folder


def rows_of(net, **other):
    settings = LatencySettings(**{**QUICK, **other})
    document = latency([net], settings=settings, device="cpu", progress=False)
    return {(row["network"], row["mode"]): row for row in document["rows"]}


def test_every_mode_computes_what_plain_float32_does(net):
    wanted = "eager; channels_last; ONNX Runtime; bf16"
    rows = rows_of(net, modes=wanted, unet_width=3)
    assert list(rows) == [
        (name, mode) for name in ("n", "UNet of width 3") for mode in wanted.split("; ")
    ]
    for (_, mode), row in rows.items():
        if mode == "bf16" and row["ms"] is None:
            assert row["why"] == "bf16 is not supported by this CPU"
            continue
        assert row["differs"] < (0.1 if mode == "bf16" else 1e-4)
        assert row["quartiles"][0] <= row["ms"] <= row["quartiles"][1]
        assert (row["rounds"], row["size"], row["threads"]) == (3, "32x16", 1)
        assert row["unets"] == row["ms"] / rows["UNet of width 3", "eager"]["ms"]
    assert rows["UNet of width 3", "eager"]["unets"] == 1


def test_a_fast_but_wrong_mode_is_seen(net, monkeypatch):
    def wrong(runner, image, threads):
        return lambda: runner.network.model(image) + 0.5

    monkeypatch.setitem(backends.MODES, "bf16", wrong)
    rows = rows_of(net, modes="eager;bf16")
    assert rows["n", "bf16"]["differs"] == pytest.approx(0.5, rel=1e-3)
    assert rows["n", "eager"]["differs"] < 1e-5


def test_a_mode_that_gives_nan_is_not_timed(net, monkeypatch, tmp_path):
    def wrong(runner, image, threads):
        return lambda: runner.network.model(image) * float("nan")

    monkeypatch.setitem(backends.MODES, "bf16", wrong)
    settings = LatencySettings(**QUICK, modes="eager; bf16")
    document = latency([net], settings=settings, device="cpu", out=tmp_path, progress=False)
    assert json.loads((tmp_path / "latency.json").read_text()) == document
    assert [row.get("why", "")[:5] for row in document["rows"]] == ["", "wrong"] * 2


def test_a_mode_that_is_not_possible_is_a_row_that_says_why(net, monkeypatch, tmp_path):
    def no_compiler(*args, **kwargs):
        raise RuntimeError("\nno working C++ compiler found\nmore | of it")

    monkeypatch.setattr(torch, "compile", no_compiler)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    settings = LatencySettings(**QUICK, modes="eager; torch.compile; ONNX Runtime")
    document = latency([net], settings=settings, device="cpu", out=tmp_path, progress=False)
    why = {row["mode"]: row.get("why") for row in document["rows"]}
    assert why["torch.compile"] == (
        "torch.compile failed: RuntimeError: no working C++ compiler found"
    )
    assert "pip install 'blurkit[export]'" in why["ONNX Runtime"]
    assert why["eager"] is None
    assert why["torch.compile"] in (tmp_path / "latency.md").read_text()
    assert cv2.imread(str(tmp_path / "latency.png")) is not None


def test_compiling_is_whole_or_not_at_all(net, monkeypatch):
    """A network that falls back to eager after too many of its class would pass as compiled."""
    asked = []

    def compiled(module, **how):
        asked.append(how)
        return module

    monkeypatch.setattr(torch, "compile", compiled)
    rows_of(net, modes="torch.compile", threads="2")
    assert asked == [{"fullgraph": True, "dynamic": False, "options": {"cpp.threads": 2}}] * 2


def test_a_network_with_attention_is_compiled_without_a_break(monkeypatch, tmp_path):
    """Given the module itself, torch.compile stops at each norm (its context variable)."""
    compiled = torch.compile

    def traced(module, *, options, **how):
        return compiled(module, backend="eager", **how)

    monkeypatch.setattr(torch, "compile", traced)
    cells = dict.fromkeys(CELLS, ("zero",) * 3) | {"enc2": ("dw3_attn", "ff", "conv3")}
    arch = Genotype(cells).to_dict()
    info = {"name": "n", "arch": arch, "width": 2}
    save_model(tmp_path / "model.safetensors", build(arch, 2), info)
    row = rows_of(tmp_path, modes="torch.compile")["n", "torch.compile"]
    assert "why" not in row
    assert row["differs"] < 1e-5


def test_the_number_of_threads_is_as_asked_for_and_put_back(net, monkeypatch):
    seen = []

    def eager(runner, image, threads):
        seen.append((threads, torch.get_num_threads(), tuple(image.shape[2:])))
        return lambda: runner.network.model(image)

    monkeypatch.setitem(backends.MODES, "eager", eager)
    before = torch.get_num_threads()
    rows_of(net, modes="eager", threads="2 1", sizes="16x32 32x16")
    assert seen[::2] == [(2, 2, (32, 16)), (2, 2, (16, 32)), (1, 1, (32, 16)), (1, 1, (16, 32))]
    assert torch.get_num_threads() == before


def test_the_command_writes_json_page_and_picture(net, tmp_path):
    out = tmp_path / "latency"
    options = [f"--{name}={value}" for name, value in QUICK.items()]
    found = CliRunner().invoke(
        main, [str(net), "--device", "cpu", "--modes", "eager", "--out", str(out), *options]
    )
    assert found.exit_code == 0, found.output
    document = json.loads((out / "latency.json").read_text())
    assert (out / "latency.md").read_text() == latency_page(document)
    assert latency_page(document) in found.output
    assert "## cpu, 1 thread, 32x16" in latency_page(document)
    assert document["hardware"]["cpu"]
    assert document["versions"]["torch"] == torch.__version__
    assert document["networks"]["UNet of width 2"]["parameters"] == sum(
        p.numel() for p in build("unet", 2).parameters()
    )
    assert sorted(p.name for p in out.iterdir()) == ["latency.json", "latency.md", "latency.png"]


def test_a_model_given_twice_and_one_that_is_none(net, tmp_path):
    with pytest.raises(SettingError, match="model given twice"):
        latency([net, net / "model.safetensors"], progress=False)
    with pytest.raises(FileError, match="no such checkpoint"):
        latency([tmp_path], progress=False)
