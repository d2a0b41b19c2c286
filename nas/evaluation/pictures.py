"""compare.png and report.html of an evaluation."""

from pathlib import Path

import numpy as np

from blurkit.files import write_whole
from nas.evaluation.page import evaluate_page
from nas.evaluation.results import Evaluation
from nas.evaluation.scoring import REGION
from nas.report.regions import most_detailed_region
from nas.report.side_by_side import plot_comparison
from nas.report.slider import sample


def draw(evaluation: Evaluation, folder: Path) -> None:
    """Write compare.png (if there are examples) and report.html into the folder."""
    titles = [*(row.name for row in evaluation.rows), "sharp"]
    if evaluation.examples:
        note = f"{evaluation.benchmark.caption}; larger photos: one region shown, all of it scored"
        regions, labels = [], []
        for example in evaluation.examples:
            region = most_detailed_region(example.images[-1], REGION)
            regions.append([image[region] for image in example.images])
            labels.append([*_decibels(example.psnr), example.name])
        plot_comparison(regions, titles, labels, folder / "compare.png", note=note)

    restored = evaluation.rows[1:]
    best_first = [k + 1 for k in np.argsort([-row.psnr for row in restored], kind="stable")]
    order = [0, *best_first, len(evaluation.rows)]
    samples = []
    for example in evaluation.examples:
        notes = [*_decibels(example.psnr), ""]
        samples.append(
            sample(
                example.name,
                [example.images[k] for k in order],
                [titles[k] for k in order],
                [notes[k] for k in order],
            )
        )
    write_whole(folder / "report.html", evaluate_page(evaluation, samples))


def _decibels(psnr: list[float]) -> list[str]:
    return [f"{value:.2f} dB" for value in psnr]
