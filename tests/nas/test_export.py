import json
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner

from blurkit.errors import FileError, SettingError
from nas import export as command
from nas.checkpoint import load_model, save_model
from nas.export import describe, export, main
from nas.restoration.restore import restore
from nas.runtime.program import AnySize, onnx_session
from nas.space.network import build

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden/model_keys.json").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    """A checkpoint with every operation and fusion, all its weights drawn, and windows."""
    arch, draw = GOLDEN["genotype"]["arch"], torch.Generator().manual_seed(0)
    model = build(arch, 2)
    with torch.no_grad():
        for value in model.parameters():
            value.uniform_(-0.4, 0.4, generator=draw)
    path = tmp_path_factory.mktemp("net") / "model.safetensors"
    save_model(path, model, {"name": "n", "arch": arch, "width": 2, "scales": [1, 2], "window": 64})
    return path


@pytest.fixture(scope="module")
def onnx_file(net, tmp_path_factory):
    return export(net, tmp_path_factory.mktemp("onnx") / "model.onnx")


def of_torch(path, image):
    model, _ = load_model(path)
    model.attend_within(None)
    with torch.no_grad():
        return AnySize(model)(torch.from_numpy(image)).numpy()


@pytest.mark.parametrize("shape", [(1, 3, 48, 48), (1, 3, 16, 100), (3, 3, 33, 50), (1, 3, 90, 21)])
def test_onnx_does_what_torch_does_at_any_size(shape, net, onnx_file):
    image = np.random.default_rng(0).random(shape, np.float32)
    (restored,) = onnx_session(onnx_file[0].read_bytes(), 1).run(["restored"], {"image": image})
    np.testing.assert_allclose(restored, of_torch(net, image), atol=1e-4)
    assert np.abs(restored - image).max() > 0.01


def test_padding_is_that_of_restoring(net, onnx_file):
    photo = np.random.default_rng(1).integers(0, 256, (37, 50, 3), np.uint8)
    image = np.ascontiguousarray(photo.transpose(2, 0, 1)[None], np.float32) / 255
    (found,) = onnx_session(onnx_file[0].read_bytes(), 1).run(["restored"], {"image": image})
    ours = restore(load_model(net)[0], photo, scales=[1])  # its windows are larger than the photo
    bits = np.rint(found[0].transpose(1, 2, 0).clip(0, 1) * 255)
    assert np.abs(bits - ours.astype(int)).max() <= 1


def test_onnx_says_what_it_is(net, onnx_file):
    path, differences = onnx_file
    assert len(differences) == 3
    assert max(differences.values()) < 1e-4
    document = onnx.load(path)
    onnx.checker.check_model(document, full_check=True)
    assert {o.version for o in document.opset_import if o.domain in ("", "ai.onnx")} == {20}
    for (end,), name in ((document.graph.input, "image"), (document.graph.output, "restored")):
        sides = end.type.tensor_type.shape.dim
        assert end.name == name
        assert [d.dim_param or d.dim_value for d in sides] == ["batch", 3, "height", "width"]
    facts = {entry.key: entry.value for entry in document.metadata_props}
    assert json.loads(facts["arch"]) == GOLDEN["genotype"]["arch"]
    assert (facts["name"], facts["width"], facts["stride"]) == ("n", "2", "16")
    assert (json.loads(facts["scales"]), facts["window"]) == ([1, 2], "64")


@pytest.mark.parametrize("arch", ["unet", "unet-nobn"])
def test_a_program_of_torch_export(arch, tmp_path):
    torch.manual_seed(0)
    info = {"name": "u", "arch": arch, "width": 2}
    save_model(tmp_path / "model.safetensors", build(arch, 2), info)
    path, differences = export(tmp_path, tmp_path / "model.pt2")
    assert set(differences) == {"64x96", "131x75", "160x160"}
    assert max(differences.values()) < 1e-5
    extra = {"blurkit.json": ""}
    program = torch.export.load(path, extra_files=extra)
    assert json.loads(extra["blurkit.json"])["arch"] == arch
    image = torch.rand(2, 3, 17, 41)
    model = AnySize(load_model(tmp_path)[0])
    with torch.no_grad():
        torch.testing.assert_close(program.module()(image), model(image))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.pt2", "model.safetensors"]


def test_a_file_that_differs_is_not_written(net, tmp_path, monkeypatch):
    """What is compared is the written file's own output."""

    def wrong(part, plain, facts):
        part.write_bytes(b"onnx")
        return lambda image: plain(image) + 0.01

    monkeypatch.setattr(command, "_write_onnx", wrong)
    out = tmp_path / "model.onnx"
    with pytest.raises(FileError, match=r"differs from torch's by 0.01, more than 0.0001: not wr"):
        export(net, out)
    assert not list(tmp_path.iterdir())
    out.write_text("of yesterday")
    with pytest.raises(FileError, match="not written"):
        export(net, out)
    assert out.read_text() == "of yesterday"
    assert export(net, out, tolerance=0.02)[0].read_bytes() == b"onnx"


def test_nan_is_a_difference(net, tmp_path, monkeypatch):
    def wrong(part, plain, facts):
        return lambda image: plain(image) * float("nan")

    monkeypatch.setattr(command, "_write_program", wrong)
    with pytest.raises(FileError, match="differs from torch's by nan"):
        export(net, tmp_path / "model.pt2")


def test_wrong_ends(net, tmp_path):
    with pytest.raises(SettingError, match=r"out must end in .onnx or .pt2, got model.pth"):
        export(net, "model.pth")
    with pytest.raises(FileError, match="no folder"):
        export(net, tmp_path / "none" / "model.onnx")
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(FileError, match="it is a folder"):
        export(net, tmp_path / "folder.onnx")
    same = tmp_path / "same.onnx"
    same.hardlink_to(net)
    with pytest.raises(SettingError, match="out must not be the model"):
        export(net, same)
    found = CliRunner().invoke(main, [str(net), "--out", "model.pth"])
    assert (found.exit_code, "must end in" in found.output) == (2, True)


@pytest.mark.parametrize("package", ["onnx", "onnxscript", "onnxruntime"])
def test_a_missing_package_is_named_with_the_command_that_installs_it(package, net, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    found = CliRunner().invoke(main, [str(net), "--out", "/tmp/model.onnx"])
    assert found.exit_code == 1
    assert "pip install 'blurkit[export]'" in found.output
    assert package in found.output


def test_the_command_says_what_it_did(net, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "_write_onnx", lambda part, plain, facts: (part.touch(), plain)[1])
    out = tmp_path / "model.onnx"
    found = CliRunner().invoke(main, [str(net), "--out", str(out)])
    assert found.exit_code == 0, found.output
    assert f"exported: {out} (ONNX, opset 20" in found.output
    assert "largest difference from torch: 0," in found.output


def test_the_shipped_network_is_described_in_full():
    model, info = load_model()
    facts = describe(info, model)
    assert facts["arch"] == info["arch"]
    assert facts["scales"] == model.scales
    json.dumps(facts, allow_nan=False)
