"""`blurkit preview`"""

import click

from blurkit.cli.options import PICTURE, dataset_files
from blurkit.errors import exit_codes


@click.command(context_settings={"show_default": True})
@dataset_files
@click.option("--out", type=PICTURE, default="preview.png", help="The picture to write.")
@click.option("--n", type=int, default=8, help="Pairs to show, spread over the dataset.")
def preview(files: tuple[str, ...], out: str, n: int) -> None:
    """Draw some pairs of a dataset, in one FILE or in several: sharp, kernel, blurry."""
    with exit_codes():
        from blurkit.dataset.preview import pair_sheet
        from blurkit.images.files import check_image_name, write_image
        from blurkit.store import PairSet

        check_image_name(out)
        pairs = PairSet(files)
        write_image(out, pair_sheet(pairs, n))
        click.echo(f"{out}: {min(n, len(pairs))} of {len(pairs):,} pairs")
