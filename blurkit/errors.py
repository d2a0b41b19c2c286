"""The two ways a user's input can be wrong, and the exit codes they lead to."""

from collections.abc import Iterator
from contextlib import contextmanager


class SettingError(ValueError):
    """A setting breaks its rule. The message gives name, rule and value; exit code 2."""


class FileError(Exception):
    """A file, photo or dataset cannot be used. The message names it and says why; exit code 1."""


def printable(text: str) -> str:
    """Text that may come out of a file, safe for a terminal: control characters are escaped."""
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
    )


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turn the errors above, and the system's own on files, into click's messages and codes."""
    import click

    try:
        yield
    except SettingError as error:
        raise click.UsageError(printable(str(error))) from error
    except FileError as error:
        raise click.ClickException(printable(str(error))) from error
    except BrokenPipeError:
        raise  # click ends quietly, as one does in a pipe
    except KeyboardInterrupt:
        raise click.exceptions.Exit(130) from None
    except MemoryError as error:
        raise click.ClickException(f"not enough memory: {error}") from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise click.ClickException(f"{where}{error.strerror or error}") from error
