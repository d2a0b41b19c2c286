"""Scores of networks as a Markdown table, JSON and CSV."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from nas.report.text import markdown_table, short_count

# metric: its column name and the number of decimals
METRICS = {
    "psnr": ("PSNR, dB", 2),
    "ssim": ("SSIM", 4),
    "ssim_3d": ("SSIM 3-D", 4),
    "ms_ssim": ("MS-SSIM", 4),
    "ms_ssim_metrix": ("MSSIM", 4),
}
COST = ("parameters", "MACs", "latency, ms")


@dataclass(frozen=True)
class Score:
    """Scores of one image: PSNR in dB, and the similarities that the protocol defines.

    Parameters
    ----------
    name : str
    psnr : float
    ssim, ssim_3d : float, optional
        Per channel, and of the RGB volume; see `nas.evaluation.metrics`.
    ms_ssim, ms_ssim_metrix : float, optional
        See `nas.evaluation.ms_ssim`.
    """

    name: str
    psnr: float
    ssim: float | None = None
    ssim_3d: float | None = None
    ms_ssim: float | None = None
    ms_ssim_metrix: float | None = None

    def values(self) -> dict[str, float]:
        """The defined metrics by name."""
        return {k: v for k, v in asdict(self).items() if k in METRICS and v is not None}


@dataclass(frozen=True)
class Row:
    """One row of the table: a network's scores and cost; the blurry input has no cost.

    Parameters
    ----------
    name : str
    images : tuple of Score
        At least one, all with the same metrics.
    params, macs : int, optional
        Trainable parameters; multiply-accumulates for one 256x256 image.
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

    def means(self) -> dict[str, float]:
        """Mean over the images of each defined metric, by name; PSNR in dB."""
        values = [score.values() for score in self.images]
        return {metric: fmean(scores[metric] for scores in values) for metric in values[0]}

    @property
    def psnr(self) -> float:
        """Mean of the images' PSNR, in dB."""
        return self.means()["psnr"]

    @property
    def ssim(self) -> float | None:
        """Mean of the images' SSIM; None if the protocol does not define it."""
        return self.means().get("ssim")

    @property
    def ssim_3d(self) -> float | None:
        """Mean of the images' SSIM of the RGB volume; None if the protocol does not define it."""
        return self.means().get("ssim_3d")


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table, aligned to be readable as plain text.

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
    return markdown_table(rows_of(rows))


def rows_of(rows: Sequence[Row]) -> list[list[str]]:
    """Header and rows as text cells."""
    metrics = list(rows[0].means())
    lines = [["network", *(METRICS[metric][0] for metric in metrics), *COST]]
    for row in rows:
        time = "-" if row.latency_ms is None else f"{row.latency_ms:.1f}"
        quality = [f"{mean:.{METRICS[metric][1]}f}" for metric, mean in row.means().items()]
        lines.append([row.name, *quality, short_count(row.params), short_count(row.macs), time])
    return lines


def csv_text(rows: Sequence[Row]) -> str:
    """One line per network and image, in full precision; an infinite PSNR is "inf".

    Examples
    --------
    >>> score = Score("night, 1", 25.5, 0.75, 0.8)
    >>> print(csv_text([Row("blurry input", (score,))]), end="")
    network,image,psnr,ssim,ssim_3d
    blurry input,"night, 1",25.5,0.75,0.8
    """
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["network", "image", *rows[0].images[0].values()])
    for row in rows:
        lines.writerows([row.name, score.name, *score.values().values()] for score in row.images)
    return text.getvalue()


def document(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows as JSON values, means first; an infinite PSNR (equal images) becomes None.

    Examples
    --------
    >>> document([Row("blurry input", (Score("a", math.inf, 1.0, 1.0),))])[0]["psnr"] is None
    True
    """
    return [
        {
            "name": row.name,
            **_finite(row.means()),
            "params": row.params,
            "macs": row.macs,
            "latency_ms": row.latency_ms,
            "n": row.n,
            "images": [{"name": score.name, **_finite(score.values())} for score in row.images],
        }
        for row in rows
    ]


def _finite(values: dict[str, float]) -> dict[str, float | None]:
    return {k: v if math.isfinite(v) else None for k, v in values.items()}
