import os
import re
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from making_networks import save_network

from blurkit.errors import FileError, SettingError
from blurkit.images.files import read_image, write_image
from blurkit.progress import bar
from nas.deblur import DeblurSettings, deblur, main
from nas.restoration import restore


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a checkpoint (the identity) and a photo."""
    monkeypatch.chdir(tmp_path)
    save_network(tmp_path / "net")
    pixels = np.random.default_rng(0).integers(0, 256, (37, 90, 3), dtype=np.uint8)
    write_image("photo.png", pixels)
    return tmp_path


def run(*arguments):
    """Exit code, what is printed, and what is said on stderr."""
    result = CliRunner().invoke(main, [*arguments, "--device", "cpu"])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("model", ["net", "net/model.safetensors"])
def test_a_photo_of_any_size_keeps_it(here, model):
    code, output, _ = run(model, "photo.png", "--out", "out.png", "--tile", "48")
    assert (code, output) == (0, "deblurred: out.png\n")
    np.testing.assert_array_equal(read_image("out.png"), read_image("photo.png"))


def test_python_does_what_the_command_does(here):
    settings = DeblurSettings(tile=48)
    path = deblur("net", "photo.png", here / "x.png", settings, device="cpu", progress=False)
    assert path == here / "x.png"
    assert read_image(path).shape == (37, 90, 3)


def test_progress_counts_the_tiles(here, monkeypatch):
    assert "restoring" not in run("net", "photo.png", "--out", "o.png", "--tile", "48")[2]  # quick
    monkeypatch.setattr(restore, "bar", lambda *of, **how: bar(*of, **{**how, "delay": 0}))
    said = run("net", "photo.png", "--out", "out.png", "--tile", "48")[2]
    assert "restoring: 100%" in said
    assert "4/4" in said
    write_image("other.png", read_image("photo.png"))
    of_many = run("net", "photo.png", "other.png", "--out", "all", "--tile", "48")[2]
    assert re.search(r"deblurring:   0%.*restoring:   0%[^\n]*0/4.*deblurring: 100%", of_many, re.S)


@pytest.mark.parametrize("make", [None, os.symlink, os.link])
def test_the_photo_is_never_overwritten(here, make):
    """Nor under another name."""
    out = "photo.png"
    if make:
        make(here / "photo.png", here / "alias.png")
        out = "alias.png"
    before = (here / "photo.png").read_bytes()
    code, _, error = run("net", "photo.png", "--out", out)
    assert code == 2
    assert error.endswith(f"Error: out must be another file than the photo, got {out}\n")
    assert (here / "photo.png").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["none", "photo.png", "--out", "o.png"], 2, "none: no such file or folder"),
        (["net", "none.jpg", "--out", "o.png"], 2, "none.jpg: no such file or folder"),
        (["none*.jpg"], 2, "none*.jpg: matches no photo"),
        (["net"], 2, "net is a model: add a photo, or use --model to deblur photos in that"),
        (["photo.png", "--model", "none"], 2, "Path 'none' does not exist."),
        (["net", "empty"], 1, "empty: contains no .jpg .jpeg .png .tif .tiff .webp file"),
        (["photo.png", "text.png", "--out", "o.png"], 2, "out must be a folder for several photos"),
        (["photo.png", "text.png", "--out", "net/info"], 2, "must be a folder for several photos"),
        ([], 2, "Missing argument '[MODEL] PHOTO...'."),
        (["photo.png", "--format", "bmp"], 2, "'bmp' is not one of 'auto', 'same', 'png', 'jpg',"),
        (["photo.png", "--quality", "101"], 2, "quality must be <= 100, got 101"),
        (["net", "photo.png", "--out", "o.txt"], 2, "out must end in .jpg .jpeg .png"),
        (
            ["photo.png", "--out", "o.png", "--format", "jpg"],
            2,
            "out must end in .jpg with --format",
        ),
        (["net", "photo.png", "--out", "o.png", "--tile", "32"], 2, "tile must be >= 48 for"),
        (["net", "photo.png", "--out", "o.png", "--overlap", "-1"], 2, "overlap must be >= 0"),
        (
            ["net", "photo.png", "--out", "o.png", "--scales", "0"],
            2,
            "scales must be up to 8 numbers in 1",
        ),
        (["net", "text.png", "--out", "o.png"], 1, "text.png: not an image that OpenCV"),
        (["bad.safetensors", "photo.png"], 1, "bad.safetensors: not a safetensors file"),
        (["photo.png", "--model", "empty"], 1, "empty/model.safetensors: no such checkpoint"),
        (
            ["net", "photo.png", "--out", "no/o.png"],
            1,
            "no/o.png: cannot be written (no folder no)",
        ),
        (
            ["net", "photo.png", "--out", "text.png/o.png"],
            1,
            "text.png/o.png: cannot be written (no folder text.png)",
        ),
        (
            ["net", "photo.png", "--out", "dir.png"],
            1,
            "dir.png/photo.png: cannot be written (it is a folder)",
        ),
    ],
)
def test_bad_input_says_what_and_leaves_nothing(here, arguments, code, message):
    (here / "text.png").write_text("not a photo, nor a checkpoint")
    (here / "empty").mkdir()
    (here / "dir.png" / "photo.png").mkdir(parents=True)
    (here / "bad.safetensors").write_text("no checkpoint")
    (here / "net" / "info").write_text("a file")
    before = sorted(here.rglob("*"))
    got, output, error = run(*arguments)
    assert (got, output) == (code, "")
    assert message in error.splitlines()[-1]
    assert sorted(here.rglob("*")) == before


def test_no_permission_to_write_is_found_before_the_work(here, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(FileError, match=r"^o\.png: cannot be written \(Permission denied\)$"):
        deblur("gone", "photo.png", "o.png", device="cpu", progress=False)


def test_errors_in_python_are_of_two_kinds(here):
    with pytest.raises(SettingError, match=r"^overlap must be >= 0, got -1$"):
        DeblurSettings(overlap=-1)
    with pytest.raises(FileError, match=r"^gone\.png: No such file or directory$"):
        deblur("net", "gone.png", "o.png", device="cpu", progress=False)


def test_the_module_runs_as_a_command(here):
    command = [sys.executable, "-m", "nas.deblur", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: python -m nas.deblur [OPTIONS] [MODEL] PHOTO...")


def test_without_a_model_the_shipped_one_works_and_without_out_a_new_file_is_made(here):
    code, output, _ = run("photo.png")
    assert (code, output) == (0, "deblurred: photo-deblurred.png\n")
    first = read_image("photo-deblurred.png")
    assert first.shape == (37, 90, 3)
    assert (first != read_image("photo.png")).any()
    code, _, error = run("net", "photo.png")
    assert code == 1
    assert "photo-deblurred.png: already exists; choose another --out" in error
    np.testing.assert_array_equal(read_image("photo-deblurred.png"), first)
    assert run("photo.png", "--out", "again.png")[0] == 0
    np.testing.assert_array_equal(read_image("again.png"), first)
