"""The architecture as a test: a file looks down, never up or sideways (see CONTRIBUTING)."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# within a package of its own (store, cli, _loops) files may import each other
FILES = sorted(p for package in ("blurkit", "nas") for p in (ROOT / package).rglob("*.py"))


def floors():
    """{"blurkit": {"kernel": 2, ...}, "nas": {...}} from the table in CONTRIBUTING."""
    found = {"blurkit": {}, "nas": {}}
    table = (ROOT / "CONTRIBUTING.md").read_text().split("```")[1]
    for line in table.strip().splitlines():
        floor, left, right = re.fullmatch(r"(\d)  (.{50})(.*)", line.ljust(54)).groups()
        for package, names in (("blurkit", left), ("nas", right)):
            for name in re.sub(r"\(.*?\)", "", names).split():
                found[package][name] = int(floor)
    return found


def imports_of(path):
    """(package, module) of every import of ours in a file, wherever in it, and torch."""
    package = path.relative_to(ROOT).parts[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(filter(None, (package if node.level else "", node.module)))
            names = [f"{base}.{alias.name}" for alias in node.names] if base == package else [base]
        else:
            continue
        for name in names:
            top, *rest = name.split(".")
            if top in ("blurkit", "nas", "torch"):
                yield top, rest[0] if rest else ""


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_looks_down(path):
    package, module = path.relative_to(ROOT).with_suffix("").parts[:2]
    if module.startswith("__"):
        return
    table = floors()
    assert module in table[package] or module == "_version", f"{module} stands on no floor"
    for top, name in imports_of(path):
        if package == "blurkit":
            assert top == "blurkit", f"imports {top}"
        if top == package and name not in ("", "_version", module):
            assert table[package][name] < table[package][module], f"imports {name}"
        if package == "nas" and top == "blurkit":
            assert name not in ("_loops", "cli"), f"reaches into blurkit.{name}"
