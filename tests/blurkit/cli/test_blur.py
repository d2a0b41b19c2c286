"""`blurkit blur`: what it makes, and what it answers to bad input."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from blurkit import Motion, Walk, dead_leaves, snapshot
from blurkit.cli import main
from blurkit.images.files import read_image, write_image

ENDINGS = ".jpg .jpeg .png .tif .tiff .webp"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Every test in a folder of its own, with a photo."""
    monkeypatch.chdir(tmp_path)
    write_image("photo.png", dead_leaves(64, seed=1)[:48])
    return tmp_path


def run(*words, code=0):
    result = CliRunner().invoke(main, ["blur", *words])
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.output


@pytest.mark.compiled
def test_it_blurs_a_photo_as_python_does():
    said = run("photo.png", "--seed", "3", "--length", "5", "5", "--roll", "1")
    # on a slow machine a progress bar is in it too
    assert "shaken.png: 64x48, a path of 5.0 px, 1.00 degrees of roll\n" in said
    motion = Motion(Walk(length=5.0), roll=1.0)
    expected, _ = snapshot(read_image("photo.png"), motion, "clean", seed=3)
    made = read_image("shaken.png")
    assert (made == expected).all()
    run("photo.png", "--seed", "4", "--out", "other.png")
    assert (read_image("other.png") != made).any()


@pytest.mark.compiled
def test_lens_preset_and_kernels_are_heard():
    said = run("photo.png", "--focal", "28", "--angle", "2", "2", "--roll", "0")
    focal = 28 / 43.2666 * np.hypot(48, 64)
    assert f"a path of {focal * np.radians(2):.1f} px, 0.00 degrees" in said
    said = run("photo.png", "--focal", "4", "--pitch", "50", "--angle", "2", "2", "--roll", "0")
    assert f"a path of {80 * np.radians(2):.1f} px" in said
    plain = read_image("shaken.png")
    run("photo.png", "--focal", "4", "--pitch", "50", "--angle", "2", "2", "--roll=0", "--kernels")
    marked = read_image("shaken.png")
    assert (marked[:24] == plain[:24]).all()
    assert (marked[24:] != plain[24:]).any()
    run("photo.png", "--preset", "realistic", "--out", "real.jpg")
    assert read_image("real.jpg").shape == (48, 64, 3)


@pytest.mark.parametrize("out", ["photo.png", "./photo.png", "link.png"])
def test_its_input_is_never_written_over(folder, out):
    Path("link.png").symlink_to("photo.png")
    before = Path("photo.png").read_bytes()
    said = run("photo.png", "--out", out, code=2)
    assert said.splitlines()[-1] == f"Error: out must be another file than the photo, got {out}"
    assert Path("photo.png").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.png"], "Invalid value for 'PHOTO': File 'nowhere.png' does not exist."),
        (["photo.png", "--out", "a.txt"], f"out must end in {ENDINGS}, got a.txt"),
        (["photo.png", "--seed", "-1"], "seed must be between 0 and 2**64 - 1, got -1"),
        (
            ["photo.png", "--roll", "-1"],
            "roll must be one number or a pair (lowest, highest) in 0 .. 30, got -1.0",
        ),
        (["photo.png", "--focal", "0"], "focal must be > 0 mm, got 0.0"),
        (["photo.png", "--angle", "1", "2"], "angle needs the focal length"),
        (["photo.png", "--threads", "0"], "threads must be >= 1, got 0"),
        (
            ["photo.png", "--length", "9", "3"],
            "length must be one number or a pair (lowest, highest) in 0 .. 1e+06, got (9.0, 3.0)",
        ),
    ],
)
def test_what_the_command_line_alone_shows_is_code_2(folder, words, message):
    assert run(*words, code=2).splitlines()[-1] == f"Error: {message}"
    assert [path.name for path in folder.iterdir()] == ["photo.png"]


def test_what_is_found_in_a_file_is_code_1():
    Path("text.png").write_text("hello")
    said = run("text.png", code=1)
    assert said == "Error: text.png: not an image that OpenCV can decode\n"
    said = run("photo.png", "--out", "nowhere/a.png", code=1)
    assert said.splitlines()[-1].startswith("Error: nowhere/a.png: cannot be written (No such file")
