"""`blurkit kernels`"""

from typing import Any

import click

from blurkit.cli.options import PICTURE, SEED, chosen_blur, mix_option, walk_options
from blurkit.errors import SettingError, exit_codes
from blurkit.kernel.families import FAMILIES


@click.command(context_settings={"show_default": True})
@click.option("--n", type=int, default=64, help="Number of kernels.")
@click.option("--out", type=PICTURE, default="kernels.png", help="Image file to write.")
@click.option("--npy", type=click.Path(dir_okay=False), help="NumPy file for the kernels.")
@click.option("--size", type=int, default=31, help="Side of the kernels in pixels, odd.")
@click.option(
    "--seed",
    type=int,
    default=0,
    help=SEED,
)
@click.option("--columns", type=int, help="Kernels per row.  [default: a square sheet]")
@click.option(
    "--family",
    type=click.Choice(list(FAMILIES)),
    default="walk",
    help="Kind of blur. Options that the family does not have are an error.",
)
@mix_option
@walk_options
def kernels(
    out: str,
    npy: str | None,
    columns: int | None,
    n: int,
    size: int,
    seed: int,
    family: str,
    mix: str | None,
    interpolation: str,
    **walk: Any,
) -> None:
    """Draw blur kernels on a contact sheet."""
    with exit_codes():
        import numpy as np

        from blurkit.files import whole_file
        from blurkit.images.files import check_image_name, write_image
        from blurkit.images.sheets import kernel_sheet
        from blurkit.kernel.batch import kernels as draw

        if n < 1:
            raise SettingError(f"n must be >= 1, got {n}")
        check_image_name(out)
        if npy == out:
            raise SettingError(f"npy must be another file than out, got {npy}")
        if mix is not None and family != "walk":
            raise SettingError(f"give either --family or --mix, got {family} and {mix}")
        blur = chosen_blur(mix, family, walk)
        made = draw(n, size, blur, interpolation=interpolation, seed=seed)
        write_image(out, kernel_sheet(made, columns))
        click.echo(f"{out}: {n:,} kernels of {size}x{size}")
        if npy:
            with whole_file(npy) as part, part.open("wb") as file:
                np.save(file, made, allow_pickle=False)
            click.echo(f"{npy}: the same kernels as an array {made.shape} of {made.dtype}")
