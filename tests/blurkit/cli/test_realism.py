"""blurkit realism: what it says, draws and saves, and its errors."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from blurkit import random_walk_kernels
from blurkit.cli import main
from blurkit.images.files import read_image


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", random_walk_kernels(6, 15, steps=40, seed=1, length=(4, 10)))
    np.save("b.npy", random_walk_kernels(6, 21, steps=40, seed=2, length=(9, 20)))
    return tmp_path


def realism(*words, code=0):
    result = CliRunner().invoke(main, ["realism", *words])
    assert result.exit_code == code, result.output
    return result.output.splitlines()


def test_two_sets():
    said = realism("a.npy", "b.npy", "--json", "r.json")
    assert said[:2] == ["ours       a.npy, 6 kernels", "reference  b.npy, 6 kernels"]
    assert said[-2:] == [
        "realism.png: kernels and distributions of both",
        "r.json: the same figures, and quartiles",
    ]
    assert read_image("realism.png").shape == (1034, 1650, 3)
    with open("r.json") as file:
        known = json.load(file)
    line = next(line for line in said if line.startswith("RMS along the major axis, px"))
    ours, reference, levin, ks, *_ = map(float, line.split("px")[1].split())
    for role, median in (("ours", ours), ("reference", reference)):
        quartiles = known["sets"][role]["quartiles"]["rms_major"]
        assert median == pytest.approx(quartiles[1], abs=5e-4)
    assert levin == known["published_medians"]["Levin 2009"]["rms_major"] == 4.53
    assert ks == pytest.approx(known["comparison"]["rms_major"]["ks"], abs=5e-4)


def test_one_set_is_compared_with_the_default_walk():
    said = realism("b.npy", "--n", "4", "--out", "c.jpg")
    assert said[:2] == ["ours       b.npy, 4 kernels", "reference  the default walk, 4 kernels"]
    assert read_image("c.jpg").size


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["a.npy", "--n", "0"], 2, "n must be >= 1, got 0"),
        (
            ["a.npy", "--out", "a.txt"],
            2,
            "out must end in .jpg .jpeg .png .tif .tiff .webp, got a.txt",
        ),
        (
            ["a.npy", "--out", "a.png", "--json", "a.png"],
            2,
            "json must be another file than out, got a.png",
        ),
        (["no.npy"], 2, "Invalid value for 'KERNELS': Path 'no.npy' does not exist."),
        (["a.npy", "no.mat"], 2, "Invalid value for '[REFERENCE]': Path 'no.mat' does not exist."),
        (["a.npy", "bad.mat"], 1, "bad.mat: not a MATLAB file of version 5 or 7.3"),
    ],
)
def test_errors(folder, words, code, message):
    (folder / "bad.mat").write_text("hello")
    assert realism(*words, code=code)[-1] == f"Error: {message}"
    assert not (folder / "realism.png").exists()
