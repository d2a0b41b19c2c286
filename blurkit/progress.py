"""The progress bar of every command: updated often on a terminal, rarely in a log."""

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
    """Progress bar on stderr with rate and ETA; a nested bar disappears when it is full.

    Parameters
    ----------
    total, initial : int
        Units of work in total, and those already done at the start (of a resumed run).
    desc, unit : str
        What is being done, and the name of one unit.
    disable : bool
        True hides the bar.
    delay : float, seconds
        The bar is hidden for work that takes less time.
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
