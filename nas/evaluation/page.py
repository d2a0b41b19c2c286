"""report.html of an evaluation: table, samples, gain per pair, architectures, settings."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import asdict

from nas.evaluation.results import Evaluation
from nas.evaluation.table import METRICS, Row, Score, rows_of
from nas.report.charts import Chart, Series
from nas.report.html import Cells, Charts, Facts, Page, Slider, Table, render
from nas.report.slider import Sample
from nas.report.style import GREY, PALETTE


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
                    "Before and after, full resolution",
                    samples,
                    "Drag the handle, or move it with the arrow keys. Larger photos are scored "
                    "whole; one region of each is shown.",
                ),
                Charts("Pair by pair", [_pairs_chart(rows), _gains_chart(rows)]),
                Cells("Architectures", drawn),
                Facts("Time", {"evaluation, seconds": round(evaluation.seconds, 1)}),
                Facts("Settings", asdict(evaluation.settings), folded=True),
                Facts("Hardware and versions", evaluation.hardware, folded=True),
            ],
        )
    )


def _pairs_chart(rows: Sequence[Row]) -> Chart:
    """PSNR after against PSNR before; pairs above the line y = x have gained."""
    untouched, *restored = rows
    series = []
    for row, colour in zip(restored, itertools.cycle(PALETTE[:-1])):
        points, tips = [], []
        for before, after in _finite_pairs(untouched, row):
            points.append((before.psnr, after.psnr))
            tips.append(f"{after.name}, {row.name}: {before.psnr:.2f} to {after.psnr:.2f} dB")
        series.append(Series(row.name, points, "marks", colour, tips))
    values = [score.psnr for row in rows for score in row.images if math.isfinite(score.psnr)]
    if values:
        ends = [(end, end) for end in (min(values), max(values))]
        series.append(Series("", ends, "dashed", GREY))
    title, x, y = "Each pair", "PSNR of the blurry image, dB", "restored, dB"
    return Chart(title, x, y, series, note="Pairs above the dashed line gained.")


def _gains_chart(rows: Sequence[Row]) -> Chart:
    """Each network's gains from the smallest to the largest."""
    untouched, *restored = rows
    series = []
    for row, colour in zip(restored, itertools.cycle(PALETTE[:-1])):
        pairs = [(b.psnr - a.psnr, b.name) for a, b in _finite_pairs(untouched, row)]
        pairs.sort()
        points = [(i + 1, gain) for i, (gain, _) in enumerate(pairs)]
        tips = [f"{name}, {row.name}: {gain:+.2f} dB" for gain, name in pairs]
        series.append(Series(row.name, points, "line", colour, tips))
    zero = Series("", [(1, 0.0), (untouched.n, 0.0)], "dashed", GREY)
    title, x = "Gains, smallest to largest", "pairs, sorted by gain"
    return Chart(title, x, "gain, dB", [*series, zero] if untouched.n > 1 else [])


def _finite_pairs(untouched: Row, row: Row) -> list[tuple[Score, Score]]:
    """Scores before and after of each image whose blurry and sharp versions differ."""
    pairs = zip(untouched.images, row.images, strict=True)
    return [(before, after) for before, after in pairs if math.isfinite(before.psnr)]
