"""`blurkit preview`"""

import click

from blurkit.cli.options import DATASET, PICTURE
from blurkit.errors import exit_codes


@click.command(context_settings={"show_default": True})
@click.argument("file", type=DATASET)
@click.option("--out", type=PICTURE, default="preview.png", help="The picture to write.")
@click.option("--n", type=int, default=8, help="Pairs to show, spread over the file.")
def preview(file: str, out: str, n: int) -> None:
    """Draw some pairs of a dataset file: sharp, kernel, blurry."""
    with exit_codes():
        from blurkit.images import check_image_name, write_image
        from blurkit.show import pair_sheet
        from blurkit.store import PairFile

        check_image_name(out)
        pairs = PairFile(file)
        write_image(out, pair_sheet(pairs, n))
        click.echo(f"{out}: {min(n, len(pairs))} of {len(pairs):,} pairs")
