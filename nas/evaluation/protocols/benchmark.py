"""What every protocol provides: cases with a blurry input, and a way to score restored images."""

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
        The network's input.
    sharp : (H, W, 3) uint8
        Shown beside the restored image.
    score : callable
        (images, pool, done) to one Score per image. The images have `blurry`'s shape and dtype.
        Work may be spread over the pool; `done()` is called after each ground-truth image.
    """

    blurry: Image
    sharp: Image
    score: Callable[[Sequence[Image], Executor, Callable[[], object]], list[Score]]


@dataclass(frozen=True)
class Benchmark:
    """A set of images and the protocol by which it is scored. Cases are read one at a time.

    Parameters
    ----------
    protocol : str
        A key of `nas.evaluation.protocols.by_name.PROTOCOLS`.
    source : str
        Name of the folder or dataset.
    title : str
        What the cases are, such as "pairs of test.h5"; follows their number.
    note : str
        How the metrics are computed.
    caption : str
        Which PSNR is printed under a picture.
    names : tuple of str
        One per case.
    steps : tuple of int
        Number of ground-truth images of each case.
    read : callable
        Index to Case.
    published : int, optional
        Number of cases over which published figures are averaged.
    facts : mapping
        What was detected in the folder, as JSON values.
    """

    protocol: str
    source: str
    title: str
    note: str
    caption: str
    names: tuple[str, ...]
    steps: tuple[int, ...]
    read: Callable[[int], Case]
    published: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def headline(self, n: int) -> str:
        """What was scored, such as "5 pairs of test.h5"; notes if it is not the published set."""
        title = re.sub("(pair|image)s", r"\1", self.title, count=1) if n == 1 else self.title
        if self.published in (None, n):
            return f"{n} {title}"
        return f"{n} {title} (published figures use {self.published:,})"
