"""A figure of two sets of kernels: samples of both and the distributions of their statistics."""

import math
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blurkit.images.files import check_image_name, write_image
from blurkit.realism.comparison import Measured, compare
from blurkit.realism.statistics import PUBLISHED, STATISTICS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

BLUE, ORANGE, GREY, INK = "#2c6fbb", "#d9662b", "#6b7280", "#1f2937"
NIGHT = ("#0d111c", "#543c4a", "#eca054", "#fffaeb")  # the colours of kernel sheets
STOPS = (0.0, 0.15, 0.6, 1.0)
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.edgecolor": GREY,
    "text.color": INK,
    "xtick.color": GREY,
    "legend.frameon": False,
}
DPI = 110
SHOWN = 12  # kernels of each set
BINS = 40
FEW = 50  # a set with fewer kernels is drawn as one marker per kernel
PANELS = [name for name in STATISTICS if name != "support"]  # two rows of four


def plot_realism(ours: Measured, reference: Measured, path: str | os.PathLike[str]) -> Path:
    """Draw kernels of both sets at one scale, and the distribution of each statistic.

    Parameters
    ----------
    ours, reference : Measured
        From `blurkit.realism.comparison.measure`.
    path : image file to write, .png, .jpg, .tif or .webp

    Returns
    -------
    path : Path

    Raises
    ------
    SettingError, FileError
        Those of `write_image`.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    check_image_name(path)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(15, 9.4), dpi=DPI, layout="constrained", facecolor="white")
        parts: Any = figure.subfigures(3, 1, height_ratios=(1, 1, 4.2))
        *rows, below = parts
        side = _side(ours, reference)
        for row, part, colour in zip(rows, (ours, reference), (BLUE, ORANGE), strict=True):
            _samples(row, part, colour, side)
        axes = below.subplots(2, 4).ravel()
        differences = compare(ours, reference)
        for panel, name in zip(axes, PANELS, strict=True):
            _distribution(panel, name, ours, reference)
            ks, distance = differences[name].ks, differences[name].short_distance
            panel.set_xlabel(f"KS {ks:.2f}, distance {distance}", color=GREY)
        handles = [
            Line2D([], [], color=colour, linewidth=6, label=f"{part.name} ({len(part.kernels):,})")
            for part, colour in ((ours, BLUE), (reference, ORANGE))
        ]
        recorded = "median of 8 recorded shakes, Levin 2009"
        handles.append(Line2D([], [], color=INK, linestyle="--", label=recorded))
        below.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=11)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    return write_image(path, np.asarray(canvas.buffer_rgba())[..., :3])


def _side(*sets: Measured) -> int:
    """Side of a window, px, that holds most kernels of both sets; larger ones are cropped."""
    widest = max(float(np.percentile(part.statistics["extent"], 95)) for part in sets)
    return int(1.25 * widest) // 2 * 2 + 5


def _samples(figure: "SubFigure", part: Measured, colour: str, side: int) -> None:
    """Draw a row of kernels, from the shortest major axis to the longest."""
    from matplotlib.colors import LinearSegmentedColormap, PowerNorm

    night = LinearSegmentedColormap.from_list("night", list(zip(STOPS, NIGHT, strict=True)))
    order = np.argsort(part.statistics["rms_major"])
    ranks = (np.arange(SHOWN) + 0.5) / SHOWN * len(order)
    chosen = order[np.unique(ranks.astype(int))]
    label = f"{part.name}: {len(part.kernels):,} kernels, from short to long"
    figure.suptitle(label, x=0.005, ha="left", color=colour, fontweight="bold")
    for column, axes in enumerate(figure.subplots(1, SHOWN)):
        axes.set_axis_off()
        if column < len(chosen):
            window = _around_centroid(part.kernels[chosen[column]], side)
            norm = PowerNorm(0.5, 0, window.max())
            axes.imshow(window, cmap=night, norm=norm, interpolation="nearest")


def _around_centroid(kernel: np.ndarray, side: int) -> np.ndarray:
    """A (side, side) window of a kernel with its centroid in the middle pixel."""
    k = kernel / kernel.sum()
    y, x = np.rint([k.sum(axis=1) @ np.arange(len(k)), k.sum(axis=0) @ np.arange(k.shape[1])])
    wide = np.pad(k, side // 2)
    return wide[int(y) : int(y) + side, int(x) : int(x) + side]


def _distribution(axes: "Axes", name: str, ours: Measured, reference: Measured) -> None:
    """Draw one statistic of both sets: histograms of equal area, or markers for few kernels."""
    label, unit = STATISTICS[name]
    axes.set_title(f"{label}, {unit}" if unit else label)
    axes.set_yticks([])
    known = PUBLISHED["Levin 2009"].get(name)
    values = [ours.statistics[name], reference.statistics[name]]
    low, high = _range(values, known)
    edges = np.linspace(low, high, BINS + 1)
    if name in ("extent", "taps"):  # whole numbers
        edges = np.arange(math.floor(low) - 0.5, high + BINS, math.ceil((high - low) / BINS))
    for row, (numbers, colour) in enumerate(zip(values, (BLUE, ORANGE), strict=True)):
        inside = np.clip(numbers, low, high)
        if len(numbers) < FEW:
            height = 0.06 + 0.09 * row
            axes.plot(
                inside,
                np.full(len(inside), height),
                "o",
                color=colour,
                markersize=9,
                markeredgecolor="white",
                transform=axes.get_xaxis_transform(),
                clip_on=False,
                zorder=4,
            )
        else:
            bins, weights = edges.tolist(), np.full(len(inside), 1 / len(inside))
            hist = partial(axes.hist, inside, bins, weights=weights, color=colour)
            hist(histtype="stepfilled", alpha=0.25)
            hist(histtype="step", linewidth=1.6)
        axes.axvline(float(np.median(numbers)), color=colour, linewidth=2, zorder=3)
    if known is not None:
        axes.axvline(known, color=INK, linestyle="--", linewidth=1.4, zorder=5)
    axes.set_xlim(low, high)


def _range(values: list[np.ndarray], known: float | None) -> tuple[float, float]:
    """Limits of a panel: all but the outermost half per cent, and the published median."""
    ends = [float(np.percentile(part, q)) for part in values for q in (0.5, 99.5)]
    ends += [known] if known is not None else []
    low, high = min(ends), max(ends)
    margin = 0.04 * (high - low) or 0.5
    return max(low - margin, 0.0), high + margin
