"""Every command of README, docs/, CONTRIBUTING and benchmarks/README runs, word for word.

The blocks of a page run one after the other in one folder, which holds what the page takes for
granted (making_pages.py): `sh` under `bash -euo pipefail`, `python` as a program of its own, `diff`
by `patch` on a copy of the packages that the page's later blocks then use. Only sizes shrink:
`python` and `blurkit` are commands that append small settings to the page's own (docs_client.py;
the last value of an option counts), and fork a warm process in place of starting a new one
(docs_desk.py). A block that cannot run says why, in the line before it: `<!-- not run: REASON -->`.
"""

import importlib
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from making_docs import PAGES, ROOT, Desk, blocks, outputs, shows_syntax
from making_pages import package, photos, reader

# how many blocks of a page may stand unexecuted, each with its reason
NOT_RUN = {
    "README.md": 2,
    "benchmarks/README.md": 2,
    "docs/quickstart.md": 1,
    "docs/reproduce.md": 1,
    "docs/scale.md": 4,
}
LANGUAGES = {"sh", "python", "diff", "yaml", ""}
COMMAND = re.compile(r"(?:python -m (?:nas|blurkit)|\bblurkit [a-z]|\bpip |\bmake [a-z])")


def name_of(page):
    return str(page.relative_to(ROOT))


def links(page):
    """Targets of a page's links and pictures within the repository."""
    prose = re.sub(r"^```.*?^```|`[^`\n]+`", "", page.read_text(), flags=re.M | re.S)
    return re.findall(r"\]\((?!https?:)([^)\s]+)\)", prose)


def slug(title):
    """GitHub's anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.fixture(scope="session")
def desk(tmp_path_factory):
    made = Desk(tmp_path_factory.mktemp("desk"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def some_photos(tmp_path_factory):
    return photos(tmp_path_factory.mktemp("photos") / "folder")


@pytest.mark.slow
@pytest.mark.compiled
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_blocks_run(page, desk, some_photos, tmp_path):
    to_run = [block for block in blocks(page) if block.language and not block.reason]
    if not to_run:
        return
    folder, packages = reader(page, some_photos, tmp_path / "folder"), ROOT
    if any(block.language == "diff" for block in to_run):
        packages = package(tmp_path / "packages")
    for block in to_run:
        desk.run(block, folder, packages)
        for path in outputs(block) if block.language == "sh" else ():
            shards = list(folder.glob(f"{path.removesuffix('.h5')}-*.h5"))
            assert (folder / path).exists() or shards, f"{block} does not write {path}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_does_not_run_says_why(page):
    found = blocks(page)
    unread = page.read_text().count("\n```") - 2 * len(found)
    assert unread == 0, "a fence that is not understood here"
    for block in found:
        assert block.language in LANGUAGES, str(block)
        assert block.reason or block.language != "yaml", f"{block} is not run, without a reason"
        assert block.language or not COMMAND.search(block.text), f"{block} hides a command"
        shows_syntax(block)
    reasons = [block.reason for block in found if block.reason]
    assert len(reasons) == NOT_RUN.get(name_of(page), 0), reasons


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    for target in links(page):
        path, _, anchor = target.partition("#")
        there = (page.parent / path) if path else page
        assert there.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", there.read_text(), re.M)
            assert anchor in map(slug, headings), target


def test_every_page_can_be_found():
    index = ROOT / "docs" / "README.md"
    linked = {
        (start.parent / target.partition("#")[0]).resolve()
        for start in (ROOT / "README.md", index)
        for target in links(start)
    }
    for page in (ROOT / "docs").iterdir():
        assert page.is_dir() or page == index or page.resolve() in linked, page.name
    assert index.resolve() in linked


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_is_named_exists(page):
    from blurkit.cli import main

    text = page.read_text()
    for module in re.findall(r"python -m (nas\.\w+)\b", text):
        source = Path(importlib.import_module(module).__file__).read_text()
        assert '__name__ == "__main__"' in source, module
    code = re.findall(r"`[^`\n]+`|^```sh\n.*?^```", text, re.M | re.S)
    for command in re.findall(r"(?<![\w/@.-])blurkit ([a-z]+)\b", "\n".join(code)):
        assert command in main.commands, command
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.M)
    for target in re.findall(r"(?<!\w)make ([a-z]+)\b", "\n".join(code)):
        assert target in targets, target
    for name in re.findall(r"`((?:nas|blurkit)(?:\.\w+)+)", text):
        if not name.endswith((".json", ".py")):  # a file
            resolve(name)
    for path in re.findall(r"`((?:nas|blurkit|tests|benchmarks|docs)/[\w./-]+)", text):
        assert (ROOT / path).exists(), path


def resolve(name):
    """The module, or what stands in it, of a dotted name."""
    module, *parts = name.split(".")
    while parts and hasattr(importlib.import_module(module), "__path__"):
        if find_spec(f"{module}.{parts[0]}") is None:
            break
        module = f"{module}.{parts.pop(0)}"
    found = importlib.import_module(module)
    for part in parts:
        found = getattr(found, part)
    return found
