"""Scores of networks, and the table and JSON that tell them."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

HEAD = ("network", "PSNR, dB", "SSIM", "SSIM 3-D", "parameters", "MACs", "latency, ms")


@dataclass(frozen=True)
class Score:
    """One image against its sharp partner: PSNR in dB, SSIM by channel and of the RGB volume."""

    name: str
    psnr: float
    ssim: float
    ssim_3d: float


@dataclass(frozen=True)
class Row:
    """One line of the table: a network's scores and its cost, which the blurry input has not.

    Parameters
    ----------
    name : str
    images : tuple of Score
    params, macs : int, optional
        Trainable values; multiply-accumulates on one 256x256 image.
    latency_ms : float, optional
        Median time of one 256x256 image.
    """

    name: str
    images: tuple[Score, ...]
    params: int | None = None
    macs: int | None = None
    latency_ms: float | None = None

    @property
    def n(self) -> int:
        """Number of images."""
        return len(self.images)

    @property
    def psnr(self) -> float:
        """Mean of the images' PSNR, in dB."""
        return fmean(score.psnr for score in self.images)

    @property
    def ssim(self) -> float:
        """Mean of the images' SSIM."""
        return fmean(score.ssim for score in self.images)

    @property
    def ssim_3d(self) -> float:
        """Mean of the images' SSIM of the RGB volume, as MATLAB computes it."""
        return fmean(score.ssim_3d for score in self.images)


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown, aligned so that it reads well as plain text too.

    Examples
    --------
    >>> score = Score("a", 25.5, 0.75, 0.8)
    >>> rows = [Row("blurry input", (score,)), Row("unet", (score,), 7_763_000, 12_110_000_000, 9)]
    >>> print(table(rows), end="")
    | network      | PSNR, dB |   SSIM | SSIM 3-D | parameters |    MACs | latency, ms |
    |:-------------|---------:|-------:|---------:|-----------:|--------:|------------:|
    | blurry input |    25.50 | 0.7500 |   0.8000 |          - |       - |           - |
    | unet         |    25.50 | 0.7500 |   0.8000 |     7.76 M | 12.11 G |         9.0 |
    """
    return markdown(rows_of(rows))


def rows_of(rows: Sequence[Row]) -> list[list[str]]:
    """Head and rows as texts, for a table of any form."""
    lines = [list(HEAD)]
    for row in rows:
        time = "-" if row.latency_ms is None else f"{row.latency_ms:.1f}"
        quality = [f"{row.psnr:.2f}", f"{row.ssim:.4f}", f"{row.ssim_3d:.4f}"]
        lines.append([row.name, *quality, short(row.params), short(row.macs), time])
    return lines


def markdown(lines: Sequence[Sequence[str]]) -> str:
    """Head and rows as a Markdown table: names to the left, all else to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = []
    for name, *numbers in lines:
        cells = [name.ljust(widths[0]), *map(str.rjust, numbers, widths[1:])]
        text.append(f"| {' | '.join(cells)} |")
    rules = [":" + "-" * (widths[0] + 1), *("-" * (width + 1) + ":" for width in widths[1:])]
    return "\n".join([text[0], f"|{'|'.join(rules)}|", *text[1:]]) + "\n"


def short(number: float | None) -> str:
    """A count for people: "7.76 M", and a dash for None."""
    if number is None:
        return "-"
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.2f} {unit}"
    return f"{number:.0f}"


def document(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows as JSON values, means first; a PSNR of infinity (equal images) becomes None.

    Examples
    --------
    >>> document([Row("blurry input", (Score("a", math.inf, 1.0, 1.0),))])[0]["psnr"] is None
    True
    """
    return [
        {
            "name": row.name,
            "psnr": _finite(row.psnr),
            "ssim": row.ssim,
            "ssim_3d": row.ssim_3d,
            "params": row.params,
            "macs": row.macs,
            "latency_ms": row.latency_ms,
            "n": row.n,
            "images": [
                {**dataclasses.asdict(score), "psnr": _finite(score.psnr)} for score in row.images
            ],
        }
        for row in rows
    ]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
