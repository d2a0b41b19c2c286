"""`blurkit verify`"""

import click

from blurkit.cli.options import DATASET
from blurkit.errors import FileError, exit_codes


@click.command(context_settings={"show_default": True})
@click.argument("file", type=DATASET)
@click.option("--deep", type=int, default=0, help="Samples to make again and compare, at random.")
@click.option("--seed", type=int, help="Chooses these samples.  [default: a fresh one]")
@click.option(
    "--images",
    type=click.Path(exists=True, file_okay=False),
    help="The folder of photos that the file was made from, for --deep.",
)
@click.option("--quiet", is_flag=True, help="No progress bar.")
def verify(file: str, deep: int, seed: int | None, images: str | None, quiet: bool) -> None:
    """Check a dataset file: every sample against its checksum, the metadata against the format.

    Exit code 0: as it was written. 1: damaged, foreign or unfinished. 2: a wrong command line.
    """
    with exit_codes():
        from blurkit.verify import verify as check

        verdict = check(file, deep=deep, seed=seed, images=images, progress=not quiet)
        if not verdict.sound:
            raise FileError(str(verdict))
        click.echo(verdict)
