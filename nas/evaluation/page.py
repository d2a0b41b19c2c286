"""report.html of an evaluation: table, gains pair by pair, samples, networks, settings."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from nas.evaluation.protocols.benchmark import Benchmark
from nas.evaluation.table import METRICS, Row, rows_of
from nas.report.charts import Chart, Series
from nas.report.html import Cells, Charts, Facts, Page, Slider, Table, render
from nas.report.slider import Sample
from nas.space.genotype import Genotype
from nas.space.network import Network


def evaluate_page(
    rows: Sequence[Row],
    source: Benchmark,
    samples: Sequence[Sample],
    networks: Mapping[str, tuple[Genotype, int]],
    settings: Mapping[str, Any],
    hardware: Mapping[str, Any],
    seconds: float,
) -> str:
    """The page of an evaluation, as HTML.

    Parameters
    ----------
    rows : the blurry input's first, then one for each network
    source : what was scored, and by which protocol
    samples : regions of some pairs: the blurry image, each network's, the sharp one
    networks : of those networks that are of the search space genotype and width, by name
    settings, hardware : as they stand in the JSON file
    seconds : what the evaluation took
    """
    untouched, *restored = rows
    best = max(restored, key=lambda row: row.psnr)
    ranked = [row.name for row in sorted(restored, key=lambda row: -row.psnr)]
    drawn = {name: networks[name] for name in ranked if name in networks}
    gain = best.psnr - untouched.psnr  # not finite where images are equal
    note = f"Means over the images. MACs and median latency of one 256x256 image; {source.note}."
    similar = [(METRICS[key], mean) for key, mean in best.means().items() if key != "psnr"]
    return render(
        Page(
            f"Evaluation on {source.source}",
            f"{len(restored)} network{'s' * (len(restored) > 1)} on "
            f"{source.headline(untouched.n)}, on {hardware['device']}.",
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
                    "Drag the handle, or move it with the arrow keys. Of a larger photo a region "
                    "is shown, but all of it is scored.",
                ),
                Charts("Pair by pair", [_gains(rows), _ranked(rows)]),
                Cells("The networks of the space", drawn),
                Facts("Cost", {"the evaluation took, seconds": round(seconds, 1)}),
                Facts("Settings", settings, folded=True),
                Facts("Hardware and versions", hardware, folded=True),
            ],
        )
    )


def genotypes_of(networks: Mapping[str, nn.Module]) -> dict[str, tuple[Genotype, int]]:
    """Name to genotype and width of those networks that are of the search space."""
    return {
        name: (network.genotype, network.width)
        for name, network in networks.items()
        if isinstance(network, Network)
    }


def _gains(rows: Sequence[Row]) -> Chart:
    """PSNR after over PSNR before; above the line y = x a pair has gained."""
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
    return Chart(title, x, y, series, diagonal=True, note="Above the dotted line a pair gained.")


def _ranked(rows: Sequence[Row]) -> Chart:
    """Each network's gains from the least to the largest."""
    untouched, *restored = rows
    series = []
    for k, row in enumerate(restored):
        both = zip(untouched.images, row.images, strict=True)
        gains = sorted((b.psnr - a.psnr, b.name) for a, b in both if a.psnr < float("inf"))
        tips = [f"{name}, {row.name}: {gain:+.2f} dB" for gain, name in gains]
        points = [(i + 1, gain) for i, (gain, _) in enumerate(gains)]
        series.append(Series(row.name, points, "line", k, tips))
    zero = Series("", [(1, 0.0), (max(2, untouched.n), 0.0)], "dashed", 9)
    title, x = "Gains, from the least to the largest", "pairs, by their gain"
    return Chart(title, x, "gain, dB", [*series, zero] if untouched.n > 1 else [])
