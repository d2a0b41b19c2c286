"""What the commands print: log lines, durations, and a note after Ctrl-C."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click


def duration(seconds: float) -> str:
    """A rounded duration.

    Examples
    --------
    >>> duration(40), duration(400), duration(12_600)
    ('40 s', '7 min', '3.5 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@contextmanager
def show_log() -> Iterator[None]:
    """For a resumable command: print the log on stdout; after Ctrl-C, say how to resume."""
    handler = logging.StreamHandler(sys.stdout)
    logger = logging.getLogger("nas")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    except KeyboardInterrupt:
        if os.environ.get("RANK", "0") == "0":  # set by torchrun
            click.echo("\nstopped; rerun the command to resume from the last saved state", err=True)
        raise click.exceptions.Exit(130) from None
    finally:
        logger.removeHandler(handler)
