"""`blurkit preview`"""

import click

from blurkit.cli.options import PICTURE, dataset_files
from blurkit.errors import exit_codes


@click.command(context_settings={"show_default": True})
@dataset_files
@click.option("--out", type=PICTURE, default="preview.png", help="Image file to write.")
@click.option("--n", type=int, default=8, help="Number of pairs, evenly spread over the dataset.")
def preview(files: tuple[str, ...], out: str, n: int) -> None:
    """Draw some pairs of a dataset with their kernels."""
    with exit_codes():
        from blurkit.dataset.preview import pair_sheet
        from blurkit.images.files import check_image_name, write_image
        from blurkit.store import PairSet

        check_image_name(out)
        pairs = PairSet(files)
        write_image(out, pair_sheet(pairs, n))
        click.echo(f"{out}: {min(n, len(pairs))} of {len(pairs):,} pairs")
