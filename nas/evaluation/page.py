"""report.html of an evaluation: table, samples, gain per pair, architectures, settings."""

import math
from collections.abc import Sequence
from dataclasses import asdict

from nas.evaluation.results import Evaluation
from nas.evaluation.table import METRICS, Row, rows_of
from nas.report.charts import Chart, Series
from nas.report.html import Cells, Charts, Facts, Page, Slider, Table, render
from nas.report.slider import Sample


def evaluate_page(evaluation: Evaluation, samples: Sequence[Sample]) -> str:
    """The page of an evaluation, as HTML.

    Parameters
    ----------
    evaluation : Evaluation
    samples : regions of some pairs: the blurry image, each network's output, the sharp image
    """
    rows, source, networks = evaluation.rows, evaluation.benchmark, evaluation.genotypes
    untouched, *restored = rows
    best = max(restored, key=lambda row: row.psnr)
    ranked = [row.name for row in sorted(restored, key=lambda row: -row.psnr)]
    drawn = {name: networks[name] for name in ranked if name in networks}
    gain = best.psnr - untouched.psnr  # infinite if the images are equal
    note = f"Means over the images. MACs and median latency of one 256x256 image; {source.note}."
    similar = [(METRICS[key], mean) for key, mean in best.means().items() if key != "psnr"]
    return render(
        Page(
            f"Evaluation on {source.source}",
            f"{len(restored)} network{'s' * (len(restored) > 1)} on "
            f"{source.headline(untouched.n)}, on {evaluation.hardware['device']}.",
            [
                (f"{untouched.psnr:.2f} dB", "PSNR of the blurry input"),
                (f"{best.psnr:.2f} dB", f"PSNR of {best.name}"),
                (f"{gain:+.2f} dB" if math.isfinite(gain) else "-", "gain over the input"),
                *((f"{mean:.{d}f}", f"{name} of {best.name}") for (name, d), mean in similar[:1]),
            ],
            [
                Table("Scores", rows_of(rows), note, best=rows.index(best) + 1),
                Slider(
                    "Before and after, at full resolution",
                    samples,
                    "Drag the handle, or move it with the arrow keys. Larger photos are scored "
                    "whole; one region of each is shown.",
                ),
                Charts("Pair by pair", [_gains(rows), _ranked(rows)]),
                Cells("Architectures", drawn),
                Facts("Time", {"evaluation, seconds": round(evaluation.seconds, 1)}),
                Facts("Settings", asdict(evaluation.settings), folded=True),
                Facts("Hardware and versions", evaluation.hardware, folded=True),
            ],
        )
    )


def _gains(rows: Sequence[Row]) -> Chart:
    """PSNR after against PSNR before, one mark per pair."""
    untouched, *restored = rows
    series = [
        Series(
            row.name,
            [(a.psnr, b.psnr) for a, b in zip(untouched.images, row.images, strict=True)
             if a.psnr < float("inf")],
            "marks",
            k,
            [f"{b.name}, {row.name}: {a.psnr:.2f} to {b.psnr:.2f} dB"
             for a, b in zip(untouched.images, row.images, strict=True) if a.psnr < float("inf")],
        )
        for k, row in enumerate(restored)
    ]  # fmt: skip
    title, x, y = "Each pair", "PSNR of the blurry image, dB", "restored, dB"
    return Chart(title, x, y, series, diagonal=True, note="Pairs above the dotted line improved.")


def _ranked(rows: Sequence[Row]) -> Chart:
    """Each network's gains in ascending order."""
    untouched, *restored = rows
    series = []
    for k, row in enumerate(restored):
        both = zip(untouched.images, row.images, strict=True)
        gains = sorted((b.psnr - a.psnr, b.name) for a, b in both if a.psnr < float("inf"))
        tips = [f"{name}, {row.name}: {gain:+.2f} dB" for gain, name in gains]
        points = [(i + 1, gain) for i, (gain, _) in enumerate(gains)]
        series.append(Series(row.name, points, "line", k, tips))
    zero = Series("", [(1, 0.0), (max(2, untouched.n), 0.0)], "dashed", 9)
    title, x = "Gains in ascending order", "pairs, sorted by gain"
    return Chart(title, x, "gain, dB", [*series, zero] if untouched.n > 1 else [])
