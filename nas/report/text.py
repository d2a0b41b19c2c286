"""Numbers, settings and tables as text."""

import math
from collections.abc import Mapping, Sequence
from typing import Any


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns; the first row is the header, the first column names.

    Examples
    --------
    >>> print(markdown_table([("network", "PSNR"), ("unet", "25.50")]), end="")
    | network |  PSNR |
    |:--------|------:|
    | unet    | 25.50 |
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for name, *numbers in rows:
        cells = [name.ljust(widths[0]), *map(str.rjust, numbers, widths[1:])]
        lines.append(f"| {' | '.join(cells)} |")
    rules = [":" + "-" * (widths[0] + 1), *("-" * (width + 1) + ":" for width in widths[1:])]
    return "\n".join([lines[0], f"|{'|'.join(rules)}|", *lines[1:]]) + "\n"


def short_count(number: float | None) -> str:
    """A count with three or so digits, "-" for None.

    Examples
    --------
    >>> short_count(7_760_000), short_count(512), short_count(None)
    ('7.76 M', '512', '-')
    """
    if number is None:
        return "-"
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.2f} {unit}"
    return f"{number:.0f}"


def value_text(value: Any) -> str:
    """A setting or fact as text.

    Examples
    --------
    >>> value_text((1, 2, 4)), value_text(None), value_text(0.5), value_text(True), value_text("")
    ('1 2 4', '-', '0.5', 'yes', '-')
    """
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else "-"
    if isinstance(value, list | tuple):
        return " ".join(map(value_text, value)) or "-"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {value_text(inner)}" for key, inner in value.items()) or "-"
    return str(value)
