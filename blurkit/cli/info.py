"""`blurkit info`"""

import click

from blurkit.cli.options import dataset_files
from blurkit.errors import exit_codes, printable


@click.command()
@dataset_files
def info(files: tuple[str, ...]) -> None:
    """Show the contents and settings of a dataset."""
    with exit_codes():
        from blurkit.dataset.describe import describe

        for name, text in describe(files).items():
            click.echo(printable(f"{name:<16}{text}"))
