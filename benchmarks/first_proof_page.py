"""Write the page of the first proof from its result files: python benchmarks/first_proof_page.py

Called at the end of first_proof.sh; every figure on the page comes from the files beside it.
"""

import json
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "first_proof"
SETS = {
    "cid22_val": "Synthetic pairs, photos never trained on (CID22 validation part, CC BY-SA 4.0)",
    "gopro_avg": "Real pairs: means of 8 to 10 GoPro frames (CC BY 4.0)",
    "gopro_0477_avg11": "Real pairs: means of 11 GoPro frames at 240 per second (CC BY 4.0)",
    "reds_180p": "Real pairs: REDS, reduced to 320x180 (CC BY 4.0)",
}


def lines_of(name):
    return [json.loads(line) for line in (RESULTS / name).read_text().splitlines()]


def main():
    sets = {name: json.loads((RESULTS / f"{name}.json").read_text()) for name in SETS}
    hardware = sets["cid22_val"]["hardware"]
    search, trained = lines_of("search.jsonl"), lines_of("searched.jsonl")[-1]
    page = [
        "# The first proof on real input",
        "",
        "A small run on two cores, one seed: it shows the whole line at work, not what the search",
        "can do. Run by `bash benchmarks/first_proof.sh DATA RUN`; this page is written by",
        "`benchmarks/first_proof_page.py` from the files beside it.",
        "",
        f"**Hardware**: {hardware['cpu']}, {hardware['cores']} cores, no GPU; "
        f"torch {hardware['torch']}, blurkit {hardware['blurkit']}. The machine was shared with",
        "other work, so latencies are to be read as ratios within one table.",
        "",
        "**What was run**: 20,000 pairs of 96x96 from 365 photos (CID22 training part, BSDS500),",
        "kernels of 11x11 from walks of 4 to 10 px, naive pipeline; search at width 8, "
        f"{len(search)} epochs,",
        f"{search[-1]['step']:,} weight steps; each network trained at width 16 for "
        f"{trained['step']:,} steps of 8 crops of",
        "64x64, one recipe, the same batches. No network has seen any of the pairs below. Stronger",
        "blur (walks of 3 to 14 px) was tried first and dropped: with the rate falling slower",
        "the supernet had not passed its blurry input after 2,500 steps.",
        "",
    ]
    for name, title in SETS.items():
        page += [f"## {title}", "", (RESULTS / f"{name}.md").read_text().strip(), ""]
        rows = sets[name]["rows"]
        blurry = rows[0]["psnr"]
        gains = ", ".join(f"{row['name']} {row['psnr'] - blurry:+.2f} dB" for row in rows[1:])
        page += [f"Against the blurry input: {gains}.", "", f"![{name}]({name}.jpg)", ""]
    page += [
        "Test pairs of the first table:",
        "",
        "![sharp, kernel, blurry](test_pairs.png)",
        "",
        "## Search and training",
        "",
        "So short a search hardly decides: no operation has more than 35 % of the softmax in",
        "its slot, see the alphas. One seed, and random networks were not trained beside it.",
        "",
        "![curves of the search](search.png)",
        "![the found cells](cells.png)",
        "![softmax of the alphas](alphas.png)",
        "![training of the searched network](searched.png)",
        "![training of the UNet](unet.png)",
        "![training of the UNet with a residual](unet-residual.png)",
        "",
    ]
    (RESULTS / "README.md").write_text("\n".join(page), encoding="utf-8")


if __name__ == "__main__":
    main()
