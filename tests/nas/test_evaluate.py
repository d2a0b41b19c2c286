import base64
import json
import math
import re

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from making_networks import save_network

from blurkit.errors import FileError, SettingError
from blurkit.images.files import decode_image, read_image, write_image
from blurkit.store import open_writer, row_types
from nas.checkpoint import load_model, save_model
from nas.evaluate import EvaluateSettings, evaluate, main
from nas.evaluation import pictures
from nas.evaluation.metrics import psnr, ssim, ssim_matlab3d
from nas.restoration.restore import restore
from nas.space.network import build

QUICK = EvaluateSettings(rounds=1)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Two networks, and five pairs whose scores are known, as a file and as a folder."""
    monkeypatch.chdir(tmp_path)
    save_network(tmp_path / "runs/naf", "naf")
    save_network(tmp_path / "runs/unet", "unet")
    rng = np.random.default_rng(0)
    sharp = rng.integers(40, 200, (5, 20, 36, 3), dtype=np.uint8)
    blurry = sharp + np.arange(1, 6, dtype=np.uint8)[:, None, None, None]
    types = row_types((20, 36), None, None, 8)
    with open_writer("test.h5", types, settings={}, seed=0, start=0, count=5) as writer:
        writer.write(0, {"blurry": blurry, "sharp": sharp, "source": np.zeros(5, "S8")})
        writer.finish()
    for side, images in (("blur", blurry), ("sharp", sharp)):
        (tmp_path / "pairs" / side).mkdir(parents=True)
        for i, image in enumerate(images):
            write_image(f"pairs/{side}/{i}.png", image)
    return tmp_path


KNOWN = [20 * math.log10(255 / offset) for offset in range(1, 6)]


def run(*arguments):
    """Exit code, what is printed, and what is said on stderr."""
    result = CliRunner().invoke(main, [*arguments, "--device", "cpu", "--rounds", "1"])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("where", [{"data": "test.h5"}, {"pairs": "pairs"}])
def test_the_blurry_input_is_the_first_row_and_scores_what_it_must(here, where):
    rows = evaluate(["runs/naf"], **where, settings=QUICK, device="cpu", progress=False).rows
    assert [row.name for row in rows] == ["blurry input", "naf"]
    assert [score.psnr for score in rows[0].images] == pytest.approx(KNOWN)
    assert rows[0].psnr == pytest.approx(sum(KNOWN) / 5)
    assert (rows[0].params, rows[0].macs, rows[0].latency_ms, rows[0].n) == (None, None, None, 5)


def test_an_identity_network_scores_as_its_input(here):
    """Else the way through the network (padding, scale, rounding) would cost something."""
    rows = evaluate(["runs/naf"], data="test.h5", settings=QUICK, device="cpu", progress=False).rows
    assert rows[1].images == rows[0].images
    assert rows[1].params == sum(p.numel() for p in build("naf", 2).parameters())
    assert rows[1].macs > 0
    assert rows[1].latency_ms > 0


def test_the_command_prints_the_table_and_writes_what_it_is_asked(here):
    models = ["runs/naf", "runs/unet/model.safetensors"]
    code, output, _ = run(*models, "--data", "test.h5", "--json", "new/x.json", "--out", "new/o")
    assert code == 0
    head, blank, *lines, _, last = output.splitlines()
    assert head == (
        "5 pairs of test.h5, on cpu; MACs and median latency of one 256x256 image; "
        "SSIM: per channel; SSIM 3-D: of the RGB volume, as in MATLAB"
    )
    assert blank == ""
    assert [line.split("|")[1].strip() for line in lines] == [
        "network",
        ":-------------",
        "blurry input",
        "naf",
        "unet",
    ]
    assert len({len(line) for line in lines}) == 1
    assert last == (
        "table: new/o/table.md   pictures: new/o/compare.png   report: new/o/report.html"
    )
    assert (here / "new/o/table.md").read_text().splitlines() == [head, blank, *lines]

    html = (here / "new/o/report.html").read_text()
    assert re.findall(r"<h2>(.*?)</h2>", html) == [
        "Scores",
        "Before and after, full resolution",
        "Pair by pair",
        "Architectures",
        "Time",
        "Settings",
        "Hardware and versions",
    ]
    for line in lines[2:]:
        name, *numbers = (cell.strip() for cell in line.strip("|").split("|"))
        cells = "".join(f"<td>{number}</td>" for number in numbers)
        assert f'<th scope="row">{name}</th>\n{cells}' in html

    document = json.loads((here / "new/x.json").read_text())
    assert (document["source"], document["pairs"]) == ("test.h5", 5)
    assert document["settings"] == {**vars(EvaluateSettings()), "rounds": 1}
    assert document["hardware"]["device"] == "cpu"
    assert [row["name"] for row in document["rows"]] == ["blurry input", "naf", "unet"]
    unet = document["rows"][2]
    assert len(unet["images"]) == unet["n"] == 5
    assert unet["psnr"] == pytest.approx(sum(score["psnr"] for score in unet["images"]) / 5)
    assert unet["ssim"] == pytest.approx(sum(score["ssim"] for score in unet["images"]) / 5)


def test_the_page_shows_the_very_pixels(here):
    """Equal to what the network makes of the pair, without any loss."""
    settings = EvaluateSettings(rounds=1, rows=2)
    which = {"pairs": "pairs", "settings": settings, "device": "cpu", "progress": False}
    evaluate(["runs/unet"], **which, out="o")
    html = (here / "o/report.html").read_text()
    coded = re.findall(r'src="data:image/webp;base64,([^"]+)"', html)
    images = [decode_image(base64.b64decode(text), "page") for text in coded]
    model, _ = load_model("runs/unet")
    expected = []
    for i in (1, 3):  # two of five, spread
        blurry, sharp = (read_image(f"pairs/{side}/{i}.png") for side in ("blur", "sharp"))
        expected += [blurry, restore(model, blurry), sharp]
    np.testing.assert_array_equal(images, expected)


def test_an_evaluation_without_rows_has_a_page_without_samples(here):
    settings = EvaluateSettings(rounds=1, rows=0)
    evaluate(["runs/naf"], data="test.h5", settings=settings, out="o", progress=False)
    html = (here / "o/report.html").read_text()
    assert "<img" not in html
    assert "Scores" in html


def test_the_page_draws_the_best_network_first_with_its_channels(here):
    path = save_network(here / "runs/worse", "frame") / "model.safetensors"
    worse, info = load_model(path)
    torch.nn.init.constant_(worse.tail.bias, 0.2)
    save_model(path, worse, {**info, "width": 2})
    evaluate(["runs/worse", "runs/naf"], data="test.h5", settings=QUICK, out="o", progress=False)
    html = (here / "o/report.html").read_text()
    assert re.findall(r"<details( open)?>\n<summary>(naf|frame)<", html) == [
        (" open", "naf"),
        ("", "frame"),
    ]
    labels = re.findall(r'data-label="([^"]+)"', html)
    assert labels[:4] == ["blurry input", "naf", "frame", "sharp"]
    assert ">1/2 size, 4 ch.<" in html
    assert "w is the network's width" not in html


@pytest.mark.parametrize("drawing", ["plot_comparison", "evaluate_page"])
def test_a_picture_that_fails_loses_no_results(here, monkeypatch, drawing):
    def fails(*args, **kwargs):
        raise FileError("o/compare.png: cannot be drawn")

    monkeypatch.setattr(pictures, drawing, fails)
    files = ["--json", "table.json", "--csv", "scores.csv", "--out", "o"]
    code, _, error = run("runs/naf", "--data", "test.h5", *files)
    assert (code, error.splitlines()[-1]) == (1, "Error: o/compare.png: cannot be drawn")
    assert [row["name"] for row in json.loads((here / "table.json").read_text())["rows"]] == [
        "blurry input",
        "naf",
    ]
    assert len((here / "scores.csv").read_text().splitlines()) == 11
    assert "| naf " in (here / "o/table.md").read_text()


def test_an_image_of_the_pairs_is_not_written_over(here):
    before = (here / "pairs/blur/0.png").read_bytes()
    for name in ("csv", "json"):
        code, _, error = run("runs/naf", "--pairs", "pairs", f"--{name}", "pairs/blur/0.png")
        assert code == 2
        assert f"{name} must end in .{name}, got pairs/blur/0.png" in error
    assert (here / "pairs/blur/0.png").read_bytes() == before


def test_pairs_that_cannot_be_read_leave_no_folder(here):
    (here / "pairs/sharp/3.png").unlink()
    assert run("runs/naf", "--pairs", "pairs", "--out", "o", "--csv", "new/s.csv")[0] == 1
    assert not (here / "o").exists()
    assert not (here / "new").exists()


def test_every_score_is_that_of_the_restored_image(here):
    """The unet's own figures, computed once more by hand."""
    rows = evaluate(["runs/unet"], pairs="pairs", settings=QUICK, device="cpu", progress=False).rows
    model, _ = load_model(here / "runs/unet")
    for name, score in zip("01234", rows[1].images, strict=True):
        restored = restore(model, read_image(f"pairs/blur/{name}.png"))
        sharp = read_image(f"pairs/sharp/{name}.png")
        assert score.name == name
        assert (score.psnr, score.ssim) == (psnr(restored, sharp), ssim(restored, sharp))
        assert score.ssim_3d == ssim_matlab3d(restored, sharp)


def test_several_files_are_one_test_set(here):
    types = row_types((20, 36), None, None, 8)
    images = read_image("pairs/blur/0.png")[None], read_image("pairs/sharp/0.png")[None]
    with open_writer("test2.h5", types, settings={"a": 1}, seed=0, start=9, count=1) as writer:
        rows = zip(("blurry", "sharp"), images, strict=True)
        writer.write(0, {**dict(rows), "source": np.zeros(1, "S8")})
        writer.finish()
    for given in (["--data", "test*.h5"], ["--data", "test.h5", "--data", "test2.h5"]):
        code, output, _ = run("runs/naf", *given, "--json", "x.json")
        assert code == 0
        assert output.startswith("6 pairs of test.h5 and 1 more, on cpu; ")
        document = json.loads((here / "x.json").read_text())
        names = [score["name"] for score in document["rows"][0]["images"]]
        assert names[4:] == ["test.h5 sample 4", "test2.h5 sample 9"]


def test_the_picture_has_a_column_for_each_and_the_rows_asked_for(here):
    settings = EvaluateSettings(rounds=1, rows=2)
    evaluate(["runs/naf"], data="test.h5", settings=settings, device="cpu", out="o", progress=False)
    height, width, _ = read_image("o/compare.png").shape
    factor = 7  # 36 pixels to about 256
    assert width == 12 + 3 * (36 * factor + 12)
    assert height == 34 + 2 * (20 * factor + 26) + 30


def test_no_rows_make_no_picture(here):
    code, output, _ = run("runs/naf", "--data", "test.h5", "--out", "o", "--rows", "0")
    assert code == 0
    assert not (here / "o/compare.png").exists()
    assert output.endswith("table: o/table.md   report: o/report.html\n")


def test_a_limit_takes_pairs_from_all_over_the_set(here):
    rows = evaluate(
        ["runs/naf"],
        data="test.h5",
        settings=EvaluateSettings(limit=2, rounds=1),
        device="cpu",
        progress=False,
    ).rows
    assert [score.name for score in rows[0].images] == ["sample 1", "sample 3"]


def test_equal_images_stay_valid_json(here):
    """A PSNR of infinity is no JSON number."""
    for i in range(5):
        write_image(f"pairs/blur/{i}.png", read_image(f"pairs/sharp/{i}.png"))
    code, output, _ = run("runs/naf", "--pairs", "pairs", "--json", "x.json")
    assert code == 0
    assert "inf" in output
    document = json.loads((here / "x.json").read_text(), parse_constant=pytest.fail)
    assert document["rows"][0]["psnr"] is None


@pytest.mark.parametrize(
    ("models", "names"),
    [
        (["runs/naf", "runs/again"], ["naf (naf)", "naf (again)"]),
        (["runs/naf", "runs/unet", "more/naf"], ["naf (runs/naf)", "unet", "naf (more/naf)"]),
    ],
)
def test_networks_of_one_name_are_told_apart_by_folder(here, models, names):
    save_network(here / "runs/again", "naf")
    save_network(here / "more/naf", "naf")
    rows = evaluate(models, data="test.h5", settings=QUICK, device="cpu", progress=False).rows
    assert [row.name for row in rows[1:]] == names


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["runs/naf"], 2, "give either --data FILE or --pairs FOLDER"),
        (["runs/naf", "--data", "test.h5", "--pairs", "pairs"], 2, "give either --data FILE or"),
        (["gone", "--data", "test.h5"], 2, "Path 'gone' does not exist."),
        (["runs/naf", "--data", "gone.h5"], 2, "File 'gone.h5' does not exist."),
        (["runs/naf", "--pairs", "gone"], 2, "Directory 'gone' does not exist."),
        (["runs/naf", "--data", "test.h5", "--rows", "-1"], 2, "rows must be >= 0, got -1"),
        (["runs/naf", "--data", "test.h5", "--tile", "40"], 2, "tile must be >= 48 for overlap 32"),
        (
            ["runs/naf", "runs/naf/model.safetensors", "--data", "test.h5"],
            2,
            "model given twice: runs/naf/model.safetensors",
        ),
        (["runs", "--data", "test.h5"], 1, "runs/model.safetensors: no such checkpoint"),
        (["runs/naf", "--data", "notes.txt"], 1, "notes.txt: not an HDF5 file"),
        (["runs/naf", "--pairs", "runs"], 1, "runs: must contain blur/ and sharp/, or input/"),
        (["runs/naf", "--data", "test.h5", "--out", "notes.txt/o"], 1, "Not a directory"),
    ],
)
def test_bad_input_says_what(here, arguments, code, message):
    (here / "notes.txt").write_text("no data")
    got, output, error = run(*arguments)
    assert (got, output) == (code, "")
    assert message in error.splitlines()[-1]


def test_a_broken_network_is_named(here):
    info = {"name": "naf", "arch": "naf", "width": 2, "settings": {}}
    network = build("naf", 2)
    torch.nn.init.constant_(network.stem.weight, 3e38)  # finite, as its file must be
    (here / "broken").mkdir()
    save_model(here / "broken/model.safetensors", network, {**info, "name": "diverged"})
    code, _, error = run("runs/naf", "broken", "--data", "test.h5")
    assert code == 1
    assert error.splitlines()[-1].startswith("Error: diverged: the network's output is not finite")


def test_errors_in_python_are_of_two_kinds(here):
    with pytest.raises(SettingError, match=r"^give either --data FILE or --pairs FOLDER$"):
        evaluate(["runs/naf"])
    with pytest.raises(FileError, match=r"gone\.h5: no such file$"):
        evaluate(["runs/naf"], data="gone.h5", device="cpu")


@pytest.mark.parametrize("name", ["test.h5", "runs/naf/model.safetensors"])
def test_json_never_replaces_what_is_read(here, name):
    # it would be written over the input, after all the work
    before = (here / name).read_bytes()
    with pytest.raises(SettingError, match="json must not be an input file"):
        evaluate([here / "runs/naf"], data=here / "test.h5", json_file=here / name, settings=QUICK)
    assert (here / name).read_bytes() == before


def test_tiles_that_cannot_cover_are_refused_before_the_work():
    with pytest.raises(SettingError, match="tile must be >= "):
        EvaluateSettings(overlap=9999)
