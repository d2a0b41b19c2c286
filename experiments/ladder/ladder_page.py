"""Write the ablation page, its winner and the tables in the docs from result files.

    python experiments/ladder/ladder_page.py RESULTS SCALE

Called by reproduce.sh; every figure on the page comes from the files beside it. The winner is
chosen on the validation pairs, among the genotypes that take at most 1.1 times UNet's time. With
scale smoke, the docs are not changed.
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
    ("unet", "unet-residual", "a global residual: the network's output is added to its input"),
    (
        "unet-residual",
        "frame",
        "the frame of our networks, without BatchNorm and operations: linear",
    ),
    ("frame", "conv", "one residual convolution block in each cell"),
    ("conv", "naf", "gated depthwise blocks with channel attention instead"),
    ("random", "uniform", "chosen in a supernet by perturbation; the alphas are not trained"),
    ("uniform", "searched", "the alphas are trained before the perturbation"),
    ("random", "random-search", "chosen by brief trainings with the compute of a search"),
    ("random", "naf", "designed by hand: the same cell everywhere, whatever it costs"),
    (
        "random",
        "naf-half",
        "designed by hand: no operations at full size, gated blocks from 1/4 on",
    ),
    ("random", "searched", "what the search adds to its space and recipe"),
)


def means_of(records):
    """{row: mean PSNR in dB of each network}."""
    rows = {}
    for record in records:
        if record["kind"] == "train":
            networks = rows.setdefault(record["row"], {})
            networks.setdefault(record["network"], []).append(record["psnr"])
    return {
        # a single network is represented by its trainings
        row: [fmean(v) for v in networks.values()]
        if len(networks) > 1
        else [psnr for trainings in networks.values() for psnr in trainings]
        for row, networks in rows.items()
    }


def steps(means):
    lines = ["| step | adds, dB | +- | what changes |", "|:--|--:|--:|:--|"]
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
        search, cost = record["search"], record["search"]["cost"]
        times = f"{cost['predicted']:.2f} | {cost['measured']:.2f} | {cost['unet']:.2f}"
        spent = record["core_seconds"] / 60
        psnr = f"{search['psnr_onehot']:.3f} (input {search['psnr_input']:.3f})"
        name = record["name"].removesuffix("-search")
        lines.append(f"| {name} | {times} | {cost['of_unet']:.2f} | {spent:.1f} | {psnr} |")
    return lines


def winner(records, latency):
    """(name, mean PSNR on the validation pairs, genotype) of the best network that is fast enough.

    UNets have no genotype and are left out.
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
        f"Blurry input: {blurry:.2f} dB. +-: standard deviation between networks or, for a single "
        "network, between trainings.",
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
    """Replace what stands between the page's two marks."""
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
        "# Ablation",
        "",
        "What each step from a plain UNet to a searched network adds, as measured by",
        f"`make reproduce SCALE={scale}`. `experiments/ladder/ladder_page.py` generates this page",
        "from the files beside it; [results.jsonl](results.jsonl) has every run.",
        "",
        f"**Hardware**: {hardware['cpu']}, {hardware['cores']} cores; device of the trials:",
        f"{hardware['device']}, threads: {hardware['threads']}; torch {hardware['torch']}.",
        "Latencies were measured afterwards, in one run in which the networks took turns.",
        "",
        f"**Winner** on the validation pairs, among genotypes with at most {SLOWEST} times UNet's",
        f"latency: {name}, {psnr:.3f} dB ([winner.json](winner.json)).",
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
        "minutes: on one core. one-hot: PSNR of the resulting network with the supernet's weights,",
        "on the selection pairs. The costs here were measured at the end of each search, while",
        "other trials ran; those in the first table are more accurate.",
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
