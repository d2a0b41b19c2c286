"""Reports as one HTML file that makes no network requests: style, script and images are embedded.

A page is plain data: key figures and sections, each a table, charts, cells, a slider or facts. The
template engine escapes all text; the page's Content-Security-Policy allows its own style and
script, by their digests, and data: images, nothing else.
"""

import base64
import functools
import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from blurkit._version import __version__
from nas.report.cells import RADIUS, arrow_head, lying, upright
from nas.report.charts import Chart
from nas.report.charts_svg import MARKS, lay_out, svg_path
from nas.report.legend import FUSIONS, OPERATIONS, OUTLINED, SIGNS
from nas.report.slider import Sample
from nas.report.style import PALETTE
from nas.report.text import value_text
from nas.space.genotype import Genotype

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Table:
    """Rows of text; the first row is the header, the first column names."""

    kind: ClassVar[str] = "table"
    title: str
    rows: Sequence[Sequence[str]]
    note: str = ""
    best: int | None = None  # the row to highlight; the header is 0


@dataclass(frozen=True)
class Charts:
    kind: ClassVar[str] = "charts"
    title: str
    charts: Sequence[Chart]
    note: str = ""


@dataclass(frozen=True)
class Cells:
    """Name to genotype and channels of one unit of its widths (None: not known).

    All but the first are folded.
    """

    kind: ClassVar[str] = "cells"
    title: str
    networks: Mapping[str, tuple[Genotype, int | None]]


@dataclass(frozen=True)
class Slider:
    kind: ClassVar[str] = "slider"
    title: str
    samples: Sequence[Sample]
    note: str = ""


@dataclass(frozen=True)
class Facts:
    """Names and values."""

    kind: ClassVar[str] = "facts"
    title: str
    facts: Mapping[str, Any]
    folded: bool = False


Section = Table | Charts | Cells | Slider | Facts


@dataclass(frozen=True)
class Page:
    """A report.

    Parameters
    ----------
    title : str
    lead : str
        One sentence on what was done.
    figures : sequence of (value, label)
        Key figures at the top.
    sections : sequence
        In order; empty ones are left out.
    warnings : sequence of str
        Shown before the figures.
    """

    title: str
    lead: str
    figures: Sequence[tuple[str, str]]
    sections: Sequence[Section]
    warnings: Sequence[str] = ()


def render(page: Page) -> str:
    """The page as self-contained HTML."""
    environment = _environment()
    style = environment.get_template("page.css").render()
    script = environment.get_template("page.js").render()
    return environment.get_template("page.html").render(
        page=page,
        sections=[section for section in page.sections if _has_content(section)],
        style=style,
        script=script,
        style_digest=_digest(style),
        script_digest=_digest(script),
        version=__version__,
    )


def versions() -> dict[str, str]:
    """Versions of blurkit, Python, PyTorch and NumPy."""
    return {
        "blurkit": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


def _has_content(section: Section) -> bool:
    if isinstance(section, Table):
        return len(section.rows) > 1
    if isinstance(section, Charts):
        return any(chart.visible().series for chart in section.charts)
    if isinstance(section, Cells):
        return bool(section.networks)
    return bool(section.samples if isinstance(section, Slider) else section.facts)


@functools.cache
def _environment() -> Any:
    # imported late, to keep the commands' --help fast
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=lambda name: name is None or name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "palette": PALETTE,
        "marks": MARKS,
        "upright": upright,
        "lying": lying,
        "radius": RADIUS,
        "operations": OPERATIONS,
        "fusions": FUSIONS,
        "legend": OPERATIONS | FUSIONS,
        "outlined": OUTLINED,
        "signs": SIGNS,
    }
    environment.filters |= {
        "text": value_text,
        "lay_out": lay_out,
        "path": svg_path,
        "arrow_head": arrow_head,
    }
    return environment


def _digest(text: str) -> str:
    """Digest of a <style> or <script> for a Content-Security-Policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
