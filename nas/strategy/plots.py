"""Pictures of a search: curves, alphas, cells."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nas.report.cells_png import FUSION_LEGEND, LEGEND, plot_cells
from nas.report.style import (
    BLUE,
    DASHED,
    DPI,
    GREEN,
    GREY,
    INK,
    ORANGE,
    STYLE,
    History,
    Target,
    finish,
    line,
    values,
)
from nas.space.genotype import CELLS, DECODER, FUSION_NAMES, OPERATION_NAMES, SLOTS

__all__ = ["plot_alphas", "plot_cells", "plot_choices", "plot_search"]


def plot_search(history: History, path: Target) -> None:
    """Draw how a search went: losses, the discretisation gap, how decided the alphas are.

    Parameters
    ----------
    history : sequence of dict, at least one
        For each epoch "epoch", "train_loss" (dB, minus the PSNR), "psnr_supernet",
        "psnr_onehot", "psnr_input" (dB, on the selection pairs) and "entropy" (0 decided, 1
        uniform); with a cost target "cost_expected" and "cost_onehot" (times UNet's). A missing
        or None value leaves a gap.
    path : path of the picture to write
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        costed = any("cost_expected" in r or "cost_onehot" in r for r in history)
        figure = Figure(figsize=(17 if costed else 13, 4), layout="constrained")
        ratios = (1, 1.35, 1, 1) if costed else (1, 1.35, 1)
        loss, gap, entropy, *cost = figure.subplots(1, len(ratios), width_ratios=ratios)

        line(loss, history, "train_loss", BLUE, "weights")
        loss.set(title="Loss", ylabel="minus PSNR, dB")

        line(gap, history, "psnr_supernet", BLUE, "supernet")
        line(gap, history, "psnr_onehot", ORANGE, "its one-hot network")
        line(gap, history, "psnr_input", GREY, "blurry input", **DASHED)
        gap.fill_between(
            values(history, "epoch"),
            values(history, "psnr_supernet"),
            values(history, "psnr_onehot"),
            color=ORANGE,
            alpha=0.12,
            linewidth=0,
        )
        gap.set(title="Selection pairs, discretisation gap", ylabel="PSNR, dB")

        line(entropy, history, "entropy", GREEN, "mean of the slots and fusions")
        entropy.set(title="Entropy of the alphas", ylabel="0 decided, 1 uniform", ylim=(0, 1.04))

        for axes in cost:
            line(axes, history, "cost_expected", BLUE, "expected")
            line(axes, history, "cost_onehot", ORANGE, "one-hot network")
            axes.set(title="Cost", ylabel="of UNet's")

        for axes in (loss, gap, entropy, *cost):
            finish(axes, "epoch")
        figure.savefig(path, dpi=DPI)


def plot_alphas(alphas: NDArray[np.floating], path: Target) -> None:
    """Draw the alphas as a heat map: a row for each slot, its likeliest operation framed.

    Parameters
    ----------
    alphas : (27, 8) float
        Their softmax, each row summing to 1: slots in the order the data flows, operations in
        that of `OPERATION_NAMES`. Shown in percent.
    path : path of the picture to write
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    with mpl.rc_context({**STYLE, "axes.grid": False}):
        figure = Figure(figsize=(8, 10), layout="constrained")
        axes = figure.subplots()
        top = max(alphas.max(), 2 / alphas.shape[1])
        image = axes.imshow(100 * alphas, cmap="Blues", vmin=0, vmax=100 * top, aspect="auto")
        for (row, column), weight in np.ndenumerate(alphas):
            ink = "white" if weight > 0.6 * top else INK
            axes.text(column, row, f"{100 * weight:.0f}", ha="center", va="center", color=ink)
        for row, column in enumerate(alphas.argmax(axis=1)):
            corner = (column - 0.47, row - 0.39)
            axes.add_patch(Rectangle(corner, 0.94, 0.78, fill=False, color=ORANGE, lw=2, zorder=3))
        for row in range(SLOTS, len(alphas), SLOTS):
            axes.axhline(row - 0.5, color="white", linewidth=5)
        axes.set_xticks(range(len(OPERATION_NAMES)), OPERATION_NAMES, rotation=30, ha="left")
        slots = [f"{cell}  1" if i == 0 else f"{i + 1}" for cell in CELLS for i in range(SLOTS)]
        axes.set_yticks(range(len(slots)), slots)
        axes.tick_params(top=True, bottom=False, labeltop=True, labelbottom=False, length=0)
        axes.spines[:].set_visible(False)
        axes.set_title("Softmax of alphas and prior in each slot, %", pad=14)
        figure.colorbar(image, ax=axes, shrink=0.4, aspect=30, pad=0.02).outline.set_visible(False)
        figure.savefig(path, dpi=DPI)


def plot_choices(choices: Sequence[Sequence[Sequence[float]]], path: Target) -> None:
    """Draw how the probabilities moved: a panel for each slot and fusion, stacked over epochs.

    Parameters
    ----------
    choices : for each epoch 31 rows: of 27 slots with 8 probabilities, of 4 fusions with 3
        In the order the data flows; each row sums to 1.
    path : path of the picture to write
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    choices = list(choices) * (2 if len(choices) == 1 else 1)  # one alone would have no area
    epochs = np.arange(1, len(choices) + 1)
    names = [*((c, i) for c in CELLS for i in range(SLOTS)), *((c, SLOTS) for c in DECODER)]
    slot_colours = [LEGEND[name][0] for name in OPERATION_NAMES]
    fusion_colours = [FUSION_LEGEND[name][0] for name in FUSION_NAMES]
    with mpl.rc_context({**STYLE, "axes.grid": False, "font.size": 9}):
        figure = Figure(figsize=(13, 7.2), layout="constrained")
        panels = figure.subplots(SLOTS + 1, len(CELLS), sharex=True, sharey=True)
        for axes in panels.flat:
            axes.set_axis_off()
        for row, (cell, slot) in enumerate(names):
            axes = panels[slot, CELLS.index(cell)]
            axes.set_axis_on()
            shares = np.array([epoch[row] for epoch in choices]).T
            colours = fusion_colours if slot == SLOTS else slot_colours
            axes.stackplot(epochs, shares, colors=colours, linewidth=0.4, edgecolor="white")
            axes.set(xlim=(1, len(choices)), ylim=(0, 1), yticks=(0, 0.5, 1))
            if slot == 0:
                axes.set_title(cell)
            if cell == CELLS[0]:
                axes.set_ylabel(f"slot {slot + 1}")
            if slot == SLOTS:
                axes.set(xlabel="epoch", ylabel="fusion" if cell == DECODER[0] else "")
        both = [*LEGEND.items(), *FUSION_LEGEND.items()]
        patches = [Patch(facecolor=c, edgecolor=GREY, label=name) for name, (c, _) in both]
        figure.legend(handles=patches, loc="outside lower center", ncols=len(patches))
        figure.suptitle(
            "Probability of each operation, epoch by epoch", x=0.01, ha="left", weight="bold"
        )
        figure.savefig(path, dpi=DPI)
