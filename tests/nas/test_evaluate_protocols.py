"""The protocols through the command, and the CSV."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from making_networks import save_network

from blurkit.errors import SettingError
from blurkit.images.files import read_image, write_image
from nas.evaluate import EvaluateSettings, evaluate, main
from nas.evaluation.protocols.kohler_score import kohler


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Two fresh networks, "naf" being the identity, and a set for every protocol."""
    monkeypatch.chdir(tmp_path)
    for arch in ("naf", "unet"):
        save_network(tmp_path / arch, arch)
    put("gopro/test/GOPR1/{}/1.png", "blur", "blur_gamma", "sharp")
    put("kohler/{}.png", "Blurry1_1", "GroundTruth1_1/1", "GroundTruth1_1/2", shape=(180, 190, 3))
    put("levin/{}/im05_flit01.png", "blur", "sharp", shape=(48, 52))
    return tmp_path


def put(pattern, *names, shape=(20, 36, 3)):
    for k, name in enumerate(names):
        path = Path(pattern.format(name))
        image = np.random.default_rng(k).integers(0, 256, shape, dtype=np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_image(path, image)


def run(*arguments):
    """Exit code, what is printed, and what is said on stderr."""
    result = CliRunner().invoke(main, [*arguments, "--device", "cpu", "--rounds", "1"])
    return result.exit_code, result.stdout, result.stderr


CASES = {
    "gopro": (
        ["--blur", "blur_gamma"],
        "pair of gopro, input blur_gamma (published figures",
        3,
    ),
    "kohler": (
        [],
        "image of kohler, each against 2 ground-truth frames (published fig",
        3,
    ),
    "levin": ([], "grey image of levin (published figures use 32", 1),
}


@pytest.mark.parametrize("protocol", CASES)
def test_each_protocol_makes_table_picture_json_and_csv(here, protocol):
    more, says, metrics = CASES[protocol]
    files = ["--out", "o", "--json", "x.json", "--csv", "new/x.csv"]
    where = ["--pairs", protocol, "--protocol", protocol]
    code, output, _ = run("naf", "unet", *where, *more, *files)
    assert code == 0
    assert output.startswith(f"1 {says}")
    assert (here / "o/compare.png").exists()
    assert (here / "o/table.md").read_text() in output

    document = json.loads((here / "x.json").read_text())
    assert document["settings"]["protocol"] == document["protocol"]["name"] == protocol
    blurry, naf, unet = document["rows"]
    assert naf["images"] == blurry["images"] != unet["images"]
    with open(here / "new/x.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["network"] for line in lines] == ["blurry input", "naf", "unet"]
    for line, row in zip(lines, document["rows"], strict=True):
        (image,) = row["images"]
        assert {k: float(v) for k, v in line.items() if k not in ("network", "image")} == {
            k: v for k, v in image.items() if k != "name"
        }
        assert line["image"] == image["name"]
        assert len(image) == metrics + 1
        assert row["psnr"] == image["psnr"]


def test_gopro_says_its_input_in_the_json(here):
    assert (
        run("naf", "--pairs", "gopro", "--protocol", "gopro", "--blur", "blur", "--json", "x.json")[
            0
        ]
        == 0
    )
    protocol = json.loads((here / "x.json").read_text())["protocol"]
    assert (protocol["blur"], protocol["layout"]) == ("blur", "test/SEQ/ of GOPR1")


def test_a_networks_kohler_score_is_that_of_its_restored_image(here):
    from nas.checkpoint import load_model
    from nas.restoration.restore import restore

    settings = EvaluateSettings(rounds=1, protocol="kohler")
    rows = evaluate(["unet"], pairs="kohler", settings=settings, device="cpu", progress=False).rows
    model, _ = load_model(here / "unet")
    restored = restore(model, read_image("kohler/Blurry1_1.png"))
    frames = [read_image(f"kohler/GroundTruth1_1/{n}.png") for n in (1, 2)]
    best = kohler(restored, frames)
    assert rows[1].means() == pytest.approx(best._asdict())
    assert rows[1].ssim is None


def test_the_csv_of_plain_pairs_has_a_line_for_each_image(here):
    put("pairs/{}.png", "blur/a", "blur/b", "sharp/a", "sharp/b")
    assert run("naf", "--pairs", "pairs", "--csv", "x.csv")[0] == 0
    lines = (here / "x.csv").read_text().splitlines()
    assert lines[0] == "network,image,psnr,ssim,ssim_3d"
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["blurry input", "a"],
        ["blurry input", "b"],
        ["naf", "a"],
        ["naf", "b"],
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["--pairs", "gopro", "--protocol", "gopro"],
            1,
            "contains blur/ and blur_gamma/: ch",
        ),
        (["--pairs", "gopro", "--protocol", "reds"], 2, "'reds' is not one of 'plain', 'gopro'"),
        (["--pairs", "gopro"], 1, "must contain blur/ and sharp/, or input/ and target/; it"),
        (["--pairs", "levin", "--blur", "blur"], 2, "blur must not be given with protocol plain"),
        (["--pairs", "levin", "--protocol", "kohler"], 1, "GroundTruth1_1/ ..; it contains blur/"),
        (["--data", "x.h5", "--protocol", "levin"], 2, "protocol levin needs --pairs FOLDER, got"),
        (
            ["--pairs", "levin", "--csv", "naf/model.safetensors"],
            2,
            "csv must not be an input file, got naf/model.safetensors",
        ),
        (["--pairs", "levin", "--csv", "x", "--json", "x"], 2, "json and csv must be different"),
    ],
)
def test_bad_input_says_what(here, arguments, code, message):
    (here / "x.h5").write_text("no data")
    got, output, error = run("naf", *arguments)
    assert (got, output) == (code, "")
    assert message in error.splitlines()[-1]


def test_settings_in_python_are_checked_too():
    with pytest.raises(SettingError, match="protocol must be one of plain, gopro, kohler, levin"):
        EvaluateSettings(protocol="reds")
