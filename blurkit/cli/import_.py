"""`blurkit import`"""

import time
from typing import Any

import click

from blurkit.cli.options import THREADS
from blurkit.errors import exit_codes
from blurkit.importers.settings import CHOICES, SOURCES, ImportSettings


@click.command("import", context_settings={"show_default": True})
@click.argument("source", metavar="SOURCE", type=click.Choice(SOURCES))
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False))
@click.option(
    "--out", type=click.Path(dir_okay=False), default="real.h5", help="HDF5 file to write."
)
@click.option(
    "--split",
    type=click.Choice(CHOICES["split"]),
    help="Part to import, for gopro and nafnet.",
)
@click.option(
    "--input",
    type=click.Choice(CHOICES["input"]),
    help="Which blurry version, for gopro; blur is the linear average.",
)
@click.option(
    "--list",
    "list_file",
    type=click.Path(exists=True, dir_okay=False),
    help="Text file with two paths relative to DIR per line, for list.",
)
@click.option(
    "--order",
    type=click.Choice(CHOICES["order"]),
    help="Order of the two paths, for list; sharp-blurry in the lists of RealBlur and RSBlur.",
)
@click.option(
    "--blurry",
    metavar="NAME",
    help="Blurry folder or database in DIR, for pairs and lmdb.",
)
@click.option(
    "--sharp", metavar="NAME", help="Sharp folder or database in DIR, for pairs and lmdb."
)
@click.option(
    "--crop",
    type=int,
    help="Side of squares to cut from images.  [default: whole images]",
)
@click.option("--step", type=int, help="Distance between these squares.  [default: --crop]")
@click.option("--strict", is_flag=True, help="Stop with an error if any image has to be skipped.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False),
    help="Text file for the list of skipped images.",
)
@click.option("--threads", type=int, help=THREADS)
@click.option("--overwrite", is_flag=True, help="Delete existing output and start again.")
@click.option("--quiet", is_flag=True, help="Do not show a progress bar.")
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
    """Import real blurry/sharp pairs from DIR.

    \b
    SOURCE is the layout of DIR:
      gopro   SPLIT/SEQ/{blur,blur_gamma,sharp}
      nafnet  SPLIT/{input,target}, as used by MPRNet, NAFNet and Restormer
      list    any layout with a text file of pairs, such as RealBlur and RSBlur
      pairs   two folders with the same file names
      lmdb    two LMDB databases of BasicSR with meta_info.txt

    Images that have no partner, cannot be read or differ in size are reported and skipped. The
    import can be stopped at any time; rerun the command to resume.
    """
    with exit_codes():
        settings = ImportSettings(**options)

        from blurkit.importers.write import import_pairs

        start = time.monotonic()
        try:
            real = import_pairs(
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
        seconds, (height, width) = time.monotonic() - start, real.patch
        click.echo(
            f"{real.path}: {real.rows:,} pairs of {width}x{height} from {real.pairs:,} images, "
            f"{len(real.problems):,} skipped, {real.path.stat().st_size / 1e6:,.1f} MB, "
            f"{seconds:.1f} s"
        )
