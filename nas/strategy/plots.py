"""Pictures of a search: curves, probabilities of the operations, alphas."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from blurkit.files import AnyPath
from nas.report.charts import Chart, History, Series, line
from nas.report.charts_png import save_charts
from nas.report.legend import FUSIONS, OPERATIONS, fill_colours
from nas.report.style import BLUE, DPI, GREEN, GREY, INK, ORANGE, STYLE
from nas.space.genotype import CELLS, DECODER, FUSION_NAMES, OPERATION_NAMES, SLOTS

Choices = Sequence[Sequence[Sequence[float]]]


def search_charts(history: History) -> list[Chart]:
    """Charts of how a search went: loss, discretisation gap, cost, entropy of the alphas.

    Parameters
    ----------
    history : sequence of dict, at least one
        For each epoch "epoch", "train_loss" (dB, minus the PSNR), "psnr_supernet",
        "psnr_onehot", "psnr_input" (dB, on the selection pairs) and "entropy" (0 decided, 1
        uniform); with a cost target "cost_expected" and "cost_onehot" (times UNet's). A missing
        or None value leaves a gap.
    """
    loss = [line(history, "epoch", "train_loss", "loss", BLUE)]
    gap = [
        line(history, "epoch", "psnr_supernet", "supernet", BLUE),
        line(history, "epoch", "psnr_onehot", "one-hot network", ORANGE),
        line(history, "epoch", "psnr_input", "blurry input", GREY, "dashed"),
    ]
    cost = [
        line(history, "epoch", "cost_expected", "expected", BLUE),
        line(history, "epoch", "cost_onehot", "one-hot network", ORANGE),
    ]
    entropy = [line(history, "epoch", "entropy", "entropy", GREEN)]
    return [
        Chart("Training loss", "epoch", "minus PSNR, dB", loss),
        Chart("Discretisation gap, selection pairs", "epoch", "PSNR, dB", gap),
        Chart("Cost", "epoch", "times UNet's", cost),
        Chart("Entropy of the alphas", "epoch", "0 decided, 1 uniform", entropy, low=0, high=1.04),
    ]


def plot_search(history: History, path: AnyPath) -> None:
    """Draw the curves of a search (see `search_charts`)."""
    save_charts(search_charts(history), path)


def probability_chart(choices: Choices) -> Chart:
    """Probability of each operation, mean of the slots, over the epochs (see `plot_choices`)."""
    means = np.array([np.mean(rows[: len(CELLS) * SLOTS], axis=0) for rows in choices])
    series = [
        Series(
            name,
            list(enumerate(means[:, k].tolist(), start=1)),
            "dashed" if name == "zero" else "line",
            OPERATIONS[name][0],
        )
        for k, name in enumerate(OPERATION_NAMES)
        if len(choices)
    ]
    return Chart("Operations, mean of the slots", "epoch", "probability", series)


def plot_alphas(alphas: NDArray[np.floating], path: AnyPath) -> None:
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
            axes.add_patch(
                Rectangle(corner, 0.94, 0.78, fill=False, color=ORANGE.light, lw=2, zorder=3)
            )
        for row in range(SLOTS, len(alphas), SLOTS):
            axes.axhline(row - 0.5, color="white", linewidth=5)
        axes.set_xticks(range(len(OPERATION_NAMES)), OPERATION_NAMES, rotation=30, ha="left")
        slots = [f"{cell}  1" if i == 0 else f"{i + 1}" for cell in CELLS for i in range(SLOTS)]
        axes.set_yticks(range(len(slots)), slots)
        axes.tick_params(top=True, bottom=False, labeltop=True, labelbottom=False, length=0)
        axes.spines[:].set_visible(False)
        axes.set_title("Softmax of alphas and prior, %; framed: the largest of each slot", pad=14)
        figure.colorbar(image, ax=axes, shrink=0.4, aspect=30, pad=0.02).outline.set_visible(False)
        figure.savefig(path, dpi=DPI)


def plot_choices(choices: Choices, path: AnyPath) -> None:
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
    rows = [*((c, i) for c in CELLS for i in range(SLOTS)), *((c, SLOTS) for c in DECODER)]
    fill = fill_colours()
    with mpl.rc_context({**STYLE, "axes.grid": False, "font.size": 9}):
        figure = Figure(figsize=(13, 7.2))
        # margins are given: finding them takes matplotlib as long as drawing
        figure.subplots_adjust(0.045, 0.11, 0.99, 0.9, wspace=0.1, hspace=0.16)
        grid = figure.add_gridspec(SLOTS + 1, len(CELLS))
        for row, (cell, slot) in enumerate(rows):
            axes = figure.add_subplot(grid[slot, CELLS.index(cell)])
            shares = np.array([epoch[row] for epoch in choices]).T
            colours = [fill[name] for name in (FUSION_NAMES if slot == SLOTS else OPERATION_NAMES)]
            axes.stackplot(epochs, shares, colors=colours, linewidth=0.4, edgecolor="white")
            lowest = slot == (SLOTS if cell in DECODER else SLOTS - 1)
            axes.set(xlim=(1, len(choices)), ylim=(0, 1), yticks=(0, 0.5, 1))
            axes.set(title="" if slot else cell, xlabel="epoch" if lowest else "")
            axes.tick_params(labelbottom=lowest, labelleft=cell == CELLS[0])
            if cell == CELLS[0]:
                axes.set_ylabel(f"slot {slot + 1}")
            elif slot == SLOTS and cell == DECODER[0]:
                axes.set_ylabel("fusion")
        patches = [
            Patch(facecolor=fill[name], edgecolor=GREY.light, label=name)
            for name in OPERATIONS | FUSIONS
        ]
        figure.legend(handles=patches, loc="lower center", ncols=len(patches))
        figure.suptitle(
            "Probability of each operation and fusion", x=0.045, ha="left", weight="bold"
        )
        figure.savefig(path, dpi=DPI)
