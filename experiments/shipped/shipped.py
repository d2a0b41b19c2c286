"""Put a trained network into the package, and write its model card.

    python experiments/shipped/shipped.py grow GENOTYPE OUT # fill empty slots of the half-size
    cells python experiments/shipped/shipped.py pack RUN          # a folder of nas.retrain ->
    nas/shipped/ python experiments/shipped/shipped.py card DATA         # scores, pictures and
    docs/model.md

With --package another folder than nas/shipped, the card is written there too. DATA holds
dev/gopro_avg, dev/gopro_0477_avg11, dev/reds_180p (blur/ and sharp/) and dev/sharp_cid22_val.
Every figure of the card comes from the files that these two leave.
"""

import datetime
import json
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
from nas.report.panels import plot_comparison
from nas.report.regions import most_detailed_region
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
CUT = 320  # side of what the pictures show of a photo


@dataclass(frozen=True)
class Places:
    """Where things lie: the packed network, the scores, the card and its pictures."""

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
    """Fill the empty slots of the half-size cells of GENOTYPE: with a gated op, a feed-forward."""
    found = json.loads(Genotype.load(genotype).to_json())
    for name in ("enc2", "dec2"):
        new = iter(("dw3_attn", "ff", "zero"))
        found["cells"][name] = [next(new) if op == "zero" else op for op in found["cells"][name]]
    out.write_text(Genotype.from_dict(found).to_json())


@main.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--before",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="What RUN began with, and that before; the first first.",
)
@click.pass_obj
def pack(at, run, before):
    """Store the weights of RUN as float16, with genotype, settings and logs beside them."""
    model, info = load_model(run)
    kept = {key: info[key] for key in ("arch", "width", "settings", "hardware", "validation")}
    sight = {"scales": SCALES, "window": info["settings"]["crop"]}
    save_model(at.model, model, {"name": "shipped", **kept, **sight}, half=True)
    genotype = Genotype.from_dict(info["arch"])  # a built-in name is none: train its genotype
    (at.package / "genotype.json").write_text(genotype.to_json())
    record = {"date": datetime.date.today().isoformat(), **kept, "log": log_of(run)}
    runs = [{"settings": load_model(one)[1]["settings"], "log": log_of(one)} for one in before]
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
    """Score the shipped network on the sets below DATA and write docs/model.md."""
    scores = {name: json.loads(score(at, data, name, run).read_text()) for name in SETS}
    sharp = at.results / "sharp.json"
    found = unharmed(at, data / "dev" / "sharp_cid22_val")
    sharp.write_text(json.dumps(found, indent=1) + "\n")
    for name, of_set in scores.items():
        picture(at, data, name, of_set)
    click.echo(write_card(at, scores, found))


def score(at, data, name, run):
    """Scores of one set as nas.evaluate writes them; with `run`, of its float32 weights too."""
    path = at.results / f"{name}.json"
    models = [at.model, *([run] if run else [])]
    evaluate(models, pairs=data / "dev" / name, settings=WHOLE, device="cpu", json_file=path)
    return path


def unharmed(at, folder):
    """PSNR and SSIM between each sharp photo and what the network makes of it."""
    model, _ = load_model(at.model)
    images, paths = [], list(find_images(folder))
    with bar(len(paths), "sharp photos", "photo") as shown:
        for path in paths:
            photo = read_image(path)
            out = restore(model, photo, tile=1280)
            images.append({"name": path.name, "psnr": psnr(out, photo), "ssim": ssim(out, photo)})
            shown.update()
    return {"set": folder.name, "hardware": hardware(torch.device("cpu")), "images": images}


def picture(at, data, name, of_set):
    """The best, the middle and the worst gain of a set: blurry, restored, sharp."""
    source = pairs_of_folder(data / "dev" / name)
    model, _ = load_model(at.model)
    gains = gains_of(of_set)
    order = np.argsort(gains)[::-1]
    rows, labels = [], []
    for what, i in zip(("best", "middle", "worst"), order[[0, len(order) // 2, -1]], strict=True):
        blurry, sharp = source.read(int(i))
        restored = restore(model, blurry, tile=1280)
        cut = most_detailed_region(sharp, CUT)
        rows.append([np.array(image[cut]) for image in (blurry, restored, sharp)])
        before, after = psnr(blurry, sharp), psnr(restored, sharp)
        labels.append(
            [f"{before:.2f} dB", f"{after:.2f} dB", f"{what} gain: {after - before:+.2f}"]
        )
    png = at.results / f"{name}.png"
    note = "the region with the most contrast; PSNR is of the whole photo"
    plot_comparison(rows, ["blurry", "restored", "sharp"], labels, png, note=note)
    write_image(at.card / "images" / f"shipped-{name}.jpg", read_image(png))
    png.unlink()


def gains_of(of_set):
    untouched, restored = (row["images"] for row in of_set["rows"][:2])
    return [b["psnr"] - a["psnr"] for a, b in zip(untouched, restored, strict=True)]


def write_card(at, scores, sharp):
    training = json.loads((at.package / "training.json").read_text())
    prose = (at.results / "reading.md").read_text().split("<!-- scores -->")
    shipped = next(iter(scores.values()))["rows"][1]
    genotype = Genotype.from_dict(training["arch"])
    low = min(image["psnr"] for image in sharp["images"])
    mean = np.mean([image["psnr"] for image in sharp["images"]])
    below = sum(image["psnr"] < 35 for image in sharp["images"])
    alike = np.mean([image["ssim"] for image in sharp["images"]])
    page = [
        "# Model card: the network that comes with the package",
        "",
        "`python -m nas.deblur photo.jpg` uses it when no checkpoint is given. This page is",
        "written by `shipped.py` from the files that it leaves; no figure is typed.",
        "",
        f"**Network**: width {training['width']}, {shipped['params'] / 1e6:.2f} M parameters,",
        f"{shipped['macs'] / 1e9:.2f} GMACs at 256x256, {shipped['latency_ms']:.0f} ms there on",
        f"one thread of {next(iter(scores.values()))['hardware']['cpu']};",
        f"{at.model.stat().st_size / 1e6:.1f} MB of safetensors, weights stored as float16.",
        f"It sees a photo at the scales {', '.join(f'{x:g}' for x in SCALES)} (those that leave",
        f"{SMALLEST} px), which takes up to {sum(x**-2 for x in SCALES):.1f} times as long as one,",
        f"and its channel attention takes means over squares of {training['settings']['crop']} px;",
        "each place of the photo takes the scale that changes most there.",
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
        "None of these was trained on. RGB, rounded to 8 bits, means over the images.",
        "",
        "| set | pairs | PSNR: blurry, restored, gain | worst gain | SSIM | SSIM 3-D |",
        "|:--|--:|--:|--:|--:|--:|",
        *(line(name, of_set) for name, of_set in scores.items()),
        "",
        *(f"- `{name}`: {what}" for name, what in SETS.items()),
        "- SSIM: per channel, Gaussian window; SSIM 3-D: MATLAB's of the RGB volume",
        "",
        "## Sharp photos",
        "",
        f"Between {len(sharp['images'])} sharp photos (`{sharp['set']}`, never trained on) and",
        f"what the network makes of them: mean {mean:.2f} dB (SSIM {alike:.4f}), lowest",
        f"{low:.2f} dB, {below} of them below 35 dB.",
        "",
        *storage(scores),
        "## Best, middle, worst",
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
    for name, of_set in scores.items():
        before, after = (row["psnr"] for row in of_set["rows"][:2])
        numbers = f"{before:.2f} | {after:.2f} | {after - before:+.2f}"
        lines.append(f"| {SETS[name]} | {len(gains_of(of_set))} | {numbers} |")
    lines += ["", f"Sharp photos stay sharp: {mean:.1f} dB on average, {low:.1f} dB at worst."]
    head, rest = README.read_text().split(BEGIN)
    README.write_text("\n".join([head + BEGIN, "", *lines, "", END]) + rest.split(END)[1])


def recipe(training):
    """The trainings, one after the other."""
    lines = ["**Recipe**: AdamW, PSNR loss, random crops with flips and turns, on two cores of"]
    lines.append(f"{training['hardware']['cpu']}:")
    for run in [*training["before"], training]:
        s, end = run["settings"], run["log"][-1]
        lines += [
            "",
            f"- {end['step']:,} steps of {s['batch']} crops {s['crop']}x{s['crop']}, rate",
            f"  {s['lr']:g} falling to zero over {s['steps']:,} (cosine)"
            + (f"; the loss adds {s['floor']:g} to the MSE" if "floor" in s else ""),
        ]
    return [*lines, ""]


def line(name, of_set):
    before, after = of_set["rows"][:2]
    gains = gains_of(of_set)
    cells = [
        f"{before['psnr']:.2f}, {after['psnr']:.2f}, **{after['psnr'] - before['psnr']:+.2f}**",
        f"{min(gains):+.2f}",
        f"{before['ssim']:.4f}, {after['ssim']:.4f}",
        f"{before['ssim_3d']:.4f}, {after['ssim_3d']:.4f}",
    ]
    return f"| {name} | {len(gains)} | {' | '.join(cells)} |"


def storage(scores):
    """What float16 costs, where the float32 weights were scored beside it."""
    losses = [
        of_set["rows"][2]["psnr"] - of_set["rows"][1]["psnr"]
        for of_set in scores.values()
        if len(of_set["rows"]) > 2
    ]
    if not losses:
        return []
    return [f"Stored as float16, it loses {max(0, *losses):.4f} dB at most on these sets.", ""]


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
