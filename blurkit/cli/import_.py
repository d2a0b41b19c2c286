"""`blurkit import`"""

import time
from typing import Any

import click

from blurkit.errors import exit_codes
from blurkit.importers.settings import CHOICES, SOURCES, ImportSettings


@click.command("import", context_settings={"show_default": True})
@click.argument("source", type=click.Choice(SOURCES))
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False))
@click.option(
    "--out", type=click.Path(dir_okay=False), default="real.h5", help="The HDF5 file to make."
)
@click.option("--split", type=click.Choice(CHOICES["split"]), help="For gopro and nafnet.")
@click.option(
    "--input",
    type=click.Choice(CHOICES["input"]),
    help="For gopro: which blurry version; blur is the linear average.",
)
@click.option(
    "--list",
    "list_file",
    type=click.Path(exists=True, dir_okay=False),
    help="For list: a text file with two paths below DIR in each line.",
)
@click.option(
    "--order",
    type=click.Choice(CHOICES["order"]),
    help="For list: which path comes first; in RealBlur's and RSBlur's lists the sharp one does.",
)
@click.option("--blurry", metavar="NAME", help="For pairs and lmdb: the blurry side, below DIR.")
@click.option("--sharp", metavar="NAME", help="For pairs and lmdb: the sharp side, below DIR.")
@click.option("--crop", type=int, help="Cut squares of this side.  [default: whole images]")
@click.option("--step", type=int, help="From one square to the next.  [default: --crop]")
@click.option("--strict", is_flag=True, help="Anything that cannot be used is an error.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False),
    help="Write everything that could not be used to this text file.",
)
@click.option("--threads", type=int, help="[default: all processors]  The bytes do not change.")
@click.option("--overwrite", is_flag=True, help="Throw away what is at --out and begin again.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def import_(
    folder: str,
    out: str,
    strict: bool,
    report: str | None,
    threads: int | None,
    overwrite: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Import real blurry/sharp pairs from DIR into one HDF5 file.

    \b
    SOURCE is the layout of DIR:
      gopro   SPLIT/SEQ/{blur,blur_gamma,sharp}
      nafnet  SPLIT/{input,target}, as MPRNet, NAFNet and Restormer have it
      list    any, with a text file of pairs: RealBlur, RSBlur
      pairs   two folders with equal names in them
      lmdb    two databases of BasicSR with their meta_info.txt

    What has no partner, cannot be read or differs in size is named, counted and left out. Stop it
    whenever you like: the same command goes on where it was.
    """
    with exit_codes():
        settings = ImportSettings(**options)

        from blurkit.importers.write import import_pairs

        began = time.monotonic()
        try:
            made = import_pairs(
                folder,
                settings,
                out,
                strict=strict,
                report=report,
                threads=threads,
                overwrite=overwrite,
                progress=not quiet,
            )
        except KeyboardInterrupt:
            raise click.exceptions.Exit(130) from None
        seconds, (height, width) = time.monotonic() - began, made.patch
        click.echo(
            f"{made.path}: {made.rows:,} pairs of {width}x{height} from {made.pairs:,} images, "
            f"{len(made.problems):,} skipped, {made.path.stat().st_size / 1e6:,.1f} MB, "
            f"{seconds:.1f} s"
        )
