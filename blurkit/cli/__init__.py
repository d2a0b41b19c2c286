"""The `blurkit` command: assembles its subcommands and nothing else."""

import logging

import click

from blurkit._version import __version__
from blurkit.cli.blur import blur
from blurkit.cli.info import info
from blurkit.cli.kernels import kernels
from blurkit.cli.preview import preview
from blurkit.cli.synth import synth
from blurkit.cli.verify import verify


class _Echo(logging.Handler):
    """What the package has to say goes to stderr as plain lines."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(f"blurkit: {record.getMessage()}", err=True)


@click.group()
@click.version_option(__version__)
def main() -> None:
    """Camera-shake blur: kernels, and datasets of blurry/sharp pairs."""
    log = logging.getLogger("blurkit")
    log.handlers = [_Echo()]
    log.setLevel(logging.INFO)


for command in (synth, blur, kernels, info, preview, verify):
    main.add_command(command)
