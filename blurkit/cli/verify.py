"""`blurkit verify`"""

import click

from blurkit.cli.options import dataset_files
from blurkit.errors import FileError, exit_codes


@click.command()
@dataset_files
def verify(files: tuple[str, ...]) -> None:
    """Check every sample of a dataset, in one FILE or in several, against its checksum."""
    with exit_codes():
        from blurkit.store import PairFile, PairSet

        damaged = 0
        paths = PairSet(files).paths
        for path in paths:
            pairs = PairFile(path)
            bad = list(pairs.verify())
            if bad:
                damaged += 1
                some = ", ".join(map(str, bad[:8])) + (", ..." if len(bad) > 8 else "")
                said = f"{path}: {len(bad)} of {len(pairs):,} samples are damaged: {some}"
                if len(paths) == 1:
                    raise FileError(said)
                click.echo(said, err=True)
            else:
                click.echo(f"{path}: all {len(pairs):,} samples are as they were written")
        if damaged:
            raise FileError(f"{damaged} of {len(paths)} files hold damaged samples")
