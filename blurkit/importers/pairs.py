"""The contents of a source: its pairs, what is wrong with the other images, how to read them."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from blurkit.errors import FileError, printable
from blurkit.importers.settings import leads_out

SIDES = ("blurry", "sharp")
NAMED = 3  # of each kind of problem in a message
SHOWN = 8  # names of a folder's contents in a message
KINDS = {
    "no_partner": "without a partner",
    "unclear": "ambiguous",
    "unreadable": "unreadable",
    "other_size": "of different sizes",
    "too_small": "smaller than the crop",
}


@dataclass(frozen=True)
class Pair:
    """A blurry image and its sharp partner, by their names in the source."""

    blurry: str
    sharp: str

    def title(self, side: str) -> str:
        """The name of one of the two in a message."""
        name: str = getattr(self, side)
        return f"{side} {name}" if self.blurry == self.sharp else name


@dataclass(frozen=True)
class Problem:
    """Something that cannot be imported: its kind (a key of KINDS), its name, and why."""

    kind: str
    name: str
    reason: str = ""

    def __str__(self) -> str:
        text = printable(f"{self.name} ({self.reason})" if self.reason else self.name)
        return text.replace("\n", "\\n")


@dataclass(frozen=True)
class Source:
    """The pairs of a source, in the order of the file's rows, and its problems.

    `load(side, name)` returns the bytes of an image file, or raises FileError.
    """

    pairs: Sequence[Pair]
    problems: Sequence[Problem]
    load: Callable[[str, str], bytes]


def in_words(problems: Iterable[Problem]) -> list[str]:
    """ "2 without a partner: a.png, b.png", for each kind that occurs."""
    texts = []
    for kind, words in KINDS.items():
        of_kind = [str(problem) for problem in problems if problem.kind == kind]
        if of_kind:
            texts.append(f"{len(of_kind):,} {words}: {some(of_kind)}")
    return texts


def some(names: Sequence[str], most: int = NAMED) -> str:
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def inside(root: Path, name: str) -> Path:
    """The path of `name` in `root`; it need not exist.

    Raises
    ------
    FileError
        "DIR: '../a.png' is outside of it", or "DIR: a.png links to /etc, outside of it"
    """
    if leads_out(name):
        raise FileError(f"{root}: {name!r} is outside of it")
    path, top = root / name, os.path.realpath(root)
    real = os.path.realpath(path)
    if os.path.commonpath([top, real]) != top:
        raise FileError(f"{root}: {name} links to {real}, outside of it")
    return path


def holds(folder: Path) -> str:
    """ "DIR contains a/, b.txt", for errors about what is missing."""
    if not folder.is_dir():
        return f"{folder} does not exist"
    names = sorted(f"{path.name}{'/' * path.is_dir()}" for path in folder.iterdir())
    return f"{folder} contains {some(names, SHOWN) or 'nothing'}"
