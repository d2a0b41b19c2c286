"""docs/tour.ipynb: stored with its pictures and without errors, and it runs anew, in small."""

import os

import nbformat
import pytest
from making_docs import ROOT
from nbclient import NotebookClient

TOUR = ROOT / "docs" / "tour.ipynb"
SIZES = "PAIRS, STEPS = 1000, 600"
LARGEST = 1_500_000  # bytes


@pytest.fixture(scope="module")
def stored():
    return nbformat.read(TOUR, as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def pictures(notebook):
    kinds = [
        kind for cell in code(notebook) for out in cell.outputs for kind in out.get("data", {})
    ]
    return sum(kind.startswith("image/") for kind in kinds)


def test_the_stored_notebook_was_run_in_order_without_errors(stored):
    nbformat.validate(stored)
    cells = code(stored)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert all(cell.outputs for cell in cells)
    kinds = {(out.output_type, out.get("name")) for cell in cells for out in cell.outputs}
    assert not kinds & {("error", None), ("stream", "stderr")}, kinds
    assert pictures(stored) >= 7
    assert TOUR.stat().st_size < LARGEST


def test_it_names_no_folder_of_whoever_ran_it(stored):
    text = nbformat.writes(stored)
    for place in ("/home/", "/root/", "/work/", "site-packages"):
        assert place not in text, place


@pytest.mark.slow
def test_the_notebook_runs(stored, tmp_path, monkeypatch):
    fresh = nbformat.from_dict(stored)
    first = code(fresh)[0]
    assert first.source.count(SIZES) == 1
    first.source = first.source.replace(SIZES, "PAIRS, STEPS = 40, 4")
    for cell in code(fresh):
        cell.outputs = []
    ours = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{ours}")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    where = {"metadata": {"path": str(TOUR.parent)}}
    kernel = {"kernel_name": "python3", "timeout": 300, "startup_timeout": 300}
    NotebookClient(fresh, resources=where, **kernel).execute()
    assert pictures(fresh) == pictures(stored)
