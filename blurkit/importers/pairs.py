"""What a source turns out to hold: pairs, what is wrong with the others, and how to read them."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from blurkit.errors import FileError, printable
from blurkit.importers.settings import leads_out

SIDES = ("blurry", "sharp")
NAMED = 3  # of each kind of problem in a message
SHOWN = 8  # of what a folder holds
KINDS = {
    "no_partner": "without a partner",
    "unclear": "that name no single pair",
    "unreadable": "that cannot be read",
    "other_size": "of two sizes",
    "too_small": "smaller than the crop",
}


@dataclass(frozen=True)
class Pair:
    """A blurry image and its sharp partner, by the names that the source has for them."""

    blurry: str
    sharp: str

    def title(self, side: str) -> str:
        """What to call one of the two in a message."""
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
class Found:
    """The pairs of a source, in the order of the file's rows, and its problems.

    `load(side, name)` gives the bytes of an image file; FileError where it cannot be read.
    """

    pairs: Sequence[Pair]
    problems: Sequence[Problem]
    load: Callable[[str, str], bytes]


def in_words(problems: Iterable[Problem]) -> list[str]:
    """ "2 without a partner: a.png, b.png", for each kind that there is."""
    texts = []
    for kind, words in KINDS.items():
        of_kind = [str(problem) for problem in problems if problem.kind == kind]
        if of_kind:
            texts.append(f"{len(of_kind):,} {words}: {some(of_kind)}")
    return texts


def some(names: Sequence[str], most: int = NAMED) -> str:
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def inside(root: Path, name: str) -> Path:
    """The path of `name` below `root`; it need not exist.

    Raises
    ------
    FileError
        "DIR: ../a.png leads out of it", or "DIR: a.png leads out of it, to /etc" where a link does
    """
    if leads_out(name):
        raise FileError(f"{root}: {name!r} leads out of it")
    path, top = root / name, os.path.realpath(root)
    real = os.path.realpath(path)
    if os.path.commonpath([top, real]) != top:
        raise FileError(f"{root}: {name} leads out of it, to {real}")
    return path


def holds(folder: Path) -> str:
    """ "it holds a/, b.txt", for the error that something else was to be there."""
    if not folder.is_dir():
        return f"there is no {folder}"
    names = sorted(f"{path.name}{'/' * path.is_dir()}" for path in folder.iterdir())
    return f"{folder} holds {some(names, SHOWN) or 'nothing'}"
