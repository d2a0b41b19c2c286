"""`blurkit verify`"""

import click

from blurkit.cli.options import DATASET
from blurkit.errors import FileError, exit_codes


@click.command()
@click.argument("file", type=DATASET)
def verify(file: str) -> None:
    """Check every sample of a dataset file against its checksum."""
    with exit_codes():
        from blurkit.store import PairFile

        pairs = PairFile(file)
        bad = list(pairs.verify())
        if bad:
            some = ", ".join(map(str, bad[:8])) + (", ..." if len(bad) > 8 else "")
            raise FileError(f"{file}: {len(bad)} of {len(pairs):,} samples are damaged: {some}")
        click.echo(f"{file}: all {len(pairs):,} samples are as they were written")
