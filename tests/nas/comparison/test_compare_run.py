"""The whole comparison once, tiny: real searches and trainings as subprocesses."""

import json
import os
import re
import shlex
import subprocess
import sys
from statistics import fmean

import numpy as np
import pytest

from blurkit import SynthSettings, Walk, synth
from blurkit.images.files import write_image
from nas.checkpoint import load_model
from nas.evaluation.metrics import psnr
from nas.evaluation.pairs import pairs_of_folder
from nas.restoration.restore import restore
from nas.space.genotype import Genotype

pytestmark = pytest.mark.slow

SETTINGS = shlex.split(
    "--width 2 --cost macs --band 0.5 --steps 4 --brief 2 --batch 2 --crop 16 --networks unet "
    "--seeds 1 --searches 1 --kinds searched --randoms 3 --random-searches 0 "
    "--search '--epochs 2 --warmup 1 --steps 2 --batch 2 --crop 16'"
)
ROWS = ["unet", "random", "searched"]


def compare(data, test, out, *more):
    command = [sys.executable, "-m", "nas.compare", data, "--test", test, "--out", out]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*command, *SETTINGS, "--device", "cpu", *more],
        capture_output=True,
        text=True,
        env=environment,
    )


@pytest.fixture(scope="module")
def test_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("test") / "test.h5"
    settings = SynthSettings(n=4, patch=32, kernel=9, seed=1, walk=Walk(length=(3, 8)))
    return synth(path, settings, progress=False)


@pytest.fixture(scope="module")
def real_pairs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("real") / "photos"
    rng = np.random.default_rng(0)
    for side in ("blur", "sharp"):
        (folder / side).mkdir(parents=True)
        for i in range(3):
            photo = rng.integers(0, 256, (20, 31 + i, 3), dtype=np.uint8)
            write_image(folder / side / f"{i}.png", photo)
    return folder


@pytest.fixture(scope="module")
def compared(pairs_file, test_file, real_pairs, tmp_path_factory):
    out = tmp_path_factory.mktemp("compare") / "out"
    return compare(pairs_file, test_file, out, "--real", real_pairs), out


def test_it_ends_with_table_and_pictures(compared):
    done, out = compared
    assert done.returncode == 0, done.stdout + done.stderr
    assert (out / "table.md").read_text() in done.stdout
    rows = re.findall(r"^\| ([a-z-]+) ", (out / "table.md").read_text(), re.MULTILINE)
    assert rows == ["network", "blurry", *ROWS, *ROWS]  # and again for the real pairs
    for name in ("pareto", "seeds", "tau"):
        assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    tau = json.loads((out / "tau.json").read_text())
    assert (tau["n"], len(tau["points"])) == (3, 3)
    assert -1 <= tau["tau"] <= 1


def test_it_ends_with_a_page_of_everything(compared):
    _, out = compared
    html = (out / "report.html").read_text()
    assert re.findall(r"<h2>(.*?)</h2>", html) == [
        *("Scores", "Results", "Real pairs", "Before and after, full resolution"),
        *("Searched networks", "Learning curves"),
        *("Cost", "Settings", "Hardware and versions"),
    ]
    rows = re.findall(r'<th scope="row">([a-z-]+)</th>', html)
    assert rows == [*ROWS, *ROWS]
    lines = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    genotype = Genotype.from_dict(lines[0]["arch"])
    chips = re.findall(r'class="on-(\w+)" x="[\d.]+" y="[\d.]+" text-anchor="middle">\1<', html)
    assert chips == genotype.flat() * 2
    for i in (0, 2):  # of three, two are shown
        assert f"<option>photos: {i}</option>" in html
    labels = re.findall(r'data-label="(.*?)" data-note="(.*?)"', html)
    assert {label for label, _ in labels} == {"blurry input", *ROWS, "sharp"}
    assert "Not finished" not in html


def test_every_training_is_scored_on_the_real_pairs(compared, real_pairs):
    _, out = compared
    real = json.loads((out / "real.json").read_text())["photos"]
    source = pairs_of_folder(real_pairs)
    images = [source.read(i) for i in range(3)]
    assert real["n"] == 3
    assert real["input"] == pytest.approx(fmean(psnr(*pair) for pair in images))
    assert len(real["psnr"]) == 5
    model, _ = load_model(out / "trials" / "unet-t0")
    scores = [psnr(restore(model, blurry), sharp) for blurry, sharp in images]
    assert real["psnr"]["unet-t0"] == pytest.approx(fmean(scores))
    table = (out / "table.md").read_text()
    assert f"photos (3 pairs, {real['input']:.2f} dB)" in table
    assert f"{real['psnr']['unet-t0'] - real['input']:+.2f} |" in table


def test_results_are_json_lines_in_the_order_of_the_plan(compared):
    _, out = compared
    lines = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["search"] + ["train"] * 5
    latency = json.loads((out / "latency.json").read_text())
    cost = json.loads((out / "genotypes.json").read_text())
    for line in lines:
        assert line["core_seconds"] > 0
        assert line["arch"] == "unet" or Genotype.from_dict(line["arch"])
        if line["kind"] == "train":
            assert {"psnr", "ssim", "ssim_3d", "params", "macs", "psnr_validation"} <= line.keys()
            assert latency["ms"][line["network"]] > 0
        if line["row"] == "random":
            assert cost["low"] <= line["macs"] <= cost["high"]


def test_a_second_call_runs_nothing_and_says_the_same(compared, pairs_file, test_file):
    _, out = compared
    before = {path: path.stat().st_mtime_ns for path in out.glob("trials/*/trial.json")}
    again = compare(pairs_file, test_file, out)
    assert again.returncode == 0, again.stderr
    assert before == {path: path.stat().st_mtime_ns for path in out.glob("trials/*/trial.json")}
    assert (out / "table.md").read_text() in again.stdout
    assert (out / "report.html").exists()


def test_other_settings_and_the_training_pairs_are_refused(compared, pairs_file, test_file):
    _, out = compared
    other = compare(pairs_file, test_file, out, "--steps", "5")
    assert other.returncode == 1
    assert "holds a comparison with other settings (steps: 4 before, 5 now)" in other.stderr
    same = compare(pairs_file, pairs_file, out)
    assert same.returncode == 2
    assert "test must not contain pairs of the training data" in same.stderr


def test_the_list_tells_what_is_done_and_what_is_left(compared, pairs_file, test_file):
    _, out = compared
    listed = compare(pairs_file, test_file, out, "--seeds", "2", "--list").stdout.splitlines()
    states = {line.split()[0]: line.split("steps")[1].strip() for line in listed[:-1]}
    assert states["unet-t0"] == states["searched-s0-search"] == "done"
    assert states["unet-t1"].startswith("about ")
    assert listed[-1].startswith("8 trials, ")
