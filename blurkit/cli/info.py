"""`blurkit info`"""

import click

from blurkit.cli.options import DATASET
from blurkit.errors import exit_codes, printable


@click.command()
@click.argument("file", type=DATASET)
def info(file: str) -> None:
    """Tell what a dataset file holds, and the settings that made it."""
    with exit_codes():
        from blurkit.show import describe

        for name, text in describe(file).items():
            click.echo(printable(f"{name:<16}{text}"))
