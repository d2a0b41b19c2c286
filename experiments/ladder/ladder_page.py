"""Write the ladder's page, its winner and the tables of the docs from result files.

    python experiments/ladder/ladder_page.py RESULTS SCALE

Called by reproduce.sh; every figure on the page comes from the files beside it. The winner is
chosen by the validation pairs, among the genotypes that take at most 1.1 of UNet's time. Scale
smoke leaves the docs alone.
"""

import json
import math
import sys
from pathlib import Path
from statistics import fmean, stdev

from nas.space.genotype import Genotype
from nas.space.network import build

PROJECT = Path(__file__).parents[2]
BEGIN, END = "<!-- ladder -->", "<!-- /ladder -->"
SLOWEST = 1.1  # of UNet's time, for the winner
STEPS = (  # from, to, what the step is
    ("unet", "unet-residual", "the output is the input plus what the network found"),
    ("unet-residual", "frame", "our U without BatchNorm and without any operation: linear"),
    ("frame", "conv", "one residual convolution block in each cell"),
    ("conv", "naf", "gated depthwise blocks with channel attention in their place"),
    ("random", "uniform", "chosen in a supernet, by perturbation, alphas never trained"),
    ("uniform", "searched", "alphas trained before the perturbation"),
    ("random", "random-search", "chosen by brief trainings, with a search's compute"),
    ("random", "naf", "the same cell everywhere, made by hand, at its own cost"),
    ("random", "naf-half", "made by hand: nothing at full size, gated blocks from a quarter on"),
    ("random", "searched", "what the search adds to its space and recipe"),
)


def means_of(records):
    """{row: mean PSNR in dB of each network}."""
    found = {}
    for record in records:
        if record["kind"] == "train":
            networks = found.setdefault(record["row"], {})
            networks.setdefault(record["network"], []).append(record["psnr"])
    return {
        # the trainings of a single network are what can be told apart of it
        row: [fmean(v) for v in networks.values()]
        if len(networks) > 1
        else [psnr for trainings in networks.values() for psnr in trainings]
        for row, networks in found.items()
    }


def steps(means):
    lines = ["| step | adds, dB | +- | what it is |", "|:--|--:|--:|:--|"]
    for before, after, what in STEPS:
        if before not in means or after not in means:
            continue
        a, b = means[before], means[after]
        error = math.sqrt(sum(stdev(x) ** 2 / len(x) for x in (a, b) if len(x) > 1))
        lines.append(f"| {before} to {after} | {fmean(b) - fmean(a):+.3f} | {error:.3f} | {what} |")
    return [
        *lines,
        "",
        "+-: standard error of the difference, from the spread of networks or trainings.",
    ]


def costs(searches):
    lines = [
        "| search | predicted, ms | measured, ms | UNet, ms | of UNet | minutes | one-hot, dB |"
    ]
    lines.append("|:--|--:|--:|--:|--:|--:|--:|")
    for record in searches:
        found, cost = record["search"], record["search"]["cost"]
        times = f"{cost['predicted']:.2f} | {cost['measured']:.2f} | {cost['unet']:.2f}"
        spent = record["core_seconds"] / 60
        psnr = f"{found['psnr_onehot']:.3f} (input {found['psnr_input']:.3f})"
        name = record["name"].removesuffix("-search")
        lines.append(f"| {name} | {times} | {cost['of_unet']:.2f} | {spent:.1f} | {psnr} |")
    return lines


def winner(records, latency):
    """(name, mean PSNR on the validation pairs, genotype) of the best network that is fast enough.

    UNets are no genotypes: they are left out.
    """
    scores, archs = {}, {}
    for record in records:
        if record["kind"] == "train" and latency[record["network"]] <= SLOWEST * latency["unet"]:
            scores.setdefault(record["network"], []).append(record["psnr_validation"])
            archs[record["network"]] = record["arch"]
    means = {name: fmean(values) for name, values in scores.items() if genotype_of(archs[name])}
    best = max(means, key=means.get)
    return best, means[best], genotype_of(archs[best])


def genotype_of(arch):
    if isinstance(arch, dict):
        return Genotype.from_dict(arch)
    return getattr(build(arch, 1), "genotype", None)


def short_table(records, latency, real):
    """The table of docs/results.md."""
    means, unet = means_of(records), latency["unet"]
    sets = list(real)
    gains = [f"gain on {name}, dB" for name in sets]
    heads = ["network", "trainings", "PSNR, dB", "x UNet's time", *gains]
    lines = [f"| {' | '.join(heads)} |", "|:--|" + "--:|" * (len(heads) - 1)]
    for row, values in means.items():
        runs = [r for r in records if r["kind"] == "train" and r["row"] == row]
        times = fmean(latency[r["network"]] for r in runs) / unet
        spread = f" +- {stdev(values):.2f}" if len(values) > 1 else ""
        cells = [row, str(len(runs)), f"{fmean(values):.2f}{spread}", f"{times:.2f}"]
        for of in real.values():
            cells.append(f"{fmean(of['psnr'][r['name']] for r in runs) - of['input']:+.2f}")
        lines.append(f"| {' | '.join(cells)} |")
    blurry = next(r["psnr_input"] for r in records if r["kind"] == "train")
    return [
        *lines,
        "",
        f"Blurry input: {blurry:.2f} dB; +-: between networks, or trainings of one.",
    ]


def over_unet(records, latency):
    """The table of docs/reproduce.md."""
    means, unet = means_of(records), latency["unet"]
    blurry = next(r["psnr_input"] for r in records if r["kind"] == "train")
    least = fmean(means["unet"])
    lines = ["| network | PSNR, dB | over UNet | x UNet's time |", "|:--|--:|--:|--:|"]
    lines.append(f"| blurry input | {blurry:.2f} | {blurry - least:+.2f} | |")
    for row, values in means.items():
        networks = {r["network"] for r in records if r["kind"] == "train" and r["row"] == row}
        times = fmean(latency[name] for name in networks) / unet
        spread = f" +- {stdev(values):.2f}" if len(values) > 1 else ""
        over = f"{fmean(values) - least:+.2f}" if row != "unet" else ""
        lines.append(f"| {row} | {fmean(values):.2f}{spread} | {over} | {times:.2f} |")
    return lines


def fill(page, lines):
    """Put lines between the page's two marks."""
    head, rest = page.read_text().split(BEGIN)
    page.write_text("\n".join([head + BEGIN, "", *lines, "", END]) + rest.split(END)[1])


def main(results, scale):
    records = [json.loads(line) for line in (results / "results.jsonl").read_text().splitlines()]
    latency = json.loads((results / "latency.json").read_text())
    real = json.loads((results / "real.json").read_text())
    hardware, ms = latency["hardware"], latency["ms"]
    name, psnr, genotype = winner(records, ms)
    (results / "winner.json").write_text(genotype.to_json())
    searches = [record for record in records if record["kind"] == "search"]
    table = short_table(records, ms, real)
    page = [
        "# The ladder",
        "",
        "What each step from a plain UNet to a searched network adds. Run by",
        f"`make reproduce SCALE={scale}`; this page is written by",
        "`experiments/ladder/ladder_page.py` from the files beside it;",
        "[results.jsonl](results.jsonl) has every run.",
        "",
        f"**Hardware**: {hardware['cpu']}, {hardware['cores']} cores, {hardware['threads']} thread",
        f"a trial, on {hardware['device']}; torch {hardware['torch']}. Latencies were measured",
        "afterwards, all networks in turn.",
        "",
        f"**Winner** on the validation pairs, among genotypes of at most {SLOWEST} of UNet's time:",
        f"{name}, {psnr:.3f} dB there ([winner.json](winner.json)).",
        "",
        (results / "table.md").read_text().strip(),
        "",
        "## What each step adds",
        "",
        *steps(means_of(records)),
        "",
        *([(results / "reading.md").read_text().strip(), ""] if scale != "smoke" else []),
        "![accuracy against latency](pareto.png)",
        "",
        "![every run](seeds.png)",
        "",
        "![supernet against retrained PSNR of the random genotypes](tau.png)",
        "",
        "## The searches",
        "",
        *costs(searches),
        "",
        "minutes: of one core. one-hot: PSNR of the found network in the supernet, on the",
        "selection pairs. Costs here were measured at the end of each search, while other trials",
        "ran; those of the first table count.",
        "",
    ]
    for seed in range(3):
        if (results / f"search-s{seed}.png").exists():
            page += [
                f"### Seed {seed}",
                "",
                f"![curves](search-s{seed}.png)",
                "",
                f"![probability of each operation](choices-s{seed}.png)",
                "",
                f"![the network](cells-s{seed}.png)",
                "",
            ]
    page += ["## The pairs", "", "Trained on:", "", *fenced(results / "train.txt")]
    page += ["", "Scored on:", "", *fenced(results / "test.txt")]
    (results / "README.md").write_text("\n".join(page) + "\n")
    if scale != "smoke":
        fill(PROJECT / "docs" / "results.md", table)
        fill(PROJECT / "docs" / "reproduce.md", over_unet(records, ms))
    print(results / "README.md")


def fenced(path):
    return ["```", path.read_text().rstrip(), "```"]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
