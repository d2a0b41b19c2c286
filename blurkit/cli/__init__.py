"""The `blurkit` command, assembled from its subcommands."""

import logging
import sys
from contextlib import nullcontext

import click

from blurkit._version import __version__
from blurkit.cli.blur import blur
from blurkit.cli.import_ import import_
from blurkit.cli.info import info
from blurkit.cli.kernels import kernels
from blurkit.cli.preview import preview
from blurkit.cli.realism import realism
from blurkit.cli.synth import synth
from blurkit.cli.verify import verify


class _Echo(logging.Handler):
    """Writes log messages to stderr as plain lines."""

    def emit(self, record: logging.LogRecord) -> None:
        bars = sys.modules.get("tqdm")  # clear the line of a progress bar first
        with bars.tqdm.external_write_mode(sys.stderr) if bars else nullcontext():
            click.echo(f"blurkit: {record.getMessage()}", err=True)


@click.group()
@click.version_option(__version__)
def main() -> None:
    """Camera-shake blur kernels and datasets of blurry/sharp image pairs."""
    log = logging.getLogger("blurkit")
    log.handlers = [_Echo()]
    log.setLevel(logging.INFO)


for command in (synth, import_, blur, kernels, realism, info, preview, verify):
    main.add_command(command)
