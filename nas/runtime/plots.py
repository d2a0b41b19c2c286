"""The picture of the report of `nas.latency`."""

import numpy as np

from blurkit.files import AnyPath
from nas.report.style import BLUE, DPI, GREEN, GREY, INK, ORANGE, PURPLE, RED, STYLE
from nas.runtime.page import Rows, group_rows, milliseconds

COLOURS = [colour.light for colour in (ORANGE, GREY, BLUE, GREEN, PURPLE, RED)]


def plot_latency(rows: Rows, path: AnyPath) -> None:
    """Draw bars of medians with quartiles, one panel for each table of the page.

    Parameters
    ----------
    rows : of the report
    path : of the picture to write
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    panels = group_rows(rows)
    networks = list(dict.fromkeys(row["network"] for row in rows))
    modes = list(dict.fromkeys(row["mode"] for row in rows))
    columns = min(2, len(panels))
    rows_of_panels = -(-len(panels) // columns)
    height = 1.1 + len(modes) * (0.14 + 0.2 * len(networks))
    with mpl.rc_context(STYLE):
        size = (6.5 * columns, height * rows_of_panels + 0.4)
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(rows_of_panels, columns, squeeze=False).ravel()
        for axes in grid[len(panels) :]:
            axes.set_axis_off()
        thick = 0.8 / len(networks)
        for axes, (title, timed) in zip(grid, panels.items(), strict=False):
            longest = max((row["quartiles"][1] for row in timed if row["ms"]), default=1.0)
            for row in timed:
                k = networks.index(row["network"])
                y = modes.index(row["mode"]) + (k - (len(networks) - 1) / 2) * thick
                colour = COLOURS[k % len(COLOURS)]
                if row["ms"] is None:
                    axes.text(0, y, " not timed", va="center", color=colour, fontsize=7)
                    continue
                low, high = row["quartiles"]
                axes.barh(y, row["ms"], 0.9 * thick, color=colour)
                axes.plot([low, high], [y, y], color=INK, linewidth=1)
                label = f" {milliseconds(row['ms'])}"
                end = max(high, row["ms"])
                axes.text(end, y, label, va="center", fontsize=7, color=INK)
            axes.set(title=title, xlabel="ms, median and quartiles", xlim=(0, 1.12 * longest))
            axes.set_yticks(np.arange(len(modes)), modes)
            axes.set_ylim(len(modes) - 0.5, -0.5)
            axes.grid(axis="y", visible=False)
        handles = [
            Patch(color=COLOURS[k % len(COLOURS)], label=name) for k, name in enumerate(networks)
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=min(4, len(handles)))
        figure.savefig(path, dpi=DPI)
