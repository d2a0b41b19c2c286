"""Write the page of the small ladder from its result files: python benchmarks/ladder_page.py

Called at the end of ladder.sh; every figure on the page comes from the files beside it.
"""

import json
import math
from pathlib import Path
from statistics import fmean, stdev

RESULTS = Path(__file__).parent / "results" / "ladder"
STEPS = (  # from, to, what the step is
    ("unet", "unet-residual", "the output is the input plus what the network found"),
    ("unet-residual", "frame", "our U without BatchNorm and without any operation: linear"),
    ("frame", "conv", "one residual convolution block in each cell"),
    ("conv", "naf", "gated depthwise blocks with channel attention in their place"),
    ("random", "uniform", "chosen in a supernet, by perturbation, alphas never trained"),
    ("uniform", "searched", "alphas trained before the perturbation"),
    ("random", "random-search", "chosen by brief trainings, with a search's compute"),
    ("random", "naf", "the same cell everywhere, made by hand, at its own cost"),
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


def main():
    records = [json.loads(line) for line in (RESULTS / "results.jsonl").read_text().splitlines()]
    latency = json.loads((RESULTS / "latency.json").read_text())
    hardware = latency["hardware"]
    searches = [record for record in records if record["kind"] == "search"]
    page = [
        "# The small ladder",
        "",
        "What each step from a plain UNet to a searched network adds, as far as two cores go.",
        "Run by `bash benchmarks/ladder.sh DATA RUN`; this page is written by",
        "`benchmarks/ladder_page.py` from the files beside it; [results.jsonl](results.jsonl) has",
        "every run.",
        "",
        f"**Hardware**: {hardware['cpu']}, {hardware['cores']} cores, {hardware['threads']} thread",
        f"a trial, no GPU; torch {hardware['torch']}. Latencies were measured afterwards, with",
        "nothing else running, all networks in turn.",
        "",
        "**Data**: 12,000 pairs of 96x96 from 365 photos (CID22 training part, BSDS500), kernels",
        "of 9x9 from walks of 3 to 7 px, naive pipeline; scored on 300 pairs of 128x128 from",
        "photos of the CID22 validation part (CC BY-SA 4.0), which no network has seen.",
        "",
        (RESULTS / "table.md").read_text().strip(),
        "",
        "## What each step adds",
        "",
        *steps(means_of(records)),
        "",
        (RESULTS / "reading.md").read_text().strip(),
        "",
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
        if (RESULTS / f"search-s{seed}.png").exists():
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
    (RESULTS / "README.md").write_text("\n".join(page))
    print(RESULTS / "README.md")


if __name__ == "__main__":
    main()
