"""Reports as one file: HTML with its style, script, drawings and pictures, which asks no network.

A page is plain data: key figures and sections, each a table, charts, cells, a slider or facts. All
text is escaped by the template engine; the policy in the page allows its own style and script, by
their digests, and data: pictures, nothing else.
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
    """Rows of texts; the first row is the head, the first column names."""

    kind: ClassVar[str] = "table"
    title: str
    rows: Sequence[Sequence[str]]
    note: str = ""
    best: int | None = None  # which row to mark, the head being 0


@dataclass(frozen=True)
class Charts:
    kind: ClassVar[str] = "charts"
    title: str
    charts: Sequence[Chart]
    note: str = ""


@dataclass(frozen=True)
class Cells:
    """Networks of the space, by name: each with the channels of one unit of its widths, or None.

    All but the first are folded away.
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
    """Names and values, folded away if `folded`."""

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
        A sentence on what was done.
    figures : sequence of (value, what it is)
        What a reader wants to know first.
    sections : sequence
        In order; one that has nothing to show is left out.
    warnings : sequence of str
        What must be known before the figures are believed.
    """

    title: str
    lead: str
    figures: Sequence[tuple[str, str]]
    sections: Sequence[Section]
    warnings: Sequence[str] = ()


def render(page: Page) -> str:
    """The page as HTML, complete in itself."""
    environment = _environment()
    style = environment.get_template("page.css").render()
    script = environment.get_template("page.js").render()
    return environment.get_template("page.html").render(
        page=page,
        sections=[section for section in page.sections if _has_something(section)],
        style=style,
        script=script,
        style_digest=_digest(style),
        script_digest=_digest(script),
        version=__version__,
    )


def versions() -> dict[str, str]:
    """Of what this process runs on."""
    return {
        "blurkit": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


def _has_something(section: Section) -> bool:
    if isinstance(section, Table):
        return len(section.rows) > 1
    if isinstance(section, Charts):
        return any(chart.visible().series for chart in section.charts)
    if isinstance(section, Cells):
        return bool(section.networks)
    return bool(section.samples if isinstance(section, Slider) else section.facts)


@functools.cache
def _environment() -> Any:
    # where it is needed: the commands' --help would wait for it
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
    """For a Content-Security-Policy: what a browser computes of a <style> or <script>."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
