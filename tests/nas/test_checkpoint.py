"""Checkpoints: what is stored, and what is refused by name."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from blurkit.errors import FileError
from nas.checkpoint import load_model, save_model
from nas.space.genotype import Genotype
from nas.space.network import build

pytestmark = pytest.mark.usefixtures("one_thread")


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


@pytest.mark.parametrize("scales", [[0], "12x", [1, None], 3, {}])
def test_scales_of_a_checkpoint_are_checked(tmp_path, scales):
    info = {"name": "conv", "arch": "conv", "width": 2, "scales": scales}
    save_model(tmp_path / "model.safetensors", build("conv", 2), info)
    with pytest.raises(
        FileError, match=r"model\.safetensors: scales must be up to 8 numbers in 1 \.\. 8"
    ):
        load_model(tmp_path)


@pytest.mark.parametrize("window", [0, 15, 64.0, "128", None, True, [128]])
def test_the_window_of_a_checkpoint_is_checked(tmp_path, window):
    info = {"name": "conv", "arch": "conv", "width": 2, "window": window}
    save_model(tmp_path / "model.safetensors", build("conv", 2), info)
    with pytest.raises(FileError, match=r"model\.safetensors: window must be a whole number >= 16"):
        load_model(tmp_path)


def test_attention_within_the_training_crop_is_loaded(tmp_path):
    info = {"name": "naf", "arch": "naf", "width": 2, "window": 48}
    save_model(tmp_path / "model.safetensors", build("naf", 2), info)
    model, _ = load_model(tmp_path)
    assert model.cells["enc2"][0].operation[4].window == 24


def test_half_precision_is_stored_and_loaded_as_float32(tmp_path):
    net = build("conv", 2)
    info = {"name": "conv", "arch": "conv", "width": 2, "scales": [2, 1]}
    save_model(tmp_path / "model.safetensors", net, info, half=True)
    stored = load_file(tmp_path / "model.safetensors")
    assert {value.dtype for value in stored.values()} == {torch.float16}
    model, _ = load_model(tmp_path)
    assert model.scales == [1, 2]
    for key, value in model.state_dict().items():
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, net.state_dict()[key], rtol=2**-11, atol=1e-7)


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
