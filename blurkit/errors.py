"""Errors caused by a user's input, and their exit codes."""

from collections.abc import Iterator
from contextlib import contextmanager


class SettingError(ValueError):
    """An invalid setting. The message gives its name, rule and value; exit code 2."""


class FileError(Exception):
    """A file, photo or dataset that cannot be used. The message names it and why; exit code 1."""


def printable(text: str) -> str:
    """Text from a file made safe for a terminal: control characters are escaped."""
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
    )


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turn these errors and OSError into click's messages and exit codes."""
    import click

    try:
        yield
    except SettingError as error:
        raise click.UsageError(printable(str(error))) from error
    except FileError as error:
        raise click.ClickException(printable(str(error))) from error
    except BrokenPipeError:
        raise  # click exits quietly
    except KeyboardInterrupt:
        raise click.exceptions.Exit(130) from None
    except MemoryError as error:
        raise click.ClickException(f"not enough memory: {error}") from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise click.ClickException(f"{where}{error.strerror or error}") from error
