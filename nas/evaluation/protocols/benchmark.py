"""What every protocol comes to: cases with an input, and a way to score what was made of it."""

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from nas.evaluation.pairs import Image
from nas.evaluation.table import Score


class Case(NamedTuple):
    """One image to restore.

    Attributes
    ----------
    blurry : (H, W, 3) uint8
        What a network is given.
    sharp : (H, W, 3) uint8
        What it is shown beside.
    score : callable
        (images, pool, done) to a Score for each of the images, which are of `blurry`'s shape and
        type; the work may be spread over the pool, and `done()` is called after each ground-truth
        image.
    """

    blurry: Image
    sharp: Image
    score: Callable[[Sequence[Image], Executor, Callable[[], object]], list[Score]]


@dataclass(frozen=True)
class Benchmark:
    """A set and the protocol by which it is scored; cases are read one at a time.

    Parameters
    ----------
    protocol : str
        Its name, a key of `nas.evaluation.protocols.by_name.PROTOCOLS`.
    source : str
        Where the images are from, for a reader.
    what : str
        "pairs of test.h5": follows their number in a sentence.
    note : str
        What the numbers are.
    shown : str
        What the PSNR under a picture is.
    names : tuple of str
        One for each case.
    steps : tuple of int
        Ground-truth images of each case.
    read : callable
        Position to Case.
    published : int, optional
        How many cases published figures are means over.
    facts : mapping
        What was found in the folder, as JSON values.
    """

    protocol: str
    source: str
    what: str
    note: str
    shown: str
    names: tuple[str, ...]
    steps: tuple[int, ...]
    read: Callable[[int], Case]
    published: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def headline(self, n: int) -> str:
        """What was scored, for the head of a table; says where it is not the published set."""
        what = re.sub("(pair|image)s", r"\1", self.what, count=1) if n == 1 else self.what
        if self.published in (None, n):
            return f"{n} {what}"
        return f"{n} {what} (not the {self.published:,} that published figures are for)"
