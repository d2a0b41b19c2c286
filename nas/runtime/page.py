"""The report of `nas.latency` as a page and as a picture."""

import os
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nas.report.style import BLUE, DPI, GREEN, GREY, INK, ORANGE, PURPLE, RED, STYLE

Rows = Sequence[Mapping[str, Any]]
BUSY = 0.5  # load average of a machine that had something else to do
COLOURS = [colour.light for colour in (ORANGE, GREY, BLUE, GREEN, PURPLE, RED)]


def blocks(rows: Rows) -> dict[str, list[Mapping[str, Any]]]:
    """Rows that were timed together, by what they have in common.

    Examples
    --------
    >>> row = {"device": "cpu", "threads": 1, "size": "256x256"}
    >>> list(blocks([row, row, {**row, "threads": 2}]))
    ['cpu, 1 thread, 256x256', 'cpu, 2 threads, 256x256']
    """
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        place = str(row["device"])
        if place == "cpu":
            place += f", {row['threads']} thread" + ("" if row["threads"] == 1 else "s")
        found.setdefault(f"{place}, {row['size']}", []).append(row)
    return found


def page(document: Mapping[str, Any]) -> str:
    """The report in Markdown: one table for each device, number of threads and size."""
    hardware = document["hardware"]
    versions = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    machine = f"{hardware['cpu']}, {hardware['cores']} cores"
    if "gpu" in hardware:
        machine += f"; {hardware['gpu']}"
    load = document["load"]
    busy = ""
    if load is not None and load >= BUSY:
        busy = f"; other programs were running (load average {load:.1f} when it began)"
    words = (
        f"{machine}{busy}. {versions}. One image at a time; medians of rounds in which all rows of "
        "a table take turns, read after the device has finished. Quartiles tell how steady the "
        "machine was. UNets: times the eager UNet of the same table. Differs: largest "
        "difference from eager float32 on the CPU, outputs in [0, 1] (8 bits step by 0.004). "
        "Channel attention takes its means over the whole image in all modes. torch.compile is "
        "given the program of torch.export; it and bf16 run channels_last."
    )
    lines = ["# Latency", "", textwrap.fill(words, 100)]
    networks = document["networks"].items()
    lines += ["", "| network | parameters | GMACs at 256x256 |", "|:--|--:|--:|"]
    for name, facts in networks:
        lines.append(f"| {name} | {facts['parameters'] / 1e6:.2f} M | {facts['macs'] / 1e9:.2f} |")
    for title, rows in blocks(document["rows"]).items():
        head = "| network | mode | median, ms | quartiles | rounds | UNets | differs |"
        lines += ["", f"## {title}", "", head, "|:--|:--|--:|:--|--:|--:|--:|"]
        lines += [_line(row) for row in rows]
    return "\n".join([*lines, ""])


def _line(row: Mapping[str, Any]) -> str:
    start = f"| {row['network']} | {row['mode']} |"
    if row["ms"] is None:
        return f"{start} - | {row['why'].replace('|', '/')} | - | - | - |"
    low, high = row["quartiles"]
    ratio = "-" if row["unets"] is None else f"{row['unets']:.2f}"
    spread = f"{_ms(low)} .. {_ms(high)}"
    return (
        f"{start} {_ms(row['ms'])} | {spread} | {row['rounds']} | {ratio} | {row['differs']:.1g} |"
    )


def _ms(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def plot_latency(rows: Rows, path: str | os.PathLike[str]) -> None:
    """Draw bars of medians with quartiles, one panel for each table of the page.

    Parameters
    ----------
    rows : of the report
    path : of the picture to write
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    panels = blocks(rows)
    networks = list(dict.fromkeys(row["network"] for row in rows))
    modes = list(dict.fromkeys(row["mode"] for row in rows))
    columns = min(2, len(panels))
    deep = -(-len(panels) // columns)
    height = 1.1 + len(modes) * (0.14 + 0.2 * len(networks))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.5 * columns, height * deep + 0.4), layout="constrained")
        axes = figure.subplots(deep, columns, squeeze=False).ravel()
        for one in axes[len(panels) :]:
            one.set_axis_off()
        thick = 0.8 / len(networks)
        for one, (title, own) in zip(axes, panels.items(), strict=False):
            longest = max((row["quartiles"][1] for row in own if row["ms"]), default=1.0)
            for row in own:
                k = networks.index(row["network"])
                y = modes.index(row["mode"]) + (k - (len(networks) - 1) / 2) * thick
                colour = COLOURS[k % len(COLOURS)]
                if row["ms"] is None:
                    one.text(0, y, " not timed", va="center", color=colour, fontsize=7)
                    continue
                low, high = row["quartiles"]
                one.barh(y, row["ms"], 0.9 * thick, color=colour)
                one.plot([low, high], [y, y], color=INK, linewidth=1)
                label = f" {_ms(row['ms'])}"
                end = max(high, row["ms"])
                one.text(end, y, label, va="center", fontsize=7, color=INK)
            one.set(title=title, xlabel="ms, median and quartiles", xlim=(0, 1.12 * longest))
            one.set_yticks(np.arange(len(modes)), modes)
            one.set_ylim(len(modes) - 0.5, -0.5)
            one.grid(axis="y", visible=False)
            one.set_axisbelow(True)
        handles = [
            Patch(color=COLOURS[k % len(COLOURS)], label=name) for k, name in enumerate(networks)
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=min(4, len(handles)))
        figure.savefig(path, dpi=DPI)
