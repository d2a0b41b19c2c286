"""One progress bar for every command: with an ETA on a terminal, a rare line in a log."""

import sys

from tqdm import tqdm


def bar(
    total: int,
    desc: str,
    unit: str = "it",
    initial: int = 0,
    disable: bool = False,
    delay: float = 0,
) -> tqdm:
    """Progress bar on stderr that shows rate and ETA; within another one it goes when it is full.

    Parameters
    ----------
    total, initial : int
        Units of work in all, and those already done when the bar starts (a resumed run).
    desc, unit : str
        What is being done, and the word for one unit.
    disable : bool
        True shows nothing.
    delay : float, seconds
        Work that is done sooner shows nothing.
    """
    return tqdm(
        total=total,
        desc=desc,
        unit=unit,
        initial=initial,
        disable=disable,
        delay=delay,
        leave=None,
        mininterval=0.1 if sys.stderr.isatty() else 10.0,
        dynamic_ncols=True,
    )
