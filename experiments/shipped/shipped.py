"""Store a trained network in the package, and write its model card.

    python experiments/shipped/shipped.py grow GENOTYPE OUT  # fill the half-size cells
    python experiments/shipped/shipped.py pack RUN           # folder of nas.retrain -> nas/shipped
    python experiments/shipped/shipped.py card DATA          # scores, pictures, docs/model.md

With --package FOLDER, the network and the card are written there instead. DATA contains
dev/gopro_avg, dev/gopro_0477_avg11, dev/reds_180p (each with blur/ and sharp/) and
dev/sharp_cid22_val. Every figure of the card is read from the files that `pack` and `card` write.
"""

import datetime
import json
import textwrap
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np
import torch

from blurkit.images.files import find_images, read_image, write_image
from blurkit.progress import bar
from nas.checkpoint import SHIPPED, load_model, save_model
from nas.device import hardware
from nas.evaluate import EvaluateSettings, evaluate
from nas.evaluation.metrics import psnr, ssim
from nas.evaluation.pairs import pairs_of_folder
from nas.report.regions import most_detailed_region
from nas.report.side_by_side import plot_comparison
from nas.restoration.restore import SMALLEST, restore
from nas.space.genotype import Genotype

SETS = {
    "gopro_avg": "GoPro training sequences, frames averaged (linear average), 1280x720",
    "gopro_0477_avg11": "one GoPro sequence, 11 frames averaged, 1280x720",
    "reds_180p": "REDS sequences, reduced to 320x180",
}
README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- shipped -->", "<!-- /shipped -->"
SCALES = [1, 1.5, 2, 3, 4]
WHOLE = EvaluateSettings(tile=1280, rows=0)
CUT = 320  # px, side of the region shown in the pictures


@dataclass(frozen=True)
class Places:
    """Folders of the packed network, the scores, the card and its pictures."""

    package: Path
    results: Path

    @property
    def model(self):
        return self.package / SHIPPED.name

    @property
    def ours(self):
        return self.package.resolve() == SHIPPED.parent

    @property
    def card(self):
        return Path(__file__).parents[2] / "docs" if self.ours else self.package


@click.group()
@click.option("--package", default=SHIPPED.parent, type=click.Path(path_type=Path))
@click.option(
    "--results", default=Path(__file__).parent / "results", type=click.Path(path_type=Path)
)
@click.pass_context
def main(context, package, results):
    context.obj = Places(package, results)
    for folder in (package, results, context.obj.card / "images"):
        folder.mkdir(parents=True, exist_ok=True)


@main.command()
@click.argument("genotype", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def grow(genotype, out):
    """Fill empty slots of the half-size cells with a gated operation and a feed-forward layer."""
    grown = json.loads(Genotype.load(genotype).to_json())
    for name in ("enc2", "dec2"):
        new = iter(("dw3_attn", "ff", "zero"))
        grown["cells"][name] = [next(new) if op == "zero" else op for op in grown["cells"][name]]
    out.write_text(Genotype.from_dict(grown).to_json())


@main.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--before",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Earlier trainings that RUN continued, in order.",
)
@click.pass_obj
def pack(at, run, before):
    """Store the weights of RUN as float16, together with genotype, settings and logs."""
    model, info = load_model(run)
    kept = {key: info[key] for key in ("arch", "width", "settings", "hardware", "validation")}
    sight = {"scales": SCALES, "window": info["settings"]["crop"]}
    save_model(at.model, model, {"name": "shipped", **kept, **sight}, half=True)
    genotype = Genotype.from_dict(info["arch"])  # train genotypes, not built-in names
    (at.package / "genotype.json").write_text(genotype.to_json())
    record = {"date": datetime.date.today().isoformat(), **kept, "log": log_of(run)}
    runs = [{"settings": load_model(path)[1]["settings"], "log": log_of(path)} for path in before]
    record["before"] = runs
    (at.package / "training.json").write_text(json.dumps(record, indent=1) + "\n")
    click.echo(f"{at.model.stat().st_size / 1e6:.2f} MB: {at.model}")


def log_of(run):
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


@main.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--run", type=click.Path(exists=True, path_type=Path), help="The float32 weights.")
@click.pass_obj
def card(at, data, run):
    """Score the bundled network on the sets in DATA and write docs/model.md."""
    scores = {name: json.loads(score(at, data, name, run).read_text()) for name in SETS}
    sharp = at.results / "sharp.json"
    sharp_scores = score_sharp(at, data / "dev" / "sharp_cid22_val")
    sharp.write_text(json.dumps(sharp_scores, indent=1) + "\n")
    for name, result in scores.items():
        picture(at, data, name, result)
    click.echo(write_card(at, scores, sharp_scores))


def score(at, data, name, run):
    """File of nas.evaluate's scores on one set; with `run`, of its float32 weights too."""
    path = at.results / f"{name}.json"
    models = [at.model, *([run] if run else [])]
    evaluate(models, pairs=data / "dev" / name, settings=WHOLE, device="cpu", json_file=path)
    return path


def score_sharp(at, folder):
    """PSNR and SSIM between each sharp photo and the network's output for it."""
    model, _ = load_model(at.model)
    images, paths = [], list(find_images(folder))
    with bar(len(paths), "sharp photos", "photo") as shown:
        for path in paths:
            photo = read_image(path)
            out = restore(model, photo, tile=1280)
            images.append({"name": path.name, "psnr": psnr(out, photo), "ssim": ssim(out, photo)})
            shown.update()
    return {"set": folder.name, "hardware": hardware(torch.device("cpu")), "images": images}


def picture(at, data, name, result):
    """Blurry, restored and sharp image of the pairs with the best, median and worst gain."""
    source = pairs_of_folder(data / "dev" / name)
    model, _ = load_model(at.model)
    gains = gains_of(result)
    order = np.argsort(gains)[::-1]
    rows, labels = [], []
    for what, i in zip(("best", "median", "worst"), order[[0, len(order) // 2, -1]], strict=True):
        blurry, sharp = source.read(int(i))
        restored = restore(model, blurry, tile=1280)
        cut = most_detailed_region(sharp, CUT)
        rows.append([np.array(image[cut]) for image in (blurry, restored, sharp)])
        before, after = psnr(blurry, sharp), psnr(restored, sharp)
        labels.append(
            [f"{before:.2f} dB", f"{after:.2f} dB", f"{what} gain: {after - before:+.2f}"]
        )
    png = at.results / f"{name}.png"
    note = "the region with the most contrast; PSNR over the whole photo"
    plot_comparison(rows, ["blurry", "restored", "sharp"], labels, png, note=note)
    write_image(at.card / "images" / f"shipped-{name}.jpg", read_image(png))
    png.unlink()


def gains_of(result):
    untouched, restored = (row["images"] for row in result["rows"][:2])
    return [b["psnr"] - a["psnr"] for a, b in zip(untouched, restored, strict=True)]


def write_card(at, scores, sharp):
    training = json.loads((at.package / "training.json").read_text())
    prose = (Path(__file__).parent / "results" / "reading.md").read_text().split("<!-- scores -->")
    shipped = next(iter(scores.values()))["rows"][1]
    genotype = Genotype.from_dict(training["arch"])
    low = min(image["psnr"] for image in sharp["images"])
    mean = np.mean([image["psnr"] for image in sharp["images"]])

    similarity = np.mean([image["ssim"] for image in sharp["images"]])
    page = [
        "# Model card: the bundled network",
        "",
        paragraph(
            "`python -m nas.deblur photo.jpg` uses this network by default.",
            "This page is generated by `experiments/shipped/shipped.py` from measured results.",
        ),
        "",
        paragraph(
            f"**Network**: width {training['width']}, {shipped['params'] / 1e6:.2f} M parameters,",
            f"{shipped['macs'] / 1e9:.2f} GMACs and {shipped['latency_ms']:.0f} ms for a 256x256",
            f"image on one thread of {next(iter(scores.values()))['hardware']['cpu']};",
            f"{at.model.stat().st_size / 1e6:.1f} MB of safetensors, weights stored as float16. It",
            f"processes a photo reduced by factors of {', '.join(f'{x:g}' for x in SCALES)} (as",
            f"long as {SMALLEST} px remain), which takes up to",
            f"{sum(x**-2 for x in SCALES):.1f} times as long as one pass. At each pixel,",
            "scales that change the photo more count more",
            "(`nas.restoration.restore.restore`). Channel attention averages over squares of",
            f"{training['settings']['crop']} px.",
        ),
        "",
        "| cell | operations |",
        "|:--|:--|",
        *(f"| {cell} | {', '.join(ops)} |" for cell, ops in genotype.cells.items()),
        "",
        prose[0].strip(),
        "",
        *recipe(training),
        "Settings and log: `nas/shipped/training.json`.",
        "",
        "## Scores on real blur",
        "",
        "None of these sets was used for training. The scores are means over RGB images in 8 bits.",
        "",
        "| set | pairs | PSNR: blurry, restored, gain | worst gain | SSIM | SSIM 3-D |",
        "|:--|--:|--:|--:|--:|--:|",
        *(line(name, result) for name, result in scores.items()),
        "",
        *(f"- `{name}`: {what}" for name, what in SETS.items()),
        "- SSIM: per channel, Gaussian window; SSIM 3-D: of the RGB volume, as in MATLAB",
        "",
        "## Sharp photos",
        "",
        paragraph(
            f"PSNR between {len(sharp['images'])} sharp photos (`{sharp['set']}`, not used for",
            f"training) and the network's output for them: {mean:.2f} dB on average (SSIM",
            f"{similarity:.4f}), {low:.2f} dB at worst.",
        ),
        "",
        *storage(scores),
        "## Best, median and worst gain",
        "",
        *(f"![{name}](images/shipped-{name}.jpg)\n" for name in SETS),
        prose[1].strip(),
    ]
    path = at.card / "model.md"
    path.write_text("\n".join(page) + "\n")
    if at.ours:
        write_readme(scores, low, mean)
    return path


def write_readme(scores, low, mean):
    lines = ["| real blur | pairs | blurry, dB | restored, dB | gain |", "|:--|--:|--:|--:|--:|"]
    for name, result in scores.items():
        before, after = (row["psnr"] for row in result["rows"][:2])
        numbers = f"{before:.2f} | {after:.2f} | {after - before:+.2f}"
        lines.append(f"| {SETS[name]} | {len(gains_of(result))} | {numbers} |")
    agreement = f"{mean:.1f} dB on average, {low:.1f} dB at worst"
    lines += ["", f"Sharp photos stay sharp: input and output agree to {agreement}."]
    head, rest = README.read_text().split(BEGIN)
    README.write_text("\n".join([head + BEGIN, "", *lines, "", END]) + rest.split(END)[1])


def recipe(training):
    """The trainings in order."""
    cpu = training["hardware"]["cpu"]
    augmentation = "random crops, flips and rotations by 90 degrees"
    lines = [paragraph(f"**Recipe**: AdamW, PSNR loss, {augmentation}, on two cores of {cpu}:"), ""]
    for run in [*training["before"], training]:
        s, end = run["settings"], run["log"][-1]
        floor = f"; {s['floor']:g} is added to the MSE in the loss" if "floor" in s else ""
        lines.append(
            f"- {end['step']:,} steps of {s['batch']} crops of {s['crop']}x{s['crop']}, learning "
            f"rate {s['lr']:g} with cosine decay to zero over {s['steps']:,} steps{floor}"
        )
    return [*lines, ""]


def paragraph(*parts):
    return textwrap.fill(" ".join(parts), 110, break_long_words=False, break_on_hyphens=False)


def line(name, result):
    before, after = result["rows"][:2]
    gains = gains_of(result)
    cells = [
        f"{before['psnr']:.2f}, {after['psnr']:.2f}, **{after['psnr'] - before['psnr']:+.2f}**",
        f"{min(gains):+.2f}",
        f"{before['ssim']:.4f}, {after['ssim']:.4f}",
        f"{before['ssim_3d']:.4f}, {after['ssim_3d']:.4f}",
    ]
    return f"| {name} | {len(gains)} | {' | '.join(cells)} |"


def storage(scores):
    """The loss due to float16, if the float32 weights were scored as well."""
    losses = [
        result["rows"][2]["psnr"] - result["rows"][1]["psnr"]
        for result in scores.values()
        if len(result["rows"]) > 2
    ]
    if not losses:
        return []
    loss = max(0, *losses)
    return [f"Storing the weights as float16 costs at most {loss:.4f} dB on these sets.", ""]


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
