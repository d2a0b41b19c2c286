"""`nas.deblur` on many photos: what is restored, where it goes, and what happens to bad ones."""

import os

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner
from making_networks import save_network
from PIL import Image

from blurkit.errors import FileError, SettingError
from nas.deblur import DeblurSettings, deblur, deblur_all, main
from nas.photos import restorer
from nas.photos.jobs import find_photos
from nas.photos.photo import read_photo

COLOUR = {"a.png": 10, "b.jpg": 20, "deep/c.tif": 30, "deep/er/d.webp": 40}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A checkpoint (the identity) and a folder of four photos, each of a colour of its own."""
    monkeypatch.chdir(tmp_path)
    save_network(tmp_path / "net")
    (tmp_path / "in/deep/er").mkdir(parents=True)
    for name, colour in COLOUR.items():
        Image.new("RGB", (20, 10), (colour,) * 3).save(tmp_path / "in" / name, quality=100)
    return tmp_path


def run(*arguments):
    result = CliRunner().invoke(main, [*map(str, arguments), "--device", "cpu"])
    return result.exit_code, result.stdout, result.stderr


def files(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def colour(path):
    return int(np.median(read_photo(path).pixels))


def test_a_folder_keeps_its_structure_in_the_folder_of_results(here):
    code, output, error = run("net", "in", "--out", "results/new")
    assert code == 0
    expected = {"a.png": 10, "b.png": 20, "deep/c.tif": 30, "deep/er/d.png": 40}
    assert files(here / "results/new") == set(expected)
    assert {n: colour(here / "results/new" / n) for n in expected} == expected
    assert output.splitlines() == [f"deblurred: results/new/{name}" for name in expected]
    assert error.endswith("4 deblurred\n")
    assert "4/4" in error
    assert files(here / "in") == set(COLOUR)


def test_without_out_results_lie_beside_and_are_not_deblurred_again(here):
    assert run("net", "in", "--before-after")[0] == 0
    results = {"a-deblurred.png", "b-deblurred.png", "deep/c-deblurred.tif"}
    results.add("deep/er/d-deblurred.png")
    pictures = {f"{name[:-4]}-before-after.png" for name in results}
    assert files(here / "in") == {*COLOUR, *results, *pictures}
    code, _, error = run("net", "in", "--existing", "skip")
    assert code == 0
    assert "0 deblurred, 4 already done, 8 results of earlier runs ignored" in error
    assert files(here / "in") == {*COLOUR, *results, *pictures}
    assert run("net", "in/a-deblurred.png")[0] == 0  # but whoever names one alone means it


def test_results_in_a_folder_within_are_not_deblurred_again(here):
    for existing in ("stop", "overwrite"):
        assert run("net", "in", "--out", "in/results", "--existing", existing)[0] == 0
    inside = {"a.png", "b.png", "deep/c.tif", "deep/er/d.png"}
    assert files(here / "in") == {*COLOUR, *(f"results/{name}" for name in inside)}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["in/*.*"], {"a.png", "b.png"}),
        (["in/**/*.tif"], {"deep/c.tif"}),
        (["in/**/*"], {"a.png", "b.png", "deep/c.tif", "deep/er/d.png"}),
        (["in/de*"], {"deep/c.tif", "deep/er/d.png"}),
        (["in/a.png", "in/deep/c.tif", "in/./a.png"], {"a.png", "c.tif"}),
        (["in/b.jpg", "in/deep"], {"b.png", "c.tif", "er/d.png"}),
        (["in/b.jpg"], {"b.png"}),
    ],
)
def test_files_folders_and_patterns(here, arguments, expected):
    (here / "in/notes.txt").write_text("no photo")
    assert run("net", *arguments, "--out", "out")[0] == 0
    assert files(here / "out") == expected


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("same", {"a.png", "b.jpg", "c.tif"}),
        ("jpg", {"a.jpg", "b.jpg", "c.jpg"}),
        ("tif", {"a.tif", "b.tif", "c.tif"}),
    ],
)
def test_formats(here, form, expected):
    names = ["in/a.png", "in/b.jpg", "in/deep/c.tif"]
    assert run("net", *names, "--format", form, "--out", "out")[0] == 0
    assert files(here / "out") == expected


def test_a_bad_file_is_reported_at_the_end_and_the_others_are_done(here):
    (here / "in/b.jpg").write_bytes((here / "in/b.jpg").read_bytes()[:300])
    (here / "in/aa.png").write_text("no photo")
    code, output, error = run("net", "in", "--out", "out")
    assert code == 1
    assert files(here / "out") == {"a.png", "deep/c.tif", "deep/er/d.png"}
    assert output.count("deblurred: ") == 3
    last = error.splitlines()[-3:]
    assert last[0] == "failed: in/aa.png: not an image that OpenCV can decode"
    assert last[1].startswith("failed: in/b.jpg: ")
    assert last[2] == "3 deblurred, 2 failed"


def test_python_is_told_the_same(here):
    (here / "in/aa.png").write_text("no photo")
    summary = deblur_all("net", ["in"], "out", device="cpu", progress=False)
    assert [path.name for path in summary.written] == ["a.png", "b.png", "c.tif", "d.png"]
    assert {k.name: v for k, v in summary.failed.items()} == {
        "aa.png": "not an image that OpenCV can decode"
    }


def test_a_full_disk_ends_the_run(here, monkeypatch):
    def full(path, photo, quality):
        cause = OSError(28, "No space left on device")
        raise FileError(f"{path}: cannot be written ({cause.strerror})") from cause

    monkeypatch.setattr(restorer, "write_photo", full)
    code, _, error = run("net", "in", "--out", "out")
    assert code == 1
    assert "Error: out/a.png: cannot be written (No space left on device)" in error


def test_nothing_is_overwritten_unasked_and_that_is_known_before_the_work(here):
    (here / "out/deep").mkdir(parents=True)
    (here / "out/deep/c.tif").write_text("mine")
    code, output, error = run("net", "in", "--out", "out")
    assert (code, output) == (1, "")
    assert "out/deep/c.tif: already exists; choose another --out, or --existing" in error
    assert files(here / "out") == {"deep/c.tif"}
    assert run("net", "in", "--out", "out", "--existing", "skip")[0] == 0
    assert (here / "out/deep/c.tif").read_text() == "mine"
    assert run("net", "in", "--out", "out", "--existing", "overwrite")[0] == 0
    assert colour(here / "out/deep/c.tif") == 30


def test_nor_is_a_picture_of_before_and_after(here):
    code, output, _ = run("net", "in/a.png", "--before-after", "--out", "out")
    assert (code, output) == (
        0,
        "deblurred: out/a.png\nside by side: out/a-before-after.png\n",
    )
    (here / "out/a.png").unlink()
    code, _, error = run("net", "in/a.png", "--before-after", "--out", "out")
    assert code == 1
    assert "out/a-before-after.png: already exists; choose" in error


@pytest.mark.parametrize("link", [None, os.symlink, os.link])
def test_no_result_falls_on_an_input(here, link):
    """Not in the folder of the photos itself, nor by a link in another."""
    before = {name: (here / "in" / name).read_bytes() for name in COLOUR}
    out = "in"
    if link:
        out = "out"
        (here / "out/deep").mkdir(parents=True)
        link(here / "in/a.png", here / "out/deep/c.tif")
    code, _, error = run("net", "in", "--out", out, "--existing", "overwrite")
    assert code == 2
    assert "out must be another file than the photo, got" in error
    assert {name: (here / "in" / name).read_bytes() for name in COLOUR} == before
    assert files(here / "in") == set(COLOUR)


def test_two_photos_never_share_a_result(here):
    (here / "in/a.jpg").write_bytes((here / "in/b.jpg").read_bytes())
    code, _, error = run("net", "in", "--out", "out")
    assert code == 2
    assert "in/a.jpg and in/a.png would both become out/a.png: use --format same" in error
    assert run("net", "in", "--out", "out", "--format", "same")[0] == 0
    assert files(here / "out") == {*COLOUR, "a.jpg"}


def test_the_model_is_told_from_the_photos_by_what_it_is(here):
    """A folder of photos may hold a model: then --model says which is which."""
    (here / "in/model.safetensors").write_bytes((here / "net/model.safetensors").read_bytes())
    assert run("in", "in/a.png", "--out", "first.png")[0] == 0
    code, _, error = run("in", "--out", "out")
    assert code == 2
    assert "in is a model: add a photo, or use --model to deblur photos in that folder" in error
    assert run("in", "--model", "net", "--out", "out")[0] == 0
    assert files(here / "out") == {"a.png", "b.png", "deep/c.tif", "deep/er/d.png"}


def test_one_photo_into_a_folder_that_is_not_there_yet(here):
    path = deblur("net", "in/b.jpg", "new/folder", device="cpu", progress=False)
    assert path.as_posix() == "new/folder/b.png"
    assert colour(path) == 20


def test_short_memory_is_said_once_and_remembered(here, monkeypatch):
    for name in ("x.png", "y.png"):
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (150, 150, 3), np.uint8)).save(
            here / name
        )
    real, tried = restorer.restore, []

    def short(network, rgb, *, tile, on_shrink, **how):
        tried.append(tile)
        hook = network.register_forward_pre_hook(refuse)
        try:
            return real(network, rgb, tile=tile, on_shrink=on_shrink, **how)
        finally:
            hook.remove()

    def refuse(module, inputs):
        if max(inputs[0].shape) > 70:
            raise MemoryError

    monkeypatch.setattr(restorer, "restore", short)
    code, _, error = run("net", "x.png", "y.png", "--out", "out")
    assert code == 0
    assert tried == [512, 48]
    assert error.count("not enough memory for these tiles") == 1
    for name in ("x.png", "y.png"):
        np.testing.assert_array_equal(
            read_photo(here / "out" / name).pixels, read_photo(here / name).pixels
        )


def test_too_short_memory_fails_the_photo_not_the_run(here, monkeypatch):
    def none(*args, **how):
        raise FileError("not enough memory, even for tiles of 48 px")

    monkeypatch.setattr(restorer, "restore", none)
    summary = deblur_all("net", ["in"], "out", device="cpu", progress=False)
    assert set(summary.failed.values()) == {"not enough memory, even for tiles of 48 px"}


def test_the_panel_beside_a_named_file_is_not_replaced_unasked(here):
    (here / "o-before-after.png").write_text("mine")
    code, _, error = run("net", "in/a.png", "--out", "o.png", "--before-after")
    assert code == 1
    assert "o-before-after.png: already exists" in error
    assert (here / "o-before-after.png").read_text() == "mine"
    more = ("--before-after", "--existing", "overwrite")
    assert run("net", "in/a.png", "--out", "o.png", *more)[0] == 0
    assert colour("o-before-after.png")


@pytest.mark.parametrize("file", ["settings.json", "log.jsonl", "genotype.json"])
def test_an_unfinished_training_is_not_taken_for_photos(here, file):
    (here / "begun").mkdir()
    (here / "begun" / file).touch()
    Image.new("RGB", (20, 10)).save(here / "begun/training.png")
    code, _, error = run("begun", "in/a.png", "--out", "out")
    assert code == 2
    assert "begun is the folder of a search or of an unfinished training" in error
    assert not (here / "out").exists()


def test_a_format_that_cannot_hold_the_photo_is_told_before_the_work(here, monkeypatch):
    Image.new("RGBA", (20, 10), (9, 9, 9, 90)).save(here / "clear.png")
    Image.new("L", (16_400, 2)).save(here / "long.png")
    monkeypatch.setattr(restorer, "restore", None)  # would be a TypeError
    for photo, out, why in (
        ("clear.png", "o.jpg", "JPEG cannot hold alpha: choose png, tif or webp"),
        ("long.png", "o.webp", "16400x2 px is too large for .webp"),
    ):
        code, _, error = run("net", photo, "--out", out)
        assert (code, error) == (1, f"Error: {out}: {why}\n")
    assert not list(here.glob("o.*"))


def test_depth_alpha_and_notes_pass_through_the_command(here):
    image = np.random.default_rng(0).integers(0, 2**16, (40, 50, 4), dtype=np.uint16)
    tifffile.imwrite(here / "deep.tif", image, photometric="rgb", extrasamples=["unassalpha"])
    assert run("net", "deep.tif", "--out", "out.png")[0] == 0
    photo = read_photo(here / "out.png")
    np.testing.assert_array_equal(photo.pixels, image[..., :3])
    np.testing.assert_array_equal(photo.alpha, image[..., 3])


@pytest.mark.parametrize("bad", [{"format": "bmp"}, {"existing": "ask"}])
def test_choices_are_checked_in_python_too(bad):
    with pytest.raises(SettingError, match=r"must be one of "):
        DeblurSettings(**bad)


def test_only_results_of_earlier_runs_is_an_error(here):
    os.rename(here / "in/a.png", here / "a-deblurred.png")
    (here / "b-deblurred.png").write_bytes(b"")
    with pytest.raises(FileError, match=r"contains only results of earlier runs$"):
        find_photos(["*.png"])
