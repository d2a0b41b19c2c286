"""The report of `nas.latency` as a Markdown page."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

Rows = Sequence[Mapping[str, Any]]
BUSY = 0.5  # load average at which the page says that other programs were running


def group_rows(rows: Rows) -> dict[str, list[Mapping[str, Any]]]:
    """Rows that were timed together, by device, threads and size.

    Examples
    --------
    >>> row = {"device": "cpu", "threads": 1, "size": "256x256"}
    >>> list(group_rows([row, row, {**row, "threads": 2}]))
    ['cpu, 1 thread, 256x256', 'cpu, 2 threads, 256x256']
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        device = str(row["device"])
        if device == "cpu":
            device += f", {row['threads']} thread" + ("" if row["threads"] == 1 else "s")
        groups.setdefault(f"{device}, {row['size']}", []).append(row)
    return groups


def latency_page(document: Mapping[str, Any]) -> str:
    """The report in Markdown: one table for each device, number of threads and size."""
    hardware = document["hardware"]
    versions = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    machine = f"{hardware['cpu']}, {hardware['cores']} cores"
    if "gpu" in hardware:
        machine += f"; {hardware['gpu']}"
    load = document["load"]
    busy = ""
    if load is not None and load >= BUSY:
        busy = f"; other programs were running (load average {load:.1f} at the start)"
    preface = (
        f"{machine}{busy}. {versions}. One image at a time; medians over rounds in which all rows "
        "of a table take turns, with the device synchronised. Quartiles show how steady the "
        "machine was. UNets: ratio to the eager UNet of the same table. Differs: largest "
        "difference from eager float32 on the CPU, outputs in [0, 1] (an 8-bit step is 0.004). "
        "Channel attention averages over the whole image in all modes. torch.compile is given the "
        "program of torch.export; it and bf16 run channels_last."
    )
    lines = ["# Latency", "", textwrap.fill(preface, 100)]
    networks = document["networks"].items()
    lines += ["", "| network | parameters | GMACs at 256x256 |", "|:--|--:|--:|"]
    for name, facts in networks:
        lines.append(f"| {name} | {facts['parameters'] / 1e6:.2f} M | {facts['macs'] / 1e9:.2f} |")
    for title, rows in group_rows(document["rows"]).items():
        head = "| network | mode | median, ms | quartiles | rounds | UNets | differs |"
        lines += ["", f"## {title}", "", head, "|:--|:--|--:|:--|--:|--:|--:|"]
        lines += [_line(row) for row in rows]
    return "\n".join([*lines, ""])


def _line(row: Mapping[str, Any]) -> str:
    start = f"| {row['network']} | {row['mode']} |"
    if row["ms"] is None:
        return f"{start} - | {row['why'].replace('|', '/')} | - | - | - |"
    low, high = row["quartiles"]
    ms = f"{milliseconds(row['ms'])} | {milliseconds(low)} .. {milliseconds(high)}"
    ratio = "-" if row["unets"] is None else f"{row['unets']:.2f}"
    return f"{start} {ms} | {row['rounds']} | {ratio} | {row['differs']:.1g} |"


def milliseconds(value: float) -> str:
    """Three digits, without decimals from 100 on."""
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"
